"""fal's queue protocol without I/O: request bodies out, replies and errors in. Pure functions only.

Facts: fal.ai/docs (queue, common-parameters, model-apis/errors, request-errors). Read defensively: not every
endpoint follows the format. Nothing here lets a prompt, an input or an address into an error.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from http import HTTPStatus
from typing import Any, TypeGuard
from urllib.parse import SplitResult, quote, urlsplit

from core import errors
from core.catalogue import Endpoint, app_of
from core.config import is_loopback
from core.errors import Fact, VideoError
from core.models import find
from core.types import Completed, InProgress, Queued, QueueStatus, RequestHandle, VideoRequest

QUEUE_HOST = "queue.fal.run"
_CDN = re.compile(r"(?:[a-z0-9-]+\.)*fal\.media")
_URL = re.compile(r"[!-~]{1,2000}")
_ID = re.compile(r"[A-Za-z0-9_-]{1,200}")


@dataclass(frozen=True, slots=True, repr=False)
class RemoteFile:
    """The finished file at fal's CDN. It lives only between the result and the download; it shows its address to
    nobody.
    """

    url: str

    def __repr__(self) -> str:
        return "RemoteFile(...)"


@dataclass(frozen=True, slots=True)
class Result:
    """A 2xx result: the file, and what fal says it billed (seconds, tokens or videos; not dollars)."""

    file: RemoteFile
    billable_units: Decimal | None


def request_body(request: VideoRequest) -> dict[str, Any]:
    """The JSON for the POST: only fields that this endpoint has, duration and resolution always among them."""
    endpoint = find(request.model).modes[request.mode]
    body: dict[str, Any] = {"prompt": request.prompt, **endpoint.fixed}
    if request.duration_s is not None and endpoint.durations:
        body["duration"] = _duration(endpoint, request.duration_s)
    if request.resolution is not None and endpoint.resolutions:
        body["resolution"] = request.resolution
    if request.aspect_ratio is not None and (endpoint.aspect_ratios or endpoint.default_aspect_ratio):
        body["aspect_ratio"] = request.aspect_ratio
    if request.seed is not None and endpoint.seed:
        body["seed"] = request.seed
    if endpoint.source_field is not None and request.source_url is not None:
        body[endpoint.source_field] = request.source_url
    return body


def _duration(endpoint: Endpoint, seconds: int) -> int | str:
    written: dict[str, int | str] = {"int": seconds, "str": str(seconds), "str_s": f"{seconds}s"}
    return written[endpoint.duration_codec]


def encoded(body: Mapping[str, Any]) -> bytes:
    """The body as it is posted. Half a surrogate pair, which some chats pass on, must not make a submit fail."""
    return json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")


def parsed(body: bytes) -> Any:
    """The JSON of a reply, or None for anything else (an HTML page of a gateway, nothing at all)."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def is_request_id(text: object) -> TypeGuard[str]:
    """Whether this can be one of fal's ids, and nothing that changes the address it is put into."""
    return isinstance(text, str) and _ID.fullmatch(text) is not None


def handle_from(reply: Any, *, endpoint: str, queue_url: str) -> RequestHandle | None:
    """The handle in a submit reply, its addresses moved onto `queue_url`; None when it names no request."""
    request_id = reply.get("request_id") if isinstance(reply, dict) else None
    if not is_request_id(request_id):
        return None
    derived = derived_handle(request_id, endpoint=endpoint, queue_url=queue_url)
    return RequestHandle(
        request_id=request_id,
        endpoint=endpoint,
        status_url=moved(reply.get("status_url"), queue_url) or derived.status_url,
        response_url=moved(reply.get("response_url"), queue_url) or derived.response_url,
        cancel_url=moved(reply.get("cancel_url"), queue_url) or derived.cancel_url,
    )


def derived_handle(request_id: str, *, endpoint: str, queue_url: str) -> RequestHandle:
    """The addresses by rule: owner/app only, the full endpoint id answers 405 there (fal docs, inference-api)."""
    base = f"{queue_url}/{app_of(endpoint)}/requests/{quote(request_id, safe='')}"
    return RequestHandle(request_id, endpoint, f"{base}/status", base, f"{base}/cancel")


def moved(url: Any, queue_url: str) -> str | None:
    """An address from fal's reply on the base that our key may go to, or None when it names a foreign host.

    Addresses at queue.fal.run move onto `queue_url` (a gateway); on loopback any loopback address does (a sandbox that
    came back on another port).
    """
    parts, base = _split(url), urlsplit(queue_url)
    if parts is None:
        return None
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    if (parts.scheme, parts.netloc) == (base.scheme, base.netloc):
        return f"{base.scheme}://{base.netloc}{path}"
    if parts.hostname == QUEUE_HOST and parts.scheme == "https":
        return queue_url + path
    if is_loopback(queue_url) and is_loopback(parts.geturl()):
        return f"{base.scheme}://{base.netloc}{path}"
    return None


def _split(url: Any) -> SplitResult | None:
    """The parts of an address that somebody else wrote; None for what is none."""
    if not isinstance(url, str) or not _URL.fullmatch(url):
        return None
    try:
        return urlsplit(url)
    except ValueError:
        return None


def status_from(reply: Any) -> QueueStatus | None:
    """The state in a status reply; None for one that says none (keep asking). fal has no FAILED, a proxy might."""
    state = reply.get("status") if isinstance(reply, dict) else None
    if not isinstance(state, str):
        return None
    if state == "IN_QUEUE":
        position = reply.get("queue_position")
        return Queued(position if isinstance(position, int) and not isinstance(position, bool) else None)
    if state == "IN_PROGRESS":
        return InProgress()
    if state in {"COMPLETED", "FAILED", "CANCELLED", "ERROR"}:
        error, error_type = reply.get("error"), reply.get("error_type")
        failed = state != "COMPLETED" or bool(error)
        return Completed(
            error=error if isinstance(error, str) and error else (state.lower() if failed else None),
            error_type=error_type if isinstance(error_type, str) and error_type else None,
        )
    return None


def result_from(reply: Any, headers: Mapping[str, str], *, queue_url: str) -> Result | None:
    """The file in a 2xx result, or None when there is none or it lies on a foreign host."""
    url = _video_url(reply)
    if url is None or not _is_cdn(url, queue_url):
        return None
    return Result(RemoteFile(url), units(headers))


def units(headers: Mapping[str, str]) -> Decimal | None:
    return _decimal(headers.get("x-fal-billable-units"))


def credits_used(headers: Mapping[str, str]) -> Decimal | None:
    """What a pre-charging proxy took, in its own units."""
    return _decimal(headers.get("x-credits-used"))


def _decimal(text: str | None) -> Decimal | None:
    try:
        value = Decimal(text.strip()) if text else None
    except InvalidOperation:
        return None
    return value if value is not None and value.is_finite() and value >= 0 else None


def _video_url(reply: Any) -> str | None:
    if not isinstance(reply, dict):
        return None
    for name in ("video", "output_video", "videos", "output", "outputs"):
        value = reply.get(name)
        if isinstance(value, list):
            value = value[0] if value else None
        if isinstance(value, dict):
            value = value.get("url")
        if isinstance(value, str) and value:
            return value
    return None


def _is_cdn(url: str, queue_url: str) -> bool:
    parts, queue = _split(url), urlsplit(queue_url)
    if parts is None:
        return False
    if parts.scheme == "https" and _CDN.fullmatch(parts.hostname or ""):
        return True
    return is_loopback(queue_url) and (parts.scheme, parts.netloc) == (queue.scheme, queue.netloc)


# Errors: one table from fal's words to our classes. Branch on `type`, never on `msg` (fal docs, model-apis/errors).

_C = errors.ContentRefused
_R = errors.BadReference
_G = errors.GenerationFailed
_TYPES: dict[str, tuple[type[VideoError], str]] = {
    "internal_server_error": (_G, "generation_failed"),
    "generation_timeout": (_G, "generation_timeout"),
    "downstream_service_error": (_G, "downstream_service_error"),
    "downstream_service_unavailable": (_G, "upstream_unavailable"),
    "content_policy_violation": (_C, "content_policy_violation"),
    "no_media_generated": (_C, "no_media_generated"),
    "face_detection_error": (_R, "face_detection_error"),
    "file_download_error": (_R, "asset_unreachable"),
    "image_load_error": (_R, "bad_reference"),
    "file_too_large": (_R, "file_too_large"),
    "image_too_small": (_R, "image_too_small"),
    "image_too_large": (_R, "file_too_large"),
    "image_aspect_ratio_error": (_R, "image_aspect_ratio"),
    "unsupported_image_format": (_R, "bad_reference"),
    "unsupported_video_format": (_R, "bad_reference"),
    "unsupported_audio_format": (_R, "bad_reference"),
    "video_duration_too_long": (_R, "video_too_long"),
    "video_duration_too_short": (_R, "video_too_short"),
    "request_timeout": (_G, "upstream_unavailable"),
    "startup_timeout": (_G, "upstream_unavailable"),
    "runner_scheduling_failure": (_G, "upstream_unavailable"),
    "runner_connection_timeout": (_G, "upstream_unavailable"),
    "runner_disconnected": (_G, "upstream_unavailable"),
    "runner_connection_refused": (_G, "upstream_unavailable"),
    "runner_connection_error": (_G, "upstream_unavailable"),
    "runner_incomplete_response": (_G, "upstream_unavailable"),
    "runner_server_error": (_G, "upstream_unavailable"),
    "internal_error": (_G, "upstream_unavailable"),
    "client_disconnected": (errors.Cancelled, "cancelled"),
    "client_cancelled": (errors.Cancelled, "cancelled"),
    "bad_request": (errors.BadRequest, "invalid_input"),
    "concurrent_requests_limit": (_G, "fal_busy"),
    "insufficient_credits": (errors.OutOfCredits, "insufficient_credits"),
    "endpoint_not_allowed": (errors.ModelNotAllowed, "endpoint_not_allowed"),
}
_LIMITS = frozenset(
    {"max_size", "min_width", "min_height", "max_width", "max_height", "min_aspect_ratio", "max_aspect_ratio"}
    | {"min_duration", "max_duration", "max_length", "min_length", "ge", "le", "gt", "lt"}
)
_CANCELLED = 499
# The one look at fal's words: partner models say "invalid_request" also when they could not fetch the source in time.
_TIMED_OUT = re.compile(r"tim(?:ed|e) ?out", re.IGNORECASE)


def error_from(status: int, headers: Mapping[str, str], reply: Any) -> VideoError:
    """The typed error for a reply that is not a success. `reply` is parsed JSON or None."""
    kind, facts = _kind(reply, headers)
    if kind == "invalid_request" and _TIMED_OUT.search(_message(reply)):
        kind = "downstream_service_error"
    if kind in _TYPES:
        cls, code = _TYPES[kind]
        return cls(code, **facts)
    by_status = _account_error(status, reply)
    if by_status is not None:
        return by_status
    if status == _CANCELLED:
        return errors.Cancelled()
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return errors.GenerationFailed("upstream_unavailable" if kind is None else "generation_failed")
    if kind is not None or status in {400, 413, 422}:
        return errors.BadRequest("invalid_input", **facts)
    return errors.GenerationFailed("generation_failed", status=status)


def _account_error(status: int, reply: Any) -> VideoError | None:
    """Keys, credit, permission: what an operator must mend. fal says "User is locked" with 403, its proxies 402."""
    text = _text(reply).lower()
    if status == HTTPStatus.UNAUTHORIZED:
        return errors.NotConfigured("invalid_key")
    if status == HTTPStatus.PAYMENT_REQUIRED:
        return errors.OutOfCredits("insufficient_credits")
    if status == HTTPStatus.FORBIDDEN:
        if "exhausted balance" in text or "top_up" in text or "top up" in text:
            return errors.OutOfCredits("out_of_credits")
        if "endpoint_not_allowed" in text:
            return errors.ModelNotAllowed("endpoint_not_allowed")
        return errors.NotConfigured("key_locked") if "locked" in text else errors.ModelNotAllowed()
    if status in {404, 405}:
        wrong = status == HTTPStatus.METHOD_NOT_ALLOWED or text.startswith("path ")
        return errors.ModelNotAllowed("wrong_endpoint" if wrong else "model_not_found")
    return None


def completed_error(status: Completed) -> VideoError | None:
    """The error that a COMPLETED status itself names; None when only the result can tell."""
    if status.error is None and status.error_type is None:
        return None
    if status.error_type in _TYPES:
        cls, code = _TYPES[status.error_type]
        return cls(code)
    return errors.Cancelled() if status.error in {"CANCELLED", "cancelled"} else errors.GenerationFailed()


def _kind(reply: Any, headers: Mapping[str, str]) -> tuple[str | None, dict[str, Fact]]:
    """Fal's word for the error, and the numbers that help; `input` and `msg` stay behind."""
    first = _first_detail(reply)
    if isinstance(first.get("type"), str):
        return first["type"], _limits(first.get("ctx")) | _field(first.get("loc"))
    for place in ("error_type", "type", "error", "code"):
        value = reply.get(place) if isinstance(reply, dict) else None
        if isinstance(value, dict):
            value = value.get("type") or value.get("code")
        if isinstance(value, str) and (value in _TYPES or place == "error_type"):
            return value, {}
    return headers.get("x-fal-error-type"), {}


def _first_detail(reply: Any) -> dict[str, Any]:
    detail = reply.get("detail") if isinstance(reply, dict) else None
    first = detail[0] if isinstance(detail, list) and detail else detail
    return first if isinstance(first, dict) else {}


def _message(reply: Any) -> str:
    message = _first_detail(reply).get("msg")
    return message if isinstance(message, str) else ""


def names_error(reply: Any, headers: Mapping[str, str]) -> bool:
    """Whether this is fal's own typed error, and not just some gateway's bad day."""
    return _kind(reply, headers)[0] is not None


def _limits(ctx: Any) -> dict[str, Fact]:
    if not isinstance(ctx, dict):
        return {}
    return {name: value for name, value in ctx.items() if name in _LIMITS and isinstance(value, int | float)}


def _field(loc: Any) -> dict[str, Fact]:
    name = loc[-1] if isinstance(loc, list) and loc else None
    return {"field": name} if isinstance(name, str) and re.fullmatch(r"[a-z_]{1,40}", name) else {}


def _text(reply: Any) -> str:
    if not isinstance(reply, dict):
        return ""
    parts = [reply.get(name) for name in ("detail", "error", "message", "error_type", "code")]
    return " ".join(part if isinstance(part, str) else json.dumps(part) for part in parts if part)
