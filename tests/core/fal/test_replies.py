"""What one of fal's replies means, byte by byte and without a server: a submit, a status, a result, an odd answer."""

import json
from decimal import Decimal
from typing import Any

import pytest

from core.errors import (
    ContentRefused,
    Fact,
    GenerationFailed,
    StillRunning,
    SubmitNotSent,
    SubmitUnconfirmed,
    Unavailable,
    VideoError,
)
from core.fal import replies
from core.types import Completed, InProgress, Queued, QueueStatus, RawReply, RequestHandle, Submission
from tests.samples import BUSY

QUEUE = "https://queue.fal.run"
ENDPOINT = "owner/app/text-to-video"
HANDLE = RequestHandle(
    "r-1",
    ENDPOINT,
    f"{QUEUE}/owner/app/requests/r-1/status",
    f"{QUEUE}/owner/app/requests/r-1",
    f"{QUEUE}/owner/app/requests/r-1/cancel",
)
URL = "https://v3.fal.media/files/a/out.mp4"
TYPED = {"detail": [{"loc": ["body"], "msg": "no", "type": "content_policy_violation"}]}


def answer(status: int, body: Any = None, **headers: str) -> RawReply:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return RawReply(status, {name.replace("_", "-"): value for name, value in headers.items()}, raw)


def submit(reply: RawReply, **more: bool) -> Submission:
    return replies.read_submit(reply, endpoint=ENDPOINT, queue_url=QUEUE, **more)


@pytest.mark.parametrize(
    ("status", "body", "headers", "charged"),
    [
        (200, {"request_id": "r-1"}, {}, None),
        (201, {"request_id": "r-1", "queue_position": 0}, {}, None),
        (299, {"request_id": "r-1", "queue_position": 7}, {"x_credits_used": "1.5"}, Decimal("1.5")),
        (200, {"request_id": "r-1", "queue_position": "7"}, {}, None),
    ],
)
def test_a_submit_that_fal_took(
    status: int, body: dict[str, Any], headers: dict[str, str], charged: Decimal | None
) -> None:
    taken = submit(answer(status, body, **headers))
    assert (taken.handle, taken.charged) == (HANDLE, charged)


@pytest.mark.parametrize("body", [{}, {"request_id": "a/b"}, [], None, b"", b"<html>"])
def test_a_success_without_a_request_is_not_known(body: Any) -> None:
    with pytest.raises(SubmitUnconfirmed) as caught:
        submit(answer(200, body))
    assert (caught.value.code, caught.value.facts) == ("submit_unknown", {"reason": "a reply without a request id"})


@pytest.mark.parametrize(("wait", "after"), [("7", 7), ("99999", 3600), ("soon", None), ("", None), ("٧", None)])
def test_a_full_queue_took_nothing(wait: str, after: int | None) -> None:
    with pytest.raises(SubmitNotSent) as caught:
        submit(answer(429, BUSY, retry_after=wait))
    assert (caught.value.code, caught.value.facts) == ("fal_busy", {"retry_after": after})
    assert caught.value.fals_own


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ({"detail": "slow", "error_type": "concurrent_requests_limit"}, {}),
        ({"detail": [{"loc": [], "msg": "slow", "type": "concurrent_requests_limit"}]}, {}),
        ({"detail": "slow"}, {"x_fal_error_type": "concurrent_requests_limit"}),
        ({"detail": "slow"}, {"x_fal_needs_retry": "1"}),
        ({"detail": "slow"}, {"x_fal_needs_retry": " True "}),
        (b"", {"x_fal_needs_retry": "true"}),
    ],
)
def test_fals_own_word_that_it_is_busy(body: Any, headers: dict[str, str]) -> None:
    with pytest.raises(SubmitNotSent):
        submit(answer(429, body, **headers))
    for more in ({"x_credits_used": "0.7"}, {"x_credits_used": "?"}):
        with pytest.raises(SubmitUnconfirmed):  # a proxy has charged for something
            submit(answer(429, body, **headers, **more))
    with pytest.raises(SubmitUnconfirmed):
        submit(answer(429, body, **headers), proxied=True)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ({"detail": "Too many requests"}, {}),
        ({"detail": "slow"}, {"retry_after": "1"}),
        ({"detail": "slow"}, {"x_fal_needs_retry": "0"}),
        ({"detail": "slow"}, {"x_fal_request_id": "r-1"}),  # names a request
        ({"detail": "slow", "error_type": "runner_disconnected"}, {"x_fal_needs_retry": "1"}),
        (TYPED, {}),
        (TYPED, {"x_fal_needs_retry": "1"}),
        (b"<html>slow down", {}),
        (b"<html>slow down", {"x_fal_needs_retry": "1", "content_type": "text/html; charset=utf-8"}),
        ({"message": "slow"}, {}),
    ],
)
def test_any_gateway_may_say_too_many_requests_after_fal_took_it(body: Any, headers: dict[str, str]) -> None:
    with pytest.raises(SubmitUnconfirmed) as unknown:
        submit(answer(429, body, **headers))
    assert unknown.value.facts == {"reason": "no clear answer", "status": 429}
    assert replies.refusal(answer(429, body, **headers)) is None


@pytest.mark.parametrize(
    ("status", "body"),
    [(status, TYPED) for status in (100, 300, 302, 399, 408, 409, 425, 499, 500, 503, 599)]
    + [(400, b""), (422, b"<html>no</html>"), (403, b"null"), (400, []), (403, {"error": "forbidden"})],
)
def test_what_is_no_clear_refusal_may_have_been_taken(status: int, body: Any) -> None:
    with pytest.raises(SubmitUnconfirmed) as caught:
        submit(answer(status, body))
    assert caught.value.facts == {"reason": "no clear answer", "status": status}


@pytest.mark.parametrize(
    ("status", "body", "headers", "error", "code"),
    [
        (422, TYPED, {}, ContentRefused, "content_policy_violation"),
        (400, {"detail": "x"}, {"x_fal_error_type": "internal_error"}, GenerationFailed, "upstream_unavailable"),
        (401, {"detail": "x"}, {}, VideoError, "invalid_key"),
        (498, {"detail": "x"}, {}, GenerationFailed, "generation_failed"),
        (403, {"error": "endpoint_not_allowed"}, {}, VideoError, "endpoint_not_allowed"),
    ],
)
def test_a_clear_refusal_has_its_error(
    status: int, body: Any, headers: dict[str, str], error: type[VideoError], code: str
) -> None:
    with pytest.raises(error) as caught:
        submit(answer(status, body, **headers))
    assert caught.value.code == code
    for used in ("0.7", "1e30", "NaN", "-1"):  # what a proxy took money for may be at fal
        with pytest.raises(SubmitUnconfirmed) as unknown:
            submit(answer(status, body, **headers, x_credits_used=used))
        assert unknown.value.facts == {"reason": "no clear answer", "status": status}
    with pytest.raises(error):
        submit(answer(status, body, **headers, x_credits_used="0"))


PROXYS = {"error": "insufficient_credits"}


@pytest.mark.parametrize(
    ("status", "body", "headers", "fals_own", "proxied"),
    [
        (422, TYPED, {}, True, "unknown"),
        (403, {"detail": "x", "error_type": "moon_phase_error"}, {}, True, "unknown"),
        (400, {"detail": "x"}, {"x_fal_error_type": "bad_request"}, True, "unknown"),
        (404, {"detail": "Path /x not found"}, {}, True, "unknown"),
        (402, PROXYS, {}, True, "refused"),
        (403, {"detail": {"code": "endpoint_not_allowed"}}, {}, True, "refused"),
        (403, {"detail": {"error": "endpoint_not_allowed"}}, {}, True, "refused"),
        (403, {"code": "endpoint_not_allowed"}, {}, True, "refused"),
        (402, {"detail": {"type": "insufficient_credits"}}, {}, True, "refused"),
        # In these words a gateway may speak, too:
        (403, {"detail": "Forbidden"}, {}, False, "unknown"),
        (403, {"detail": "User is locked. Reason: Exhausted balance."}, {}, False, "unknown"),
        (401, {"detail": "Authentication is required"}, {}, False, "unknown"),
        (422, {"detail": [{"type": "value_error"}]}, {}, False, "unknown"),
        (403, PROXYS, {}, False, "unknown"),
        (402, {"error": "endpoint_not_allowed"}, {}, False, "unknown"),
        (402, {"detail": "Payment required"}, {}, False, "unknown"),
        # Said of a request that fal has:
        (400, {"detail": "x"}, {"x_fal_error_type": "internal_error"}, False, "unknown"),
        (400, {"detail": "x", "error_type": "client_cancelled"}, {}, False, "unknown"),
        (400, {"detail": "x", "error_type": "client_disconnected"}, {}, False, "unknown"),
    ],
)
def test_whose_word_a_refusal_is(status: int, body: Any, headers: dict[str, str], fals_own: bool, proxied: str) -> None:
    with pytest.raises(VideoError) as caught:
        submit(answer(status, body, **headers))
    assert not isinstance(caught.value, SubmitUnconfirmed)
    assert caught.value.fals_own is fals_own
    with pytest.raises(SubmitUnconfirmed if proxied == "unknown" else type(caught.value)):
        submit(answer(status, body, **headers), proxied=True)
    refused = replies.refusal(answer(status, body, **headers, x_credits_used="0.7"))
    assert refused is not None
    assert (refused.code, refused.fals_own) == (caught.value.code, fals_own)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"status": "IN_QUEUE", "queue_position": 3}, Queued(3)),
        ({"status": "IN_PROGRESS"}, InProgress()),
        ({"status": "COMPLETED"}, Completed()),
    ],
)
def test_a_status_is_read(body: dict[str, Any], status: QueueStatus) -> None:
    assert replies.read_status(answer(200, body)) == status
    assert replies.read_status(answer(202, body)) == status
    for other in (199, 300, 404, 500):
        with pytest.raises(Unavailable) as caught:
            replies.read_status(answer(other, body))
        assert caught.value.facts["status"] == other


HTML = b"<!DOCTYPE html> <HTML><body>"


@pytest.mark.parametrize(
    ("reply", "facts"),
    [
        (answer(200, b""), {"status": 200, "reason": "an empty reply", "retry_after": None}),
        (answer(502, b" \n"), {"status": 502, "reason": "an empty reply", "retry_after": None}),
        (answer(404, HTML), {"status": 404, "reason": "an HTML page", "retry_after": None}),
        (answer(200, b" " * 995 + b"<html>"), {"status": 200, "reason": "an HTML page", "retry_after": None}),
        (
            answer(200, b" " * 996 + b"<html>"),
            {"status": 200, "reason": "a reply that is not JSON", "retry_after": None},
        ),
        (
            answer(503, b"x", content_type="text/html; charset=utf-8", retry_after="60"),
            {"status": 503, "reason": "an HTML page", "retry_after": 60},
        ),
        (
            answer(200, b"x", content_type="text/plain"),
            {"status": 200, "reason": "a reply that is not JSON", "retry_after": None},
        ),
        (answer(200, {"state": "?"}), {"status": 200, "reason": "JSON of another shape", "retry_after": None}),
    ],
)
def test_what_was_odd_is_told(reply: RawReply, facts: dict[str, Fact]) -> None:
    with pytest.raises(Unavailable) as caught:
        replies.read_status(reply)
    assert caught.value.facts == facts


@pytest.mark.parametrize(
    "reply",
    [
        answer(200, {"video": {"url": URL}}),
        answer(206, {"status": "COMPLETED", "response": {"video": URL}}),
        answer(200, {"status": "COMPLETED", "video": URL, "detail": "x"}),
        answer(200, {"video": URL} | TYPED),  # what is there is delivered
        answer(200, {"unheard_of": 1}),  # a later version may read it
        answer(200, []),
        answer(200, {"status": "COMPLETED", "extra": 1}),
    ],
)
def test_a_result_is_kept_as_it_came(reply: RawReply) -> None:
    assert replies.require_result(reply) is reply


@pytest.mark.parametrize(
    "reply",
    [
        answer(200, {"status": "IN_QUEUE", "queue_position": 1}),
        answer(202, {"status": "IN_PROGRESS"}),
        answer(400, {"status": "IN_PROGRESS"}),
        answer(400, {"detail": "Request is still in progress"}),
        answer(400, b"STILL IN PROGRESS"),
    ],
)
def test_a_question_that_came_too_early(reply: RawReply) -> None:
    with pytest.raises(StillRunning):
        replies.require_result(reply)


STATUS_FIELDS = ["request_id", "gateway_request_id", "response_url", "status_url", "cancel_url", "queue_position"]
STATUS_FIELDS += ["logs", "metrics", "error", "error_type"]


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (answer(200, {"status": "COMPLETED"} | dict.fromkeys(STATUS_FIELDS)), "a status instead of a result"),
        (answer(200, {"status": "COMPLETED"}), "a status instead of a result"),
        (answer(502, {"status": "COMPLETED"}), "a status instead of a result"),
        (answer(404, {"video": URL}), "JSON of another shape"),  # a success is 2xx, whatever it holds
        (answer(422, {"detail": "still in progress"}), "JSON of another shape"),
        (answer(400, {"detail": "x"}), "JSON of another shape"),
        (answer(200, HTML), "an HTML page"),
        (answer(200, b""), "an empty reply"),
        (answer(200, b"null"), "a reply that is not JSON"),
        (answer(500, b""), "an empty reply"),
    ],
)
def test_what_is_no_result_is_asked_for_again(reply: RawReply, reason: str) -> None:
    with pytest.raises(Unavailable) as caught:
        replies.require_result(reply)
    assert (caught.value.facts["status"], caught.value.facts["reason"]) == (reply.status, reason)


@pytest.mark.parametrize(
    ("reply", "code", "billed"),
    [
        (answer(422, TYPED), "content_policy_violation", None),
        (answer(422, TYPED, x_fal_billable_units="0"), "content_policy_violation", False),
        (answer(200, TYPED), "content_policy_violation", None),
        (answer(500, {"status": "COMPLETED", "error_type": "internal_error"}), "upstream_unavailable", False),
        (answer(503, b"", x_fal_error_type="startup_timeout"), "upstream_unavailable", False),
    ],
)
def test_fals_own_word_ends_it(reply: RawReply, code: str, billed: bool | None) -> None:
    with pytest.raises(VideoError) as caught:
        replies.require_result(reply)
    assert (caught.value.code, caught.value.facts.get("billed")) == (code, billed)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"status": "IN_QUEUE", "queue_position": ' + b"9" * 5000 + b"}",
        b'{"status": "\x00"}',
        b'{"status": "\\ud800"}',
        b"\xff\xfe",
        b"",
    ],
)
def test_no_odd_answer_is_more_than_unavailable(body: bytes) -> None:
    """Deep, huge, half a character: fal is asked again, and nothing is taken for lost or done."""
    with pytest.raises(Unavailable):
        replies.read_status(RawReply(200, {}, body))
    with pytest.raises(SubmitUnconfirmed):
        replies.read_submit(RawReply(200, {}, body), endpoint="a/b", queue_url="https://queue.fal.run")
