"""Reads a child's answer from its socket: one line, or all that a child says which writes no line's end."""

import asyncio
import socket

_CHUNK_BYTES = 65_536


async def read_line(ours: socket.socket, *, most_bytes: int) -> bytes | None:
    """Read to the line's end or the child's; None when it is too long: a file may have taken the child over."""
    loop, line = asyncio.get_running_loop(), b""
    while not line.endswith(b"\n"):
        try:
            chunk = await loop.sock_recv(ours, _CHUNK_BYTES)
        except OSError:  # it ended without a word
            chunk = b""
        if not chunk:
            break
        line += chunk
        if len(line) > most_bytes:
            return None
    return line
