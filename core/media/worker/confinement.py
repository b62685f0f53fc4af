"""Shuts a child in before it touches a foreign file: what a file that takes over a decoder can do then is decode.

It reads the file of its job and Python's own libraries, writes its target and its own folder, answers, and that is
all: no network, no program, no other process, no sight of the bot. A door that this kernel has no lock for stays open;
`doors` finds that out, by trying.
"""

import contextlib
import ctypes
import os
import resource
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

from core.media.worker import landlock, syscalls

_PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 4, 38
_PACKAGES = ("site-packages", "dist-packages")
# Where packages lie, whichever environment lends them to this one; no other folder of the path, which may be a project.
_LIBRARIES = frozenset(
    {
        *(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")),
        *(path for path in sys.path if path.endswith(_PACKAGES)),
    }
)
_OURS = str(Path(__file__).parent)
"""Code is loaded from these folders: some of it is only imported once it is needed."""
_SPARE_TASKS = 64


def hide() -> None:
    """Hide this process: no other of the same user reads its memory or environment, and it leaves no core dump."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def hide_for_good() -> None:
    """Hide this process, which gains no privilege from now on, nor do those that it begins."""
    hide()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def confine(*, reads: Iterable[str], writes: Iterable[str]) -> None:
    """Confine this process, once and for good, to these files, its libraries and its working folder.

    Threads that it has already stay free of Landlock, so it should have none.
    """
    hide_for_good()
    _limit_tasks()
    paths = [(path, landlock.READ) for path in (*_LIBRARIES, _OURS, *reads)]
    landlock.restrict([*paths, *((path, landlock.WRITE) for path in writes), (".", landlock.WORK)])
    syscalls.install(os.getpid())


def _limit_tasks() -> None:
    """Limit what a child can start where no filter keeps it from it. The limit counts all that the user runs."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        running = int(Path("/proc/loadavg").read_text().split()[3].partition("/")[2])
        resource.setrlimit(resource.RLIMIT_NPROC, (running + _SPARE_TASKS, running + _SPARE_TASKS))
