"""Binds the server's port, and names the program that has it when it is taken. That program is never ended."""

import errno
import socket
from collections.abc import Iterator
from pathlib import Path

_PROC = Path("/proc")
_LISTEN = "0A"  # the state column of /proc/net/tcp
_BACKLOG = 128


def bind(host: str, port: int) -> socket.socket:
    """Bind the port before anything else starts. Raises OSError with words on what to do when that fails."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise OSError(_why(error, host, port)) from error
    listener.setblocking(False)
    return listener


def _why(error: OSError, host: str, port: int) -> str:
    remedy = "choose another with --port or REELBOT_PORT"
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is taken by {holder(port) or 'another program'}: {remedy}, or end that program"
    if error.errno in {errno.EACCES, errno.EPERM}:
        return f"port {port} on {host} needs more rights than this program has: {remedy} (1024 or higher)"
    if error.errno in {errno.EADDRNOTAVAIL, socket.EAI_NONAME}:
        return f"this machine has no address {host}: set REELBOT_HOST to one of its own, such as 127.0.0.1"
    return f"port {port} on {host} cannot be opened ({error.strerror}): {remedy}"


def holder(port: int) -> str | None:
    """Return the program that listens on `port`, as "name (pid 123)"; None where /proc does not tell.

    It is another user's then, or this is macOS. Its name only: a command line may hold secrets.
    """
    sockets = {f"socket:[{inode}]" for inode in _listening(port)}
    for process in _processes() if sockets else ():
        if any(link in sockets for link in _open_files(process)):
            return f"{_name(process)} (pid {process.name})"
    return None


def _listening(port: int) -> Iterator[str]:
    """Yield the inodes of the sockets that listen on `port`, on whatever address."""
    for table in ("tcp", "tcp6"):
        try:
            lines = (_PROC / "net" / table).read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            columns = line.split()
            if columns[3] == _LISTEN and int(columns[1].rpartition(":")[2], 16) == port:
                yield columns[9]


def _processes() -> list[Path]:
    try:
        return [each for each in _PROC.iterdir() if each.name.isdigit()]
    except OSError:
        return []


def _open_files(process: Path) -> list[str]:
    found = []
    try:
        for entry in (process / "fd").iterdir():
            found.append(str(entry.readlink()))  # noqa: PERF401 - a file closed meanwhile ends this, not what was found
    except OSError:
        return found
    return found


def _name(process: Path) -> str:
    try:
        return (process / "comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return "a program"
