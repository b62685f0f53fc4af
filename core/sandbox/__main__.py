"""Runs the offline fal as a process of its own, on loopback: `python -m core.sandbox`."""

import argparse
from dataclasses import replace
from pathlib import Path

import uvicorn

from core.sandbox import FAST, Studio, create_app

_LAST_WORDS_S = 1  # a status stream never ends by itself


def main() -> None:
    """Serve the sandbox until it is stopped."""
    parser = argparse.ArgumentParser(prog="python -m core.sandbox", description="An offline stand-in for fal.")
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--folder", type=Path, default=Path("output/sandbox"))
    parser.add_argument("--key", help="demand this key")
    parser.add_argument("--admin-key", help="show bills and balance to this key")
    parser.add_argument("--fast", action="store_true", help="tiny films, for tests")
    parser.add_argument(
        "--render-s", type=float, nargs=2, metavar=("LEAST", "MOST"), help="each prompt renders for a time between"
    )
    parser.add_argument("--seed", type=int, default=0, help="of those times")
    parser.add_argument("--certificate", type=Path, help="serve https with this key and certificate (one PEM file)")
    parser.add_argument("--archive", type=Path, help="keep films in this folder, and render none of them again")
    options = parser.parse_args()
    studio = FAST if options.fast else Studio()
    if options.render_s:
        least, most = options.render_s
        studio = replace(studio, render_s=least, render_most_s=most, seed=options.seed)
    studio = replace(studio, archive=options.archive)
    app = create_app(folder=options.folder, key=options.key, studio=studio, admin_key=options.admin_key)
    scheme = "https" if options.certificate else "http"
    print(f"FAL_QUEUE_URL={scheme}://127.0.0.1:{options.port}", flush=True)  # noqa: T201 - for who started it
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=options.port,
        log_level="warning",
        access_log=False,
        ssl_certfile=options.certificate,
        timeout_graceful_shutdown=_LAST_WORDS_S,
    )


if __name__ == "__main__":
    main()
