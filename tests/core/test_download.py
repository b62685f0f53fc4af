"""Downloads: whole and checked or not at all; a resume only where the server proves it; receipts and placed looks."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from core.config import FalSettings
from core.download import download_video, video_filename
from core.errors import DownloadFailed
from core.receipts import FolderReceipts, Receipt
from core.types import RequestHandle
from core.wire import RemoteFile
from tests.corpus import clip
from tests.serving import served

Answer = Callable[[Request, int], Awaitable[Response]]


def fetched(tmp_path: Path, answer: Answer, *, part: bytes = b"", max_bytes: int = 10**9) -> list[str | None]:
    """Download into tmp_path/film.mp4 from a server that answers so. Returns the Range of each request."""
    ranges: list[str | None] = []

    async def film(request: Request) -> Response:
        assert "authorization" not in request.headers
        ranges.append(request.headers.get("range"))
        return await answer(request, len(ranges))

    async def story() -> None:
        into = tmp_path / "film.mp4"
        if part:
            into.with_name("film.mp4.part").write_bytes(part)
        async with served(Starlette(routes=[Route("/film", film)])) as base:
            settings = FalSettings.offline(fal_key="secret", fal_queue_url=base)

            async def at_once(_seconds: float) -> None:
                """Tests do not wait."""

            file = RemoteFile(f"{base}/film")
            await download_video(file, into, settings=settings, max_bytes=max_bytes, sleep=at_once)

    asyncio.run(story())
    return ranges


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return clip(tmp_path_factory.mktemp("film") / "film.mp4").read_bytes()


def whole(film: bytes, **headers: str) -> Response:
    return Response(film, media_type="video/mp4", headers=headers)


def test_a_whole_file_arrives_under_its_name(tmp_path: Path, film: bytes) -> None:
    async def answer(_request: Request, _number: int) -> Response:
        return whole(film)

    assert fetched(tmp_path, answer) == [None]
    assert (tmp_path / "film.mp4").read_bytes() == film
    assert not (tmp_path / "film.mp4.part").exists()


def test_a_proper_206_goes_on_where_it_stopped(tmp_path: Path, film: bytes) -> None:
    async def answer(request: Request, _number: int) -> Response:
        start = int(request.headers["range"][6:-1])
        headers = {"Content-Range": f"bytes {start}-{len(film) - 1}/{len(film)}"}
        return Response(film[start:], 206, headers, "video/mp4")

    assert fetched(tmp_path, answer, part=film[:1000]) == ["bytes=1000-"]
    assert (tmp_path / "film.mp4").read_bytes() == film


@pytest.mark.parametrize("claim", ["bytes 0-99/100", "bytes 5-9/*", "nonsense", ""])
def test_a_206_that_proves_nothing_is_not_believed(tmp_path: Path, film: bytes, claim: str) -> None:
    async def answer(_request: Request, number: int) -> Response:
        return Response(film[:500], 206, {"Content-Range": claim}, "video/mp4") if number < 3 else whole(film)

    fetched(tmp_path, answer, part=film[:1000])
    assert (tmp_path / "film.mp4").read_bytes() == film


def test_a_server_without_ranges_starts_over(tmp_path: Path, film: bytes) -> None:
    async def answer(_request: Request, _number: int) -> Response:
        return whole(film)

    fetched(tmp_path, answer, part=b"something else entirely" * 100)
    assert (tmp_path / "film.mp4").read_bytes() == film


@pytest.mark.parametrize("trouble", ["html", "lies", "status", "type", "416"])
def test_troubles_pass(tmp_path: Path, film: bytes, trouble: str) -> None:
    async def answer(_request: Request, number: int) -> Response:
        if number > 2:
            return whole(film)
        return {
            "html": HTMLResponse("<h1>busy</h1>"),
            "lies": Response(b"<html>no film</html>", media_type="video/mp4"),
            "status": Response("x", 503),
            "type": Response(film, media_type="application/json"),
            "416": Response("x", 416),
        }[trouble]

    fetched(tmp_path, answer, part=film[:100] if trouble == "416" else b"")
    assert (tmp_path / "film.mp4").read_bytes() == film


def test_troubles_that_stay_are_one_typed_error_without_an_address(tmp_path: Path) -> None:
    async def answer(_request: Request, _number: int) -> Response:
        return Response("x", 404)

    with pytest.raises(DownloadFailed) as caught:
        fetched(tmp_path, answer)
    assert caught.value.facts["status"] == 404
    assert "http" not in str(caught.value)
    assert not (tmp_path / "film.mp4").exists()


def test_there_is_a_cap(tmp_path: Path, film: bytes) -> None:
    async def answer(_request: Request, _number: int) -> Response:
        return whole(film)

    with pytest.raises(DownloadFailed):
        fetched(tmp_path, answer, max_bytes=1000)


def test_names_are_safe_and_tell_what_it_is() -> None:
    now = datetime(2026, 11, 24, 12, 30, 5, tzinfo=UTC)
    name = video_filename(model="wan-2.5", duration_s=5, resolution="480p", short_id="K7QX", now=now)
    assert name == "20261124-123005_wan-2.5_5s_480p_K7QX.mp4"
    odd = video_filename(model="../a b/ü", duration_s=None, resolution=None, short_id="x/y", now=now)
    assert "/" not in odd
    assert ".." not in odd.removesuffix(".mp4")


def test_a_receipt_is_given_once_and_found_again(tmp_path: Path) -> None:
    receipts = FolderReceipts(tmp_path / "receipts")
    handle = RequestHandle("r-1", "a/b", "s", "r", "c")
    receipt = Receipt(handle, "wan-2.5", Decimal("0.25"), 5, "480p")

    async def story() -> None:
        claims = await asyncio.gather(*(receipts.claim("job") for _ in range(5)))
        assert sorted(claims) == [False] * 4 + [True]
        assert await receipts.find("r-1") is None
        await receipts.record("job", receipt)
        assert await receipts.find("r-1") == receipt
        assert not await receipts.claim("job")

    asyncio.run(story())
