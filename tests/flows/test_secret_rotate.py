"""`reelbot secret rotate` beside `reelbot run`, on both databases: what was signed lapses, a new one works."""

import asyncio
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from bot.channels.signing_secret import SigningSecret
from bot.channels.video_links import VideoLinks
from bot.store import Store
from core.fal.webhooks import callback_token
from tests.web_run import TOKEN, Run

FILM = "2026-01-01_fox_K7QXABC.mp4"


def secret_of(url: str) -> bytes:
    async def read() -> bytes:
        store = await Store.open(url)
        try:
            return await store.installation.secret()
        finally:
            store.close()

    return asyncio.run(read())


def signed(secret: bytes) -> str:
    return VideoLinks(SigningSecret(secret)).path(FILM, lapses=int(time.time()) + 600)


def callback(secret: bytes) -> str:
    return f"/fal/webhook/{callback_token(secret, 'K7QXABC')}"


def until(met: Callable[[], bool]) -> None:
    tries = 100
    while not met():
        tries -= 1
        assert tries
        time.sleep(0.1)


def test_what_the_old_secret_signed_lapses_while_the_bot_serves(tmp_path: Path, database_url: str) -> None:
    is_postgres = database_url.startswith("postgresql")
    url = database_url if is_postgres else f"sqlite:///{tmp_path}/output/reelbot.db"
    settings = {"REELBOT_DATABASE_URL": database_url} if is_postgres else {}
    settings["REELBOT_OUTPUT_DIR"] = str(tmp_path / "output")
    with Run(tmp_path, **settings).serving() as run, httpx.Client(base_url=run.address, trust_env=False) as desk:
        desk.headers["origin"] = run.address
        (tmp_path / "output" / "videos" / FILM).write_bytes(b"film")
        old = secret_of(url)
        assert desk.post("/chat/enter", data={"token": TOKEN}).headers["location"] == "/"
        assert desk.get("/chat/messages").status_code == 200
        assert httpx.get(run.address + signed(old), trust_env=False).status_code == 200
        assert desk.post(callback(old)).status_code == 503  # ours, and fal's keys are not to be had here
        listening, ended = threading.Event(), threading.Event()

        def listen() -> None:
            with desk.stream("GET", "/chat/events", timeout=30) as stream:
                assert stream.status_code == 200
                for _ in stream.iter_text():
                    listening.set()
            ended.set()

        listener = threading.Thread(target=listen)
        listener.start()
        assert listening.wait(10)
        said = json.loads(run.shell("secret", "rotate", "--json"))
        assert said == {"processes": 1, "renderings": 0, "guests": []}
        assert ended.wait(10)
        listener.join()
        new = secret_of(url)
        assert new != old
        until(lambda: desk.get("/chat/messages").status_code == 401)
        assert httpx.get(run.address + signed(old), trust_env=False).status_code == 404
        assert desk.post(callback(old)).status_code == 401
        assert httpx.get(run.address + signed(new), trust_env=False).status_code == 200
        assert desk.post(callback(new)).status_code == 503
        assert desk.post("/chat/enter", data={"token": TOKEN}).headers["location"] == "/"
        assert desk.get("/chat/messages").status_code == 200


def test_the_secret_is_read_again_at_use_and_an_absent_database_leaves_it() -> None:
    now, read, changes = [0.0], [0], list[bytes]()
    answers: list[bytes | Exception] = [b"new", RuntimeError("away"), b"newer"]

    async def look() -> bytes:
        read[0] += 1
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def story() -> None:
        secret = SigningSecret(b"old", look, clock=lambda: now[0])
        secret.on_change(lambda: changes.append(secret.value))
        await secret.refresh()
        assert (secret.value, read) == (b"old", [0])
        now[0] = 3.0
        await asyncio.gather(*(secret.refresh() for _ in range(5)))
        assert (secret.value, read, changes) == (b"new", [1], [b"new"])
        now[0] = 6.0
        await secret.refresh()
        assert (secret.value, read) == (b"new", [2])
        secret.expire()
        await secret.refresh()
        assert (secret.value, changes) == (b"newer", [b"new", b"newer"])

    asyncio.run(story())
