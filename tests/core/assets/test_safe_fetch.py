"""Files from addresses that somebody gave us: no private machine is ever asked, and nothing grows without bound."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from core import errors
from core.assets import safe_fetch
from core.assets.ip_ranges import is_public
from core.assets.publish import publish_asset
from core.assets.reachability import check_foreign
from core.assets.safe_fetch import fetch_public, public_addresses, require_public_url
from core.config import FalSettings
from core.types import Kind
from tests.corpus import clip, jpeg
from tests.serving import served
from tests.tls import certified

PUBLIC = FalSettings.offline()


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("64:ff9b::808:808", True),
        ("127.0.0.1", False),
        ("0.0.0.0", False),
        ("10.1.2.3", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("172.16.0.1", False),
        ("192.168.0.1", False),
        ("198.18.0.1", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("::127.0.0.1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:169.254.169.254", False),
        ("64:ff9b::a00:1", False),
        ("64:ff9b::a9fe:a9fe", False),
        ("64:ff9b:1::808:808", False),
        ("2002:7f00:1::", False),
        ("2002:a9fe:a9fe::1", False),
        ("2001:0:1:2::3", False),
        ("fd00::1", False),
        ("fe80::1%eth0", False),
        ("fec0::1", False),
        ("ff02::1", False),
        ("fd00:ec2::254", False),
        ("not an address", False),
    ],
)
def test_private_addresses_are_known_also_when_wrapped(address: str, public: bool) -> None:
    assert is_public(address) is public


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://example.org/a.jpg",
        "gopher://example.org/",
        "data:image/png;base64,AAAA",
        "//example.org/a.jpg",
        "http:///a.jpg",
        "http://[::1",
        "http://example.org:99999/",
        "http://user:pw@example.org/a.jpg",
        "http://localhost/a.jpg",
        "http://LOCALHOST./a.jpg",
        "http://printer/a.jpg",
        "http://metadata.google.internal/",
        "http://nas.local/a.jpg",
        "http://127.0.0.1/",
        "http://[::ffff:127.0.0.1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://169.254.169.254/latest/meta-data",
        "http://2130706433/",
        "http://exa mple.org/",
        "http://" + "a" * 300 + ".org/",
        "",
    ],
)
def test_what_is_no_public_http_address_is_refused_by_its_looks(url: str) -> None:
    with pytest.raises(errors.BadRequest, match="image_url_not_public"):
        require_public_url(url, settings=PUBLIC)
    with pytest.raises(errors.BadRequest, match="image_url_not_public"):
        asyncio.run(fetch_public(url, Path("x"), settings=PUBLIC, max_bytes=9))


@pytest.mark.parametrize("host", ["0x7f.1", "127.1", "0177.0.0.1", "localhost"])
def test_names_that_mean_this_machine_are_refused_when_resolved(host: str) -> None:
    with pytest.raises(errors.BadRequest, match="image_url_not_public"):
        asyncio.run(public_addresses(host, settings=PUBLIC))


def test_one_private_address_among_public_ones_is_enough_to_refuse() -> None:
    async def both(_host: str) -> list[str]:
        return ["93.184.215.14", "10.0.0.7"]

    with pytest.raises(errors.BadRequest, match="private_address"):
        asyncio.run(fetch_public("http://two.example/", Path("x"), settings=PUBLIC, max_bytes=9, resolver=both))


def web(
    story: Callable[[str, FalSettings], Awaitable[None]], **routes: Callable[[Request], Awaitable[Response]]
) -> None:
    async def run() -> None:
        app = Starlette(routes=[Route(f"/{name}", endpoint) for name, endpoint in routes.items()])
        async with served(app) as base:
            await story(base, FalSettings.offline(fal_queue_url=base))

    asyncio.run(run())


async def photo(_request: Request) -> Response:
    return Response(jpeg(), media_type="image/jpeg")


async def away(request: Request) -> Response:
    return RedirectResponse(request.query_params["to"])


def test_a_link_is_fetched_and_every_redirect_is_checked(tmp_path: Path) -> None:
    into = tmp_path / "x"

    async def story(base: str, settings: FalSettings) -> None:
        await fetch_public(f"{base}/away?to=/photo", into, settings=settings, max_bytes=100_000)
        assert into.read_bytes() == jpeg()
        for target in ("http://10.0.0.1/x", "http://[fd00::1]/", "file:///etc/passwd", "http://[", "//192.168.1.1/"):
            with pytest.raises(errors.BadRequest, match="image_url_not_public"):
                await fetch_public(f"{base}/away?to={target}", into, settings=settings, max_bytes=1000)
        loop = "/away%3Fto%3D/away%3Fto%3D/away%3Fto%3D/away"
        with pytest.raises(errors.BadReference, match="redirects"):
            await fetch_public(f"{base}/away?to={loop}", into, settings=settings, max_bytes=9)

    web(story, photo=photo, away=away)


def test_a_name_that_turns_private_gains_nothing(tmp_path: Path) -> None:
    """DNS rebinding: the first answer is checked and connected to; the name is not looked up again for the connection.
    A redirect is looked up anew, and checked anew.
    """
    hosts: list[str] = []

    async def seen(request: Request) -> Response:
        hosts.append(request.headers["host"])
        return RedirectResponse("/again") if request.url.path == "/first" else await photo(request)

    async def story(base: str, settings: FalSettings) -> None:
        port = base.rpartition(":")[2]
        answers = [["127.0.0.1"], ["169.254.169.254"]]

        async def rebinding(_host: str) -> list[str]:
            return answers.pop(0)

        with pytest.raises(errors.BadRequest, match="private_address"):
            await fetch_public(
                f"http://evil.example:{port}/first",
                tmp_path / "x",
                settings=settings,
                max_bytes=9,
                resolver=rebinding,
            )
        assert hosts == [f"evil.example:{port}"]

    web(story, first=seen, again=seen)


def test_the_next_address_of_a_name_is_tried(tmp_path: Path) -> None:
    async def story(base: str, settings: FalSettings) -> None:
        async def two(_host: str) -> list[str]:
            return ["127.0.0.9", "127.0.0.1"]  # nothing listens on the first

        url = f"http://two.example:{base.rpartition(':')[2]}/photo"
        await fetch_public(url, tmp_path / "x", settings=settings, max_bytes=100_000, resolver=two)
        assert (tmp_path / "x").read_bytes() == jpeg()

    web(story, photo=photo)


def test_tls_is_for_the_name_although_the_connection_goes_to_the_address(tmp_path: Path) -> None:
    made = certified(tmp_path, "photos.example")
    names: list[str | None] = []
    made.server.sni_callback = lambda _socket, name, _context: names.append(name)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"\r\nhost: photos.example:" in head.lower()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: 3\r\n\r\nyes")
        await writer.drain()
        writer.close()

    async def here(_host: str) -> list[str]:
        return ["127.0.0.1"]

    async def story() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=made.server)
        port = server.sockets[0].getsockname()[1]
        settings = FalSettings.offline(fal_queue_url="http://127.0.0.1:1")

        async def fetch(host: str, **more: object) -> None:
            url = f"https://{host}:{port}/a.jpg"
            given = {"settings": settings, "max_bytes": 9, "resolver": here} | more
            await fetch_public(url, tmp_path / "x", **given)  # type: ignore[arg-type]

        async with server:
            await fetch("photos.example", trust=made.trust)
            assert (tmp_path / "x").read_bytes() == b"yes"
            assert names == ["photos.example"]
            for host, trust in (("other.example", made.trust), ("photos.example", None)):
                with pytest.raises(errors.BadReference) as caught:
                    await fetch(host, trust=trust)
                assert caught.value.facts["reason"] == "tls"

    asyncio.run(story())


async def _for_ever(chunk: bytes, pause_s: float) -> AsyncIterator[bytes]:
    while True:
        yield chunk
        await asyncio.sleep(pause_s)


def test_size_and_time_are_capped_while_it_streams(tmp_path: Path) -> None:
    async def told(_request: Request) -> Response:
        return Response(bytes(5000))

    async def endless(_request: Request) -> Response:
        return StreamingResponse(_for_ever(bytes(1000), 0))

    async def drip(_request: Request) -> Response:
        return StreamingResponse(_for_ever(b"x", 0.05))

    async def packed(_request: Request) -> Response:
        return Response(gzip.compress(bytes(50_000_000)), headers={"Content-Encoding": "gzip"})

    async def story(base: str, settings: FalSettings) -> None:
        into = tmp_path / "x"
        for path in ("told", "endless"):
            with pytest.raises(errors.BadReference, match="file_too_large"):
                await fetch_public(f"{base}/{path}", into, settings=settings, max_bytes=4000)
            assert not into.exists() or into.stat().st_size <= 4000
        await fetch_public(f"{base}/packed", into, settings=settings, max_bytes=100_000)
        assert into.stat().st_size < 100_000  # as it came
        with pytest.raises(errors.BadReference) as caught:
            async with safe_fetch.public_reply(f"{base}/drip", settings=settings, total_s=0.3) as reply:
                await reply.aread()
        assert caught.value.facts["reason"] == "timeout"

    web(story, told=told, endless=endless, drip=drip, packed=packed)


def test_a_link_is_published_by_what_it_holds_and_not_by_its_name(tmp_path: Path) -> None:
    video = clip(tmp_path / "v.mp4").read_bytes()

    async def page(_request: Request) -> Response:
        return Response(b"<html>not here</html>", media_type="image/jpeg")

    async def film(_request: Request) -> Response:
        return Response(video, media_type="application/octet-stream")

    async def story(base: str, settings: FalSettings) -> None:
        settings = settings.model_copy(update={"output_dir": tmp_path / "out", "asset_check": False})
        assert (await publish_asset(f"{base}/photo?name=x.php", settings=settings)).kind is Kind.IMAGE
        assert (await publish_asset(f"{base}/film", settings=settings)).kind is Kind.VIDEO
        with pytest.raises(errors.MediaError, match="unsupported_media"):
            await publish_asset(f"{base}/page", settings=settings)
        assert list((tmp_path / "out" / "work").iterdir()) == []

    web(story, photo=photo, page=page, film=film)


def test_somebody_elses_address_is_looked_at_without_asking_private_machines(tmp_path: Path) -> None:
    async def page(_request: Request) -> Response:
        return Response(b"<html>log in</html>", media_type="text/html")

    async def story(base: str, settings: FalSettings) -> None:
        await check_foreign(f"{base}/photo", settings=settings)
        with pytest.raises(errors.BadReference) as caught:
            await check_foreign(f"{base}/page", settings=settings)
        assert caught.value.facts["type"] == "text/html"
        with pytest.raises(errors.BadRequest, match="image_url_not_public"):
            await check_foreign(f"{base}/away?to=http://169.254.169.254/", settings=settings)

    web(story, photo=photo, page=page, away=away)
