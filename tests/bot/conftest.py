"""The bench as a fixture: after each story nothing that was said or logged may hold a secret or an address of fal."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from bot import logs
from tests.bot.bench import ADMIN_KEY, KEY, Bench, bench
from tests.fakes.botapi import TOKEN

Story = Callable[[Bench], Awaitable[None]]


@pytest.fixture
def on_bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., None]:
    """Run a story; then nothing that was ever said or logged may hold a secret or an address of fal."""

    def run(story: Story, **settings: Any) -> None:
        async def whole() -> str:
            async with bench(tmp_path, monkeypatch, **settings) as made:
                await story(made)
                return json.dumps([call.params for call in made.telegram.calls()])

        logs.configure(json=True, secrets=[KEY, ADMIN_KEY])
        said = asyncio.run(whole())
        logged = capfd.readouterr().err
        assert "Traceback" not in logged, logged
        for secret in (KEY, ADMIN_KEY, TOKEN, "fal.media", "/files/b/sandbox"):
            assert secret not in said
            assert secret not in logged

    return run
