"""`python -m core.sandbox`: the offline fal as a process of its own, on loopback."""

import argparse
from pathlib import Path

import uvicorn

from core.sandbox import FAST, create_app


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m core.sandbox", description="An offline stand-in for fal.")
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--folder", type=Path, default=Path("output/sandbox"))
    parser.add_argument("--key", help="demand this key")
    parser.add_argument("--fast", action="store_true", help="tiny films, for tests")
    options = parser.parse_args()
    app = create_app(folder=options.folder, key=options.key, studio=FAST if options.fast else None)
    print(f"FAL_QUEUE_URL=http://127.0.0.1:{options.port}", flush=True)  # noqa: T201 - for the person who started it
    uvicorn.run(app, host="127.0.0.1", port=options.port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
