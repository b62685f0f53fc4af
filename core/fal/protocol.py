"""fal's queue protocol without I/O: builds request bodies, reads replies.

Pure; its errors are in core/fal/error_map.py. Facts: fal.ai/docs (queue, common-parameters, platform-apis). Read
defensively: not every endpoint follows the format.
"""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, TypeGuard
from urllib.parse import SplitResult, quote, urlsplit

from core.catalogue import Endpoint, app_of
from core.catalogue.finding import row_of
from core.catalogue.row import written_duration
from core.config import is_loopback
from core.errors import Unavailable
from core.fal.results import video_addresses
from core.types import Completed, InProgress, Queued, QueueStatus, RawReply, RequestHandle, Role, VideoRequest

QUEUE_HOST = "queue.fal.run"
_CDN = re.compile(r"(?:[a-z0-9-]+\.)*fal\.media")
_PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".avif")
_NETLOC = re.compile(r"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]+)?")
_HOST = re.compile(r"[a-z0-9.:-]{1,253}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_VISIBLE = re.compile(r"[!-~]{1,2000}")
_LEGAL = "/%:@!$&'()*+,;="  # RFC 3986, besides letters, digits and "-._~"
_ID = re.compile(r"[A-Za-z0-9_-]{1,200}")
_MOST_QUOTES = 100


@dataclass(frozen=True, slots=True, repr=False)
class RemoteFile:
    """The finished file at fal's CDN.

    It lives only between the result and the download; it shows its address to nobody.
    """

    url: str

    def __repr__(self) -> str:
        return "RemoteFile(...)"


def request_body(request: VideoRequest) -> dict[str, Any]:
    """Build the JSON for the POST: only fields that this endpoint has, duration and resolution always among them.

    A photo that speaks may do so without words about it: then there is no prompt.
    """
    endpoint = row_of(request.model, request.mode)
    says_words = endpoint.has_prompt and (not endpoint.films_sound or bool(request.prompt.strip()))
    body: dict[str, Any] = {"prompt": request.prompt} if says_words else {}
    body |= endpoint.fixed
    if request.duration_s is not None and endpoint.durations:
        body["duration"] = written_duration(endpoint.duration_codec, request.duration_s)
    if request.resolution is not None and endpoint.resolutions and endpoint.resolution_field:
        body[endpoint.resolution_field] = request.resolution
    if request.aspect_ratio is not None and (endpoint.aspect_ratios or endpoint.default_aspect_ratio):
        body["aspect_ratio"] = request.aspect_ratio
    if request.seed is not None and endpoint.seed:
        body["seed"] = request.seed
    if endpoint.sound_field is not None:
        body[endpoint.sound_field] = endpoint.has_sound if request.sound is None else request.sound
    if endpoint.negative_field is not None and request.negative_prompt is not None:
        body[endpoint.negative_field] = request.negative_prompt
    return body | _sources(endpoint, request)


def _sources(endpoint: Endpoint, request: VideoRequest) -> dict[str, Any]:
    """Return the addresses of the sources, each under its field."""
    if endpoint.source_field is None or not request.source_urls:
        return {}
    if endpoint.most_sources > 1:
        return {endpoint.source_field: list(request.source_urls)}
    beside = {
        Role.LAST_FRAME: endpoint.end_field,
        **({Role.FIRST_FRAME: endpoint.photo_field} if endpoint.photo_field else {}),
    }
    found: dict[str, Any] = {endpoint.source_field: request.source_urls[0]}
    for source in request.sources[1:]:
        name = beside.get(source.role)
        if name is not None and source.url is not None:
            found[name] = source.url
    return found


def request_text(request: VideoRequest) -> str:
    """Return the very text that is posted.

    Half a surrogate pair, which some chats pass on, must not make a submit fail.
    """
    return json.dumps(request_body(request), ensure_ascii=False).encode("utf-8", "replace").decode()


def parsed(body: bytes | str) -> Any:
    """Parse the JSON of a reply; None for anything else (an HTML page of a gateway, nothing at all)."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def is_request_id(text: object) -> TypeGuard[str]:
    """Return whether this can be one of fal's ids, and changes nothing about the address it is put into."""
    return isinstance(text, str) and _ID.fullmatch(text) is not None


def handle_from(reply: Any, *, endpoint: str, queue_url: str) -> RequestHandle | None:
    """Read the handle in a submit reply, its addresses moved onto `queue_url`; None when it names no request.

    An address that does not name this request is another one's (a gateway that mixes up its answers): the rule decides.
    """
    request_id = reply.get("request_id") if isinstance(reply, dict) else None
    if not is_request_id(request_id):
        return None
    derived = derived_handle(request_id, endpoint=endpoint, queue_url=queue_url)

    def address(name: str) -> str | None:
        url = moved(reply.get(name), queue_url)
        return url if url is not None and request_id in urlsplit(url).path.split("/") else None

    return RequestHandle(
        request_id=request_id,
        endpoint=endpoint,
        status_url=address("status_url") or derived.status_url,
        response_url=address("response_url") or derived.response_url,
        cancel_url=address("cancel_url") or derived.cancel_url,
    )


def derived_handle(request_id: str, *, endpoint: str, queue_url: str) -> RequestHandle:
    """Derive the addresses of a request: owner/app only.

    The full endpoint id answers 405 there (fal docs, inference-api).
    """
    base = f"{queue_url}/{app_of(endpoint)}/requests/{quote(request_id, safe='')}"
    return RequestHandle(request_id, endpoint, f"{base}/status", base, f"{base}/cancel")


def moved(url: Any, queue_url: str) -> str | None:
    """Move an address from fal's reply onto the base that our key may go to; None when it names a foreign host.

    Addresses at queue.fal.run move onto `queue_url` (a gateway); on loopback any loopback address does (a sandbox that
    came back on another port).
    """
    parts, base = split_address(url) if _is_ascii(url) else None, urlsplit(queue_url)
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


def _is_ascii(url: Any) -> TypeGuard[str]:
    return isinstance(url, str) and _VISIBLE.fullmatch(url) is not None


def split_address(url: str) -> SplitResult | None:
    """Split an address that somebody else wrote; None for what is none."""
    if _CONTROL.search(url):
        return None
    try:
        parts = urlsplit(url.strip())
        _ = parts.port
    except ValueError:
        return None
    return parts


def status_from(reply: Any) -> QueueStatus | None:
    """Read the state in a status reply; None for one that says none (keep asking).

    fal has no FAILED, CANCELLED or ERROR. A proxy may invent them: they are only a reason to ask for the result.
    """
    state = reply.get("status") if isinstance(reply, dict) else None
    if not isinstance(state, str):
        return None
    if state == "IN_QUEUE":
        position = reply.get("queue_position")
        return Queued(position if isinstance(position, int) and not isinstance(position, bool) else None)
    if state == "IN_PROGRESS":
        return InProgress()
    if state == "COMPLETED":
        error, error_type = reply.get("error"), reply.get("error_type")
        return Completed(
            error=error if isinstance(error, str) and error else ("completed" if error else None),
            error_type=error_type if isinstance(error_type, str) and error_type else None,
        )
    return Completed() if state in {"FAILED", "CANCELLED", "ERROR"} else None


def read_result(reply: RawReply, *, queue_url: str, sent: Collection[str] = ()) -> RemoteFile:
    """Read the file in a 2xx result, whatever its shape; never a source that was sent, which some models repeat.

    Raises Unavailable when there is none, or on a foreign host.
    """
    found = sorted(video_addresses(parsed(reply.body), but=sent), key=_looks_like_a_picture)
    if not found:
        raise Unavailable(reason="a result without a video")
    for address in found:
        url = file_address(address, queue_url=queue_url)
        if url is not None:
            return RemoteFile(url)
    raise Unavailable(reason="a file on a foreign host", host=host_of(found[0]))


def _looks_like_a_picture(url: str) -> bool:
    parts = split_address(url)
    return parts is not None and parts.path.lower().endswith(_PICTURES)


def file_address(url: str, *, queue_url: str) -> str | None:
    """Return the address of a finished file as a client takes it; None when its host is not fal's.

    Addresses come with any letters: what is not ASCII, or not legal, is percent-encoded. On loopback the queue's own
    origin counts as fal's.
    """
    parts, queue = split_address(url), urlsplit(queue_url)
    if parts is None or not _NETLOC.fullmatch(parts.netloc):
        return None
    at_fal = parts.scheme == "https" and _CDN.fullmatch(parts.hostname or "")
    at_queue = is_loopback(queue_url) and (parts.scheme, parts.netloc) == (queue.scheme, queue.netloc)
    if not (at_fal or at_queue):
        return None
    path = quote(parts.path, safe=_LEGAL, errors="replace")
    query = f"?{quote(parts.query, safe=_LEGAL + '?', errors='replace')}" if parts.query else ""
    return f"{parts.scheme}://{parts.netloc}{path}{query}"


def host_of(url: str) -> str:
    """Return the host alone, as it may be logged."""
    parts = split_address(url)
    host = parts.hostname or "" if parts else ""
    return host if _HOST.fullmatch(host) else "unreadable"


def units(headers: Mapping[str, str]) -> Decimal | None:
    """Return the billed units that fal's header states; None where there are none."""
    return _decimal(headers.get("x-fal-billable-units"))


def credits_used(headers: Mapping[str, str]) -> Decimal | None:
    """Return what a pre-charging proxy says it took, in its own units.

    NaN for what is no number; None where it says nothing.
    """
    text = headers.get("x-credits-used", "").strip()
    try:
        return Decimal(text) if text else None
    except InvalidOperation:
        return Decimal("NaN")


def charged_usd(charged: Decimal, *, credit_usd: Decimal, quoted_usd: Decimal) -> Decimal | None:
    """Return the dollars that a pre-charging proxy says it took; None for what is no price.

    No price is: no number, less than nothing, or more than a hundred times the quote.
    """
    if not charged.is_finite() or charged.is_signed() or charged > _MOST_QUOTES * quoted_usd / credit_usd:
        return None
    return charged * credit_usd


def _decimal(text: str | None) -> Decimal | None:
    try:
        value = Decimal(text.strip()) if text else None
    except InvalidOperation:
        return None
    return value if value is not None and value.is_finite() and value >= 0 else None
