"""The client at the wire: one POST whatever happens, the key to nobody else, non-delivery told apart from doubt."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from core import errors, models
from core.config import FalSettings
from core.fal import FalQueue
from core.types import Completed, InProgress, Queued, QueueStatus, RequestHandle, Submission
from core.wire import Result
from tests.samples import sample
from tests.serving import free_port, served_in_thread

KEY = "the-key"
REQUEST = models.plan("a fox").request
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
        assert request.headers["x-fal-object-lifecycle-preference"] == '{"expiration_duration_seconds": 604800}'
        assert request.headers["x-fal-request-timeout"] == "3600"
        assert request.query_params["fal_webhook"] == "https://bot.example/fal/webhook/abc?x=1&y=2"
        return JSONResponse({"request_id": "r-1", "queue_position": 2}, 200, {"X-Credits-Used": "0.75"})

    webhook = "https://bot.example/fal/webhook/abc?x=1&y=2"
    result, server = asked(answer, lambda queue: queue.submit(REQUEST, webhook_url=webhook))
    assert isinstance(result, Submission)
    assert (result.queue_position, result.charged) == (2, Decimal("0.75"))
    assert server.calls == [("POST", "/alibaba/happy-horse/text-to-video", f"Key {KEY}")]


@pytest.mark.parametrize("status", [408, 409, 425, 499, 500, 502, 503, 504])
@pytest.mark.parametrize("body", [{"detail": "x"}, None])
def test_what_may_have_been_taken_is_doubt(status: int, body: Any) -> None:
    result, server = submit(says(status, body))
    assert isinstance(result, errors.SubmitUnknown)
    assert len(server.calls) == 1


@pytest.mark.parametrize("body", [{}, {"request_id": ""}, {"request_id": "../x"}, [], "text", None])
def test_a_success_without_a_request_id_is_doubt(body: Any) -> None:
    result, server = submit(says(200, body))
    assert isinstance(result, errors.SubmitUnknown)
    assert len(server.calls) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_a_refusal_that_cannot_be_read_is_doubt(status: int) -> None:
    result, server = submit(says(status))
    assert isinstance(result, errors.SubmitUnknown)
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
    assert not isinstance(result, errors.SubmitUnknown | errors.NotDelivered)
    assert result.code == code
    assert "SECRET" not in f"{result!r} {result.facts}"
    assert len(server.calls) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_with_the_key(status: int) -> None:
    async def answer(request: Request) -> Response:
        return RedirectResponse(f"{request.base_url}elsewhere", status)

    result, server = submit(answer)
    assert isinstance(result, errors.SubmitUnknown)
    assert len(server.calls) == 1
    looked, server = asked(answer, lambda queue: queue.status(handle(queue)))
    assert isinstance(looked, errors.Unavailable)
    assert len(server.calls) == 1


@pytest.mark.parametrize(("header", "seconds"), [("7", 7), ("86400", 3600), ("soon", None), ("", None)])
def test_too_many_requests_bought_nothing(header: str, seconds: int | None) -> None:
    result, _server = submit(says(429, {"detail": "x"}, **{"Retry-After": header}))
    assert isinstance(result, errors.NotDelivered)
    assert (result.code, result.facts["retry_after"]) == ("fal_busy", seconds)


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
    assert isinstance(error, errors.NotDelivered)


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
    assert isinstance(error, errors.SubmitUnknown)
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
        (404, {"detail": "x"}, errors.ResultExpired),
        (410, {"detail": "x"}, errors.ResultExpired),
    ],
)
def test_only_gone_ends_a_wait(status: int, body: Any, expected: type[errors.VideoError]) -> None:
    result, _server = asked(says(status, body), lambda queue: queue.status(handle(queue)))
    assert type(result) is expected


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


def fetch(answer: Answer) -> Result | errors.VideoError:
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
        (404, {"detail": "Not Found"}, errors.ResultExpired),
        (404, None, errors.ResultExpired),
        (410, {}, errors.ResultExpired),
        (400, None, errors.Unavailable),  # a gateway's page, not fal's word
        (408, {"detail": "x"}, errors.Unavailable),
        (429, {"detail": "x"}, errors.Unavailable),
        (500, {"detail": "Internal Server Error"}, errors.Unavailable),
        (200, None, errors.Unavailable),
        (422, None, errors.BadRequest),
        (499, None, errors.Cancelled),
    ],
)
def test_what_passes_is_asked_again_and_what_is_gone_is_gone(
    status: int, body: Any, expected: type[errors.VideoError]
) -> None:
    assert type(fetch(says(status, body))) is expected


def test_a_result_names_its_file_and_what_was_billed() -> None:
    result = fetch(recorded("result"))
    assert isinstance(result, Result)
    assert result.billable_units == Decimal(5)
    assert result.file.url == "https://v3b.fal.media/files/b/SECRET/out.mp4"


@pytest.mark.parametrize(("units", "billed"), [("0", False), ("5", True)])
def test_a_failure_tells_whether_it_was_billed(units: str, billed: bool) -> None:
    error = fetch(says(422, sample("error-content-policy")["body"], **{"X-Fal-Billable-Units": units}))
    assert isinstance(error, errors.ContentRefused)
    assert error.facts["billed"] is billed


@pytest.mark.parametrize(
    ("name", "code"), [("status-completed-error", "upstream_unavailable"), ("status-completed", "generation_failed")]
)
@pytest.mark.parametrize("body", [{}, {"video": None}, {"video": {"url": "https://evil.example/x.mp4"}}])
def test_a_result_without_a_video_of_fals_is_a_failure(body: Any, name: str, code: str) -> None:
    async def answer(request: Request) -> Response:
        return await (recorded(name) if request.url.path.endswith("/status") else says(200, body))(request)

    error = fetch(answer)
    assert isinstance(error, errors.VideoError)
    assert error.code == code
    assert "evil" not in f"{error!r}"


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
    apps = {app for model in models.list_models() for app in model.app}
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


SINCE = datetime(2026, 11, 24, 12, tzinfo=UTC)


def found(answer: Answer) -> tuple[RequestHandle | errors.VideoError | None, Server]:
    return asked(
        answer,
        lambda queue: queue.find_submitted(REQUEST.endpoint, source_url=None, prompt="a fox in snow", since=SINCE),
    )


def test_a_lost_submit_is_looked_up_in_the_accounts_list() -> None:
    async def answer(request: Request) -> Response:
        assert dict(request.query_params) == {
            "endpoint_id": REQUEST.endpoint,
            "start": "2026-11-24T11:59:00+00:00",
            "limit": "100",
            "expand": "payloads",
        }
        return await recorded("request-list")(request)

    result, server = found(answer)
    assert isinstance(result, RequestHandle)
    assert result.request_id == sample("request-list")["body"]["items"][0]["request_id"]
    assert server.calls == [("GET", "/models/requests/by-endpoint", f"Key {KEY}")]


@pytest.mark.parametrize(
    "answer",
    [says(status, {"detail": "x"}) for status in (401, 403, 404, 500)]
    + [says(200), says(200, []), says(200, {"items": None}), says(200, {"items": [7]}), says(502)],
)
def test_a_list_that_may_not_be_read_finds_nothing(answer: Answer) -> None:
    assert found(answer)[0] is None


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
