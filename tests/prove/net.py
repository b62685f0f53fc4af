"""The way to the model of fal: httpx without sockets, in virtual time, with the timeouts that the client asked for."""

import asyncio
from collections.abc import AsyncIterator

import httpx

from tests.prove.engine import AT_WORK
from tests.prove.fal import Fal, Reply
from tests.prove.virtual import comes_to

_UP_S = 0.02
_NO_TIMEOUT_S = 1e9


class Way(httpx.AsyncBaseTransport):
    """Of one process. A request that has left arrives, and what fal does about it is done, whoever hears of it."""

    def __init__(self, fal: Fal) -> None:
        self._fal = fal

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        read_s = request.extensions.get("timeout", {}).get("read") or _NO_TIMEOUT_S
        comes_to(name := "POST" if request.method == "POST" else f"{request.method} {request.url.host}")
        await asyncio.sleep(_UP_S + self._fal.held_s(request))
        lease = AT_WORK.get()
        reply = self._fal.answer(request, lease.job_id if lease is not None else None)
        comes_to(f"{name} taken")
        await asyncio.sleep(min(reply.after_s, read_s))
        if reply.error is not None:
            raise reply.error(request)
        if reply.after_s > read_s:
            raise httpx.ReadTimeout("the model was silent", request=request)
        self._fal.told(reply)
        return httpx.Response(reply.status, headers=_headers(reply), stream=_Body(reply, request), request=request)


def _headers(reply: Reply) -> dict[str, str]:
    return {"content-length": str(len(reply.body)), "x-fal-request-id": "of-the-model", **reply.headers}


class _Body(httpx.AsyncByteStream):
    def __init__(self, reply: Reply, request: httpx.Request) -> None:
        self._reply = reply
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        body, cut_at = self._reply.body, self._reply.cut_at
        yield body if cut_at is None else body[:cut_at]
        if cut_at is not None:
            await asyncio.sleep(0)
            raise httpx.RemoteProtocolError("the model cut it", request=self._request)
