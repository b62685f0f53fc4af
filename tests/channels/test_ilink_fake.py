"""The iLink fake is proved by a client that somebody else wrote; what it has to refuse, it refuses."""

import asyncio
import base64
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.channels.connecting import film_bytes
from tests.corpus import jpeg
from tests.fakes.ilink import Bot, ILinkFake
from tests.fakes.ilink.media import encrypted
from tests.serving import served

FOX = "fox@im.wechat"
SDK = "ilink-sdk==2.4.11"
SCRIPT = Path(__file__).with_name("ilink_client.py")


@pytest.fixture(scope="session")
def sdk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the client, and nothing else of the index."""
    folder = tmp_path_factory.mktemp("sdk")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder), SDK]
    done = subprocess.run([*command, "--retries", "1"], capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        pytest.skip(f"THE FAKE OF ILINK IS NOT PROVED: {SDK} cannot be had here ({done.stderr.strip()[-200:]})")
    return folder


@pytest.mark.parametrize("full_urls", [False, True])
def test_an_independent_client_passes(sdk: Path, tmp_path: Path, full_urls: bool) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(film_bytes())

    async def story() -> None:
        fake = ILinkFake()
        fake.world.full_urls = full_urls
        async with served(fake) as fake.url:
            env = {"HOME": str(tmp_path), "PYTHONPATH": str(sdk), "PATH": os.environ["PATH"]}
            command = (sys.executable, str(SCRIPT), fake.url, str(film))
            client = await asyncio.create_subprocess_exec(*command, env=env, cwd=tmp_path, stdout=-1, stderr=-1)
            assert client.stderr is not None
            assert await client.stderr.readline() == b"ready\n"
            ids = [
                fake.says(FOX, "hello"),
                fake.sends_photo(FOX, jpeg()),
                fake.sends_photo(FOX, jpeg(), encoding="field"),
                fake.sends_video(FOX, film_bytes()),
            ]
            out, err = await client.communicate()
            assert client.returncode == 0, err.decode()
            saw = json.loads(out)
            assert saw["login"][1:] == [True, FOX]
            assert saw["ids"] == [str(each) for each in ids]
            assert saw["texts"] == ["hello"]
            assert saw["files"] == [len(jpeg()), len(jpeg()), len(film_bytes())]
            fox = fake.person(FOX)
            assert (fox.texts, fox.videos, fox.typing) == (["hello"], [film_bytes()], [1])
            assert saw["sent"] == str(fox.seen[0].number)
            assert fake.world.wrong == []
            assert all(call.code in {0, None} for call in fake.calls())

    asyncio.run(story())


class Hand:
    """Calls by hand, each as it should be unless it is spoilt."""

    def __init__(self, fake: ILinkFake, bot: Bot, web: httpx.AsyncClient) -> None:
        self.fake, self.bot, self.web = fake, bot, web
        self.number = 0

    async def call(self, path: str, body: dict[str, Any] | None = None, **headers: str | None) -> httpx.Response:
        usual: dict[str, str | None] = {
            "Authorization": f"Bearer {self.bot.token}",
            "AuthorizationType": "ilink_bot_token",
            "X-WECHAT-UIN": base64.b64encode(b"4294967295").decode(),
            "iLink-App-Id": "bot",
            "iLink-App-ClientVersion": "132107",
        }
        given = usual | {name.replace("_", "-"): value for name, value in headers.items()}
        base = {"base_info": {"channel_version": "2.4.9", "bot_agent": "reelbot/0.2"}}
        sent = {name: value for name, value in given.items() if value is not None}
        return await self.web.post(f"{self.fake.url}/ilink/bot/{path}", json=(body or {}) | base, headers=sent)

    async def code(self, path: str, body: dict[str, Any] | None = None, **headers: str | None) -> int:
        answer = (await self.call(path, body, **headers)).json()
        return int(answer.get("ret", 0) or answer.get("errcode", 0))

    async def said(self, item: dict[str, Any] | None = None, **more: Any) -> int:
        self.number += 1
        msg = {
            "from_user_id": "", "to_user_id": FOX, "client_id": f"c{self.number}", "message_type": 2,
            "message_state": 2, "item_list": [item or {"type": 1, "text_item": {"text": "hi"}}],
            "context_token": next(reversed(self.fake.world.contexts), None),
        }  # fmt: skip
        return await self.code("sendmessage", {"msg": msg | more})


@asynccontextmanager
async def by_hand() -> AsyncIterator[Hand]:
    fake = ILinkFake(hold_s=0.05)
    async with served(fake) as fake.url, httpx.AsyncClient(trust_env=False) as web:
        yield Hand(fake, fake.bot(FOX), web)


def test_headers_and_tokens_are_demanded() -> None:
    async def story() -> None:
        async with by_hand() as hand:
            assert await hand.code("msg/notifystart") == 0
            for header in ("X_WECHAT_UIN", "iLink_App_Id", "iLink_App_ClientVersion"):
                assert (await hand.call("msg/notifystart", **{header: None})).status_code == 400
            assert (await hand.call("msg/notifystart", X_WECHAT_UIN="4294967295")).status_code == 400
            assert await hand.code("msg/notifystart", AuthorizationType=None) == -14
            assert await hand.code("msg/notifystart", Authorization="Bearer x") == -14
            hand.bot.alive = False
            assert (await hand.call("getupdates", {"get_updates_buf": ""})).json()["errcode"] == -14
            hand.fake.api.stale_as = "ret"
            assert (await hand.call("getupdates", {"get_updates_buf": ""})).json()["ret"] == -14

    asyncio.run(story())


def test_the_cursor_does_not_rewind() -> None:
    async def story() -> None:
        async with by_hand() as hand:
            hand.fake.says(FOX, "hello")
            first = (await hand.call("getupdates", {"get_updates_buf": ""})).json()
            assert first["msgs"][0]["message_id"] > 2**63
            again = (await hand.call("getupdates", {"get_updates_buf": ""})).json()
            assert (again["msgs"], again["get_updates_buf"], hand.bot.resets) == ([], "", 1)

    asyncio.run(story())


def test_the_pace_counts_what_is_refused() -> None:
    async def story() -> None:
        async with by_hand() as hand:
            assert await hand.said() == -2  # nobody has spoken
            hand.fake.says(FOX, "hello")
            assert [await hand.said() for _ in range(11)] == [0] * 10 + [-2]
            hand.fake.says(FOX, "hello")
            assert await hand.said() == -2  # twelve in five minutes
            hand.fake.world.ahead_s = 400
            assert await hand.said() == 0
            assert await hand.said(context_token="ctx-of-another") == -2
            assert await hand.said(client_id="c1", message_state=1) == -1
            assert await hand.said({"type": 1, "text_item": {"text": "x" * 5001}}) == -2

    asyncio.run(story())


def test_an_upload_must_be_what_was_announced() -> None:
    async def story() -> None:
        async with by_hand() as hand:
            plain, key = film_bytes(), b"k" * 16
            body = encrypted(plain, key)
            asked = {
                "filekey": "a" * 32, "media_type": 2, "to_user_id": FOX, "rawsize": len(plain),
                "rawfilemd5": hashlib.md5(plain).hexdigest(), "filesize": len(body), "aeskey": key.hex(),
                "no_need_thumb": True,
            }  # fmt: skip
            assert await hand.code("getuploadurl", asked | {"filesize": len(plain)}) == -1
            binary = {"Content-Type": "application/octet-stream"}
            for spoilt in (body[:-16], encrypted(plain, b"x" * 16), body[::-1]):
                param = (await hand.call("getuploadurl", asked)).json()["upload_param"]
                query = {"encrypted_query_param": param, "filekey": "a" * 32}
                reply = await hand.web.post(hand.fake.cdn_url + "/upload", params=query, content=spoilt, headers=binary)
                assert reply.status_code == 400
                assert reply.headers["x-error-message"]
            reply = await hand.web.post(hand.fake.cdn_url + "/upload", params=query, content=body, headers=binary)
            reference = reply.headers["x-encrypted-param"]
            hand.fake.says(FOX, "hello")
            media = {"encrypt_query_param": reference, "encrypt_type": 1}
            good = base64.b64encode(key.hex().encode()).decode()
            for aes_key, size, code in (
                (base64.b64encode(key).decode(), len(body), -1), (good, len(plain), -1), (good, len(body), 0),
            ):  # fmt: skip
                item = {"type": 5, "video_item": {"media": media | {"aes_key": aes_key}, "video_size": size}}
                assert await hand.said(item) == code
            assert hand.fake.person(FOX).videos == [plain]

    asyncio.run(story())
