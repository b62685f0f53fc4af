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


def submit(reply: RawReply) -> Submission:
    return replies.read_submit(reply, endpoint=ENDPOINT, queue_url=QUEUE)


@pytest.mark.parametrize(
    ("status", "body", "headers", "position", "charged"),
    [
        (200, {"request_id": "r-1"}, {}, None, None),
        (201, {"request_id": "r-1", "queue_position": 0}, {}, 0, None),
        (299, {"request_id": "r-1", "queue_position": 7}, {"x_credits_used": "1.5"}, 7, Decimal("1.5")),
        (200, {"request_id": "r-1", "queue_position": "7"}, {}, None, None),
    ],
)
def test_a_submit_that_fal_took(
    status: int, body: dict[str, Any], headers: dict[str, str], position: int | None, charged: Decimal | None
) -> None:
    taken = submit(answer(status, body, **headers))
    assert (taken.handle, taken.queue_position, taken.charged) == (HANDLE, position, charged)


@pytest.mark.parametrize("body", [{}, {"request_id": "a/b"}, [], None, b"", b"<html>"])
def test_a_success_without_a_request_is_not_known(body: Any) -> None:
    with pytest.raises(SubmitUnconfirmed) as caught:
        submit(answer(200, body))
    assert (caught.value.code, caught.value.facts) == ("submit_unknown", {"reason": "a reply without a request id"})


@pytest.mark.parametrize(("wait", "after"), [("7", 7), ("99999", 3600), ("soon", None), ("", None), ("٧", None)])
def test_a_full_queue_took_nothing(wait: str, after: int | None) -> None:
    with pytest.raises(SubmitNotSent) as caught:
        submit(answer(429, TYPED, retry_after=wait))
    assert (caught.value.code, caught.value.facts) == ("fal_busy", {"retry_after": after})
    with pytest.raises(SubmitUnconfirmed) as unknown:
        submit(answer(429, b"<html>slow down", retry_after=wait))  # a gateway may say so after fal took it
    assert unknown.value.facts == {"reason": "no clear answer", "status": 429}


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
