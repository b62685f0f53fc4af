"""Runs one child's work: it limits itself, does one job, and answers in one JSON line.

Used alike by a child with a Python of its own (`__main__`) and by a forked one (`fork_server`). Loads no decoder by
itself.
"""

import importlib
import os
import resource
from pathlib import Path
from typing import Any

from core.media.worker import confinement
from core.media.worker.refusal import Refusal

_MEMORY = 1_500_000_000
_FILE_BYTES = 250_000_000
_OPEN_FILES = 64
_READ, _WRITTEN = ("path",), ("into", "thumbnail")
_ALSO_READ = "paths"
"""Arguments of a job that name the files it reads and writes; the last names several."""


def limit(cpu_s: int) -> None:
    """Limit this process before the file is touched: a hostile one gets this much of the machine and no more."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_FILE_BYTES, _FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_OPEN_FILES, _OPEN_FILES))
    os.nice(5)
    os.umask(0o077)


def answer(job: dict[str, Any]) -> dict[str, Any]:
    """Return the result of the job's call, or why the file is refused. Its code is loaded before it is confined."""
    try:
        module = importlib.import_module(f"core.media.worker.{job['module']}")
        _confine(job["with"])
        return {"ok": getattr(module, job["call"])(**job["with"])}
    except Refusal as error:
        return {"refused": error.code, "facts": error.facts}
    except MemoryError:
        return {"refused": "unreadable_media", "facts": {"reason": "memory"}}
    except OSError as error:
        code = "disk_full" if error.errno in {27, 28, 122} else "unreadable_media"
        return {"refused": code, "facts": {"reason": type(error).__name__}}
    except Exception as error:  # noqa: BLE001 - whatever a decoder throws at a foreign file means "cannot be read"
        return {"refused": "unreadable_media", "facts": {"reason": type(error).__name__}}


def _confine(arguments: dict[str, Any]) -> None:
    """Confine this process to its job. The files it writes are made before: it may make none beside them."""
    reads, writes = ([arguments[name] for name in names if arguments.get(name)] for names in (_READ, _WRITTEN))
    for path in writes:
        Path(path).touch(mode=0o600)
    confinement.confine(reads=[*reads, *arguments.get(_ALSO_READ, ())], writes=writes)
