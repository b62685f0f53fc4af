"""What doctor finds beside the token: the webhook, privacy mode, and what the bot may do in groups."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from bot.channels.types import Finding
from tests.channels.telegram_bench import Bench, bench

PUBLIC = "https://bot.example.org"
OURS = f"{PUBLIC}/telegram"
FAILED = {"url": OURS, "last_error_message": "SSL error"}


def on_the_bench(folder: Path, story: Callable[[Bench], Awaitable[None]], *, webhook: bool = False) -> None:
    async def play() -> None:
        async with bench(folder, webhook=webhook, public_url=PUBLIC if webhook else None) as on:
            await story(on)

    asyncio.run(play())


async def found(on: Bench, *groups: str) -> dict[str, Finding]:
    return {each.name: each for each in await on.channel.examine(groups)}


@pytest.mark.parametrize(
    ("webhook", "facts", "state", "words"),
    [
        (False, {}, "ok", "polling"),
        (False, {"url": "https://another.example.org/x"}, "warn", "another program"),
        (True, {}, "warn", "is not set yet"),
        (True, {"url": "https://another.example.org/x"}, "warn", "leads to another address"),
        (True, {"url": OURS}, "ok", OURS),
        (True, FAILED | {"last_error_date": int(time.time())}, "wrong", "SSL error"),
        (True, FAILED | {"last_error_date": 1}, "ok", OURS),
    ],
)
def test_the_webhook(tmp_path: Path, webhook: bool, facts: dict[str, Any], state: str, words: str) -> None:
    async def story(on: Bench) -> None:
        on.telegram.methods.webhook.update(facts)
        finding = (await found(on))["telegram webhook"]
        assert (finding.state, words in finding.text) == (state, True), finding
        assert [call.method for call in on.telegram.calls()] == ["getMe", "getWebhookInfo"]  # and nothing is changed

    on_the_bench(tmp_path, story, webhook=webhook)


def test_privacy_mode_and_groups(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        on.telegram.group(-100300)
        silent = on.telegram.world.group(-100400)
        silent.permissions["can_send_videos"] = False
        seen = await found(on, "-100300", "-100400", "-100500")
        assert "privacy mode is on" in seen["telegram groups"].text
        assert seen["telegram:-100300"].state == "ok"
        assert (seen["telegram:-100400"].state, "no videos" in seen["telegram:-100400"].text) == ("warn", True)
        assert (seen["telegram:-100500"].state, "not in it" in seen["telegram:-100500"].text) == ("warn", True)
        on.telegram.world.bot["can_read_all_group_messages"] = True
        assert "privacy mode is off" in (await found(on))["telegram groups"].text

    on_the_bench(tmp_path, story)
