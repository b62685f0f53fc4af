"""Reads HTTP bodies into memory or streams them to a file, in either direction, never more than a cap."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import BinaryIO

CHUNK_BYTES = 65_536


class BodyTooLarge(Exception):
    """A body of more bytes than the cap. What that means to its sender is the caller's to say."""


async def read_body(chunks: AsyncIterable[bytes], *, most_bytes: int) -> bytes:
    """Read the whole body into memory. Raises BodyTooLarge as soon as there is more."""
    body = bytearray()
    async for chunk in chunks:
        _grown(len(body), chunk, most_bytes)
        body += chunk
    return bytes(body)


async def write_body(
    chunks: AsyncIterable[bytes], into: Path, *, most_bytes: int, head: bytes = b"", start: int = 0
) -> int:
    """Stream `head`, which was read before, and `chunks` to the file, and return the size of the file.

    It is written from byte `start` on: what it holds before that stays. Raises BodyTooLarge before it grows past
    `most_bytes`; it is the caller's to remove then.
    """
    size = _grown(start, head, most_bytes)
    async with _opened(into, start) as file:
        if head:
            await asyncio.to_thread(file.write, head)
        async for chunk in chunks:
            size = _grown(size, chunk, most_bytes)
            await asyncio.to_thread(file.write, chunk)
    return size


@asynccontextmanager
async def _opened(path: Path, start: int) -> AsyncIterator[BinaryIO]:
    """Open the file for writing from byte `start` on. Whoever is cancelled while a thread opens it leaves none open."""
    files: list[BinaryIO] = []
    is_left = False

    def begin() -> None:
        file: BinaryIO = path.open("r+b" if start else "wb")
        files.append(file)
        if is_left:
            file.close()
        elif start:
            file.seek(start)

    try:
        await asyncio.to_thread(begin)
        yield files[0]
        await asyncio.to_thread(files[0].close)
    finally:
        is_left = True
        for file in files:
            with suppress(OSError):
                file.close()


def _grown(size: int, chunk: bytes, most_bytes: int) -> int:
    if size + len(chunk) > most_bytes:
        raise BodyTooLarge
    return size + len(chunk)


async def first_bytes(chunks: AsyncIterator[bytes], *, enough: int) -> bytes:
    """Read the beginning of the body: `enough` bytes or a little more, all of it where there is less.

    `chunks` goes on with what follows.
    """
    head = b""
    async for chunk in chunks:
        head += chunk
        if len(head) >= enough:
            break
    return head
