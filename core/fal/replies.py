"""What one of fal's replies means. Pure: also for replies that were kept and are read on another day."""

from http import HTTPStatus

from core.errors import StillRunning, SubmitNotSent, SubmitUnconfirmed, Unavailable
from core.fal import error_map, protocol
from core.fal.results import video_addresses
from core.types import Completed, InProgress, Queued, QueueStatus, RawReply, Submission

_MAY_BE_TAKEN = frozenset({408, 409, 425, 499})
_LONGEST_WAIT_S = 3600
_STATUS_FIELDS = frozenset(
    {"status", "request_id", "gateway_request_id", "response_url", "status_url", "cancel_url", "queue_position"}
    | {"logs", "metrics", "error", "error_type"}
)


def is_success(reply: RawReply) -> bool:
    return reply.status // 100 == 2  # noqa: PLR2004 - 2xx


def read_submit(reply: RawReply, *, endpoint: str, queue_url: str) -> Submission:
    """Read the answer to an order. Raises SubmitNotSent (429), SubmitUnconfirmed, or the error of a clear refusal."""
    parsed = protocol.parsed(reply.body)
    if is_success(reply):
        handle = protocol.handle_from(parsed, endpoint=endpoint, queue_url=queue_url)
        if handle is None:
            raise SubmitUnconfirmed(reason="a reply without a request id")
        position = parsed.get("queue_position")
        return Submission(handle, position if isinstance(position, int) else None, protocol.credits_used(reply.headers))
    refusal = reply.status // 100 == 4 and reply.status not in _MAY_BE_TAKEN  # noqa: PLR2004 - 4xx
    if not refusal or not error_map.in_fals_form(parsed, reply.headers):  # a gateway may say so after fal took it
        raise SubmitUnconfirmed(reason="no clear answer", status=reply.status)
    if reply.status == HTTPStatus.TOO_MANY_REQUESTS:
        raise SubmitNotSent("fal_busy", retry_after=retry_after(reply))
    raise error_map.error_from(reply.status, reply.headers, parsed)


def read_status(reply: RawReply) -> QueueStatus:
    """Raises Unavailable for everything that is no status, whoever said it."""
    status = protocol.status_from(protocol.parsed(reply.body)) if is_success(reply) else None
    if status is None:
        raise odd(reply)
    return status


def require_result(reply: RawReply) -> RawReply:
    """The reply itself when it is a 2xx in JSON that can be a result.

    Raises StillRunning when it was asked too early, fal's own error (failures.final_error), or Unavailable.
    """
    parsed = protocol.parsed(reply.body)
    status = protocol.status_from(parsed)
    if isinstance(status, Queued | InProgress):
        raise StillRunning
    if reply.status == HTTPStatus.BAD_REQUEST and b"still in progress" in reply.body.lower():
        raise StillRunning
    if is_success(reply) and video_addresses(parsed):
        return reply
    error = error_map.final_error(reply.status, reply.headers, parsed)
    if error is not None:
        raise error
    if isinstance(status, Completed) and _STATUS_FIELDS.issuperset(parsed):
        raise Unavailable(status=reply.status, reason="a status instead of a result")
    if not is_success(reply) or parsed is None:
        raise odd(reply)
    return reply


def odd(reply: RawReply) -> Unavailable:
    """The error for an answer that says nothing about the request, with what was odd about it in short words."""
    return Unavailable(status=reply.status, reason=_oddity(reply), retry_after=retry_after(reply))


def _oddity(reply: RawReply) -> str:
    if not reply.body.strip():
        return "an empty reply"
    if b"<html" in reply.body[:1000].lower() or "html" in reply.headers.get("content-type", ""):
        return "an HTML page"
    return "a reply that is not JSON" if protocol.parsed(reply.body) is None else "JSON of another shape"


def retry_after(reply: RawReply) -> int | None:
    text = reply.headers.get("retry-after", "")
    return min(int(text), _LONGEST_WAIT_S) if text.isascii() and text.isdigit() else None
