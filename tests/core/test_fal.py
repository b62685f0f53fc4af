"""The client at the wire: one POST whatever happens, the key to nobody else, non-delivery told apart from doubt."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from core import errors, models
from core.config import FalSettings
from core.fal import FalQueue
from core.types import Submission
from tests.serving import free_port, served

KEY = "the-key"
REQUEST = models.plan("a fox").request
Answer = Callable[[Request], Awaitable[Response]]


class Server:
    """Answers every call the same way, and remembers who asked."""

    def __init__(self, answer: Answer) -> None:
        self.calls: list[tuple[str, str, str | None]] = []

        async def route(request: Request) -> Response:
            self.calls.append((request.method, request.url.path, request.headers.get("authorization")))
            return await answer(request)

        self.app = Starlette(routes=[Route("/{path:path}", route, methods=["GET", "POST", "PUT"])])


def submit(answer: Answer, **more: Any) -> tuple[Submission | errors.VideoError, Server]:
    server = Server(answer)

    async def story() -> Submission | errors.VideoError:
        async with served(server.app) as base:
            queue = FalQueue.from_settings(FalSettings.offline(**({"fal_key": KEY, "fal_queue_url": base} | more)))
            try:
                return await queue.submit(REQUEST)
            except errors.VideoError as error:
                return error
            finally:
                await queue.close()

    return asyncio.run(story()), server


def says(status: int, body: Any = None, **headers: str) -> Answer:
    async def answer(_request: Request) -> Response:
        return JSONResponse(body, status, headers) if body is not None else Response(b"<html>", status, headers)

    return answer


def test_a_submit_carries_the_key_and_the_explicit_values() -> None:
    async def answer(request: Request) -> Response:
        body = await request.json()
        assert body == {"prompt": "a fox", "duration": 5, "resolution": "720p", "aspect_ratio": "16:9"}
        assert request.headers["x-fal-object-lifecycle-preference"] == '{"expiration_duration_seconds": 604800}'
        return JSONResponse({"request_id": "r-1", "queue_position": 2}, 200, {"X-Credits-Used": "0.75"})

    result, server = submit(answer)
    assert isinstance(result, Submission)
    assert (result.queue_position, result.charged) == (2, Decimal("0.75"))
    assert server.calls == [("POST", "/alibaba/happy-horse/text-to-video", f"Key {KEY}")]


@pytest.mark.parametrize("status", [408, 409, 425, 500, 502, 503, 504])
def test_what_may_have_been_taken_is_doubt(status: int) -> None:
    result, server = submit(says(status, {"detail": "x"}))
    assert isinstance(result, errors.SubmitUnknown)
    assert len(server.calls) == 1


@pytest.mark.parametrize("body", [{}, {"request_id": ""}, [], "text"])
def test_a_success_without_a_request_id_is_doubt(body: Any) -> None:
    result, server = submit(says(200, body))
    assert isinstance(result, errors.SubmitUnknown)
    assert len(server.calls) == 1


def test_a_refusal_that_cannot_be_read_is_doubt() -> None:
    result, server = submit(says(422))
    assert isinstance(result, errors.SubmitUnknown)
    assert len(server.calls) == 1


def test_a_redirect_is_not_followed_with_the_key() -> None:
    async def answer(request: Request) -> Response:
        return RedirectResponse(f"{request.base_url}elsewhere", 307)

    result, server = submit(answer)
    assert isinstance(result, errors.SubmitUnknown)
    assert len(server.calls) == 1


def test_too_many_requests_bought_nothing() -> None:
    result, _server = submit(says(429, {"detail": "x"}, **{"Retry-After": "7"}))
    assert isinstance(result, errors.NotDelivered)
    assert result.facts["retry_after"] == 7


def refused(settings: FalSettings) -> errors.VideoError:
    async def story() -> errors.VideoError:
        queue = FalQueue.from_settings(settings)
        try:
            with pytest.raises(errors.VideoError) as caught:
                await queue.submit(REQUEST)
        finally:
            await queue.close()
        return caught.value

    return asyncio.run(story())


def test_a_closed_port_is_proven_non_delivery() -> None:
    error = refused(FalSettings.offline(fal_key=KEY, fal_queue_url=f"http://127.0.0.1:{free_port()}"))
    assert isinstance(error, errors.NotDelivered)


def test_a_failed_tls_handshake_is_proven_non_delivery() -> None:
    async def story() -> errors.VideoError:
        async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"this is no TLS\r\n")
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        queue = FalQueue.from_settings(FalSettings.offline(fal_key=KEY, fal_queue_url=f"https://localhost:{port}"))
        try:
            with pytest.raises(errors.VideoError) as caught:
                await queue.submit(REQUEST)
        finally:
            await queue.close()
            server.close()
        return caught.value

    assert isinstance(asyncio.run(story()), errors.NotDelivered)


def test_silence_after_the_request_is_doubt() -> None:
    async def story() -> tuple[errors.VideoError, int]:
        taken = 0

        async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal taken
            taken += b"POST" in await reader.read(65536)
            writer.close()

        server = await asyncio.start_server(swallow, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        queue = FalQueue.from_settings(FalSettings.offline(fal_key=KEY, fal_queue_url=f"http://127.0.0.1:{port}"))
        try:
            with pytest.raises(errors.VideoError) as caught:
                await queue.submit(REQUEST)
        finally:
            await queue.close()
            server.close()
        return caught.value, taken

    error, posts = asyncio.run(story())
    assert isinstance(error, errors.SubmitUnknown)
    assert posts == 1


def test_a_proxy_that_is_down_is_proven_non_delivery() -> None:
    settings = FalSettings.offline(fal_proxy_url=f"http://127.0.0.1:{free_port()}")
    assert isinstance(refused(settings), errors.NotDelivered)


def test_a_forward_proxy_gets_a_placeholder_and_its_charge_counts() -> None:
    """Plain http through a forward proxy: the absolute address in the request line, the key put in there."""

    async def story() -> tuple[Submission, bytes]:
        seen = b""

        async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal seen
            seen = await reader.read(65536)
            body = b'{"request_id": "r-1"}'
            head = f"HTTP/1.1 200 OK\r\nX-Credits-Used: 0.7\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            writer.write(head.encode() + body)
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(proxy, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        settings = FalSettings.offline(fal_queue_url="http://127.0.0.1:9", fal_proxy_url=f"http://127.0.0.1:{port}")
        queue = FalQueue.from_settings(settings)
        try:
            return await queue.submit(REQUEST), seen
        finally:
            await queue.close()
            server.close()

    submission, seen = asyncio.run(story())
    assert seen.startswith(b"POST http://127.0.0.1:9/alibaba/happy-horse/text-to-video ")
    assert b"authorization: key " in seen.lower()
    assert submission.charged == Decimal("0.7")


def test_without_a_key_nothing_is_sent() -> None:
    assert refused(FalSettings.offline()).code == "not_configured"


def test_environment_proxies_are_not_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{free_port()}")
    result, _server = submit(says(200, {"request_id": "r-1"}))
    assert isinstance(result, Submission)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (403, {"detail": "User is locked"}, errors.Unavailable),
        (401, {"detail": "x"}, errors.Unavailable),
        (429, {"detail": "x"}, errors.Unavailable),
        (502, None, errors.Unavailable),
        (200, [], errors.Unavailable),
        (404, {"detail": "x"}, errors.ResultExpired),
        (410, {"detail": "x"}, errors.ResultExpired),
    ],
)
def test_only_gone_ends_a_wait(status: int, body: Any, expected: type[errors.VideoError]) -> None:
    async def story() -> None:
        async with served(Server(says(status, body)).app) as base:
            queue = FalQueue.from_settings(FalSettings.offline(fal_key=KEY, fal_queue_url=base))
            with pytest.raises(expected):
                await queue.status(queue.handle_for(REQUEST.endpoint, "r-1"))
            await queue.close()

    asyncio.run(story())


def test_a_stored_handle_with_a_foreign_host_gets_no_key() -> None:
    async def story() -> None:
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
        queue = FalQueue.from_settings(FalSettings.offline(fal_key=KEY))
        handle = queue.handle_for(REQUEST.endpoint, "r-1")
        foreign = type(handle)(handle.request_id, handle.endpoint, "https://evil.example/s", handle.response_url, "x")
        with pytest.raises(errors.VideoError, match="foreign"):
            await queue.status(foreign)
        await queue.close()

    asyncio.run(story())
