"""Downloads: whole and checked or not at all; a resume only where its bytes prove it; redirects stay at fal."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from core.config import FalSettings
from core.errors import DownloadFailed
from core.fal.download import download_video, video_filename
from core.fal.protocol import RemoteFile
from tests.corpus import clip
from tests.serving import served_in_thread

Answer = Callable[[Request, int], Awaitable[Response]]


class Server:
    """One for all tests: answers as the test says, and remembers the range of each question."""

    def __init__(self) -> None:
        self.base = ""
        self.answer: Answer = answered
        self.ranges: list[str | None] = []
        self.app = Starlette(routes=[Route("/film", self._film)])

    async def _film(self, request: Request) -> Response:
        assert "authorization" not in request.headers
        self.ranges.append(request.headers.get("range"))
        return await self.answer(request, len(self.ranges))


async def answered(_request: Request, _number: int) -> Response:
    return Response(status_code=500)


SERVER = Server()


@pytest.fixture(autouse=True, scope="module")
def _serving() -> Iterator[None]:
    with served_in_thread(SERVER.app) as SERVER.base:
        yield


def fetched(tmp_path: Path, answer: Answer, *, part: bytes = b"", max_bytes: int = 10**9) -> list[str | None]:
    """Download into tmp_path/film.mp4 from a server that answers so. Returns the Range of each request."""
    SERVER.answer, SERVER.ranges = answer, []

    async def at_once(_seconds: float) -> None:
        """Tests do not wait."""

    async def story() -> None:
        into = tmp_path / "film.mp4"
        if part:
            into.with_name("film.mp4.part").write_bytes(part)
        settings = FalSettings.offline(fal_key="secret", fal_queue_url=SERVER.base)
        file = RemoteFile(f"{SERVER.base}/film")
        await download_video(file, into, settings=settings, max_bytes=max_bytes, sleep=at_once)

    asyncio.run(story())
    return SERVER.ranges


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


def start_of(request: Request) -> int:
    return int(request.headers["range"].removeprefix("bytes=").removesuffix("-"))


def part(film: bytes, request: Request, size: str | None = None, **headers: str) -> Response:
    """The rest of the film as it was asked for."""
    start = start_of(request)
    claim = f"bytes {start}-{len(film) - 1}/{size or len(film)}"
    return Response(film[start:], 206, {"Content-Range": claim} | headers, "video/mp4")


@pytest.mark.parametrize("size", [None, "*"])
def test_a_proper_206_goes_on_where_it_stopped(tmp_path: Path, film: bytes, size: str | None) -> None:
    """The last 4 KiB are asked for once more: they prove that both are the same file."""

    async def answer(request: Request, _number: int) -> Response:
        return part(film, request, size)

    assert fetched(tmp_path, answer, part=film[:10_000]) == [f"bytes={10_000 - 4096}-"]
    assert (tmp_path / "film.mp4").read_bytes() == film


def test_a_file_that_is_here_already_is_only_proven(tmp_path: Path, film: bytes) -> None:
    async def answer(request: Request, _number: int) -> Response:
        return part(film, request)

    assert fetched(tmp_path, answer, part=film) == [f"bytes={len(film) - 4096}-"]
    assert (tmp_path / "film.mp4").read_bytes() == film


def test_of_a_few_bytes_nothing_is_resumed(tmp_path: Path, film: bytes) -> None:
    async def answer(_request: Request, _number: int) -> Response:
        return whole(film)

    assert fetched(tmp_path, answer, part=film[:4096]) == [None]


ODD: dict[str, Callable[[bytes, Request], Response]] = {
    "elsewhere": lambda film, _: Response(film[:500], 206, {"Content-Range": f"bytes 0-499/{len(film)}"}),
    "nonsense": lambda film, _: Response(film[:500], 206, {"Content-Range": "nonsense"}),
    "nothing": lambda film, _: Response(film[:500], 206),
    "backwards": lambda film, request: Response(
        film[:500], 206, {"Content-Range": f"bytes {start_of(request)}-5/{len(film)}"}
    ),
    "another size": lambda film, request: Response(
        film[start_of(request) :], 206, {"Content-Range": f"bytes {start_of(request)}-{len(film) - 1}/99"}
    ),
    "shorter than ours": lambda film, request: Response(
        film[start_of(request) : 9000], 206, {"Content-Range": f"bytes {start_of(request)}-8999/9000"}
    ),
    "another length": lambda film, request: Response(
        film[start_of(request) : -5], 206, {"Content-Range": f"bytes {start_of(request)}-{len(film) - 1}/{len(film)}"}
    ),
    "packed": lambda film, request: part(film, request, **{"Content-Encoding": "gzip"}),
    "packed, not told": lambda film, request: part(gzip.compress(film, mtime=0) * 3, request, "*"),
    "another film": lambda film, request: part(film[::-1], request),
    "416": lambda film, _: Response("x", 416, {"Content-Range": f"bytes */{len(film)}"}),
}


@pytest.mark.parametrize("kind", ODD)
def test_a_206_that_proves_nothing_drops_the_part_and_starts_over_at_once(
    tmp_path: Path, film: bytes, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def answer(request: Request, _number: int) -> Response:
        return ODD[kind](film, request) if "range" in request.headers else whole(film)

    assert fetched(tmp_path, answer, part=film[:10_000]) == [f"bytes={10_000 - 4096}-", None]
    assert (tmp_path / "film.mp4").read_bytes() == film
    assert [each.getMessage() for each in caplog.records if each.name == "core.fal.download"] == [
        "a download starts over"
    ]


REPLIES = ["part", "star", "whole", "html", "cut", *ODD]


@settings(max_examples=150)
@given(
    kept=st.integers(0, 40_000),
    damaged=st.booleans(),
    replies=st.lists(st.sampled_from(REPLIES), max_size=4),
)
def test_whatever_is_here_and_whatever_is_answered_the_film_is_the_film(
    film: bytes, tmp_path_factory: pytest.TempPathFactory, kept: int, damaged: bool, replies: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("resume")
    coming = iter(replies)

    async def answer(request: Request, _number: int) -> Response:
        kind = next(coming, "whole")
        if kind == "html":
            return HTMLResponse("<h1>busy</h1>")
        if kind == "cut":
            return Response(film[: len(film) // 3], 503)
        if kind == "whole" or "range" not in request.headers:
            return whole(film)
        return (
            part(film, request, "*" if kind == "star" else None)
            if kind in {"part", "star"}
            else ODD[kind](film, request)
        )

    before = film[:kept]
    fetched(folder, answer, part=before[:-9] + bytes(9) if damaged and kept > 9 else before)
    assert (folder / "film.mp4").read_bytes() == film


def test_a_server_without_ranges_starts_over(tmp_path: Path, film: bytes) -> None:
    async def answer(_request: Request, _number: int) -> Response:
        return whole(film)

    assert len(fetched(tmp_path, answer, part=b"something else entirely" * 1000)) == 1
    assert (tmp_path / "film.mp4").read_bytes() == film


def test_a_busy_page_does_not_cost_what_is_here(tmp_path: Path, film: bytes) -> None:
    async def answer(request: Request, number: int) -> Response:
        return HTMLResponse("<h1>busy</h1>") if number == 1 else part(film, request)

    assert fetched(tmp_path, answer, part=film[:10_000]) == [f"bytes={10_000 - 4096}-"] * 2


@pytest.mark.parametrize(("etag", "named"), [('"v1"', '"v1"'), ('W/"v1"', None)])
def test_a_known_version_is_named_so_that_another_one_comes_whole(
    tmp_path: Path, film: bytes, etag: str, named: str | None
) -> None:
    seen: list[str | None] = []

    async def answer(request: Request, number: int) -> Response:
        seen.append(request.headers.get("if-range"))
        if number > 1:
            return whole(film)

        async def half() -> AsyncIterator[bytes]:
            yield film[: len(film) // 2]

        headers = {"ETag": etag, "Content-Length": str(len(film))}
        return StreamingResponse(half(), headers=headers, media_type="video/mp4")

    assert fetched(tmp_path, answer) == [None, f"bytes={len(film) // 2 - 4096}-"]
    assert seen == [None, named]
    assert (tmp_path / "film.mp4").read_bytes() == film


@pytest.mark.parametrize("kind", ["application/mp4", "text/plain", "application/json", "image/gif", ""])
def test_the_bytes_decide_and_no_declared_type(tmp_path: Path, film: bytes, kind: str) -> None:
    async def answer(_request: Request, _number: int) -> Response:
        reply = Response(film, media_type=kind or None)
        assert reply.headers.get("content-type", "").startswith(kind)
        return reply

    assert fetched(tmp_path, answer) == [None]
    assert (tmp_path / "film.mp4").read_bytes() == film


def test_a_packed_copy_is_unpacked_and_the_plain_one_was_asked_for(tmp_path: Path, film: bytes) -> None:
    async def answer(request: Request, _number: int) -> Response:
        assert request.headers["accept-encoding"] == "identity"
        return Response(gzip.compress(film), headers={"Content-Encoding": "gzip"}, media_type="video/mp4")

    assert fetched(tmp_path, answer) == [None]
    assert (tmp_path / "film.mp4").read_bytes() == film


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_at_fal_is_followed_with_the_range(tmp_path: Path, film: bytes, status: int) -> None:
    async def answer(request: Request, number: int) -> Response:
        if number == 1:
            return RedirectResponse("/film?again=1", status)
        if number == 2:
            return RedirectResponse(f"{request.base_url}film?again=2", status)
        assert request.url.query == "again=2"
        return part(film, request)

    assert fetched(tmp_path, answer, part=film[:10_000]) == [f"bytes={10_000 - 4096}-"] * 3
    assert (tmp_path / "film.mp4").read_bytes() == film


@pytest.mark.parametrize(
    ("target", "reason", "host"),
    [
        ("https://evil.example/film?token=SECRET", "redirected to a foreign host", "evil.example"),
        ("//evil.example/film", "redirected to a foreign host", "evil.example"),
        ("http://127.0.0.1:1/film", "redirected to a foreign host", "127.0.0.1"),
        ("http://169.254.169.254/latest", "redirected to a foreign host", "169.254.169.254"),
        ("file:///etc/passwd", "redirected to a foreign host", "unreadable"),
        ("https://[half", "redirected to a foreign host", "unreadable"),
        ("/film", "too many redirects", None),
    ],
)
def test_a_redirect_elsewhere_or_without_end_is_not_followed(
    tmp_path: Path, target: str, reason: str, host: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    asked = 0

    async def answer(_request: Request, _number: int) -> Response:
        nonlocal asked
        asked += 1
        return Response(status_code=302, headers={"Location": target})

    with pytest.raises(DownloadFailed) as caught:
        fetched(tmp_path, answer)
    assert (caught.value.facts["reason"], caught.value.facts.get("host")) == (reason, host)
    assert asked == (5 * 6 if host is None else 5)
    assert "SECRET" not in caplog.text
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize("trouble", ["html", "lies", "status", "empty", "short", "206", "204"])
def test_troubles_pass(tmp_path: Path, film: bytes, trouble: str) -> None:
    async def answer(_request: Request, number: int) -> Response:
        if number > 2:
            return whole(film)
        return {
            "html": HTMLResponse("<h1>busy</h1>"),
            "lies": Response(b"<html>no film</html>", media_type="video/mp4"),
            "status": Response("x", 503),
            "empty": Response(b"", media_type="video/mp4"),
            "short": Response(film[:8], media_type="video/mp4"),
            "206": Response(film, 206, {"Content-Range": f"bytes 0-{len(film) - 1}/{len(film)}"}, "video/mp4"),
            "204": Response(status_code=204),
        }[trouble]

    fetched(tmp_path, answer)
    assert (tmp_path / "film.mp4").read_bytes() == film


def test_troubles_that_stay_are_one_typed_error_without_an_address(tmp_path: Path) -> None:
    async def answer(_request: Request, _number: int) -> Response:
        return Response("x", 404)

    with pytest.raises(DownloadFailed) as caught:
        fetched(tmp_path, answer)
    assert caught.value.facts["status"] == 404
    assert "http" not in str(caught.value)
    assert not (tmp_path / "film.mp4").exists()


def test_each_failed_attempt_tells_its_reason(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    answers = [Response("x", 503), HTMLResponse("<h1>x</h1>"), Response(b"", 200)]

    async def answer(_request: Request, number: int) -> Response:
        return answers[min(number, 3) - 1]

    with pytest.raises(DownloadFailed):
        fetched(tmp_path, answer)
    told = [each for each in caplog.records if each.name == "core.fal.download"]
    assert [(each.levelname, vars(each)["attempt"], vars(each)["reason"]) for each in told] == [
        ("WARNING", 1, "status"), ("WARNING", 2, "not an mp4"), *(("WARNING", n, "not an mp4") for n in (3, 4, 5)),
    ]  # fmt: skip
    assert vars(told[0])["status"] == 503
    assert all("http" not in str(vars(each)["msg"]) + str(vars(each).get("host", "")) for each in told)


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
