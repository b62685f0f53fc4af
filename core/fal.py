"""FalQueue: the thin HTTP edge around wire.py. Submit once; status, stream, result and cancel as often as it takes.

The key goes to `FAL_QUEUE_URL` and `FAL_API_URL` only, whatever a reply or a stored handle says.

Not built on fal-client: it repeats the paid POST up to ten times. Here nothing repeats a submit, in no layer.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Literal, Self

import httpx

from core import failures, wire
from core.catalogue import MODELS, app_of
from core.config import FalSettings
from core.connection import NOT_SENT, Way, events, http_client
from core.errors import (
    BadRequest,
    NotConfigured,
    NotDelivered,
    ResultExpired,
    StillRunning,
    SubmitUnknown,
    Unavailable,
    VideoError,
)
from core.types import Completed, InProgress, Queued, QueueStatus, RequestHandle, Submission, VideoRequest
from core.wire import Result

_SUBMIT_TIMEOUT = httpx.Timeout(connect=10, read=90, write=30, pool=10)
_STREAM_IDLE_S = 60.0
_START_WITHIN_S = 3600
"""A request that could not start for so long is dropped by fal, unbilled (X-Fal-Request-Timeout)."""
_KEEP_S = 7 * 24 * 3600
"""How long fal keeps the finished file: a day's outage must not lose a paid video (X-Fal-Object-Lifecycle)."""
_PLACEHOLDER_KEY = "fake-falai-key-12345"
"""What the seed's proxy looks for to put the real key in its place; a secret of nobody."""
_PROBES_AT_ONCE = 4
_LIST_PAGE = 100
_LIST_SLACK = timedelta(minutes=1)


class FalQueue:
    """fal's queue for one key. Share one; `close` it."""

    def __init__(self, settings: FalSettings) -> None:
        self._settings = settings
        self._base = settings.fal_queue_url
        self._client = http_client(settings)

    @classmethod
    def from_settings(cls, settings: FalSettings) -> Self:
        return cls(settings)

    async def close(self) -> None:
        await self._client.aclose()

    def handle_for(self, endpoint: str, request_id: str) -> RequestHandle:
        """Where a request of this endpoint is asked about, by rule."""
        return wire.derived_handle(request_id, endpoint=endpoint, queue_url=self._base)

    async def submit(self, request: VideoRequest, *, webhook_url: str | None = None) -> Submission:
        """Exactly one POST: this is where money is spent.

        Raises NotDelivered (proven: nothing reached fal, or it said 429), SubmitUnknown (it may have been paid), or
        the typed error of a definite refusal (nothing was bought).
        """
        headers = self._headers() | {
            "X-Fal-Request-Timeout": str(_START_WITHIN_S),
            "X-Fal-Object-Lifecycle-Preference": f'{{"expiration_duration_seconds": {_KEEP_S}}}',
        }
        headers["Content-Type"] = "application/json"
        params = {"fal_webhook": webhook_url} if webhook_url else None
        url, body = f"{self._base}/{request.endpoint}", wire.encoded(wire.request_body(request))
        way = Way()
        async with http_client(self._settings, timeout=_SUBMIT_TIMEOUT, once=True) as client:
            try:
                reply = await client.post(url, content=body, headers=headers, params=params, extensions={"trace": way})
            except NOT_SENT as error:
                raise NotDelivered(reason=type(error).__name__) from None
            except (httpx.HTTPError, ssl.SSLError) as error:
                doubt = NotDelivered if way.only_to_proxy else SubmitUnknown
                raise doubt(reason=type(error).__name__) from None
        return self._submitted(reply, request)

    def _submitted(self, reply: httpx.Response, request: VideoRequest) -> Submission:
        parsed = wire.parsed(reply.content)
        if reply.is_success:
            handle = wire.handle_from(parsed, endpoint=request.endpoint, queue_url=self._base)
            if handle is None:
                raise SubmitUnknown(reason="a reply without a request id")
            position = parsed.get("queue_position")
            return Submission(handle, position if isinstance(position, int) else None, wire.credits_used(reply.headers))
        if reply.status_code == httpx.codes.TOO_MANY_REQUESTS:
            raise NotDelivered("fal_busy", retry_after=_retry_after(reply))
        refusal = httpx.codes.is_client_error(reply.status_code) and reply.status_code not in {408, 409, 425, 499}
        if not refusal or parsed is None:
            raise SubmitUnknown(reason="no clear answer", status=reply.status_code)
        raise failures.error_from(reply.status_code, reply.headers, parsed)

    async def status(self, handle: RequestHandle) -> QueueStatus:
        """One look. Raises Unavailable for anything that passes, ResultExpired when fal no longer knows it."""
        reply = await self._ask("GET", self._own(handle).status_url, params={"logs": "0"})
        status = wire.status_from(wire.parsed(reply.content)) if reply.is_success else None
        if status is not None:
            return status
        if reply.status_code in {404, 410}:
            raise ResultExpired
        raise Unavailable(status=reply.status_code, retry_after=_retry_after(reply))

    async def stream(self, handle: RequestHandle) -> AsyncIterator[QueueStatus]:
        """Fal's status events as they come; ends after Completed. Raises Unavailable when it breaks before."""
        url, timeout = f"{self._own(handle).status_url}/stream", httpx.Timeout(10, read=_STREAM_IDLE_S)
        try:
            async with self._client.stream(
                "GET", url, params={"logs": "0"}, headers=self._headers(), timeout=timeout
            ) as reply:
                if not reply.is_success or "event-stream" not in reply.headers.get("content-type", ""):
                    raise Unavailable(status=reply.status_code)
                async for data in events(reply):
                    status = wire.status_from(wire.parsed(data.encode()))
                    if status is not None:
                        yield status
                    if isinstance(status, Completed):
                        return
        except (httpx.HTTPError, ssl.SSLError) as error:
            raise Unavailable(reason=type(error).__name__) from None
        raise Unavailable(reason="the stream ended early")

    async def result(self, handle: RequestHandle) -> Result:
        """The finished file's address. COMPLETED is not success: only this is.

        Raises the model's own error, StillRunning when asked too early, ResultExpired, or Unavailable.
        """
        reply = await self._ask("GET", self._own(handle).response_url)
        parsed = wire.parsed(reply.content)
        if isinstance(wire.status_from(parsed), Queued | InProgress):
            raise StillRunning
        if reply.is_success:
            result = wire.result_from(parsed, reply.headers, queue_url=self._base)
            if result is None and parsed is None:
                raise Unavailable(reason="a result that is not JSON")
            if result is None:
                raise await self._why(handle) or VideoError("generation_failed", reason="a result without a video")
            return result
        if reply.status_code == httpx.codes.BAD_REQUEST and b"still in progress" in reply.content.lower():
            raise StillRunning
        if _passing(reply, parsed):
            raise Unavailable(status=reply.status_code, retry_after=_retry_after(reply))
        if reply.status_code in {404, 410} and not _is_path_error(parsed):
            raise ResultExpired
        error = failures.error_from(reply.status_code, reply.headers, parsed)
        units = wire.units(reply.headers)
        if units is not None:
            error.facts["billed"] = units != 0
        elif reply.is_server_error:  # fal bills nothing for its own failures (fal docs, pricing)
            error.facts["billed"] = False
        raise error

    async def _why(self, handle: RequestHandle) -> VideoError | None:
        status = await self.status(handle)
        return failures.completed_error(status) if isinstance(status, Completed) else None

    async def cancel(self, handle: RequestHandle) -> Literal["requested", "already_completed", "not_found"]:
        """Only a wish: a running request usually finishes and is billed. Raises Unavailable."""
        reply = await self._ask("PUT", self._own(handle).cancel_url)
        if reply.is_success:
            return "requested"
        if reply.status_code == httpx.codes.BAD_REQUEST:
            return "already_completed"
        if reply.status_code == httpx.codes.NOT_FOUND:
            return "not_found"
        raise Unavailable(status=reply.status_code)

    async def locate(self, request_id: str) -> RequestHandle:
        """The handle of any request of this account: each known owner/app is asked. Raises BadRequest
        ("unknown_request"), NotConfigured, Unavailable.
        """
        if not wire.is_request_id(request_id):
            raise BadRequest("unknown_request", request_id=request_id[:80])
        apps = {app_of(endpoint.id): endpoint.id for model in MODELS for endpoint in model.modes.values()}
        places = asyncio.Semaphore(_PROBES_AT_ONCE)

        async def known(endpoint: str) -> RequestHandle | VideoError | None:
            handle = self.handle_for(endpoint, request_id)
            async with places:
                try:
                    await self.status(handle)
                except ResultExpired:
                    return None
                except Unavailable as error:
                    return (
                        NotConfigured("invalid_key") if error.facts.get("status") == httpx.codes.UNAUTHORIZED else error
                    )
            return handle

        answers = await asyncio.gather(*(known(endpoint) for endpoint in apps.values()))
        for answer in answers:
            if isinstance(answer, RequestHandle):
                return answer
        for answer in answers:
            if isinstance(answer, VideoError):
                raise answer
        raise BadRequest("unknown_request", request_id=request_id[:80])

    async def find_submitted(
        self, endpoint: str, *, source_url: str | None, prompt: str, since: datetime
    ) -> RequestHandle | None:
        """Did a submit whose answer was lost arrive? Looked up in the account's request list by the job's own asset
        address, else by its exact prompt. None: not found, or the key may not read the list.
        """
        start = (since - _LIST_SLACK).isoformat()
        params = {"endpoint_id": endpoint, "start": start, "limit": str(_LIST_PAGE), "expand": "payloads"}
        url = f"{self._settings.api_url}/models/requests/by-endpoint"
        try:
            reply = await self._ask("GET", url, params=params)
        except VideoError:
            return None
        if not reply.is_success:
            return None
        listed = wire.parsed(reply.content)
        found = wire.find_in_list(listed, source_url=source_url, prompt=prompt, since=since)
        return self.handle_for(endpoint, found) if found else None

    async def check_key(self) -> None:
        """Ask after a request that cannot exist: "not found" means the key is good. Free.

        Raises NotConfigured, Unavailable.
        """
        if self._settings.fal_key is None and self._settings.fal_proxy_url is None:
            raise NotConfigured("not_configured")
        endpoint = next(iter(MODELS[0].modes.values())).id
        nobody = self.handle_for(endpoint, "00000000-0000-4000-8000-000000000000")
        reply = await self._ask("GET", nobody.status_url)
        if reply.status_code in {401, 402, 403}:
            error = failures.error_from(reply.status_code, reply.headers, wire.parsed(reply.content))
            raise NotConfigured("invalid_key") if error.code == "model_not_allowed" else error
        if reply.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise Unavailable(status=reply.status_code)

    def _own(self, handle: RequestHandle) -> RequestHandle:
        """The handle with addresses at our queue: a stored one may name a gateway or a port of another day."""
        by_rule = self.handle_for(handle.endpoint, handle.request_id)
        return replace(
            handle,
            status_url=wire.moved(handle.status_url, self._base) or by_rule.status_url,
            response_url=wire.moved(handle.response_url, self._base) or by_rule.response_url,
            cancel_url=wire.moved(handle.cancel_url, self._base) or by_rule.cancel_url,
        )

    def _headers(self) -> dict[str, str]:
        """Raises NotConfigured, also for a key that fits into no header (a line break, a typographic dash)."""
        key = self._settings.fal_key
        if key is None and self._settings.fal_proxy_url is None:
            raise NotConfigured("not_configured")
        value = key.get_secret_value().strip() if key else _PLACEHOLDER_KEY
        if not value.isascii() or not value.isprintable():
            raise NotConfigured("invalid_key")
        return {"Authorization": f"Key {value}"}

    async def _ask(self, method: str, url: str, *, params: dict[str, str] | None = None) -> httpx.Response:
        try:
            return await self._client.request(method, url, params=params, headers=self._headers())
        except (httpx.HTTPError, ssl.SSLError) as error:
            raise Unavailable(reason=type(error).__name__) from None


_FINAL = frozenset({404, 410, 413, 422, 499})
"""What ends a request even when its body cannot be read."""


def _passing(reply: httpx.Response, parsed: Any) -> bool:
    """Troubles of the way, not answers of the model: asked again. fal locks even free polls when credit runs out."""
    if reply.status_code in {401, 402, 403, 408, 409, 425, 429}:
        return True
    if parsed is None and reply.status_code not in _FINAL:
        return True
    return reply.status_code >= httpx.codes.INTERNAL_SERVER_ERROR and not failures.names_error(parsed, reply.headers)


def _is_path_error(parsed: Any) -> bool:
    return isinstance(parsed, dict) and str(parsed.get("detail", "")).lower().startswith("path ")


def _retry_after(reply: httpx.Response) -> int | None:
    text = reply.headers.get("retry-after", "")
    return min(int(text), 3600) if text.isascii() and text.isdigit() else None
