"""What goes with every answer: strict headers, one page for every error, no traceback, and no end of refusals."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.http.headers import STRICT
from bot.http.pages import ERRORS, Words
from bot.http.refusals import Refusals
from bot.http.server import Health, NoWebhook, Server, build, front_page
from bot.messages.i18n import translate
from bot.messages.languages import pick
from core.assets.publish import prepare_folder
from tests.serving import listener

NAME = "hF3k_9sPq-Lm2xTzVb7nQw4yRd8cGj1A.mp4"
WORDS = Words(translate, pick)
PATHS = [
    "/",
    "/healthz",
    "/readyz",
    "/fal-assets",
    "/fal-assets/",
    f"/fal-assets/{NAME}",
    "/fal-assets/nothing",
    "/fal/webhook/token",
    "/broken",
    "/nothing",
    "/%00",
    "/fal-assets/%ff%fe",
]
METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "BREW"]


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    """The server with its own routes, the page that stands in for the web chat, and one route that breaks."""
    prepare_folder(folder)
    (folder / NAME).write_bytes(b"film")

    async def broken(_request: Request) -> Response:
        raise ValueError("DETAIL: Key (prompt)=(a secret)")

    health = Health()
    health.reason = None
    app = build(
        health=health,
        assets_dir=folder,
        webhook=NoWebhook(),
        routes=[Route("/broken", broken)],
        front=front_page(WORDS, ["Telegram"]),
    )
    sock = listener()
    server = Server(app, sock, words=WORDS)
    await server.start()
    try:
        base = f"http://127.0.0.1:{sock.getsockname()[1]}"
        async with httpx.AsyncClient(base_url=base, trust_env=False) as client:
            yield client
    finally:
        await server.stop()


def test_every_answer_has_the_strict_headers_and_no_banner(tmp_path: Path) -> None:
    async def story() -> None:
        async with serving(tmp_path / "assets") as client:
            for path in PATHS:
                for method in METHODS:
                    answer = await client.request(method, path)
                    where = f"{method} {path} {answer.status_code}"
                    for name in STRICT:
                        assert name.lower() in answer.headers, (where, name)
                    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"], where
                    assert "default-src 'none'" in answer.headers["content-security-policy"], where
                    assert answer.headers["cache-control"], where
                    assert "server" not in answer.headers, where
                    assert "Traceback" not in answer.text, where

    asyncio.run(story())


@pytest.mark.parametrize(("accepted", "language"), [("zh-CN,zh;q=0.9", "zh"), ("de", "en")])
def test_a_browser_is_shown_a_page_in_its_language(tmp_path: Path, accepted: str, language: str) -> None:
    async def story() -> None:
        headers = {"Accept": "text/html,*/*", "Accept-Language": accepted}
        async with serving(tmp_path / "assets") as client:
            for path, status in {"/nothing": 404, "/fal-assets/x": 404, "/broken": 500, "/fal/webhook/x": 405}.items():
                answer = await client.get(path, headers=headers)
                assert answer.status_code == status
                assert answer.headers["content-type"] == "text/html; charset=utf-8"
                assert translate(language, f"page-{status}") in answer.text
                assert "<script" not in answer.text
                assert (await client.get(path)).headers["content-type"].startswith("text/plain")
            front = (await client.get("/", headers=headers)).text
            assert "REELBOT_WEB_TOKEN" in front
            assert "Telegram" in front

    asyncio.run(story())


def test_each_error_has_its_words_in_both_languages() -> None:
    for status in (*ERRORS, 416, 502):
        english, chinese = (WORDS.error(status, language).decode() for language in ("en", "zh"))
        assert f"<h1>{status}</h1>" in english
        assert english.partition("<p>")[2] != chinese.partition("<p>")[2]
    assert b"&lt;b&gt;" in WORDS.error(400, None, sentence="<b>")


def test_a_failure_is_logged_once_and_without_its_words(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        async with serving(tmp_path / "assets") as client:
            assert (await client.get("/broken")).status_code == 500

    with caplog.at_level(logging.WARNING):
        asyncio.run(story())
    assert [record.message for record in caplog.records] == ["a request failed"]
    assert "secret" not in caplog.text
    assert caplog.records[0].exc_info is None


def test_who_only_knocks_is_told_to_wait_and_a_right_request_is_served(tmp_path: Path) -> None:
    async def story() -> None:
        async with serving(tmp_path / "assets") as client:
            statuses = [(await client.get("/nothing")).status_code for _ in range(121)]
            assert statuses == [404] * 120 + [429]
            waits = await client.get("/nothing", headers={"Accept": "text/html"})
            assert 1 <= int(waits.headers["retry-after"]) <= 61
            assert translate("en", "page-429") in waits.text
            assert (await client.get(f"/fal-assets/{NAME}")).status_code == 200

    asyncio.run(story())


def test_one_home_is_one_address() -> None:
    refusals = Refusals(most=2)
    callers = ("2001:db8::1", "2001:db8::2:1", "2001:db8:0:1::1", "2001:db8::3")
    assert [refusals.wait_s(each) is None for each in callers] == [True, True, True, False]
    assert [refusals.wait_s(each) is None for each in ("192.0.2.1", "::ffff:192.0.2.1", "192.0.2.1")] == [
        True,
        True,
        False,
    ]


def test_what_is_no_http_is_answered_with_the_headers_too(tmp_path: Path) -> None:
    async def story() -> None:
        async with serving(tmp_path / "assets") as client:
            reader, writer = await asyncio.open_connection("127.0.0.1", client.base_url.port)
            writer.write(b"\x16\x03\x01 nonsense\r\n\r\n")
            answer = (await reader.read()).lower()
            writer.close()
            assert answer.startswith(b"http/1.1 400")
            assert b"nosniff" in answer

    asyncio.run(story())
