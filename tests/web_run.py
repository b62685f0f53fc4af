"""`reelbot run` with the web chat on, in a process of its own, and the operator's shell beside it."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx

from tests.serving import WEB, free_port
from tests.warm import Warm

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
        log = self.folder / "run.log"
        log.unlink(missing_ok=True)
        process = self._start("run", out=log, err=log)
        try:
            wait_for(f"{self.address}/readyz")
            yield self
        finally:
            process.send_signal(signal.SIGTERM)
            code = process.wait(30)
        assert code == 0, log.read_text()
        assert TOKEN not in log.read_text()

    def shell(self, *arguments: str) -> str:
        out, err = self.folder / "shell.out", self.folder / "shell.err"
        for file in (out, err):
            file.unlink(missing_ok=True)
        code = self._start(*arguments, out=out, err=err).wait(60)
        if code != 0:
            raise subprocess.CalledProcessError(code, arguments, out.read_text(), err.read_text())
        return out.read_text().strip()

    def _start(self, *arguments: str, out: Path, err: Path) -> Warm:
        return Warm(["-m", "bot", *arguments], folder=self.folder, env=self._env, out=out, err=err)


def wait_for(url: str, **more: Any) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with suppress(httpx.TransportError):
            if WEB.get(url, timeout=2, **more).status_code < httpx.codes.INTERNAL_SERVER_ERROR:
                return
        time.sleep(0.05)
    raise AssertionError(url)
