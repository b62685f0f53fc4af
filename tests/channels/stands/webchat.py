"""The web chat's stand: a browser without a screen, at the program's own server. No other server takes part."""

import asyncio
import itertools
from pathlib import Path
from typing import Any

import httpx

from tests.channels.stands.stand import Stand

_TOKEN = "open-sesame-of-the-tests"


class WebStand(Stand):
    account = "web"
    opens_in_demo = True

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.person = ""
        self._client = httpx.AsyncClient(trust_env=False, verify=False)
        self._numbers = itertools.count(1)
        self._last: dict[str, Any] = {}

    @property
    def environment(self) -> dict[str, str]:
        return {"REELBOT_WEB_TOKEN": _TOKEN}

    async def enter(self) -> None:
        """By the token where one is asked for; in the demo the page itself lets everybody in."""
        self._client.headers["Origin"] = self.ours
        if 'type="password"' in (await self._client.get(f"{self.ours}/")).text:
            await self._client.post(f"{self.ours}/chat/enter", data={"token": _TOKEN})
        self.person = (await self._messages())["me"]

    async def says(self, text: str, *, photo: bytes | None = None, group: bool = False) -> None:
        self._last = {"id": f"event-{next(self._numbers):04d}", "text": text}
        if photo is not None:
            reply = await self._client.post(f"{self.ours}/chat/upload", content=photo)
            self._last["upload"] = reply.json()["upload"]
        await self.repeats()

    async def repeats(self) -> None:
        """As the page does it: again with the same id, until it is taken."""
        async with asyncio.timeout(10):
            while True:
                reply = await self._client.post(f"{self.ours}/chat/send", json=self._last)
                if reply.status_code == 202:
                    return
                assert reply.status_code == 503, reply.text

    async def texts(self) -> list[str]:
        return [entry["text"] for entry in await self._said() if entry["kind"] == "text"]

    async def videos(self) -> list[bytes]:
        names = [entry["name"] for entry in await self._said() if entry["kind"] == "video"]
        return [(await self._client.get(f"{self.ours}/videos/{name}")).content for name in names]

    async def _said(self) -> list[dict[str, Any]]:
        return [entry for entry in (await self._messages())["messages"] if entry["from"] == "bot"]

    async def _messages(self) -> dict[str, Any]:
        found: dict[str, Any] = (await self._client.get(f"{self.ours}/chat/messages")).json()
        return found

    async def close(self) -> None:
        await self._client.aclose()
