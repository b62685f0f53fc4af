"""Starts the code that works on foreign files, with no environment and nothing of `core` but this folder.

With a job as JSON in argv[1]: does it and prints one JSON line. With `serve` and the bot's process id: the fork server.
"""

import importlib
import json
import sys
import types
from pathlib import Path


def bare_packages() -> None:
    """Register `core` and `core.media` without what their __init__ loads: the whole library, which costs 0.2 s."""
    folder = Path(__file__).parent.parent
    for name, place in (("core", folder.parent), ("core.media", folder)):
        package = types.ModuleType(name)
        package.__path__ = [str(place)]
        sys.modules[name] = package


def main() -> None:
    """Run the job or the server that the arguments name."""
    bare_packages()
    if sys.argv[1] == "serve":
        importlib.import_module("core.media.worker.fork_server").serve(parent=int(sys.argv[2]), leash=sys.argv[3])
        return
    child = importlib.import_module("core.media.worker.child")
    job = json.loads(sys.argv[1])
    child.limit(job["cpu_s"])
    sys.stdout.write(json.dumps(child.answer(job)))


if __name__ == "__main__":
    main()
