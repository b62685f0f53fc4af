"""Renders the sandbox's films in a child process: `python -I` with this folder, and a job as JSON in argv[1].

It answers with one JSON line.
"""

import importlib
import json
import os
import resource
import sys
import types
from pathlib import Path
from typing import Any

_MEMORY = 2_000_000_000
_CPU_S = 300


def limit() -> None:
    """Limit this process in memory, time and threads, before any decoder is loaded."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_S, _CPU_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(5)
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ[name] = "1"


def bare_packages() -> None:
    """Register `core` and `core.sandbox` without what their __init__ loads: the library and the servers."""
    folder = Path(__file__).parent.parent
    for name, place in (("core", folder.parent), ("core.sandbox", folder)):
        package = types.ModuleType(name)
        package.__path__ = [str(place)]
        sys.modules[name] = package


def main() -> None:
    """Render the film that the job in argv describes, and print its facts."""
    limit()
    bare_packages()
    film = importlib.import_module("core.sandbox.filming.film")
    try:
        job = json.loads(sys.argv[1])
        answer: dict[str, Any] = {"ok": film.enlarge(**job) if "prompt" not in job else film.render(**job)}
    except Exception as error:  # noqa: BLE001 - the parent is told that it failed, whatever it was
        answer = {"refused": "image_load_error", "facts": {"reason": type(error).__name__}}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
