"""The login to personal WeChat on the web chat's page for admins."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from bot.channels.ilink import MANIFEST as ILINK
from bot.channels.webchat import MANIFEST as WEB
from bot.http.server import Health, NoWebhook, build
from tests.channels.connecting import Box, services
from tests.fakes.ilink import ILinkFake
from tests.fakes.memory import Keys
from tests.serving import listener, served

_TOKEN = "open-sesame-of-the-tests"
_AT = "/chat/admin/wechat"


@asynccontextmanager
async def page(
    folder: Path, monkeypatch: pytest.MonkeyPatch, fake: ILinkFake, *, admin: bool = True
) -> AsyncIterator[httpx.AsyncClient]:
    """A browser of the operator's, in English."""
    sock = listener()
    async with served(fake) as fake.url:
        for name, value in (fake.environment | {"REELBOT_WEB_TOKEN": _TOKEN}).items():
            monkeypatch.setenv(name, value)
        given = services(folder, box=Box(), key_values=Keys(), port=sock.getsockname()[1])
        given = replace(given, is_admin=lambda user: admin and user == "web:operator")
        channels = [channel for each in (ILINK, WEB) if (channel := each.connect(given)) is not None]
        routes = [route for channel in channels for route in channel.routes()]
        web = build(health=Health(), assets_dir=folder / "assets", webhook=NoWebhook(), routes=routes)
        async with served(web, sock) as ours:
            headers = {"Origin": ours, "Accept-Language": "en"}
            async with httpx.AsyncClient(base_url=ours, headers=headers, trust_env=False, verify=False) as browser:
                yield browser
            for channel in channels:
                await channel.stop_intake()
                await channel.stop()


async def until(browser: httpx.AsyncClient, words: str) -> str:
    async with asyncio.timeout(15):
        while words not in (text := (await browser.get(_AT)).text):
            await asyncio.sleep(0.05)
    return text


def test_an_admin_logs_in_on_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        fake = ILinkFake()
        fake.api.logins.scripts = [["wait", "wait", "scaned", "need_verifycode", "confirmed"]]
        async with page(tmp_path, monkeypatch, fake) as browser:
            assert (await browser.get(_AT)).status_code == 401
            assert (await browser.post(_AT, data={"answer": ""})).status_code == 401
            await browser.post("/chat/enter", data={"token": _TOKEN})
            assert "No WeChat account is logged in" in (await browser.get(_AT)).text
            reply = await browser.post(_AT, data={"answer": "anna"})
            assert (reply.status_code, reply.headers["location"]) == (303, _AT)
            text = await until(browser, f"{_AT}/image")
            assert 'http-equiv="refresh"' in text
            image = await browser.get(f"{_AT}/image")
            assert image.headers["content-type"] == "image/svg+xml"
            assert b"<svg" in image.content
            await until(browser, "The phone shows a number")
            await browser.post(_AT, data={"answer": "1"})
            text = await until(browser, "That was not the number")
            assert "refresh" not in text
            await browser.post(_AT, data={"answer": "4711"})
            text = await until(browser, "You can write to the bot")
            assert "Logged in: anna" in text
            assert not [secret for secret in fake.secrets if secret in text]
            assert re.search(r"<script", text) is None

    asyncio.run(story())


def test_a_number_that_is_wrong_too_often_and_a_code_that_lapses_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        fake = ILinkFake()
        fake.api.logins.scripts = [["need_verifycode", "confirmed"], ["wait"] * 3 + ["expired"], *[["expired"]] * 3]
        async with page(tmp_path, monkeypatch, fake) as browser:
            await browser.post("/chat/enter", data={"token": _TOKEN})
            await browser.post(_AT, data={"answer": ""})
            for number in "123":
                await until(browser, "The phone shows a number" if number == "1" else "That was not the number")
                await browser.post(_AT, data={"answer": number})
                await fake.until(lambda number=number: wrong(fake) >= int(number))
            text = await until(browser, "wrong too often")
            assert f"{_AT}/image" in text  # beside it the next code
            text = await until(browser, "did not work")
            assert "Show the QR code" in text
            assert len(fake.calls("get_bot_qrcode")) == 4

    asyncio.run(story())


def wrong(fake: ILinkFake) -> int:
    return next(iter(fake.api.logins.by_code.values())).wrong


def test_nobody_else_sees_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        async with page(tmp_path, monkeypatch, ILinkFake(), admin=False) as browser:
            await browser.post("/chat/enter", data={"token": _TOKEN})
            for reply in (
                await browser.get(_AT),
                await browser.get(f"{_AT}/image"),
                await browser.post(_AT, data={"answer": ""}),
            ):
                assert reply.status_code == 404
            assert (await browser.post(_AT, headers={"Origin": "https://evil.example.org"})).status_code == 403

    asyncio.run(story())


def test_a_login_that_fails_is_said_and_may_be_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        fake = ILinkFake()
        fake.fail("get_bot_qrcode", "status", code=500)
        async with page(tmp_path, monkeypatch, fake) as browser:
            await browser.post("/chat/enter", data={"token": _TOKEN})
            await browser.post(_AT, data={"answer": "<b>"})
            text = await until(browser, "did not work")
            assert "Show the QR code" in text
            await browser.post(_AT, data={"answer": ""})
            assert "Logged in: main" in await until(browser, "You can write to the bot")

    asyncio.run(story())
