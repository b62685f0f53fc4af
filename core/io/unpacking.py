"""Reads what servers answer, unpacked in small steps and never more than a cap, whatever its head says.

httpx unpacks each chunk whole, through as many layers as a header names: a few kilobytes become gigabytes in one step.
"""

import zlib
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Callable

import httpx

from core.io.bodies import CHUNK_BYTES

ANSWER_BYTES = 32_000_000
"""More than anything that a server of ours answers in JSON, and little enough to hold in memory."""
_WINDOWS = {"gzip": zlib.MAX_WBITS | 16, "x-gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}


async def unpacked(reply: httpx.Response) -> AsyncGenerator[bytes]:
    """Yield the body of a streamed reply in pieces of 64 KB or less. Raises httpx.DecodingError for an odd packing."""
    async for piece in _unpacked(reply.aiter_raw(), reply.headers.get("content-encoding", "")):
        yield piece


def bounded(most_bytes: int = ANSWER_BYTES) -> Callable[[httpx.Response], Awaitable[None]]:
    """Return an event hook of a client ("response") that caps each answer: more raises httpx.DecodingError.

    Not for a client that fetches files: those are larger, and stream to the disk by `unpacked`.
    """

    async def bound(reply: httpx.Response) -> None:
        if isinstance(reply.stream, httpx.AsyncByteStream):
            encoding = reply.headers.pop("content-encoding", "")
            reply.stream = _Bounded(reply.stream, encoding, most_bytes)

    return bound


class _Bounded(httpx.AsyncByteStream):
    def __init__(self, packed: httpx.AsyncByteStream, encoding: str, most_bytes: int) -> None:
        self._packed = packed
        self._encoding = encoding
        self._most_bytes = most_bytes

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = self._most_bytes
        async for piece in _unpacked(self._packed, self._encoding):
            left -= len(piece)
            if left < 0:
                raise httpx.DecodingError("an answer without end")
            yield piece

    async def aclose(self) -> None:
        await self._packed.aclose()


async def _unpacked(chunks: AsyncIterable[bytes], encoding: str) -> AsyncIterator[bytes]:
    layers = [
        each for each in encoding.lower().replace(" ", "").split(",") if each in _WINDOWS
    ]  # httpx passes others on
    if not layers:
        async for chunk in chunks:
            yield chunk
        return
    if len(layers) > 1:
        raise httpx.DecodingError("packed more than once")
    unpacker = zlib.decompressobj(_WINDOWS[layers[0]])
    came = False
    async for chunk in chunks:
        came = came or bool(chunk)
        rest, piece = chunk, b""
        while (rest or len(piece) == CHUNK_BYTES) and not unpacker.eof:
            try:
                piece = unpacker.decompress(rest, CHUNK_BYTES)
            except zlib.error:
                raise httpx.DecodingError("not packed as it says") from None
            rest = unpacker.unconsumed_tail
            if piece:
                yield piece
    if came and not unpacker.eof:
        raise httpx.DecodingError("packed, and cut short")
