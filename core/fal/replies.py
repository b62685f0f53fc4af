"""Reads fal's replies. Pure: also for replies that were stored and are read on another day."""

from http import HTTPStatus

from core.errors import StillRunning, SubmitNotSent, SubmitUnconfirmed, Unavailable, VideoError
from core.fal import error_map, protocol
from core.fal.results import video_addresses
from core.types import Completed, InProgress, Queued, QueueStatus, RawReply, Submission

_MAY_BE_TAKEN = frozenset({408, 409, 425, 499})
_LONGEST_WAIT_S = 3600
_MOST_DIGITS = 18  # Python refuses to read numbers of thousands of them
_STATUS_FIELDS = frozenset(
    {"status", "request_id", "gateway_request_id", "response_url", "status_url", "cancel_url", "queue_position"}
    | {"logs", "metrics", "error", "error_type"}
)


def is_success(reply: RawReply) -> bool:
    """Return whether the status is 2xx."""
    return reply.status // 100 == 2  # noqa: PLR2004 - 2xx


def read_submit(reply: RawReply, *, endpoint: str, queue_url: str, proxied: bool = False) -> Submission:
    """Read the answer to an order.

    Raises SubmitNotSent (fal itself is busy, took nothing), SubmitUnconfirmed, or the error of a refusal; one that is
    not `fals_own` may yet have been taken. `proxied`: a pre-charging proxy stands before fal; only its two refusals
    prove that nothing was bought.
    """
    parsed = protocol.parsed(reply.body)
    if is_success(reply):
        handle = protocol.handle_from(parsed, endpoint=endpoint, queue_url=queue_url)
        if handle is None:
            raise SubmitUnconfirmed(reason="a reply without a request id")
        return Submission(handle, protocol.credits_used(reply.headers))
    error = refusal(reply)
    paid = protocol.credits_used(reply.headers)
    unpaid = not proxied or error_map.is_proxys_refusal(reply.status, reply.headers, parsed)
    if error is None or paid or not unpaid:  # a gateway or a proxy may say so after fal took it
        raise SubmitUnconfirmed(reason="no clear answer", status=reply.status)
    raise error


def refusal(reply: RawReply) -> VideoError | None:
    """Build the error with which an order was refused, whatever it cost; None for what is no refusal."""
    parsed = protocol.parsed(reply.body)
    if reply.status == HTTPStatus.TOO_MANY_REQUESTS:
        busy = error_map.says_busy(reply.headers, parsed)
        return _marked(SubmitNotSent("fal_busy", retry_after=retry_after(reply)), fals_own=True) if busy else None
    if reply.status // 100 != 4 or reply.status in _MAY_BE_TAKEN:  # noqa: PLR2004 - 4xx
        return None
    if not error_map.in_fals_form(parsed, reply.headers):
        return None
    error = error_map.error_from(reply.status, reply.headers, parsed)
    return _marked(error, fals_own=error_map.is_fals_refusal(reply.status, reply.headers, parsed))


def _marked(error: VideoError, *, fals_own: bool) -> VideoError:
    error.fals_own = fals_own
    return error


def read_status(reply: RawReply) -> QueueStatus:
    """Read a status. Raises Unavailable for everything that is no status, whoever said it."""
    status = protocol.status_from(protocol.parsed(reply.body)) if is_success(reply) else None
    if status is None:
        raise odd(reply)
    return status


def require_result(reply: RawReply) -> RawReply:
    """Return the reply itself when it is a 2xx in JSON that can be a result.

    Raises StillRunning when it was asked too early, fal's own error (error_map.final_error), or Unavailable.
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
    """Build the error for an answer that says nothing about the request, with what was odd about it in short words."""
    return Unavailable(status=reply.status, reason=_oddity(reply), retry_after=retry_after(reply))


def _oddity(reply: RawReply) -> str:
    if not reply.body.strip():
        return "an empty reply"
    if b"<html" in reply.body[:1000].lower() or "html" in reply.headers.get("content-type", ""):
        return "an HTML page"
    return "a reply that is not JSON" if protocol.parsed(reply.body) is None else "JSON of another shape"


def retry_after(reply: RawReply) -> int | None:
    """Return the seconds that the reply's Retry-After asks for; None where it does not."""
    text = reply.headers.get("retry-after", "")
    return min(int(text[:_MOST_DIGITS]), _LONGEST_WAIT_S) if text.isascii() and text.isdigit() else None
