"""Photos and videos on their way from the chat to fal: what was changed is said, what is hostile buys nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.store.records import State
from tests import hostile
from tests.bench import Bench
from tests.corpus import clip, in_boxes, jpeg

OnBench = Callable[..., None]


def test_a_tiny_photo_gets_a_margin_and_that_is_said(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        made.telegram.user_says(42, "sandbox:slow-2 make it wave", photo=jpeg((90, 60)))
        await made.until(lambda: any("margin" in text for text in made.telegram.texts(42)))
        job = await made.settled(State.DELIVERED)
        assert [each.field for each in job.adjustments] == ["source_padded"]

    on_bench(story)


def test_a_video_that_is_too_small_is_scaled_and_that_is_said(on_bench: OnBench, tmp_path: Path) -> None:
    video = clip(tmp_path / "v.mp4", source="testsrc2=s=160x90:r=24", seconds=3, metadata={"comment": "SecretHome"})

    async def story(made: Bench) -> None:
        made.telegram.user_says(42, "sandbox:slow-2 make it night", video=video.read_bytes())
        await made.until(lambda: any("scaled to 568x320" in text for text in made.telegram.texts(42)))
        job = await made.settled(State.DELIVERED)
        assert [(each.field, each.applied) for each in job.adjustments] == [("source_scaled", "568x320")]
        published = made.settings.assets_dir / job.request.source_urls[0].rpartition("/")[2]
        assert b"SecretHome" not in published.read_bytes()

    on_bench(story)


@pytest.mark.parametrize("mime", ["image/heic", "image/avif", "application/octet-stream"])
def test_what_an_iphone_sends_as_a_file_is_a_photo(on_bench: OnBench, mime: str) -> None:
    content = in_boxes("AVIF" if "avif" in mime else "HEIF")

    async def story(made: Bench) -> None:
        made.telegram.user_says(42, "/video make it wave", document=content, mime=mime)
        job = await made.settled(State.DELIVERED)
        assert job.request.mode == "image-to-video"
        published = made.settings.assets_dir / job.request.source_urls[0].rpartition("/")[2]
        assert published.read_bytes().startswith(b"\xff\xd8\xff")

    on_bench(story)


def test_hostile_files_are_answered_and_buy_nothing(on_bench: OnBench) -> None:
    files = {
        "cannot read": hostile.HTML,
        "pixels": hostile.png(20_000, 20_000),
        "seems damaged": hostile.HEIC,
        "not complete": jpeg()[:4000],
    }

    async def story(made: Bench) -> None:
        for content in files.values():
            made.telegram.user_says(42, "make it wave", document=content, mime="image/jpeg")
        await made.all_settled(len(files), State.FAILED)
        await made.until(lambda: all(any(word in text for text in made.telegram.texts(42)) for word in files))
        assert made.submits() == 0
        assert [path.name for path in made.settings.assets_dir.iterdir()] == ["index.html"]

    on_bench(story)


def test_admins_hear_precisely_why_an_asset_cannot_be_fetched(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        made.telegram.user_says(1, "/start")
        made.telegram.user_says(42, "make it wave", photo=jpeg())
        await made.settled(State.FAILED)
        await made.until(lambda: any("Nothing answers at the asset address" in text for text in made.telegram.texts(1)))
        assert not any("REELBOT" in text for text in made.telegram.texts(42))
        assert made.submits() == 0

    wrong: dict[str, Any] = {"fal_assets_url": "http://127.0.0.1:9/x", "admins": "telegram:1"}
    on_bench(story, **wrong)
