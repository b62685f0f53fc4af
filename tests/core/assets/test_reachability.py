"""The look before money is spent: what is in the way is named, and a wrong folder is not taken for ours."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from bot.messages.i18n import admin_text
from bot.messages.languages import LANGUAGES
from core import errors
from core.assets.publish import publish_asset
from core.assets.reachability import check_public
from core.config import FalSettings
from tests.corpus import clip, jpeg
from tests.serving import served
from tests.tls import certified


class Impatient(FalSettings):
    @property
    def asset_look_gap_s(self) -> float:
        return 0.0


def hosting(
    folder: Path, story: Callable[[str, FalSettings], Awaitable[None]], *routes: Route, base: str = "/fal-assets"
) -> None:
    """Our folder at /fal-assets, and whatever else stands in for it."""

    async def run() -> None:
        assets = folder / "out" / "fal_assets"
        assets.mkdir(parents=True)
        app = Starlette(routes=[*routes, Mount("/fal-assets", StaticFiles(directory=assets))])
        async with served(app) as url:
            given = {"fal_queue_url": url, "fal_assets_url": f"{url}{base}", "output_dir": folder / "out"}
            await story(url, Impatient.offline(**given))

    asyncio.run(run())


async def trouble(settings: FalSettings) -> errors.AssetHostDown:
    with pytest.raises(errors.AssetHostDown) as caught:
        await publish_asset(jpeg(), settings=settings)
    left = [path.name for path in settings.assets_dir.iterdir()]
    assert left == ["index.html"]  # what could not be used was taken away
    for language in LANGUAGES:
        said = admin_text(caught.value.code, caught.value.facts, language)
        assert "REELBOT_" in said
        assert "{" not in said
    return caught.value


def test_the_right_folder_passes_for_photos_and_videos(tmp_path: Path) -> None:
    long = clip(tmp_path / "v.mp4", source="mandelbrot=s=640x360:r=24", seconds=2)
    assert long.stat().st_size > 70_000  # more than is compared

    async def story(_url: str, settings: FalSettings) -> None:
        await publish_asset(jpeg(), settings=settings)
        await publish_asset(long, settings=settings)

    hosting(tmp_path, story)


def test_a_host_that_ignores_ranges_passes(tmp_path: Path) -> None:
    async def whole(request: Request) -> Response:
        path = tmp_path / "out" / "fal_assets" / request.path_params["name"]
        return Response(path.read_bytes(), media_type="image/jpeg")

    async def story(_url: str, settings: FalSettings) -> None:
        await publish_asset(jpeg(), settings=settings)

    hosting(tmp_path, story, Route("/plain/{name}", whole), base="/plain")


def test_a_wrong_folder_is_not_taken_for_ours(tmp_path: Path) -> None:
    """Some hosts answer every name with something."""

    async def another(_request: Request) -> Response:
        return Response(jpeg((500, 400)), media_type="image/jpeg")

    async def truncated(request: Request) -> Response:
        path = tmp_path / "out" / "fal_assets" / request.path_params["name"]
        return Response(path.read_bytes()[:-100], media_type="image/jpeg")

    async def optimised(request: Request) -> Response:
        path = tmp_path / "out" / "fal_assets" / request.path_params["name"]
        return Response(bytes(path.stat().st_size), media_type="image/jpeg")

    async def story(url: str, settings: FalSettings) -> None:
        for base in ("another", "truncated", "optimised"):
            wrong = settings.model_copy(update={"fal_assets_url": f"{url}/{base}"})
            assert (await trouble(wrong)).facts == {"reason": "content"}

    routes = {"another": another, "truncated": truncated, "optimised": optimised}
    hosting(tmp_path, story, *(Route(f"/{name}/{{name}}", each) for name, each in routes.items()))


def test_what_is_wrong_is_named(tmp_path: Path) -> None:
    async def login(_request: Request) -> Response:
        return Response(b"<html>log in</html>", media_type="text/html")

    async def elsewhere(_request: Request) -> Response:
        return RedirectResponse("/login/x")

    async def story(url: str, settings: FalSettings) -> None:
        expected = {
            f"{url}/nowhere": {"reason": "status", "status": 404},
            f"{url}/login": {"reason": "type", "type": "text/html; charset=utf-8"},
            f"{url}/elsewhere": {"reason": "type", "type": "text/html; charset=utf-8"},
            "http://127.0.0.1:9/x": {"reason": "refused"},
        }
        for base, facts in expected.items():
            wrong = settings.model_copy(update={"fal_assets_url": base})
            assert (await trouble(wrong)).facts == facts
            skipped = wrong.model_copy(update={"asset_check": False})
            shutil.rmtree(settings.assets_dir)
            assert (await publish_asset(jpeg(), settings=skipped)).url.startswith(base)
            shutil.rmtree(settings.assets_dir)

    hosting(tmp_path, story, Route("/login/{name}", login), Route("/elsewhere/{name}", elsewhere))


def test_a_certificate_that_nobody_trusts_is_named(tmp_path: Path) -> None:
    async def nothing(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async def story() -> None:
        made = certified(tmp_path, "localhost")
        server = await asyncio.start_server(nothing, "127.0.0.1", 0, ssl=made.server)
        async with server:
            url = f"https://localhost:{server.sockets[0].getsockname()[1]}"
            settings = Impatient.offline(fal_queue_url=url, fal_assets_url=url, output_dir=tmp_path / "out")
            (tmp_path / "out" / "fal_assets").mkdir(parents=True)
            facts = (await trouble(settings)).facts
            assert facts["reason"] == "tls"
            assert "self" in str(facts["detail"])

    asyncio.run(story())


def test_a_name_that_leads_into_a_private_network_is_named() -> None:
    settings = Impatient.offline(fal_assets_url="https://assets.example")

    async def inside(_host: str) -> list[str]:
        return ["10.0.0.8"]

    async def nowhere(_host: str) -> list[str]:
        raise OSError

    for resolver, facts in ((inside, {"reason": "private", "address": "10.0.0.8"}), (nowhere, {"reason": "dns"})):
        with pytest.raises(errors.AssetHostDown) as caught:
            asyncio.run(check_public("https://assets.example/a.jpg", settings=settings, resolver=resolver))
        assert caught.value.facts == facts
        assert "10.0.0.8" in admin_text(caught.value.code, caught.value.facts) or facts["reason"] == "dns"


def test_a_host_that_is_slow_to_publish_gets_more_looks(tmp_path: Path) -> None:
    seen = 0

    async def late(request: Request) -> Response:
        nonlocal seen
        seen += 1
        if seen < 3:
            return Response(status_code=404)
        path = tmp_path / "out" / "fal_assets" / request.path_params["name"]
        return Response(path.read_bytes(), media_type="image/jpeg")

    async def story(_url: str, settings: FalSettings) -> None:
        await publish_asset(jpeg(), settings=settings)
        assert seen == 3

    hosting(tmp_path, story, Route("/late/{name}", late), base="/late")
