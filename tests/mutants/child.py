"""A piece of work in a forked process of its own, bounded in time; what it answers comes back as JSON."""

import json
import os
import resource
import select
import signal
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

LATE = "late"
_DIED = {"failed": "the process died"}


@dataclass(frozen=True, slots=True)
class Bounds:
    """Seconds of the processor, and by the clock: a loop without an end uses up the first, a deadlock the second."""

    cpu_s: int
    wall_s: float


def in_child(work: Callable[[], dict[str, Any]], bounds: Bounds) -> dict[str, Any]:
    """What `work` answers; {"late": True} when it does not end in time."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _be_child(work, writing, bounds.cpu_s)
    os.close(writing)
    answer = _all_of(reading, until=time.monotonic() + bounds.wall_s)
    if answer is None:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if answer is None or (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU):
        return {LATE: True}
    found: dict[str, Any] = json.loads(answer) if answer else _DIED
    return found


def _be_child(work: Callable[[], dict[str, Any]], writing: int, cpu_s: int) -> NoReturn:
    """Ends without the parent's cleanups: threads of the work, even hanging ones, end with the process."""
    code = 1
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 5))
        with os.fdopen(writing, "w") as pipe:
            json.dump(work(), pipe)
        code = 0
    except BaseException:  # noqa: BLE001 - it must never go on as a second parent
        traceback.print_exc()
    finally:
        os._exit(code)


def _all_of(reading: int, *, until: float) -> str | None:
    parts: list[bytes] = []
    with os.fdopen(reading, "rb", buffering=0) as pipe:
        while (left := until - time.monotonic()) > 0:
            if not select.select([pipe], [], [], left)[0]:
                break
            part = pipe.read(1 << 16)
            if not part:
                return b"".join(parts).decode()
            parts.append(part)
    return None
