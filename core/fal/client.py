"""The HTTP client of fal's queue, a thin edge around protocol.py and replies.py. Submits once; asks as often as needed.

The key goes to `FAL_QUEUE_URL` and `FAL_API_URL` only, whatever a reply or a stored handle says.

Not built on fal-client: it repeats the paid POST up to ten times. Here nothing repeats a submit, in no layer.
"""

import asyncio
import logging
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal, Self

import httpx

from core.catalogue import MODELS, app_of
from core.config import FalSettings
from core.errors import BadRequest, NotConfigured, SubmitNotSent, SubmitUnconfirmed, Unavailable, VideoError
from core.fal import error_map, lost_orders, protocol, replies
from core.fal.http import ANSWER_S, SendTrace, events, http_client, raw_reply
from core.io.not_sent import NOT_SENT
from core.types import Completed, LostOrder, QueueStatus, RawReply, RequestHandle, Submission, VideoRequest

log = logging.getLogger(__name__)

OnReply = Callable[[RawReply], Awaitable[None]]
Params = list[tuple[str, str | int | float | bool | None]]
Owned = Callable[[set[str]], Awaitable[set[str]]]
Claims = Callable[[], Awaitable[Sequence[LostOrder]]]

_SUBMIT_TIMEOUT = httpx.Timeout(connect=10, read=90, write=30, pool=10)
_STREAM_IDLE_S = 60.0
_START_WITHIN_S = 3600
"""A request that could not start for so long is dropped by fal, unbilled (X-Fal-Request-Timeout)."""
KEEP_S = 7 * 24 * 3600
"""How long fal keeps the finished file: a day's outage must not lose a paid video (X-Fal-Object-Lifecycle)."""
_PLACEHOLDER_KEY = "fake-falai-key-12345"
"""What the seed's proxy looks for to put the real key in its place; a secret of nobody."""
_PROBES_AT_ONCE = 4
_NO_LOGS: Params = [("logs", "0")]
_LIST_PAGE = 100
_LIST_PAGES = 100
_LIST_ENDPOINTS = 50


@dataclass(frozen=True, slots=True)
class QueueTimeouts:
    """Seconds in all, since httpx bounds each chunk of an answer and not all of it.

    `submit_s`: for the paid POST, within what the search for a lost order takes for the longest
    (core/fal/lost_orders.py). `answer_s`: for a free question. `stream_silent_s`: without a word on the request,
    whatever else keeps a stream's connection busy.
    """

    submit_s: float = 145.0
    answer_s: float = ANSWER_S
    stream_silent_s: float = 120.0


_USUAL = QueueTimeouts()


class FalQueue:
    """The client of fal's queue for one key. Share one; `close` it."""

    def __init__(self, settings: FalSettings, *, timeouts: QueueTimeouts = _USUAL) -> None:
        self._settings = settings
        self._timeouts = timeouts
        self._base = settings.fal_queue_url
        self._client = http_client(settings)

    @classmethod
    def from_settings(cls, settings: FalSettings, *, timeouts: QueueTimeouts = _USUAL) -> Self:
        """Build the client from the settings."""
        return cls(settings, timeouts=timeouts)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def handle_for(self, endpoint: str, request_id: str) -> RequestHandle:
        """Derive the handle of a request of this endpoint."""
        return protocol.derived_handle(request_id, endpoint=endpoint, queue_url=self._base)

    async def submit(
        self,
        request: VideoRequest,
        *,
        body: str | None = None,
        webhook_url: str | None = None,
        on_reply: OnReply | None = None,
    ) -> Submission:
        """Send the one paid POST. `body`: the text to post; protocol.request_text(request) without it.

        `on_reply` gets whatever HTTP reply comes, before it is read; should that fail, it is logged and changes
        nothing. Raises SubmitNotSent (proven: nothing reached fal, or fal itself is busy), SubmitUnconfirmed (it may
        have been paid), or the typed error of a refusal (nothing was bought; proven where it is `fals_own`).
        """
        reply = await self._post(request, body or protocol.request_text(request), webhook_url, on_reply)
        submission = self.read_submit(reply, endpoint=request.endpoint)
        log.info("ordered", extra={"request_id": submission.handle.request_id})
        return submission

    async def _post(
        self, request: VideoRequest, text: str, webhook_url: str | None, on_reply: OnReply | None
    ) -> RawReply:
        headers = self._headers() | {
            "X-Fal-Request-Timeout": str(_START_WITHIN_S),
            "X-Fal-Object-Lifecycle-Preference": f'{{"expiration_duration_seconds": {KEEP_S}}}',
            "Content-Type": "application/json",
            "Accept-Encoding": "identity",  # an answer that cannot be unpacked would be a lost one
        }
        params = {"fal_webhook": webhook_url} if webhook_url else None
        url, body, trace = f"{self._base}/{request.endpoint}", text.encode(), SendTrace()
        async with http_client(self._settings, timeout=_SUBMIT_TIMEOUT, once=True) as client:
            try:
                async with asyncio.timeout(self._timeouts.submit_s):
                    reply = await client.post(
                        url, content=body, headers=headers, params=params, extensions={"trace": trace}
                    )
            except TimeoutError:
                raise SubmitUnconfirmed(reason="an answer without end") from None
            except NOT_SENT as error:
                raise SubmitNotSent(reason=type(error).__name__) from None
            except (httpx.HTTPError, ssl.SSLError) as error:
                error_class = SubmitNotSent if trace.only_to_proxy else SubmitUnconfirmed
                raise error_class(reason=type(error).__name__) from None
            if on_reply is not None:  # before the connection is closed: that may fail, too
                await _handed(on_reply, raw_reply(reply))
        return raw_reply(reply)

    def read_submit(self, reply: RawReply, *, endpoint: str) -> Submission:
        """Read a stored reply to an order as `submit` would. Raises the same errors."""
        proxied = self._settings.fal_proxy_url is not None
        return replies.read_submit(reply, endpoint=endpoint, queue_url=self._base, proxied=proxied)

    async def status(self, handle: RequestHandle) -> QueueStatus:
        """Poll the status once. Raises Unavailable, with what was odd, for everything that is no status.

        No status ends a request.
        """
        return replies.read_status(await self._ask("GET", self._own(handle).status_url, params=_NO_LOGS))

    async def knows(self, handle: RequestHandle) -> bool:
        """Return whether fal has a status for it; False when fal says "not found".

        Raises NotConfigured, Unavailable.
        """
        reply = await self._ask("GET", self._own(handle).status_url, params=_NO_LOGS)
        if reply.status == httpx.codes.NOT_FOUND and protocol.parsed(reply.body) is not None:
            return False  # in JSON: a gateway's page knows nothing of requests
        if reply.status == httpx.codes.UNAUTHORIZED:
            raise NotConfigured("invalid_key")
        replies.read_status(reply)
        return True

    async def stream(self, handle: RequestHandle) -> AsyncGenerator[QueueStatus]:
        """Yield fal's status events as they come; the stream ends after Completed.

        Raises Unavailable when it breaks before, or brings nothing new for so long that a poll is worth more.
        """
        statuses = self._statuses(handle)
        try:
            while True:
                try:
                    async with asyncio.timeout(self._timeouts.stream_silent_s):
                        status = await anext(statuses)
                except TimeoutError:
                    raise Unavailable(reason="a silent stream") from None
                yield status
                if isinstance(status, Completed):
                    return
        finally:
            await statuses.aclose()

    async def _statuses(self, handle: RequestHandle) -> AsyncGenerator[QueueStatus]:
        url, timeout = f"{self._own(handle).status_url}/stream", httpx.Timeout(10, read=_STREAM_IDLE_S)
        try:
            async with self._client.stream(
                "GET", url, params={"logs": "0"}, headers=self._headers(), timeout=timeout
            ) as reply:
                if not reply.is_success or "event-stream" not in reply.headers.get("content-type", ""):
                    raise Unavailable(status=reply.status_code)
                async for data in events(reply):
                    status = protocol.status_from(protocol.parsed(data.encode()))
                    if status is not None:
                        yield status
                    if isinstance(status, Completed):
                        return
        except (httpx.HTTPError, ssl.SSLError) as error:
            raise Unavailable(reason=type(error).__name__) from None
        raise Unavailable(reason="the stream ended early")

    async def result(self, handle: RequestHandle) -> RawReply:
        """Fetch the result as fal gave it: a 2xx in JSON, unread (protocol.read_result).

        COMPLETED is not success, only this is. Raises StillRunning when asked too early, the error with which fal ends
        a request, or Unavailable for all else.
        """
        return replies.require_result(await self._ask("GET", self._own(handle).response_url))

    async def cancel(self, handle: RequestHandle) -> Literal["requested", "already_completed", "not_found"]:
        """Ask fal to cancel. A running request usually finishes all the same and is billed. Raises Unavailable."""
        reply = await self._ask("PUT", self._own(handle).cancel_url)
        if replies.is_success(reply):
            return "requested"
        if reply.status == httpx.codes.BAD_REQUEST:
            return "already_completed"
        if reply.status == httpx.codes.NOT_FOUND:
            return "not_found"
        raise replies.odd(reply)

    async def locate(self, request_id: str) -> RequestHandle:
        """Find the handle of any request of this account: each known owner/app is asked.

        Raises BadRequest ("unknown_request"), NotConfigured, Unavailable.
        """
        if not protocol.is_request_id(request_id):
            raise BadRequest("unknown_request", request_id=request_id[:80])
        apps = {app_of(endpoint.id): endpoint.id for model in MODELS for endpoint in model.modes.values()}
        places = asyncio.Semaphore(_PROBES_AT_ONCE)

        async def known(endpoint: str) -> RequestHandle | VideoError | None:
            handle = self.handle_for(endpoint, request_id)
            async with places:
                try:
                    return handle if await self.knows(handle) else None
                except VideoError as error:
                    return error

        answers = await asyncio.gather(*(known(endpoint) for endpoint in apps.values()))
        for answer in answers:
            if isinstance(answer, RequestHandle):
                return answer
        for answer in answers:
            if isinstance(answer, VideoError):
                raise answer
        raise BadRequest("unknown_request", request_id=request_id[:80])

    async def find_submitted(
        self, orders: Sequence[LostOrder], *, claims: Claims, owned: Owned
    ) -> dict[str, RequestHandle]:
        """Find which orders arrived although their answer was lost, in the account's list, by their names.

        One walk for all of them, back to the earliest claim. `claims` is asked after the walk for every order whose
        answer is not known, these included: one that was claimed during the walk may be what a row of it is. `owned`,
        asked last, says which ids belong to known requests. Raises Unavailable or NotConfigured for a walk that could
        not be finished: the nearest order may stand on the next page.
        """
        endpoints = list(dict.fromkeys(order.endpoint for order in orders))
        rows: list[object] = []
        for first in range(0, len(endpoints), _LIST_ENDPOINTS):
            some = endpoints[first : first + _LIST_ENDPOINTS]
            rows += await self._walk(some, [order for order in orders if order.endpoint in some])
        found = lost_orders.candidates(rows, await claims()) if rows else []
        ids = {each.request_id for each in found}
        pairs = lost_orders.assigned(found, owned=await owned(ids)) if ids else {}
        return {
            order.name: self.handle_for(order.endpoint, pairs[order.name]) for order in orders if order.name in pairs
        }

    async def _walk(self, endpoints: list[str], orders: Sequence[LostOrder]) -> list[object]:
        """Collect the rows that may be one of these orders. Raises Unavailable, NotConfigured."""
        since = min(order.claimed for order in orders) - lost_orders.CLOCKS_APART
        found: list[object] = []
        cursors: list[str] = []
        for _ in range(_LIST_PAGES):
            rows, cursor, more = await self._page(endpoints, since, cursors[-1] if cursors else None)
            found += lost_orders.matching(rows, orders)
            if lost_orders.all_before(rows, since) or not more:
                return found
            if cursor is None or cursor in cursors:
                raise Unavailable(reason="a list that breaks off or goes in a circle")
            cursors.append(cursor)
        raise Unavailable(reason="too many pages of requests")

    async def _page(
        self, endpoints: list[str], since: datetime, cursor: str | None
    ) -> tuple[list[object], str | None, bool]:
        """Fetch one page: its rows, the cursor of the next, and whether there is one.

        Raises Unavailable, NotConfigured.
        """
        params: Params = [("endpoint_id", endpoint) for endpoint in endpoints]
        params += [("start", since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")), ("limit", str(_LIST_PAGE))]
        params += [("expand", "payloads")] + ([("cursor", cursor)] if cursor else [])
        reply = await self._ask("GET", f"{self._settings.api_url}/models/requests/by-endpoint", params=params)
        listed = protocol.parsed(reply.body) if replies.is_success(reply) else None
        rows = listed.get("items") if isinstance(listed, dict) else None
        if not isinstance(listed, dict) or not isinstance(rows, list):
            raise replies.odd(reply)
        cursor = listed.get("next_cursor")
        following = cursor if isinstance(cursor, str) and cursor else None
        return rows, following, following is not None or listed.get("has_more") is True

    async def check_key(self) -> None:
        """Ask after a request that cannot exist: "not found" means that the key is good. Free.

        Raises NotConfigured, Unavailable.
        """
        if self._settings.fal_key is None and self._settings.fal_proxy_url is None:
            raise NotConfigured("not_configured")
        endpoint = next(iter(MODELS[0].modes.values())).id
        nobody = self.handle_for(endpoint, "00000000-0000-4000-8000-000000000000")
        reply = await self._ask("GET", nobody.status_url)
        if reply.status in {401, 402, 403}:
            error = error_map.error_from(reply.status, reply.headers, protocol.parsed(reply.body))
            raise NotConfigured("invalid_key") if error.code == "model_not_allowed" else error
        if reply.status >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise replies.odd(reply)

    def _own(self, handle: RequestHandle) -> RequestHandle:
        """Return the handle with addresses at our queue: a stored one may name a gateway or a port of another day."""
        by_rule = self.handle_for(handle.endpoint, handle.request_id)
        return replace(
            handle,
            status_url=protocol.moved(handle.status_url, self._base) or by_rule.status_url,
            response_url=protocol.moved(handle.response_url, self._base) or by_rule.response_url,
            cancel_url=protocol.moved(handle.cancel_url, self._base) or by_rule.cancel_url,
        )

    def _headers(self) -> dict[str, str]:
        """Return the headers with the key.

        Raises NotConfigured, also for a key that fits into no header (a line break, a typographic dash).
        """
        key = self._settings.fal_key
        if key is None and self._settings.fal_proxy_url is None:
            raise NotConfigured("not_configured")
        value = key.get_secret_value().strip() if key else _PLACEHOLDER_KEY
        if not value.isascii() or not value.isprintable():
            raise NotConfigured("invalid_key")
        return {"Authorization": f"Key {value}"}

    async def _ask(self, method: str, url: str, *, params: Params | None = None) -> RawReply:
        headers = self._headers()
        try:
            async with asyncio.timeout(self._timeouts.answer_s):
                return raw_reply(await self._client.request(method, url, params=params, headers=headers))
        except TimeoutError:
            raise Unavailable(reason="an answer without end") from None
        except (httpx.HTTPError, ssl.SSLError) as error:
            raise Unavailable(reason=type(error).__name__) from None


async def _handed(on_reply: OnReply, reply: RawReply) -> None:
    """Hand the reply over.

    A failure decides nothing about it; only its kind is logged, since its text may hold the reply.
    """
    try:
        await on_reply(reply)
    except Exception as error:  # noqa: BLE001
        log.error("an order's answer was not kept", extra={"reason": type(error).__name__})  # noqa: TRY400
