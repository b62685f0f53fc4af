"""The client at the wire: one POST whatever happens, the key to nobody else, non-delivery told apart from doubt."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any, TypeVar

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from core import errors, pricing
from core.catalogue import app_of
from core.config import FalSettings
from core.fal import protocol
from core.fal.client import FalQueue, QueueTimeouts
from core.types import Completed, InProgress, LostOrder, Queued, QueueStatus, RawReply, RequestHandle, Submission
from tests.samples import BUSY, sample
from tests.serving import free_port, served_in_thread

KEY = "the-key"
REQUEST = pricing.plan("a fox").request
Answer = Callable[[Request], Awaitable[Response]]
T = TypeVar("T")


class Server:
    """One for all tests: answers every call the same way, and remembers who asked."""

    def __init__(self) -> None:
        self.base = ""
        self.answer: Answer = says(500)
        self.calls: list[tuple[str, str, str | None]] = []
        self.app = Starlette(routes=[Route("/{path:path}", self._route, methods=["GET", "POST", "PUT"])])

    async def _route(self, request: Request) -> Response:
        self.calls.append((request.method, request.url.path, request.headers.get("authorization")))
        return await self.answer(request)


@pytest.fixture(autouse=True, scope="module")
def _serving() -> Iterator[None]:
    with served_in_thread(SERVER.app) as SERVER.base:
        yield


def asked(
    answer: Answer, question: Callable[[FalQueue], Awaitable[T]], **more: Any
) -> tuple[T | errors.VideoError, Server]:
    """What the client makes of the server's answer, and what the server saw."""
    SERVER.answer, SERVER.calls = answer, []

    async def story() -> T | errors.VideoError:
        settings = FalSettings.offline(**({"fal_key": KEY, "fal_queue_url": SERVER.base} | more))
        queue = FalQueue.from_settings(settings)
        try:
            return await question(queue)
        except errors.VideoError as error:
            return error
        finally:
            await queue.close()

    return asyncio.run(story()), SERVER


def submit(answer: Answer, **more: Any) -> tuple[Submission | errors.VideoError, Server]:
    return asked(answer, lambda queue: queue.submit(REQUEST), **more)


def handle(queue: FalQueue) -> RequestHandle:
    return queue.handle_for(REQUEST.endpoint, "r-1")


def says(status: int, body: Any = None, **headers: str) -> Answer:
    """JSON, or a gateway's page where there is no body."""

    async def answer(_request: Request) -> Response:
        if body is None:
            return Response(b"<html>Bad Gateway</html>", status, headers, media_type="text/html")
        return JSONResponse(body, status, headers)

    return answer


def recorded(name: str) -> Answer:
    case = sample(name)
    body = case["body"] if isinstance(case["body"], dict) else None
    return says(case["status"], body, **case["headers"])


SERVER = Server()


# Submit


def test_a_submit_carries_the_key_and_the_explicit_values() -> None:
    async def answer(request: Request) -> Response:
        body = await request.json()
        assert body == {"prompt": "a fox", "duration": 5, "resolution": "720p", "aspect_ratio": "16:9"}
        assert request.headers["content-type"] == "application/json"
        assert request.headers["accept-encoding"] == "identity"
        assert request.headers["x-fal-object-lifecycle-preference"] == '{"expiration_duration_seconds": 604800}'
        assert request.headers["x-fal-request-timeout"] == "3600"
        assert request.query_params["fal_webhook"] == "https://bot.example/fal/webhook/abc?x=1&y=2"
        return JSONResponse({"request_id": "r-1", "queue_position": 2}, 200, {"X-Credits-Used": "0.75"})

    webhook = "https://bot.example/fal/webhook/abc?x=1&y=2"
    result, server = asked(answer, lambda queue: queue.submit(REQUEST, webhook_url=webhook))
    assert isinstance(result, Submission)
    assert result.charged == Decimal("0.75")
    assert server.calls == [("POST", "/alibaba/happy-horse/text-to-video", f"Key {KEY}")]


@pytest.mark.parametrize("status", [408, 409, 425, 499, 500, 502, 503, 504])
@pytest.mark.parametrize("body", [{"detail": "x"}, None])
def test_what_may_have_been_taken_is_doubt(status: int, body: Any) -> None:
    result, server = submit(says(status, body))
    assert isinstance(result, errors.SubmitUnconfirmed)
    assert len(server.calls) == 1


@pytest.mark.parametrize("body", [{}, {"request_id": ""}, {"request_id": "../x"}, [], "text", None])
def test_a_success_without_a_request_id_is_doubt(body: Any) -> None:
    result, server = submit(says(200, body))
    assert isinstance(result, errors.SubmitUnconfirmed)
    assert len(server.calls) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_a_refusal_that_cannot_be_read_is_doubt(status: int) -> None:
    result, server = submit(says(status))
    assert isinstance(result, errors.SubmitUnconfirmed)
    assert len(server.calls) == 1


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("error-literal", "invalid_input"),
        ("error-content-policy", "content_policy_violation"),
        ("error-file-download", "asset_unreachable"),
        ("account-bad-key", "invalid_key"),
        ("account-exhausted", "out_of_credits"),
        ("account-unknown-app", "model_not_found"),
        ("proxy-no-credits", "insufficient_credits"),
        ("proxy-forbidden", "endpoint_not_allowed"),
    ],
)
def test_a_definite_refusal_bought_nothing_and_echoes_nothing(name: str, code: str) -> None:
    result, server = submit(recorded(name))
    assert isinstance(result, errors.VideoError)
    assert not isinstance(result, errors.SubmitUnconfirmed | errors.SubmitNotSent)
    assert result.code == code
    assert "SECRET" not in f"{result!r} {result.facts}"
    assert len(server.calls) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_with_the_key(status: int) -> None:
    async def answer(request: Request) -> Response:
        return RedirectResponse(f"{request.base_url}elsewhere", status)

    result, server = submit(answer)
    assert isinstance(result, errors.SubmitUnconfirmed)
    assert len(server.calls) == 1
    looked, server = asked(answer, lambda queue: queue.status(handle(queue)))
    assert isinstance(looked, errors.Unavailable)
    assert len(server.calls) == 1


@pytest.mark.parametrize(("header", "seconds"), [("7", 7), ("86400", 3600), ("soon", None), ("", None)])
def test_too_many_requests_bought_nothing(header: str, seconds: int | None) -> None:
    result, _server = submit(says(429, BUSY, **{"Retry-After": header}))
    assert isinstance(result, errors.SubmitNotSent)
    assert (result.code, result.facts["retry_after"]) == ("fal_busy", seconds)


def test_a_gateways_too_many_requests_may_have_bought_it() -> None:
    result, _server = submit(says(429, {"detail": "x"}, **{"Retry-After": "7"}))
    assert isinstance(result, errors.SubmitUnconfirmed)


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
    assert isinstance(error, errors.SubmitNotSent)


Peer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def with_peer(peer: Peer, scheme: str = "http") -> tuple[errors.VideoError, int]:
    """The error when the other side is `peer`, and how often it was called."""

    async def story() -> tuple[errors.VideoError, int]:
        connections = 0

        async def counted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal connections
            connections += 1
            await peer(reader, writer)
            writer.close()

        server = await asyncio.start_server(counted, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        queue = FalQueue.from_settings(FalSettings.offline(fal_key=KEY, fal_queue_url=f"{scheme}://localhost:{port}"))
        try:
            with pytest.raises(errors.VideoError) as caught:
                await queue.submit(REQUEST)
        finally:
            await queue.close()
            server.close()
        return caught.value, connections

    return asyncio.run(story())


@pytest.mark.parametrize("words", [b"this is no TLS\r\n", b""])
def test_a_failed_tls_handshake_is_proven_non_delivery(words: bytes) -> None:
    async def peer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(words)
        await writer.drain()

    error, _connections = with_peer(peer, "https")
    assert isinstance(error, errors.SubmitNotSent)


@pytest.mark.parametrize(
    "words",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"request_id": "r-1"',
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
    ],
)
def test_a_lost_answer_is_doubt_and_nothing_is_sent_again(words: bytes) -> None:
    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(words)
        await writer.drain()

    error, connections = with_peer(peer)
    assert isinstance(error, errors.SubmitUnconfirmed)
    assert connections == 1


def test_an_old_connection_is_never_used_for_a_submit() -> None:
    """A kept-alive connection that the other side has given up looks exactly like a lost answer."""

    async def question(queue: FalQueue) -> int:
        await queue.submit(REQUEST)
        await queue.status(handle(queue))
        await queue.submit(REQUEST)
        return len(ports)

    ports: set[int] = set()

    async def answer(request: Request) -> Response:
        assert request.client is not None
        ports.add(request.client.port)
        return JSONResponse({"request_id": "r-1", "status": "IN_PROGRESS"})

    assert asked(answer, question)[0] == 3


@pytest.mark.parametrize("key", ["ключ", "a\nb", "a–b", "a\x00b"])
def test_a_key_that_fits_no_header_is_told_before_anything_is_sent(key: str) -> None:
    result, server = submit(says(200, {"request_id": "r-1"}), fal_key=key)
    assert isinstance(result, errors.NotConfigured)
    assert result.code == "invalid_key"
    assert server.calls == []


def test_a_keys_line_break_at_the_end_does_not_count() -> None:
    _result, server = submit(says(200, {"request_id": "r-1"}), fal_key=f"{KEY}\n")
    assert server.calls[0][2] == f"Key {KEY}"


def test_without_a_key_nothing_is_sent() -> None:
    result, server = submit(says(200, {"request_id": "r-1"}), fal_key=None)
    assert isinstance(result, errors.NotConfigured)
    assert (result.code, server.calls) == ("not_configured", [])


def test_environment_proxies_are_not_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    result, _server = submit(says(200, {"request_id": "r-1"}))
    assert isinstance(result, Submission)


# The answer is handed on before it is read


def test_the_text_that_was_decided_on_is_posted_as_it_is() -> None:
    bodies: list[bytes] = []

    async def answer(request: Request) -> Response:
        bodies.append(await request.body())
        return JSONResponse({"request_id": "r-1"})

    async def question(queue: FalQueue) -> None:
        await queue.submit(REQUEST, body='{"prompt":  "狐狸"}')
        await queue.submit(REQUEST)

    asked(answer, question)
    assert bodies == ['{"prompt":  "狐狸"}'.encode(), protocol.request_text(REQUEST).encode()]


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        (says(200, {"request_id": "r-1"}), 200, None),
        (says(200), 200, "submit_unknown"),
        (says(502), 502, "submit_unknown"),
        (says(429, BUSY), 429, "fal_busy"),
        (says(429, {"detail": "x"}), 429, "submit_unknown"),
        (says(422, {"detail": [{"loc": [], "msg": "no", "type": "literal_error"}]}), 422, "invalid_input"),
        (says(307, {"request_id": "r-1"}), 307, "submit_unknown"),
    ],
)
def test_whatever_was_answered_is_kept_first_and_read_the_same_later(
    answer: Answer, status: int, code: str | None
) -> None:
    kept: list[RawReply] = []

    async def keep(reply: RawReply) -> None:
        kept.append(reply)

    result, server = asked(answer, lambda queue: queue.submit(REQUEST, on_reply=keep))
    assert [each.status for each in kept] == [status]
    assert (result.code if isinstance(result, errors.VideoError) else None) == code

    async def again(queue: FalQueue) -> Submission:
        return queue.read_submit(kept[0], endpoint=REQUEST.endpoint)

    later, server = asked(answer, again)
    assert server.calls == []
    if isinstance(result, errors.VideoError):
        assert isinstance(later, errors.VideoError)
        assert (type(later), later.code, later.facts) == (type(result), result.code, result.facts)
    else:
        assert later == result


def test_an_answer_that_cannot_be_kept_is_told_without_its_words(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(reply: RawReply) -> None:
        raise OSError(f"no room for {reply.body!r}")

    caplog.set_level(logging.INFO, "core.fal.client")
    result, _server = asked(says(200, {"request_id": "r-77"}), lambda queue: queue.submit(REQUEST, on_reply=broken))
    assert isinstance(result, Submission)
    told = {each.getMessage(): vars(each) for each in caplog.records if each.name == "core.fal.client"}
    assert told["an order's answer was not kept"]["reason"] == "OSError"
    assert told["ordered"]["request_id"] == "r-77"
    assert "no room" not in caplog.text


def test_a_lost_answer_is_handed_to_nobody() -> None:
    kept: list[RawReply] = []

    async def keep(reply: RawReply) -> None:
        kept.append(reply)

    async def story() -> errors.VideoError:
        settings = FalSettings.offline(fal_key=KEY, fal_queue_url=f"http://127.0.0.1:{free_port()}")
        queue = FalQueue.from_settings(settings)
        try:
            with pytest.raises(errors.VideoError) as caught:
                await queue.submit(REQUEST, on_reply=keep)
        finally:
            await queue.close()
        return caught.value

    assert isinstance(asyncio.run(story()), errors.SubmitNotSent)
    assert kept == []


# Where the key goes


def test_foreign_addresses_in_the_answer_are_asked_by_rule_here() -> None:
    async def question(queue: FalQueue) -> QueueStatus:
        submission = await queue.submit(REQUEST)
        await queue.cancel(submission.handle)
        return await queue.status(submission.handle)

    async def answer(request: Request) -> Response:
        if request.method == "POST":
            foreign = "https://evil.example/alibaba/happy-horse/requests/r-1"
            urls = {"status_url": f"{foreign}/status", "response_url": foreign, "cancel_url": f"{foreign}/cancel"}
            return JSONResponse({"request_id": "r-1", **urls})
        return JSONResponse({"status": "IN_PROGRESS"}, 202)

    status, server = asked(answer, question)
    assert status == InProgress()
    assert [path for _, path, _ in server.calls[1:]] == [
        "/alibaba/happy-horse/requests/r-1/cancel",
        "/alibaba/happy-horse/requests/r-1/status",
    ]


@pytest.mark.parametrize("elsewhere", ["https://gateway.example/fal", "http://127.0.0.1:9", "https://queue.fal.run"])
def test_a_stored_handle_of_another_day_is_asked_here(elsewhere: str) -> None:
    async def question(queue: FalQueue) -> QueueStatus:
        place = f"{elsewhere}/alibaba/happy-horse/requests/r-1"
        return await queue.status(replace(handle(queue), status_url=f"{place}/status"))

    status, server = asked(says(202, {"status": "IN_QUEUE", "queue_position": 4}), question)
    assert status == Queued(4)
    assert server.calls == [("GET", "/alibaba/happy-horse/requests/r-1/status", f"Key {KEY}")]


# Looks


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (401, {"detail": "x"}, errors.Unavailable),
        (402, {"error": "insufficient_credits"}, errors.Unavailable),
        (403, {"detail": "User is locked"}, errors.Unavailable),
        (405, {"detail": "Method Not Allowed"}, errors.Unavailable),
        (429, {"detail": "x"}, errors.Unavailable),
        (500, {"detail": "x", "error_type": "internal_error"}, errors.Unavailable),
        (502, None, errors.Unavailable),
        (200, None, errors.Unavailable),
        (200, [], errors.Unavailable),
        (200, {"status": "DREAMING"}, errors.Unavailable),
        (404, {"detail": "x"}, errors.Unavailable),
        (404, {"status": "NOT_FOUND"}, errors.Unavailable),
        (404, None, errors.Unavailable),
        (410, {"detail": "x"}, errors.Unavailable),
        (422, {"detail": [{"loc": [], "msg": "no", "type": "x"}]}, errors.Unavailable),
    ],
)
def test_no_look_ends_a_request(status: int, body: Any, expected: type[errors.VideoError]) -> None:
    result, _server = asked(says(status, body), lambda queue: queue.status(handle(queue)))
    assert type(result) is expected


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (None, "an HTML page"),
        ("", "an empty reply"),
        ("oops", "a reply that is not JSON"),
        ({}, "JSON of another shape"),
    ],
)
def test_what_was_odd_about_a_look_is_told_in_short(body: Any, reason: str) -> None:
    async def plain(_request: Request) -> Response:
        return Response(body, 404, {"Retry-After": "9"}, media_type="text/plain")

    answer = plain if isinstance(body, str) else says(404, body, **{"Retry-After": "9"})
    error, _server = asked(answer, lambda queue: queue.status(handle(queue)))
    assert isinstance(error, errors.Unavailable)
    assert error.facts == {"status": 404, "reason": reason, "retry_after": 9}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (recorded("status-queued"), True),
        (recorded("status-progress"), True),
        (recorded("status-completed-error"), True),
        (says(404, {"status": "NOT_FOUND"}), False),
        (says(404, {"detail": "x"}), False),
        (says(404), "fal_unavailable"),  # a gateway's page knows nothing of requests
        (says(410, {"detail": "x"}), "fal_unavailable"),
        (says(401, {"detail": "x"}), "invalid_key"),
        (says(403, {"detail": "User is locked"}), "fal_unavailable"),
        (says(502), "fal_unavailable"),
        (says(200, {}), "fal_unavailable"),
    ],
)
def test_fal_knows_a_request_or_not_or_does_not_say(answer: Answer, expected: bool | str) -> None:
    result, _server = asked(answer, lambda queue: queue.knows(handle(queue)))
    assert (result.code if isinstance(result, errors.VideoError) else result) == expected


def test_a_lock_passes_and_the_wait_goes_on() -> None:
    answers = iter([recorded("account-exhausted"), recorded("status-progress"), recorded("status-completed")])

    async def answer(request: Request) -> Response:
        return await next(answers)(request)

    async def question(queue: FalQueue) -> list[QueueStatus]:
        with pytest.raises(errors.Unavailable):
            await queue.status(handle(queue))
        return [await queue.status(handle(queue)) for _ in range(2)]

    assert asked(answer, question)[0] == [InProgress(), Completed()]


def test_nobody_there_is_unavailable() -> None:
    async def story() -> None:
        settings = FalSettings.offline(fal_key=KEY, fal_queue_url=f"http://127.0.0.1:{free_port()}")
        queue = FalQueue.from_settings(settings)
        for question in (queue.status, queue.result, queue.cancel):
            with pytest.raises(errors.Unavailable):
                await question(handle(queue))
        await queue.close()

    asyncio.run(story())


# The stream


def streaming(*pieces: bytes, media_type: str = "text/event-stream", status: int = 200) -> Answer:
    async def answer(_request: Request) -> Response:
        async def body() -> Any:
            for piece in pieces:
                yield piece
                await asyncio.sleep(0)

        return StreamingResponse(body(), status, media_type=media_type)

    return answer


async def collect(queue: FalQueue) -> tuple[list[QueueStatus], errors.VideoError | None]:
    seen: list[QueueStatus] = []
    try:
        async for status in queue.stream(handle(queue)):
            seen.append(status)  # noqa: PERF401 - what came before the break counts
    except errors.VideoError as error:
        return seen, error
    return seen, None


def test_the_stream_tells_each_state_and_ends() -> None:
    answer = streaming(
        b': hello\n\ndata: {"status": "IN_QUEUE", "queue_position": 1}\n\n',
        b'event: x\ndata:{"status": "IN_PROG',
        b'RESS", "logs": null}\r\n\r\n',
        b"data: not json\n\n",
        b'data: {"status":\ndata: "COMPLETED"}\n\n',
        b'data: {"status": "IN_QUEUE"}\n\n',
    )
    result, server = asked(answer, collect)
    assert result == ([Queued(1), InProgress(), Completed()], None)
    assert server.calls == [("GET", "/alibaba/happy-horse/requests/r-1/status/stream", f"Key {KEY}")]


def test_a_last_event_without_its_blank_line_counts() -> None:
    assert asked(streaming(b'data: {"status": "COMPLETED"}'), collect)[0] == ([Completed()], None)


@pytest.mark.parametrize(
    ("answer", "seen"),
    [
        (streaming(b'data: {"status": "IN_PROGRESS"}\n\n'), [InProgress()]),
        (streaming(), []),
        (streaming(b'{"status": "COMPLETED"}', media_type="application/json"), []),
        (streaming(b'data: {"status": "COMPLETED"}\n\n', status=404), []),
        (says(502), []),
    ],
)
def test_a_stream_that_breaks_says_so(answer: Answer, seen: list[QueueStatus]) -> None:
    result, _server = asked(answer, collect)
    assert isinstance(result, tuple)
    assert result[0] == seen
    assert isinstance(result[1], errors.Unavailable)


def test_a_stream_cut_in_the_middle_says_so() -> None:
    async def story() -> tuple[list[QueueStatus], errors.VideoError | None]:
        async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            event = b'data: {"status": "IN_PROGRESS"}\n\n'
            head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
            writer.write(head + b"%x\r\n" % len(event) + event + b"\r\n")
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(peer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        queue = FalQueue.from_settings(FalSettings.offline(fal_key=KEY, fal_queue_url=f"http://127.0.0.1:{port}"))
        try:
            return await collect(queue)
        finally:
            await queue.close()
            server.close()

    seen, error = asyncio.run(story())
    assert seen == [InProgress()]
    assert isinstance(error, errors.Unavailable)


# The result


def fetch(answer: Answer) -> RawReply | errors.VideoError:
    return asked(answer, lambda queue: queue.result(handle(queue)))[0]


@pytest.mark.parametrize(
    ("name", "expected", "code"),
    [
        ("error-content-policy", errors.ContentRefused, "content_policy_violation"),
        ("error-no-media", errors.ContentRefused, "no_media_generated"),
        ("error-downstream", errors.GenerationFailed, "downstream_service_error"),
        ("error-generation-timeout", errors.GenerationFailed, "generation_timeout"),
        ("request-startup-timeout", errors.GenerationFailed, "upstream_unavailable"),
        ("request-client-cancelled", errors.Cancelled, "cancelled"),
        ("account-unknown-path", errors.ModelNotAllowed, "wrong_endpoint"),
        ("result-too-early", errors.StillRunning, "still_running"),
        ("status-progress", errors.StillRunning, "still_running"),
        ("account-exhausted", errors.Unavailable, "fal_unavailable"),
        ("account-bad-key", errors.Unavailable, "fal_unavailable"),
        ("proxy-no-credits", errors.Unavailable, "fal_unavailable"),
        ("gateway-html", errors.Unavailable, "fal_unavailable"),
        ("gateway-empty", errors.Unavailable, "fal_unavailable"),
    ],
)
def test_a_result_that_is_none_says_why(name: str, expected: type[errors.VideoError], code: str) -> None:
    error = fetch(recorded(name))
    assert isinstance(error, errors.VideoError)
    assert (type(error), error.code) == (expected, code)
    assert "SECRET" not in f"{error!r} {error.facts}"


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (404, {"detail": "Not Found"}, errors.Unavailable),
        (404, {"detail": "Path /a/b/requests/r-1 not found"}, errors.Unavailable),
        (404, {"status": "NOT_FOUND"}, errors.Unavailable),
        (404, None, errors.Unavailable),
        (410, {}, errors.Unavailable),
        (410, None, errors.Unavailable),
        (400, None, errors.Unavailable),  # a gateway's page, not fal's word
        (408, {"detail": "x"}, errors.Unavailable),
        (429, {"detail": "x"}, errors.Unavailable),
        (500, {"detail": "Internal Server Error"}, errors.Unavailable),
        (200, None, errors.Unavailable),
        (422, None, errors.Unavailable),
        (422, {"detail": "x"}, errors.Unavailable),
        (499, None, errors.Unavailable),
        (302, None, errors.Unavailable),
        (200, {"status": "COMPLETED", "response_url": "https://queue.fal.run/a/b/requests/r-1"}, errors.Unavailable),
        (200, {"status": "IN_QUEUE"}, errors.StillRunning),
        (200, {"detail": [{"loc": [], "msg": "no", "type": "no_media_generated"}]}, errors.ContentRefused),
        (200, {"status": "COMPLETED", "error": "x", "error_type": "request_timeout"}, errors.GenerationFailed),
    ],
)
def test_only_fals_own_word_is_an_end(status: int, body: Any, expected: type[errors.VideoError]) -> None:
    assert type(fetch(says(status, body))) is expected


@pytest.mark.parametrize(
    "body",
    [
        sample("result")["body"],
        {"status": "COMPLETED", "response": {"video": {"url": "https://fal.media/x.mp4"}}},
        {"video": {"url": "https://evil.example/x.mp4"}},
        {"video": {"url": "https://fal.media/x.mp4"}, "error_type": "warning"},
        {"some": {"shape": "of another year"}},
        {"status": "COMPLETED", "film": "in a shape of another year"},
        {},
    ],
)
def test_a_result_is_handed_on_as_it_came(body: Any) -> None:
    """It is kept before it is read: a later version may read what this one cannot."""
    result = fetch(says(200, body, **{"X-Fal-Billable-Units": "5", "X-Other": "y", "Set-Cookie": "a=b"}))
    assert isinstance(result, RawReply)
    assert json.loads(result.body) == body
    assert result.headers == {"content-type": "application/json", "x-fal-billable-units": "5"}
    assert "fal.media" not in f"{result!r}"


@pytest.mark.parametrize(("units", "billed"), [("0", False), ("5", True)])
def test_a_failure_tells_whether_it_was_billed(units: str, billed: bool) -> None:
    error = fetch(says(422, sample("error-content-policy")["body"], **{"X-Fal-Billable-Units": units}))
    assert isinstance(error, errors.ContentRefused)
    assert error.facts["billed"] is billed


# Cancel, locate, the list, the key


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (202, {"status": "CANCELLATION_REQUESTED"}, "requested"),
        (200, {"success": True}, "requested"),
        (204, None, "requested"),
        (400, {"status": "ALREADY_COMPLETED"}, "already_completed"),
        (404, {"status": "NOT_FOUND"}, "not_found"),
    ],
)
def test_cancel(status: int, body: Any, expected: str) -> None:
    async def answer(request: Request) -> Response:
        return Response(status_code=204) if status == 204 else await says(status, body)(request)

    result, server = asked(answer, lambda queue: queue.cancel(handle(queue)))
    assert result == expected
    assert server.calls == [("PUT", "/alibaba/happy-horse/requests/r-1/cancel", f"Key {KEY}")]


@pytest.mark.parametrize("status", [401, 403, 500, 502])
def test_a_cancel_that_was_not_heard_is_unavailable(status: int) -> None:
    result, _server = asked(says(status, {"detail": "x"}), lambda queue: queue.cancel(handle(queue)))
    assert isinstance(result, errors.Unavailable)


def located(answer: Answer, request_id: str = "r-1") -> tuple[RequestHandle | errors.VideoError, Server]:
    return asked(answer, lambda queue: queue.locate(request_id))


def test_any_request_is_found_at_its_app() -> None:
    async def answer(request: Request) -> Response:
        here = request.url.path.startswith("/fal-ai/kling-video/")
        return await (recorded("status-completed") if here else says(404, {"detail": "Not Found"}))(request)

    found, server = located(answer)
    assert isinstance(found, RequestHandle)
    assert found.status_url.endswith("/fal-ai/kling-video/requests/r-1/status")
    apps = {app_of(endpoint.id) for model in pricing.list_models() for endpoint in model.modes.values()}
    assert {path.removeprefix("/").partition("/requests/")[0] for _, path, _ in server.calls} == apps
    assert len(server.calls) == len(apps)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (says(404, {"detail": "Not Found"}), "unknown_request"),
        (says(401, {"detail": "x"}), "invalid_key"),
        (says(403, {"detail": "User is locked"}), "fal_unavailable"),
        (says(502), "fal_unavailable"),
    ],
)
def test_a_request_that_is_not_found_says_why(answer: Answer, code: str) -> None:
    error, _server = located(answer)
    assert isinstance(error, errors.VideoError)
    assert error.code == code


@pytest.mark.parametrize("request_id", ["", "../../x", "a/b", "a b", "r-1?x=1", "x" * 300])
def test_what_can_be_no_request_id_is_not_asked_for(request_id: str) -> None:
    error, server = located(says(200, {"status": "COMPLETED"}), request_id)
    assert isinstance(error, errors.BadRequest)
    assert (error.code, server.calls) == ("unknown_request", [])


NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
LOST = LostOrder("job-1", REQUEST.endpoint, {"prompt": "a fox in snow", "duration": 5}, NOON, None)


async def nobodys(_ids: set[str]) -> set[str]:
    return set()


def found(
    answer: Answer,
    *orders: LostOrder,
    owned: Callable[[set[str]], Awaitable[set[str]]] = nobodys,
    rivals: Sequence[LostOrder] = (),
) -> tuple[dict[str, RequestHandle] | errors.VideoError, Server]:
    """`rivals`: other orders that are known of once the walk is over."""
    wanted = orders or (LOST,)

    async def claims() -> list[LostOrder]:
        return [*wanted, *rivals]

    return asked(answer, lambda queue: queue.find_submitted(wanted, claims=claims, owned=owned))


def test_a_lost_order_is_looked_up_in_the_accounts_list() -> None:
    async def answer(request: Request) -> Response:
        assert request.query_params.multi_items() == [
            ("endpoint_id", REQUEST.endpoint),
            ("start", "2026-11-24T11:59:00Z"),
            ("limit", "100"),
            ("expand", "payloads"),
        ]
        return await recorded("request-list")(request)

    result, server = found(answer)
    number = sample("request-list")["body"]["items"][0]["request_id"]
    assert isinstance(result, dict)
    assert result == {"job-1": protocol.derived_handle(number, endpoint=REQUEST.endpoint, queue_url=server.base)}
    assert server.calls == [("GET", "/models/requests/by-endpoint", f"Key {KEY}")]


def test_one_walk_serves_all_orders_and_asks_once_whose_they_are() -> None:
    other = LostOrder("job-2", "fal-ai/veo3.1", {"prompt": "a bear"}, NOON + timedelta(minutes=5), None)
    rows = [
        row("ours", json_input={"prompt": "a bear"}, endpoint_id="fal-ai/veo3.1", sent_at="2026-11-24T12:05:01Z"),
        row("known"),
        row("lost", sent_at="2026-11-24T12:00:30Z"),
    ]
    questions: list[list[tuple[str, str]]] = []
    asked_for: list[set[str]] = []

    async def answer(request: Request) -> Response:
        questions.append(request.query_params.multi_items())
        return JSONResponse({"items": rows, "next_cursor": None, "has_more": False})

    async def owned(ids: set[str]) -> set[str]:
        asked_for.append(ids)
        return {"known"}

    result, _server = found(answer, other, LOST, owned=owned)
    assert isinstance(result, dict)
    assert {name: each.request_id for name, each in result.items()} == {"job-1": "lost", "job-2": "ours"}
    assert result["job-2"].endpoint == "fal-ai/veo3.1"
    assert len(questions) == 1
    assert [value for name, value in questions[0] if name == "endpoint_id"] == ["fal-ai/veo3.1", REQUEST.endpoint]
    assert ("start", "2026-11-24T11:59:00Z") in questions[0]
    assert asked_for == [{"ours", "known", "lost"}]


def row(request_id: str, **changed: Any) -> dict[str, Any]:
    usual = {"endpoint_id": REQUEST.endpoint, "sent_at": "2026-11-24T12:00:01Z", "ended_at": "2026-11-24T12:01:00Z"}
    return {"request_id": request_id, "json_input": dict(LOST.body), **usual, **changed}


def paged(*pages: Any) -> Answer:
    """Page n under cursor n; a page that is no list is a gateway's bad day."""

    async def answer(request: Request) -> Response:
        number = int(request.query_params.get("cursor", "0"))
        if not isinstance(pages[number], list):
            return Response("busy", 502)
        more = str(number + 1) if number + 1 < len(pages) else None
        return JSONResponse({"items": pages[number], "next_cursor": more, "has_more": more is not None})

    return answer


def foreign(count: int, **changed: Any) -> list[dict[str, Any]]:
    return [
        row(f"f-{number}", json_input={"prompt": "a fox in snow", "duration": 15}, **changed) for number in range(count)
    ]


OLD = {"sent_at": "2026-11-24T11:00:00Z", "ended_at": "2026-11-24T11:01:00Z"}


@pytest.mark.parametrize(
    ("pages", "found_it", "questions"),
    [
        ([foreign(100), [*foreign(19), row("lost")]], True, 2),  # the 120th newest
        ([foreign(100, ended_at=None), [row("lost")]], True, 2),
        ([[], [row("lost")]], True, 2),
        ([foreign(2), foreign(2, **OLD), [row("lost")]], False, 2),  # all are older than the claim: there is no more
    ],
)
def test_every_page_back_to_the_claim_is_read(pages: list[Any], found_it: bool, questions: int) -> None:
    result, server = found(paged(*pages))
    assert isinstance(result, dict)
    assert [each.request_id for each in result.values()] == (["lost"] if found_it else [])
    assert len(server.calls) == questions


@pytest.mark.parametrize(
    ("pages", "questions"),
    [
        ([[row("lost")], None, [row("other")]], 2),  # a nearer one may stand on the page that failed
        ([None, [row("lost")]], 1),
    ],
)
def test_a_walk_that_breaks_off_finds_nothing(pages: list[Any], questions: int) -> None:
    result, server = found(paged(*pages))
    assert isinstance(result, errors.Unavailable)
    assert len(server.calls) == questions


@pytest.mark.parametrize(("cursor", "most"), [("always-the-same", 2), ("", 1), (None, 100)])
def test_a_list_without_an_end_is_no_list(cursor: str | None, most: int) -> None:
    """What was found on its pages may not be the nearest."""
    numbers = count()

    async def answer(_request: Request) -> Response:
        more = f"c-{next(numbers)}" if cursor is None else cursor
        return JSONResponse({"items": [row("lost")], "next_cursor": more, "has_more": True})

    result, server = found(answer)
    assert isinstance(result, errors.Unavailable)
    assert len(server.calls) == most


def test_a_circle_beyond_what_is_asked_for_does_not_matter() -> None:
    async def answer(_request: Request) -> Response:
        return JSONResponse({"items": [row("x", **OLD)], "next_cursor": "1", "has_more": True})

    result, server = found(answer)
    assert (result, len(server.calls)) == ({}, 1)


def test_an_order_that_was_claimed_during_the_walk_is_a_rival() -> None:
    later = NOON + timedelta(seconds=1)
    waits = replace(LOST, name="job-2", claimed=later, open=True)
    answer = paged([row("of-job-2")])
    assert found(answer)[0] != {}
    assert found(answer, rivals=[waits])[0] == {}
    assert (
        found(answer, rivals=[replace(waits, open=False)])[0] == {}
    )  # the nearer one's, and that one is not asked for
    assert found(answer, rivals=[replace(waits, body={"prompt": "a bear"})])[0] != {}


def test_many_endpoints_are_asked_for_in_bundles() -> None:
    counts: list[int] = []

    async def answer(request: Request) -> Response:
        asked_for = request.query_params.getlist("endpoint_id")
        counts.append(len(asked_for))
        rows = [row(f"r-{each.rpartition('-')[2]}", endpoint_id=each) for each in asked_for]
        return JSONResponse({"items": rows, "next_cursor": None, "has_more": False})

    orders = [replace(LOST, name=f"job-{number}", endpoint=f"a/b-{number}") for number in range(120)]
    result, _server = found(answer, *orders)
    assert isinstance(result, dict)
    assert {name: each.request_id for name, each in result.items()} == {f"job-{n}": f"r-{n}" for n in range(120)}
    assert counts == [50, 50, 20]


def test_without_orders_nothing_is_asked() -> None:
    async def claims() -> list[LostOrder]:
        return [LOST]

    result, server = asked(says(500), lambda queue: queue.find_submitted([], claims=claims, owned=nobodys))
    assert (result, server.calls) == ({}, [])


@pytest.mark.parametrize(
    "answer",
    [says(status, {"detail": "x"}) for status in (401, 403, 404, 500)]
    + [says(200), says(200, []), says(200, {"items": None}), says(502)],
)
def test_a_list_that_may_not_be_read_finds_nothing(answer: Answer) -> None:
    result, server = found(answer)
    assert isinstance(result, errors.Unavailable)
    assert len(server.calls) == 1


def test_rows_that_say_nothing_are_passed_over() -> None:
    result, server = found(says(200, {"items": [7, None, {}]}))
    assert (result, len(server.calls)) == ({}, 1)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (says(404, {"detail": "Not Found"}), None),
        (says(401, {"detail": "x"}), "invalid_key"),
        (says(403, {"detail": "Forbidden"}), "invalid_key"),
        (recorded("account-exhausted"), "out_of_credits"),
        (recorded("account-locked"), "key_locked"),
        (recorded("proxy-no-credits"), "insufficient_credits"),
        (says(500, {"detail": "x"}), "fal_unavailable"),
        (says(502), "fal_unavailable"),
    ],
)
def test_the_key_is_checked_for_free(answer: Answer, code: str | None) -> None:
    result, server = asked(answer, lambda queue: queue.check_key())
    assert (result.code if isinstance(result, errors.VideoError) else None) == code
    assert [method for method, _, _ in server.calls] == ["GET"]


@asynccontextmanager
async def dripping(head: bytes, drop: bytes) -> AsyncIterator[FalQueue]:
    """A queue behind a peer that never falls silent and never comes to an end. It waits for 0.3 s."""

    over, peers = asyncio.Event(), set[asyncio.Task[None] | None]()

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peers.add(asyncio.current_task())
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n")
            while not (writer.is_closing() or over.is_set()):
                writer.write(drop)
                await writer.drain()
                await asyncio.sleep(0.02)
        writer.close()

    server = await asyncio.start_server(peer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    settings = FalSettings.offline(fal_key=KEY, fal_queue_url=f"http://127.0.0.1:{port}")
    queue = FalQueue.from_settings(settings, timeouts=QueueTimeouts(submit_s=0.3, answer_s=0.3, stream_silent_s=0.3))
    try:
        yield queue
    finally:
        over.set()
        await queue.close()
        server.close()
        await asyncio.gather(*(each for each in peers if each is not None))


def test_an_answer_without_end_is_none() -> None:
    async def story() -> None:
        async with dripping(b"Content-Type: application/json\r\nContent-Length: 100000", b" ") as queue:
            with pytest.raises(errors.Unavailable, match="without end"):
                await queue.status(queue.handle_for(REQUEST.endpoint, "r-1"))
            with pytest.raises(errors.SubmitUnconfirmed, match="without end"):
                await queue.submit(REQUEST)

    asyncio.run(story())


def test_a_stream_that_only_pings_is_left_for_a_look() -> None:
    async def story() -> None:
        async with dripping(b"Content-Type: text/event-stream", b": ping\n\n") as queue:
            seen, error = await collect(queue)
            assert seen == []
            assert isinstance(error, errors.Unavailable)
            assert error.facts["reason"] == "a silent stream"

    asyncio.run(story())
