"""`reelbot run` with the web chat on, in a process of its own, and the operator's shell beside it."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx

from tests.serving import WEB, free_port

TOKEN = "a-token-of-the-tests-alone"
_ROOT = Path(__file__).parents[1]


class Run:
    """`reelbot run` with the web chat on, and the operator's shell beside it. No fal answers: nothing is bought."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.port = free_port()
        self.folder = folder
        self.address = f"http://127.0.0.1:{self.port}"
        self._env = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(_ROOT), "FAL_KEY": "key"}
        self._env |= {"FAL_QUEUE_URL": "http://127.0.0.1:9", "REELBOT_PORT": str(self.port), "REELBOT_WEB_TOKEN": TOKEN}
        self._env |= settings

    @contextmanager
    def serving(self) -> Iterator["Run"]:
        log = (self.folder / "run.log").open("w")
        process = subprocess.Popen(self._command("run"), cwd=self.folder, env=self._env, stdout=log, stderr=log)
        try:
            wait_for(f"{self.address}/readyz")
            yield self
        finally:
            process.terminate()
            code = process.wait(30)
            log.close()
        assert code == 0, (self.folder / "run.log").read_text()
        assert TOKEN not in (self.folder / "run.log").read_text()

    def shell(self, *arguments: str) -> str:
        done = subprocess.run(
            self._command(*arguments), cwd=self.folder, env=self._env, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "bot", *arguments]


def wait_for(url: str, **more: Any) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with suppress(httpx.TransportError):
            if WEB.get(url, timeout=2, **more).status_code < httpx.codes.INTERNAL_SERVER_ERROR:
                return
        time.sleep(0.05)
    raise AssertionError(url)
