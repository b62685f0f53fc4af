"""fal's queue protocol without I/O: request bodies out, replies in. Pure functions only; errors: core/failures.py.

Facts: fal.ai/docs (queue, common-parameters, platform-apis). Read defensively: not every endpoint follows the format.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, TypeGuard
from urllib.parse import SplitResult, quote, urlsplit

from core.catalogue import Endpoint, app_of
from core.config import is_loopback
from core.models import find
from core.types import Completed, InProgress, Queued, QueueStatus, RequestHandle, VideoRequest

QUEUE_HOST = "queue.fal.run"
_CDN = re.compile(r"(?:[a-z0-9-]+\.)*fal\.media")
_CLOCKS_APART = timedelta(seconds=5)  # fal's clock and ours
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


def find_in_list(reply: Any, *, source_url: str | None, prompt: str, since: datetime) -> str | None:
    """The id of the one request in the account's list that is ours: by our asset's address, which no other request
    has, else by its exact prompt and time. None for none, and for several. Fields: platform-apis,
    models/requests/by-endpoint.
    """
    rows = reply.get("items") if isinstance(reply, dict) else None
    found = {
        row["request_id"]
        for row in (rows if isinstance(rows, list) else [])
        if isinstance(row, dict)
        and is_request_id(row.get("request_id"))
        and _is_ours(row, source_url=source_url, prompt=prompt, since=since)
    }
    return found.pop() if len(found) == 1 else None


def _is_ours(row: dict[str, Any], *, source_url: str | None, prompt: str, since: datetime) -> bool:
    given = row.get("json_input")
    given = parsed(given.encode()) if isinstance(given, str) else given
    if not isinstance(given, dict):
        return False
    if source_url is not None:
        values = [each for value in given.values() for each in (value if isinstance(value, list) else [value])]
        return source_url in values
    sent = _time(row.get("sent_at")) or _time(row.get("started_at"))
    return given.get("prompt") == prompt and (sent is None or sent >= since - _CLOCKS_APART)


def _time(text: Any) -> datetime | None:
    try:
        time = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return time.replace(tzinfo=UTC) if time is not None and time.tzinfo is None else time
