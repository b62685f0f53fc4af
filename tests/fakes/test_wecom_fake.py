"""The fake of WeCom is proved by clients that others wrote: the official one for Node, and one from PyPI.

They live in environments of their own, which `tests/fakes/wecom/README.md` says how to make; where one is missing its
test is skipped, and says so.
"""

import asyncio
import base64
import json
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.corpus import jpeg
from tests.fakes.wecom import BOT_ID, SECRET, WeComFake
from tests.serving import served

HERE = Path(__file__).parent / "wecom"
HOME = Path(os.environ.get("REELBOT_WECOM_CLIENTS", Path.home() / ".cache" / "reelbot-wecom-clients"))
NODE = HOME / "node_modules" / "@wecom" / "aibot-node-sdk"
PYTHON = HOME / "python" / "bin" / "python"
FOX, GROUP = "hu.li", "wrGroupOfTheFakeOfWeCom0000001"

needs_node = pytest.mark.skipif(
    not NODE.exists() or shutil.which("node") is None,
    reason=f"THE FAKE OF WECOM IS NOT PROVED: the official client is not in {HOME}, see tests/fakes/wecom/README.md",
)
needs_python = pytest.mark.skipif(
    not PYTHON.exists(),
    reason=f"THE FAKE OF WECOM IS NOT PROVED: wecom-aibot-sdk is not in {HOME}, see tests/fakes/wecom/README.md",
)


class Client:
    """A client in a process of its own; its steps, as it prints them."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.steps: list[dict[str, Any]] = []

    async def until(self, step: str) -> dict[str, Any]:
        assert self._process.stdout is not None
        async with asyncio.timeout(30):
            while True:
                line = await self._process.stdout.readline()
                assert line, self.steps
                if not line.startswith(b"{"):
                    continue
                self.steps.append(json.loads(line))
                if self.steps[-1]["step"] == step:
                    return self.steps[-1]


@asynccontextmanager
async def running(*command: str | Path) -> AsyncIterator[Client]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, limit=1 << 22)
    try:
        yield Client(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def commands(url: str, film: Path, secret: str) -> dict[str, list[str | Path]]:
    ws_url = url.replace("http", "ws", 1)
    return {
        "node": ["node", HERE / "client.mjs", HOME, ws_url, BOT_ID, secret, film],
        "python": [PYTHON, HERE / "client.py", ws_url, BOT_ID, secret, film],
    }


CLIENTS = [pytest.param("node", marks=needs_node), pytest.param("python", marks=needs_python)]


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_written_elsewhere_lives_with_the_fake(client: str, tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(os.urandom(3 * 512 * 1024 + 77))

    async def story() -> None:
        fake = WeComFake()
        async with served(fake) as url:
            fake.environment(url)
            async with running(*commands(url, film, SECRET)[client]) as other:
                await other.until("authenticated")
                await fake.enters(FOX)
                await other.until("welcomed")
                photo = jpeg()
                await fake.says(FOX, "let it run", photo=photo)
                assert base64.b64decode((await other.until("photo"))["base64"]) == photo
                await fake.says(FOX, photo=photo, chat=GROUP)  # the key of this one lacks its padding
                assert base64.b64decode((await other.until("photo"))["base64"]) == photo
                await fake.says(FOX, "a fox")
                assert (await other.until("answered"))["words"] == "a fox"
                assert fake.texts(FOX) == ["hello", "first and last", "**later**", "offer"]
                assert fake.videos(FOX) == [film.read_bytes()]
                await fake.presses(FOX, "下单")
                assert (await other.until("pressed"))["key"] == "yes:K7"
                assert [each.text_for(FOX) for each in fake.said(FOX) if each.card] == ["pressed"]
                await fake.until(lambda: fake.line is not None and fake.line.pings)
                async with running(*commands(url, film, SECRET)[client]) as newer:
                    await newer.until("authenticated")
                    await other.until("thrown-out")
        assert fake.violations == []

    asyncio.run(story())


@pytest.mark.parametrize("client", CLIENTS)
def test_it_refuses_a_wrong_secret_as_that_client_expects(client: str, tmp_path: Path) -> None:
    async def story() -> None:
        fake = WeComFake()
        async with served(fake) as url, running(*commands(url, tmp_path, "wrong")[client]) as other:
            assert "853000" in (await other.until("error"))["message"]

    asyncio.run(story())
