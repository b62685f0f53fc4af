"""The child: takes one job as JSON in argv[1], limits itself, does it, prints one JSON line. Its exit code says nothing
more than that it lived.
"""

import importlib
import json
import os
import resource
import sys
from pathlib import Path

_MEMORY = 1_500_000_000
_CPU_S = 120
_FILE_BYTES = 250_000_000
_OPEN_FILES = 64


def limit() -> None:
    """Before any decoder is loaded: a hostile file may use this much of the machine and no more."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_S, _CPU_S))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_FILE_BYTES, _FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_OPEN_FILES, _OPEN_FILES))
    os.nice(5)
    os.umask(0o077)


def main() -> None:
    limit()
    sys.path.insert(0, str(Path(__file__).parent))  # as plain modules: the package `core` would cost 0.2 s
    job = json.loads(sys.argv[1])
    module = importlib.import_module(job["module"])
    refusal = importlib.import_module("refusal").Refusal
    try:
        answer = {"ok": getattr(module, job["call"])(**job["with"])}
    except refusal as error:
        answer = {"refused": error.code, "facts": error.facts}
    except MemoryError:
        answer = {"refused": "unreadable_media", "facts": {"reason": "memory"}}
    except OSError as error:
        code = "disk_full" if error.errno in {27, 28} else "unreadable_media"
        answer = {"refused": code, "facts": {"reason": type(error).__name__}}
    except Exception as error:  # noqa: BLE001 - whatever a decoder throws at a foreign file means "cannot be read"
        answer = {"refused": "unreadable_media", "facts": {"reason": type(error).__name__}}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
