"""Maps every shape of error that fal, its gateways and proxies answer to our own classes, by one table. Pure.

Facts: fal.ai/docs (model-apis/errors, request-errors). No prompt, no input and no address gets into an error here.
"""

import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from core import errors
from core.errors import Fact, VideoError
from core.fal import protocol
from core.types import Completed

# Branch on `type`, never on `msg` (fal docs, model-apis/errors).
_C = errors.ContentRefused
_R = errors.BadReference
_G = errors.GenerationFailed
TYPES: dict[str, tuple[type[VideoError], str]] = {
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
    "audio_duration_too_long": (_R, "audio_too_long"),
    "audio_duration_too_short": (_R, "audio_too_short"),
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
_OF_FAL_ITSELF = frozenset(
    {"request_timeout", "startup_timeout", "runner_scheduling_failure", "runner_connection_timeout"}
    | {"runner_disconnected", "runner_connection_refused", "runner_connection_error", "runner_incomplete_response"}
    | {"runner_server_error", "internal_error", "internal_server_error", "generation_timeout"}
    | {"downstream_service_error", "downstream_service_unavailable"}
)
"""Types that fal documents with HTTP 500 and above (model-apis/errors, request-errors)."""
_BUSY = "concurrent_requests_limit"
"""fal's word with 429: it took no order (fal docs, concurrency-limits; its header X-Fal-Needs-Retry goes with it)."""
_OF_A_REQUEST = _OF_FAL_ITSELF | {"client_disconnected", "client_cancelled"}
"""Said of a request that fal has: no refusal of an order."""
_PROXYS: dict[int, str] = {402: "insufficient_credits", 403: "endpoint_not_allowed"}
"""What the proxy that charges beforehand says before it passes an order on (the seed's)."""
_LIMITS = frozenset(
    {"max_size", "min_width", "min_height", "max_width", "max_height", "min_aspect_ratio", "max_aspect_ratio"}
    | {"min_duration", "max_duration", "max_length", "min_length", "ge", "le", "gt", "lt"}
)
_DRAFT_FIELD = "draft_cache_url"
"""Where a draft is named that fal itself keeps for a while: what is wrong with that file, it is gone."""
_CANCELLED = 499
_NEVER_FINAL = frozenset({401, 402, 403, 408, 409, 425, 429})
"""Said of keys, credit and load, also by gateways, and on looks at requests that go on."""
_GONE = frozenset({404, 410})
"""A response address may say so for a while although the request is done (fal-ai/fal-js#153)."""
_NO_PATH = re.compile(r"path (.{1,300}) not found\.?", re.IGNORECASE)
# The one look at fal's words: partner models say "invalid_request" also when they could not fetch the source in time.
_TIMED_OUT = re.compile(r"tim(?:ed|e) ?out", re.IGNORECASE)


def error_from(status: int, headers: Mapping[str, str], reply: Any) -> VideoError:
    """Build the typed error of a reply that is not a success. `reply` is parsed JSON or None."""
    kind, facts = _kind(reply, headers)
    if kind == "invalid_request" and _TIMED_OUT.search(_message(reply)):
        kind = "downstream_service_error"
    refused = status in {400, 413, 422}
    if facts.get("field") == _DRAFT_FIELD and (TYPES[kind][0] is _R if kind in TYPES else refused):
        return _R("draft_gone")
    if kind in TYPES:
        cls, code = TYPES[kind]
        return cls(code, **facts)
    by_status = _account_error(status, reply)
    if by_status is not None:
        return by_status
    if status == _CANCELLED:
        return errors.Cancelled()
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return errors.GenerationFailed("fal_busy")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return errors.GenerationFailed("upstream_unavailable" if kind is None else "generation_failed")
    if kind is not None or refused:
        return errors.BadRequest("invalid_input", **facts)
    return errors.GenerationFailed("generation_failed", status=status)


def _account_error(status: int, reply: Any) -> VideoError | None:
    """Build the error of a key, credit or permission. fal says "User is locked" with 403, its proxies with 402."""
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


def final_error(status: int, headers: Mapping[str, str], parsed: Any) -> VideoError | None:
    """Build the error with which fal itself ends a completed request, from its answer to the question for the result.

    The list is closed (fal docs, model-apis/errors and request-errors): a list of details with a type, an `error_type`
    in the body or in the header, a path that the app does not have, a confirmed cancel. None for all else: a gateway
    may have said it, and a paid video is asked for again. The fact `billed` tells what is known of the bill.
    """
    if _lacks_path(parsed) and status not in _NEVER_FINAL:
        error: VideoError = errors.ModelNotAllowed("wrong_endpoint")
    elif status in _NEVER_FINAL | _GONE or not _is_fals_word(headers, parsed):
        return None
    else:
        error = error_from(status, headers, parsed)
    error.ends_request = True
    units = protocol.units(headers)
    if units is not None:
        error.facts["billed"] = units != 0
    elif status >= HTTPStatus.INTERNAL_SERVER_ERROR:  # fal bills nothing for its own failures (fal docs, pricing)
        error.facts["billed"] = False
    return error


def in_fals_form(parsed: Any, headers: Mapping[str, str]) -> bool:
    """Return whether a refusal of an order may be fal's own, or that of the pre-charging proxy.

    Such is JSON that says why under `detail`, or with a type that we know (fal docs, errors). A gateway's page or words
    of its own are not; yet a gateway may write `detail`, too.
    """
    if not isinstance(parsed, dict):
        return False
    detail = parsed.get("detail")
    return (isinstance(detail, str | list | dict) and bool(detail)) or _kind(parsed, headers)[0] in TYPES


def is_fals_refusal(status: int, headers: Mapping[str, str], parsed: Any) -> bool:
    """Return whether an order was provably refused by fal itself, or by the proxy before it.

    Proof is a typed word as fal documents it (a list of details, `error_type`, its own header), a path that the app
    does not have, or the proxy's two words.
    """
    if is_proxys_refusal(status, headers, parsed) or _lacks_path(parsed):
        return True
    return _is_fals_word(headers, parsed) and _kind(parsed, headers)[0] not in _OF_A_REQUEST


def is_proxys_refusal(status: int, headers: Mapping[str, str], parsed: Any) -> bool:
    """Return whether the pre-charging proxy did not pass the order on: no credits, or an endpoint it disallows."""
    word, first = _PROXYS.get(status), _first_detail(parsed)
    return word is not None and word in (_kind(parsed, headers)[0], first.get("code"), first.get("error"))


def says_busy(headers: Mapping[str, str], parsed: Any) -> bool:
    """Return whether fal itself says, with 429, that it took nothing: by its type, or by its own headers.

    Text alone is what any gateway may write after fal took the order.
    """
    word, html = _kind(parsed, headers)[0], "html" in headers.get("content-type", "")
    asks_for_it = headers.get("x-fal-needs-retry", "0").strip().lower() in {"1", "true"}
    return not html and (word == _BUSY or (word is None and asks_for_it))


def _is_fals_word(headers: Mapping[str, str], parsed: Any) -> bool:
    if isinstance(parsed, dict):
        error_type, detail = parsed.get("error_type"), parsed.get("detail")
        first = detail[0] if isinstance(detail, list) and detail else None
        if isinstance(error_type, str) and error_type:
            return True
        if isinstance(first, dict) and {"loc", "msg", "type"} <= first.keys() and isinstance(first["type"], str):
            return True
        if "client_cancelled" in (parsed.get("type"), parsed.get("error"), parsed.get("code")):
            return True
    typed = bool(headers.get("x-fal-error-type", "").strip())
    return typed and "html" not in headers.get("content-type", "")


def _lacks_path(parsed: Any) -> bool:
    """Return whether the app does not have the path that was ordered.

    A path with a request id in it is one that we polled.
    """
    detail = parsed.get("detail") if isinstance(parsed, dict) else None
    match = _NO_PATH.fullmatch(detail.strip()) if isinstance(detail, str) else None
    return match is not None and "/requests/" not in match[1]


def completed_error(status: Completed) -> VideoError | None:
    """Build the error that fal's COMPLETED itself names; None when only the result can tell.

    What fal documents as a failure of its own (HTTP 500 and above) is not billed (fal docs, pricing).
    """
    if status.error is None and status.error_type is None:
        return None
    error: VideoError = errors.GenerationFailed()
    if status.error_type in TYPES:
        cls, code = TYPES[status.error_type]
        error = cls(code)
    if status.error_type in _OF_FAL_ITSELF:
        error.facts["billed"] = False
    error.ends_request = True
    return error


def _kind(reply: Any, headers: Mapping[str, str]) -> tuple[str | None, dict[str, Fact]]:
    """Return fal's type of the error and the numbers that help; `input` and `msg` stay behind."""
    first = _first_detail(reply)
    if isinstance(first.get("type"), str):
        return first["type"], _limits(first.get("ctx")) | _field(first.get("loc"))
    for place in ("error_type", "type", "error", "code"):
        value = reply.get(place) if isinstance(reply, dict) else None
        if isinstance(value, dict):
            value = value.get("type") or value.get("code")
        if isinstance(value, str) and (value in TYPES or place == "error_type"):
            return value, {}
    return headers.get("x-fal-error-type"), {}


def _first_detail(reply: Any) -> dict[str, Any]:
    detail = reply.get("detail") if isinstance(reply, dict) else None
    first = detail[0] if isinstance(detail, list) and detail else detail
    return first if isinstance(first, dict) else {}


def _message(reply: Any) -> str:
    message = _first_detail(reply).get("msg")
    return message if isinstance(message, str) else ""


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
