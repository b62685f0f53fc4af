"""A film that goes on for a caller of the library, a sharper copy of it, a draft made whole, against the sandbox."""

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import core
from core import errors, media
from core.catalogue import offers
from core.catalogue.drift import Finding
from core.types import Mode
from tests.core.test_generate import posts, sandboxed
from tests.corpus import clip


@pytest.mark.parametrize("how", ["video", "file", "bytes", "request"])
def test_a_film_goes_on_and_is_one_with_its_parts(tmp_path: Path, how: str) -> None:
    async def story() -> None:
        async with sandboxed(tmp_path, ai_label="metadata") as (settings, sandbox):
            fox = await core.generate_video("a red fox", model="budget", settings=settings)
            sources: dict[str, Any] = {
                "video": fox,
                "file": str(fox.local_path),
                "bytes": fox.local_path.read_bytes(),
                "request": fox.request_id,
            }
            whole = await core.generate_video("it turns", model="budget", settings=settings, extend=sources[how])
            again = await core.generate_video("it sits", model="budget", settings=settings, extend=whole)
            assert (len(whole.parts), whole.cost_usd) == (2, Decimal("0.25"))
            assert fox.duration_s < whole.duration_s < again.duration_s
            assert all(path.exists() for path in (*whole.parts, *again.parts, again.local_path))
            assert again.parts[0] == whole.local_path
            assert (await media.probe(again.local_path)).labelled
            assert posts(sandbox) == 3
            bodies = [request.body for request in sandbox.memory.requests.values()]
            assert ["image_url" in body for body in bodies] == [False, True, True]

    asyncio.run(story())


@pytest.mark.parametrize(
    ("model", "endpoint", "sound"),
    [
        ("pixverse-6", "fal-ai/pixverse/v6/extend", False),
        ("flux-3", "blackforestlabs/flux-3/extend-video", True),
        ("flux-3", "blackforestlabs/flux-3/image-to-video", False),  # it refuses a film without sound
        ("h3-max-turbo", "minimax/h3-max-turbo/extend-video", False),
        ("ltx-2.3", "fal-ai/ltx-2.3/extend-video", False),
    ],
)
def test_a_model_that_goes_on_by_itself_takes_the_film(tmp_path: Path, model: str, endpoint: str, sound: bool) -> None:
    audio = "aac" if sound else None
    film = clip(tmp_path / "film.mp4", seconds=2, source="testsrc2=s=640x360:r=24", audio=audio)

    async def story() -> None:
        async with sandboxed(tmp_path) as (settings, sandbox):
            whole = await core.generate_video("it turns", model=model, settings=settings, extend=film)
            (request,) = sandbox.memory.requests.values()
            assert request.endpoint == endpoint
            assert whole.parts[0] == film
            assert whole.duration_s > 2

    asyncio.run(story())


def test_where_fal_takes_no_films_just_now_the_last_frame_does(tmp_path: Path) -> None:
    film = clip(tmp_path / "film.mp4", seconds=2, source="testsrc2=s=640x360:r=24")
    offers.hold_back({("fal-ai/pixverse/v6/extend", Mode.EXTEND_VIDEO): [Finding("deprecated")]})

    async def story() -> None:
        async with sandboxed(tmp_path) as (settings, sandbox):
            await core.generate_video("it turns", model="pixverse-6", settings=settings, extend=film)
            (request,) = sandbox.memory.requests.values()
            assert request.endpoint == "fal-ai/pixverse/v6/image-to-video"

    try:
        asyncio.run(story())
    finally:
        offers.hold_back({})


def test_a_sharper_copy_has_its_price(tmp_path: Path) -> None:
    film = clip(tmp_path / "film.mp4", seconds=2)

    async def story() -> None:
        async with sandboxed(tmp_path) as (settings, sandbox):
            large = await core.upscale_video(film, resolution="4k", settings=settings)
            (request,) = sandbox.memory.requests.values()
            assert request.body["target_resolution"] == "4k"
            assert large.cost_usd == Decimal("0.0576")
            with pytest.raises(errors.BadRequest) as refused:
                await core.upscale_video(large, resolution="1080p", settings=settings)
            assert (refused.value.code, posts(sandbox)) == ("large_enough", 1)

    asyncio.run(story())


def test_a_draft_is_made_whole_of_what_fal_kept_or_says_that_it_kept_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with sandboxed(tmp_path) as (settings, sandbox):
            draft = await core.generate_video("a fox", model="flux-3-draft", settings=settings)
            whole = await core.enhance_draft(draft.request_id, settings=settings)
            (cache,) = sandbox.memory.files.glob("*.cache")
            bodies = [request.body for request in sandbox.memory.requests.values()]
            assert [list(body) for body in bodies[1:]] == [["draft_cache_url"]]
            assert bodies[-1]["draft_cache_url"].endswith(cache.name)
            assert whole.cost_usd == Decimal("1.45") or whole.duration_s < 5  # by the seconds of the draft
            fox = await core.generate_video("a fox", model="budget", settings=settings)
            with pytest.raises(errors.BadRequest) as caught:
                await core.enhance_draft(fox.request_id, settings=settings)
            assert caught.value.code == "draft_gone"

    asyncio.run(story())


def test_a_film_goes_on_alone(tmp_path: Path) -> None:
    film = clip(tmp_path / "film.mp4", seconds=1)

    async def story() -> None:
        async with sandboxed(tmp_path) as (settings, sandbox):
            with pytest.raises(errors.BadRequest):
                await core.generate_video("x", image=b"y", extend=film, settings=settings)
            assert posts(sandbox) == 0

    asyncio.run(story())
