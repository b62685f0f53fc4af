"""The child: takes one job as JSON in argv[1], limits itself, does it, prints one JSON line. Its exit code says nothing
more than that it lived.
"""

import contextlib
import importlib
import json
import os
import resource
import sys
import types
from pathlib import Path
from typing import Any

_MEMORY = 1_500_000_000
_FILE_BYTES = 250_000_000
_OPEN_FILES = 64


def limit(cpu_s: int) -> None:
    """Before any decoder is loaded: a hostile file may use this much of the machine and no more."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_FILE_BYTES, _FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_OPEN_FILES, _OPEN_FILES))
    os.nice(5)
    os.umask(0o077)


def bare_packages() -> None:
    """`core` and `core.media` without what their __init__ loads: the whole library, which costs 0.2 s."""
    folder = Path(__file__).parent.parent
    for name, place in (("core", folder.parent), ("core.media", folder)):
        package = types.ModuleType(name)
        package.__path__ = [str(place)]
        sys.modules[name] = package


def main() -> None:
    job = json.loads(sys.argv[1])
    limit(job["cpu_s"])
    bare_packages()
    sys.stdout.write(json.dumps(_answer(job)))


def _answer(job: dict[str, Any]) -> dict[str, Any]:
    refusal = importlib.import_module("core.media.worker.refusal").Refusal
    into = job["with"].get("into")
    try:
        module = importlib.import_module(f"core.media.worker.{job['module']}")
        return {"ok": getattr(module, job["call"])(**job["with"])}
    except refusal as error:
        answer = {"refused": error.code, "facts": error.facts}
    except MemoryError:
        answer = {"refused": "unreadable_media", "facts": {"reason": "memory"}}
    except OSError as error:
        code = "disk_full" if error.errno in {27, 28, 122} else "unreadable_media"
        answer = {"refused": code, "facts": {"reason": type(error).__name__}}
    except Exception as error:  # noqa: BLE001 - whatever a decoder throws at a foreign file means "cannot be read"
        answer = {"refused": "unreadable_media", "facts": {"reason": type(error).__name__}}
    if into:  # half a file is no file
        with contextlib.suppress(OSError):
            Path(into).unlink(missing_ok=True)
    return answer


if __name__ == "__main__":
    main()
