"""Tries, in a child that is confined as for any file, what a hostile file would try. Nothing here does harm."""

import ctypes
import os
import resource
import socket
from collections.abc import Callable
from pathlib import Path

_PR_GET_DUMPABLE, _PR_GET_NO_NEW_PRIVS = 3, 39


class Shut(Exception):
    """A door that is shut without an error of the system's."""


def attempt(outside: str) -> dict[str, str]:
    """Try every door, and return what came of it by name: nothing where it is shut, else what was possible.

    `outside`: a file that is none of the job's.
    """
    doors: dict[str, Callable[[], str]] = {
        "files": lambda: _reads(outside),
        "writing": lambda: _writes(outside),
        "parent": lambda: _reads(f"/proc/{os.getppid()}/environ"),
        "network": _opens_sockets,
        "programs": _runs_programs,
        "processes": _forks,
        "signals": _signals_parent,
        "privileges": lambda: _says(_PR_GET_NO_NEW_PRIVS, 1, "may gain privileges"),
        "memory": lambda: _says(_PR_GET_DUMPABLE, 0, "may be read by others of its user"),
        "limits": _is_unlimited,
    }
    return {name: _came_of(door) for name, door in doors.items()}


def _came_of(door: Callable[[], str]) -> str:
    try:
        return door()
    except (Shut, OSError):
        return ""


def _reads(path: str) -> str:
    with Path(path).open("rb") as file:
        file.read(1)
    return "reads a file that is none of its job's"


def _writes(path: str) -> str:
    with Path(path).open("ab"):
        return "writes a file that is none of its job's"


def _opens_sockets() -> str:
    for family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX):
        try:
            socket.socket(family, socket.SOCK_DGRAM).close()
        except OSError:
            continue
        return "opens sockets"
    raise Shut


def _runs_programs() -> str:
    """Run what is no program: where programs may be run, the system says so, and goes on."""
    handle = os.open("program", os.O_CREAT | os.O_WRONLY, 0o700)
    os.write(handle, b"no program")
    os.close(handle)
    try:
        os.execv("program", ["program"])  # noqa: S606, S607 - no program
    except PermissionError as error:
        raise Shut from error
    except OSError:
        return "runs programs"


def _forks() -> str:
    pid = os.fork()
    if not pid:
        os._exit(0)
    os.waitpid(pid, 0)
    return "begins processes"


def _signals_parent() -> str:
    os.kill(os.getppid(), 0)
    return "sends signals to others"


def _says(question: int, answer: int, otherwise: str) -> str:
    if ctypes.CDLL(None).prctl(question, 0, 0, 0, 0) != answer:
        return otherwise
    raise Shut


def _is_unlimited() -> str:
    limits = (resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE)
    if any(resource.getrlimit(each)[1] == resource.RLIM_INFINITY for each in limits):
        return "has no limit of memory, time or files"
    raise Shut
