"""`reelbot models --check`, and what `models` and `doctor` say of a model that fal does not take."""

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.cli.main import main
from bot.store.database import now_ms
from bot.store.drifts import LOOKED
from core.catalogue import offers
from tests.bench import KEY, Bench

OnBench = Callable[..., None]
HORSE = "alibaba/happy-horse/text-to-video"
LASTS = 10_000


@pytest.fixture(autouse=True)
def nothing_held_back() -> Iterator[None]:
    yield
    offers.hold_back({})


def test_the_shell_says_what_fal_does_not_take(on_bench: OnBench, capfd: pytest.CaptureFixture[str]) -> None:
    async def story(made: Bench) -> None:
        lines = {"OUTPUT_DIR": made.settings.output_dir}
        text = "".join(f"REELBOT_{name}={value}\n" for name, value in lines.items())
        text += f"FAL_KEY={KEY}\nFAL_QUEUE_URL={made.fal_url}\n"
        Path(".env").write_text(text, encoding="utf-8")
        await made.app.parts.guard.turn(now_ms())
        assert await made.app.store.installation.get(LOOKED) is not None
        made.fal.faults.add("field_gone", times=LASTS, match=HORSE, body="duration")

        async def said(*arguments: str) -> str:
            capfd.readouterr()
            assert await asyncio.to_thread(main, list(arguments)) == 0
            return capfd.readouterr().out

        assert "Happy Horse, from words: fal has removed the field duration" in await said("models", "--check")
        (row,) = json.loads(await said("models", "--check", "--json"))
        assert row == {
            "model": "Happy Horse",
            "endpoint": HORSE,
            "mode": "text-to-video",
            "available": False,
            "findings": [{"code": "field_gone", "field": "duration", "values": []}],
        }
        # the bot that runs is to look now, and what it finds is said by the other commands
        assert await made.app.store.installation.get(LOOKED) is None
        assert "fal does not take it just now" not in await said("models")
        await made.app.parts.guard.turn(now_ms())
        assert "fal does not take it just now" in await said("models")
        listed = {model["key"]: model["modes"] for model in json.loads(await said("models", "--json"))}
        assert not listed["happy-horse"]["text-to-video"]["available"]
        assert listed["happy-horse"]["image-to-video"]["available"]

    on_bench(story)


def test_the_shell_says_which_unit_prices_are_not_ours(on_bench: OnBench, capfd: pytest.CaptureFixture[str]) -> None:
    async def story(made: Bench) -> None:
        text = f"REELBOT_OUTPUT_DIR={made.settings.output_dir}\nFAL_KEY={KEY}\nFAL_QUEUE_URL={made.fal_url}\n"
        Path(".env").write_text(text, encoding="utf-8")
        await made.app.parts.guard.turn(now_ms())
        made.fal.faults.add("price_moved", times=2, match=HORSE, body=20)

        async def said(*arguments: str) -> str:
            capfd.readouterr()
            assert await asyncio.to_thread(main, list(arguments)) == 0
            return capfd.readouterr().out

        text = await said("models", "--check")
        assert "Happy Horse, from words: fal names $0.168 / seconds" in text
        assert "$0.14 / seconds → $0.168 / seconds (+20.0 %)" in text
        (row,) = json.loads(await said("models", "--check", "--json"))
        assert row["available"]
        assert row["findings"] == [{"code": "unit_price", "field": "", "values": ["0.168"]}]
        assert json.loads(await said("models", "--check", "--json")) == []

    on_bench(story)
