"""Every route of the whole bot, read from the app itself: strict headers on whatever it answers, and no word of ours.

A route that nobody has put into the table fails the first test.
"""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount, Route

from bot.app import App, demo_fal
from bot.channels.signing_secret import SigningSecret
from bot.channels.telegram.intake import webhook_secret
from bot.channels.video_links import VideoLinks
from bot.channels.wechat.signing import signature
from bot.http.answers import Answers
from bot.http.headers import STRICT
from bot.http.server import Server, bind
from bot.settings import Settings
from core.fal.webhooks import callback_token
from tests.bench import Bench
from tests.corpus import jpeg
from tests.fakes.botapi import TOKEN as BOT_TOKEN
from tests.fakes.botapi import TelegramFake
from tests.fakes.ilink import ILinkFake
from tests.fakes.wechat import WeChatFake
from tests.fresh import fresh_sqlite
from tests.serving import listener

WEB_TOKEN = "a-token-of-the-tests-alone"
FILM = "2026-01-01_fox_K7QXABC.mp4"
ASSET = "hF3k_9sPq-Lm2xTzVb7nQw4yRd8cGj1A.jpg"
NOTHING = "default-src 'none'"
PAGE = "default-src 'self'"
OPERATOR, STRANGER = "operator", "stranger"
NO_STORE, KEPT, ASKED = "no-store", "private, max-age=3600", "private, no-cache"


@dataclass(frozen=True)
class Call:
    """One right call, and what its answer has to say of itself."""

    method: str
    target: str
    status: int = 200
    who: str = STRANGER
    kind: str = "application/json"
    policy: str = NOTHING
    cache: str = NO_STORE
    more: Mapping[str, Any] = field(default_factory=dict)


def calls(made: Bench, upload: str) -> dict[str, Call]:
    """The right call of each route, by method and pattern."""
    secret = made.app.secret.value
    account = BOT_TOKEN.partition(":")[0]
    told = {"X-Telegram-Bot-Api-Secret-Token": webhook_secret(secret, account=account)}
    at = str(int(time.time()))
    signed = f"signature={signature(WeChatFake().caller.token, at, '7')}&timestamp={at}&nonce=7"
    film = VideoLinks(SigningSecret(secret)).path(FILM, lapses=int(time.time()) + 600)
    job = callback_token(secret, "K7QXABC")
    text, html = "text/plain", "text/html"
    photo = {"content": jpeg(), "headers": {"Content-Type": "image/jpeg"}}
    return {
        "GET /healthz": Call("GET", "/healthz"),
        "GET /readyz": Call("GET", "/readyz"),
        "GET /fal-assets": Call("GET", "/fal-assets", 404, kind=text),
        "GET /fal-assets/{name:path}": Call("GET", f"/fal-assets/{ASSET}", kind="image/jpeg", cache=KEPT),
        "POST /fal/webhook/{token}": Call("POST", f"/fal/webhook/{job}", 401, kind=text),
        "POST /telegram": Call("POST", "/telegram", kind=text, more={"headers": told, "json": {"update_id": 1}}),
        "GET /wechat": Call("GET", f"/wechat?{signed}&echostr=55", kind=text),
        "POST /wechat": Call("POST", f"/wechat?{signed}", 400, kind=text, more={"content": b"<xml>"}),
        "GET /": Call("GET", "/", kind=html, policy=PAGE, who=OPERATOR, cache=NO_STORE),
        "GET /chat/enter": Call("GET", "/chat/enter", kind=html, policy=PAGE),
        "POST /chat/enter": Call("POST", "/chat/enter", 303, kind="", more={"data": {"token": WEB_TOKEN}}),
        "POST /chat/redeem": Call("POST", "/chat/redeem", 403, more={"json": {"invitation": "no"}}),
        "POST /chat/send": Call(
            "POST", "/chat/send", 202, OPERATOR, more={"json": {"id": "event-0001", "text": "/help"}}
        ),
        "POST /chat/price": Call("POST", "/chat/price", 200, OPERATOR, more={"json": {"text": "a fox"}}),
        "POST /chat/press": Call(
            "POST", "/chat/press", 202, OPERATOR, more={"json": {"id": "event-0002", "data": "x"}}
        ),
        "POST /chat/upload": Call("POST", "/chat/upload", 201, OPERATOR, more=photo),
        "GET /chat/uploads/{name}": Call("GET", f"/chat/uploads/{upload}", who=OPERATOR, kind="image/jpeg"),
        "GET /chat/messages": Call("GET", "/chat/messages", who=OPERATOR),
        "GET /chat/events": Call("GET", "/chat/events", who=OPERATOR, kind="text/event-stream"),
        "GET /chat/admin/{name}": Call("GET", "/chat/admin/wechat", who=OPERATOR, kind=html, policy=PAGE),
        "POST /chat/admin/{name}": Call("POST", "/chat/admin/wechat", 303, OPERATOR, kind=""),
        "GET /chat/admin/{name}/image": Call("GET", "/chat/admin/wechat/image", who=OPERATOR, kind="image/svg+xml"),
        "GET /chat/words": Call("GET", "/chat/words"),
        "GET /videos/{name}": Call("GET", film, kind="video/mp4", cache=KEPT),
        "* /chat/static": Call("GET", "/chat/static/app.js", kind="text/javascript", cache=ASKED),
    }


def named(routes: list[BaseRoute]) -> Iterator[str]:
    """The routes by method and pattern, as the table names them."""
    for route in routes:
        if isinstance(route, Mount):
            yield f"* {route.path}"
        else:
            assert isinstance(route, Route)
            yield from (f"{method} {route.path}" for method in sorted((route.methods or set()) - {"HEAD"}))


def fits(answer: httpx.Response, where: str, *, policy: str = NOTHING) -> None:
    """What every answer has to have, whatever it answers."""
    for name in STRICT:
        assert name.lower() in answer.headers, (where, name)
    said = answer.headers["content-security-policy"]
    assert policy in said, (where, said)
    assert "frame-ancestors 'none'" in said, (where, said)
    assert "unsafe-eval" not in said, where
    assert answer.headers["x-content-type-options"] == "nosniff", where
    assert answer.headers["referrer-policy"] in {"no-referrer", "same-origin"}, where
    assert answer.headers["cache-control"], where
    assert "public" not in answer.headers["cache-control"], where
    assert "server" not in answer.headers, where
    assert "x-powered-by" not in answer.headers, where


def tells_nothing(text: str, where: str) -> None:
    for word in ("Traceback", "site-packages", "uvicorn", "tarlette", ".py"):
        assert word not in text, (where, word)


@asynccontextmanager
async def standing_in(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    """The app as the demo serves what stands in for fal."""
    sock = listener()
    server = Server(app, sock)
    await server.start()
    try:
        address = f"http://127.0.0.1:{sock.getsockname()[1]}"
        async with httpx.AsyncClient(base_url=address, trust_env=False) as client:
            yield client
    finally:
        await server.stop()


@asynccontextmanager
async def browser(made: Bench, **headers: str) -> AsyncIterator[httpx.AsyncClient]:
    address = f"http://127.0.0.1:{made.settings.port}"
    async with httpx.AsyncClient(base_url=address, headers={"Origin": address, **headers}, trust_env=False) as client:
        yield client


@pytest.fixture
def everything(monkeypatch: pytest.MonkeyPatch, on_bench: Callable[..., None]) -> Callable[..., None]:
    """Run a story with every chat that has a route."""

    async def before(settings: Settings, _telegram: TelegramFake) -> None:
        fresh_sqlite(settings.database_file)
        monkeypatch.setenv("REELBOT_WEB_TOKEN", WEB_TOKEN)
        monkeypatch.setenv("TELEGRAM_WEBHOOK", "true")

    def run(story: Callable[[Bench], Awaitable[None]]) -> None:
        on_bench(story, public=True, wechat=WeChatFake(), ilink=ILinkFake(), before=before)

    return run


async def furnish(made: Bench, operator: httpx.AsyncClient) -> str:
    """A film, a published photo, an upload; gives its name."""
    (made.settings.videos_dir / FILM).write_bytes(b"film")
    (made.settings.assets_dir / ASSET).write_bytes(jpeg())
    assert (await operator.post("/chat/enter", data={"token": WEB_TOKEN})).status_code == 303
    await made.until(lambda: made.telegram.methods.webhook)
    return str((await operator.post("/chat/upload", content=jpeg())).json()["upload"])


def test_each_route_answers_as_the_table_says(everything: Callable[..., None]) -> None:
    async def story(made: Bench) -> None:
        async with browser(made) as operator, browser(made) as stranger:
            table = calls(made, await furnish(made, operator))
            assert made.app.web is not None
            assert set(named(made.app.web.routes)) == set(table)
            for name, call in table.items():
                client = operator if call.who == OPERATOR else stranger
                if "{name}/image" in name:
                    await until_there(client, call.target)
                async with client.stream(call.method, call.target, **call.more) as answer:
                    assert answer.status_code == call.status, name
                    fits(answer, name, policy=call.policy)
                    assert answer.headers.get("content-type", "").startswith(call.kind), name
                    assert answer.headers["cache-control"].startswith(call.cache), name

    everything(story)


async def until_there(client: httpx.AsyncClient, target: str) -> None:
    async with asyncio.timeout(20):
        while (await client.get(target)).status_code != 200:
            await asyncio.sleep(0.05)


def test_without_the_web_chat_films_and_the_front_page_have_them_too(on_bench: Callable[..., None]) -> None:
    async def story(made: Bench) -> None:
        (made.settings.videos_dir / FILM).write_bytes(b"film")
        film = VideoLinks(SigningSecret(made.app.secret.value)).path(FILM, lapses=int(time.time()) + 600)
        async with browser(made) as stranger:
            for target, status in ((film, 200), (f"/videos/{FILM}", 404), ("/", 200)):
                answer = await stranger.get(target)
                assert answer.status_code == status
                fits(answer, target)

    on_bench(story, public=True)


def test_no_refusal_of_any_route_lacks_them(everything: Callable[..., None]) -> None:
    """Wrong methods, wrong names, without a session, from another site, too large: to a program and to a browser."""
    methods = ("GET", "HEAD", "POST", "PUT", "BREW")

    async def story(made: Bench) -> None:
        async with browser(made) as operator, browser(made) as stranger:
            upload = await furnish(made, operator)
            targets = {call.target.partition("?")[0] for call in calls(made, upload).values()} - {"/chat/enter"}
            targets |= {re.sub(r"[^/]+$", "%00", target) for target in targets} | {"/nothing", "/chat", "/..%2f.env"}
            seen, turn = set[int](), 0
            for target in sorted(targets):
                for method in methods:
                    for client, accepted in ((operator, "*/*"), (stranger, "text/html"), (stranger, "*/*")):
                        turn += 1  # each from an address of its own: who only knocks is told to wait
                        who = {"Accept": accepted, "X-Forwarded-For": f"192.0.{turn // 250}.{turn % 250 + 1}"}
                        where = f"{method} {target} {accepted}"
                        async with client.stream(method, target, headers=who) as answer:
                            policy = PAGE if PAGE in answer.headers["content-security-policy"] else NOTHING
                            assert policy == NOTHING or answer.headers["content-type"].startswith("text/html"), where
                            fits(answer, where, policy=policy)
                            assert answer.status_code < 500, where
                            seen.add(answer.status_code)
                            if answer.status_code >= 400:
                                text = (await answer.aread()).decode()
                                tells_nothing(text, where)
                                if accepted == "text/html" and method != "HEAD":
                                    assert f"<h1>{answer.status_code}</h1>" in text or "<main" in text, where
            foreign = await stranger.get("/chat/words", headers={"Origin": "https://elsewhere.example"})
            large = await operator.post("/chat/upload", content=jpeg() + bytes(100_000_001))
            for answer, status in ((foreign, 403), (large, 413)):
                assert answer.status_code == status
                fits(answer, str(status))
                tells_nothing(answer.text, str(status))
            for _ in range(121):
                waits = await stranger.get("/nothing", headers={"X-Forwarded-For": "203.0.113.7"})
            assert waits.status_code == 429
            fits(waits, "429")
            made.app.health.reason = "stopping"
            fits(await stranger.get("/readyz"), "503")
            assert seen >= {200, 400, 401, 404, 405}

    everything(story)


def test_the_demo_has_them_too_and_so_has_its_stand_in_for_fal(tmp_path: Path) -> None:
    async def story() -> None:
        fal = demo_fal(tmp_path / "fal")
        async with standing_in(fal) as client:
            for pattern in named(fal.routes):
                method, _, path = pattern.partition(" ")
                target = re.sub(r"\{[^}]*\}", "x", path)
                answer = await client.request(method, target, content=b"{")
                fits(answer, f"{pattern} {answer.status_code}", policy=NOTHING)
                tells_nothing(answer.text, pattern)
        sock = bind("127.0.0.1", 0)
        settings = Settings.offline(
            fal_key="sandbox",
            fal_queue_url="http://127.0.0.1:9",
            output_dir=tmp_path / "out",
            port=sock.getsockname()[1],
        )
        fresh_sqlite(settings.database_file)
        demo = await App.build(settings, demo=True)
        await demo.start(sock)
        address = f"http://127.0.0.1:{settings.port}"
        try:
            async with httpx.AsyncClient(base_url=address, headers={"Origin": address}, trust_env=False) as client:
                assert demo.web is not None
                for pattern in named(demo.web.routes):
                    method, _, path = pattern.replace("*", "GET").partition(" ")
                    async with client.stream(method, re.sub(r"\{[^}]*\}", "x", path)) as answer:
                        policy = PAGE if path in {"/", "/chat/enter"} and answer.status_code == 200 else NOTHING
                        fits(answer, f"{pattern} {answer.status_code}", policy=policy)
                        assert answer.status_code < 500, pattern
        finally:
            await demo.stop()

    asyncio.run(story())


def test_a_route_that_breaks_in_the_stand_in_shows_nothing(tmp_path: Path) -> None:
    async def broken(_request: object) -> None:
        raise ValueError("a secret")

    async def story() -> None:
        app = Starlette(routes=[Route("/", broken)])
        app.add_middleware(Answers, words=None)
        async with standing_in(app) as client:
            answer = await client.get("/", headers={"Accept": "text/html"})
            assert (answer.status_code, answer.text) == (500, "Internal Server Error")
            fits(answer, "500")

    asyncio.run(story())
