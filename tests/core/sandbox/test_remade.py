"""What the offline fal makes of several sources, of films that are there, and in which size: by pixels, by the bill."""

import io
from decimal import Decimal
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from core import pricing
from core.catalogue import Endpoint, Model
from core.fal import protocol
from core.fal.results import draft_cache
from core.sandbox import Studio
from core.sandbox.checks import billed_s, price_of, problems, row_for
from core.types import Kind, Mode
from tests.core.sandbox.test_sandbox import TINY, Fal, play
from tests.corpus import clip

Frame = NDArray[np.float32]
RED, BLUE, GREEN = (200, 30, 30), (30, 30, 200), (20, 160, 60)
ROWS = [(model, mode) for model in pricing.list_models() for mode in model.modes]
SECONDS = 6.0
URLS = [f"https://a.example/{number}.jpg" for number in range(40)]


def picture(colour: tuple[int, int, int]) -> bytes:
    into = io.BytesIO()
    Image.new("RGB", (640, 360), colour).save(into, "JPEG")
    return into.getvalue()


async def film_of(ours: Fal, reply: httpx.Response, into: Path) -> Path:
    assert reply.status_code == 200, reply.text
    async with httpx.AsyncClient(trust_env=False) as stranger:
        into.write_bytes((await stranger.get(reply.json()["video"]["url"])).content)
    return into


def frames(path: Path) -> list[Frame]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24").astype(np.float32) for frame in container.decode(video=0)]


def has_sound(path: Path) -> bool:
    with av.open(str(path)) as container:
        return bool(container.streams.audio)


def is_like(frame: Frame, colour: tuple[int, int, int]) -> bool:
    """Whether the middle has this colour; the mark of the sandbox is in a corner."""
    middle = frame[frame.shape[0] // 3 : frame.shape[0] // 2, frame.shape[1] // 3 : frame.shape[1] // 2]
    return bool(np.abs(middle.mean(axis=(0, 1)) - np.array(colour)).max() < 12)


def body_of(model: Model, mode: Mode, **wishes: Any) -> dict[str, Any]:
    """The body that the library sends."""
    source = pricing.SourceFacts(pricing.mode_kind(mode), duration_s=SECONDS)
    plan = pricing.plan("a fox", model=model.key, mode=mode, source=source, **wishes)
    return protocol.request_body(plan.request.published(*URLS[: len(plan.request.sources)]))


@pytest.mark.parametrize(("model", "mode"), ROWS, ids=[f"{model.key}-{mode}" for model, mode in ROWS])
def test_every_row_takes_what_is_sent_to_it_and_bills_what_was_quoted(model: Model, mode: Mode) -> None:
    endpoint = model.modes[mode]
    count = 0
    for resolution in endpoint.resolutions or (None,):
        for sound in (None, True, False) if endpoint.sound_field else (None,):
            for references in {2} if endpoint.needs_photo else {1, endpoint.most_sources}:
                wishes: dict[str, Any] = {"resolution": resolution, "sound": sound, "references": references}
                body = body_of(model, mode, **wishes)
                row = row_for(endpoint.id, body)
                assert row is not None
                assert problems(row, body) == []
                source = pricing.SourceFacts(Kind.VIDEO, duration_s=SECONDS)
                quote = pricing.plan("a fox", model=model.key, mode=mode, source=source, **wishes).quote
                billed = price_of(row, body, billed_s(row, body, SECONDS if _takes_film(mode) else None))
                assert billed <= quote.usd
                assert billed == quote.usd or quote.up_to
                count += 1
    assert count > 0


def _takes_film(mode: Mode) -> bool:
    return mode in {Mode.VIDEO_TO_VIDEO, Mode.UPSCALE_VIDEO, Mode.ENHANCE_DRAFT, Mode.AUDIO_TO_VIDEO}


def test_a_row_refuses_what_it_cannot_take() -> None:
    frames_row, likeness = (
        pricing.find("h3").modes[Mode.FRAMES_TO_VIDEO],
        pricing.find("h3").modes[Mode.REFERENCE_TO_VIDEO],
    )
    whole = body_of(pricing.find("h3"), Mode.FRAMES_TO_VIDEO)
    assert problems(frames_row, whole) == []
    assert _kinds(frames_row, {**whole, "end_image_url": 7}) == ["string_type"]
    many = body_of(pricing.find("h3"), Mode.REFERENCE_TO_VIDEO)
    assert _kinds(likeness, {**many, "reference_image_urls": URLS[:10]}) == ["too_long"]
    assert _kinds(likeness, {**many, "reference_image_urls": URLS[0]}) == ["list_type"]
    assert _kinds(likeness, {**many, "reference_image_urls": []}) == ["missing"]


def _kinds(row: Endpoint, body: dict[str, Any]) -> list[str]:
    return [each["type"] for each in problems(row, body)]


def test_two_photos_become_a_film_from_the_first_to_the_second(tmp_path: Path) -> None:
    async def story(ours: Fal) -> None:
        first, last = [await ours.store(picture(colour), "image/jpeg") for colour in (RED, BLUE)]
        taken = await ours.submit(
            "alibaba/wan-3.0/image-to-video", start_image_url=first, end_image_url=last, duration=5, resolution="480p"
        )
        shown = frames(await film_of(ours, await ours.done(taken), tmp_path / "a.mp4"))
        assert (is_like(shown[0], RED), is_like(shown[-1], BLUE)) == (True, True)
        assert shown[0].shape[:2] == (480, 854)

    play(tmp_path, story)


def test_references_appear_in_the_film(tmp_path: Path) -> None:
    async def story(ours: Fal) -> None:
        faces = [await ours.store(picture(colour), "image/jpeg") for colour in (RED, GREEN)]
        taken = await ours.submit("bytedance/seedance-2.0/mini/reference-to-video", image_urls=faces, duration="4")
        shown = frames(await film_of(ours, await ours.done(taken), tmp_path / "a.mp4"))
        assert any(is_like(frame, RED) for frame in shown[: len(shown) // 2])
        assert any(is_like(frame, GREEN) for frame in shown[len(shown) // 2 :])

    play(tmp_path, story, studio=Studio(side=180, fps=12, queue_s=0.05, render_s=0.05, max_seconds=1.0))


@pytest.mark.parametrize(("endpoint", "is_whole"), [("fal-ai/veo3.1/extend-video", True), ("flux", False)])
def test_a_film_that_goes_on_begins_where_the_last_ended(tmp_path: Path, endpoint: str, is_whole: bool) -> None:
    async def story(ours: Fal) -> None:
        before = clip(tmp_path / "before.mp4", source="testsrc2=s=640x360:r=8", seconds=1)
        url = await ours.store(before.read_bytes(), "video/mp4")
        body = {"duration": "7s"} if is_whole else {"duration": 5}
        place = endpoint if is_whole else "blackforestlabs/flux-3/extend-video"
        reply = await ours.done(await ours.submit(place, video_url=url, **body))
        assert reply.headers["x-fal-billable-units"] == ("7" if is_whole else "5")
        shown = frames(await film_of(ours, reply, tmp_path / "a.mp4"))
        old = frames(before)
        seam = len(old) if is_whole else 0
        assert len(shown) == seam + 3  # 0.4 s of eight pictures each
        small = np.asarray(Image.fromarray(shown[seam].astype(np.uint8)).resize((640, 360)), np.float32)
        below = np.s_[60:, :]  # the mark of the sandbox
        assert np.abs(small[below] - old[-1][below]).mean() < 12

    play(tmp_path, story, studio=TINY)


def test_an_upscaled_film_has_more_pixels_its_own_pictures_and_its_own_sound(tmp_path: Path) -> None:
    async def story(ours: Fal) -> None:
        for audio in ("aac", None):
            before = clip(tmp_path / "before.mp4", source="testsrc2=s=320x180:r=24", seconds=1, audio=audio)
            url = await ours.store(before.read_bytes(), "video/mp4")
            reply = await ours.done(
                await ours.submit(
                    "fal-ai/bytedance-upscaler/upscale/video",
                    video_url=url,
                    target_resolution="1080p",
                    enhancement_tier="standard",
                    enhancement_preset="aigc",
                    target_fps="30fps",
                )
            )
            after = await film_of(ours, reply, tmp_path / "after.mp4")
            old, new = frames(before), frames(after)
            assert (len(new), new[0].shape[:2]) == (len(old), (1080, 1920))
            assert has_sound(after) is (audio is not None)
            assert Decimal(reply.headers["x-fal-billable-units"]) == pytest.approx(1, abs=0.05)

    play(tmp_path, story)


def test_a_draft_is_made_whole_from_its_cache(tmp_path: Path) -> None:
    async def story(ours: Fal) -> None:
        reply = await ours.done(await ours.submit("blackforestlabs/flux-3/text-to-video/draft", duration=5))
        draft = await film_of(ours, reply, tmp_path / "draft.mp4")
        cache = draft_cache(reply.json())
        assert cache is not None
        made = await ours.done(await ours.submit("blackforestlabs/flux-3/draft-enhance", draft_cache_url=cache))
        whole = await film_of(ours, made, tmp_path / "whole.mp4")
        assert "draft_cache" not in made.json()
        assert (frames(draft)[0].shape[0], frames(whole)[0].shape[0]) == (720, 1080)
        assert len(frames(draft)) == len(frames(whole))
        film = await ours.store(draft.read_bytes(), "video/mp4")
        none = await ours.done(await ours.submit("blackforestlabs/flux-3/draft-enhance", draft_cache_url=film))
        assert none.status_code == 422

    play(tmp_path, story)


@pytest.mark.parametrize(("resolution", "lines"), [("480p", 480), ("720p", 720), ("1080p", 1080)])
def test_a_film_has_the_pixels_that_were_bought(tmp_path: Path, resolution: str, lines: int) -> None:
    async def story(ours: Fal) -> None:
        for ratio, size in (
            ("16:9", (lines, round(lines * 16 / 18) * 2)),
            ("9:16", (round(lines * 16 / 18) * 2, lines)),
        ):
            taken = await ours.submit(
                "alibaba/wan-3.0/text-to-video", duration=5, resolution=resolution, aspect_ratio=ratio, audio=False
            )
            film = await film_of(ours, await ours.done(taken), tmp_path / "a.mp4")
            high, wide = frames(film)[0].shape[:2]
            assert (high, wide) == pytest.approx(size, abs=2)
            assert not has_sound(film)

    play(tmp_path, story)
