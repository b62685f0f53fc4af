"""`make fuzz-http`: seeded odd requests to a real bot, and odd input to the parsers of WeChat, iLink and fal. Bounded;
prints counts; a server error, a traceback or growth beyond the bounds ends it with exit code 1.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from bot.channels.ilink.accounts import Account
from bot.channels.ilink.parsing import parse
from bot.channels.telegram.intake import webhook_secret
from bot.channels.wechat.parsing import call_from
from bot.channels.wechat.settings import WeChatSettings
from bot.channels.wechat.signing import MessageCrypto, Refused, signature
from bot.channels.wecom.connection import read_frame
from bot.channels.wecom.parsing import Reader
from bot.store import Store
from core.errors import VideoError
from core.fal import billing, protocol, replies, results
from core.fal.webhooks import callback_token
from core.types import RawReply
from tests.benchmarks.stage import Stage
from tests.fakes.botapi import TOKEN as BOT_TOKEN

_TOKEN, _WEB = "fuzzed-token-of-wechat", "fuzzed-token-of-the-page"
_BROWSERS = 60
_MOST_RSS_MB, _MOST_FDS, _MOST_FILES = 150, 60, 40
_METHODS = ("GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH")
_READ, _SAID = ("GET", "HEAD"), ("POST",)
_ROUTES = {  # with their own methods, which most requests use: the others are answered before anything is read
    "/": _READ,
    "/chat/admin/{}": ("GET", "POST"),
    "/chat/admin/{}/image": _READ,
    "/chat/enter": ("GET", "POST"),
    "/chat/messages": _READ,
    "/chat/press": _SAID,
    "/chat/price": _SAID,
    "/chat/redeem": _SAID,
    "/chat/send": _SAID,
    "/chat/static/{}": _READ,
    "/chat/upload": _SAID,
    "/chat/uploads/{}": _READ,
    "/chat/words": _READ,
    "/fal-assets/{}": _READ,
    "/fal/webhook/{}": _SAID,
    "/healthz": _READ,
    "/readyz": _READ,
    "/telegram": _SAID,
    "/videos/{}": _READ,
    "/wechat": ("GET", "POST"),
    "/{}": _READ,
}
_OTHER_METHOD = 0.1
_WORDS = ("", "0", "-1", "9" * 5000, "²", "\x00", "\ud800", "../" * 9, "%00", "%ff", "🦊", "<xml>", "null", "a" * 3000)
_KINDS = (
    "application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "multipart/form-data",
    "text/xml",
    "image/png",
    "\xff",
)
_NAMES = (
    "text",
    "after",
    "kind",
    "id",
    "number",
    "ref",
    "token",
    "signature",
    "timestamp",
    "nonce",
    "echostr",
    "s",
    "e",
)
_ACCOUNT = Account("default", "bot@im.bot", "http://127.0.0.1:9", "owner", "token")


def value(rng: random.Random, depth: int = 0) -> Any:
    """Return anything that JSON can say."""
    kind = rng.randrange(9 if depth < 4 else 6)
    if kind < 3:
        return rng.choice(_WORDS)
    if kind < 6:
        return rng.choice((None, True, -1, 10**18, 10**400, 1.5, float("inf"), float("nan")))
    if kind == 6:
        return [value(rng, depth + 1) for _ in range(rng.randrange(4))]
    return {rng.choice(_NAMES): value(rng, depth + 1) for _ in range(rng.randrange(5))}


def mutated(rng: random.Random, real: Any) -> Any:
    """Return a real answer with parts of it changed."""
    if rng.random() < 0.15:
        return value(rng)
    if isinstance(real, dict):
        return {name: mutated(rng, part) for name, part in real.items() if rng.random() > 0.05}
    return [mutated(rng, part) for part in real] if isinstance(real, list) else real


def dumped(odd: Any) -> bytes:
    return json.dumps(odd).encode()


def body(rng: random.Random) -> bytes:
    kind = rng.randrange(7)
    if kind == 0:
        return b"[" * rng.choice((1, 50_000))
    if kind == 1:
        return rng.randbytes(rng.randrange(3000))
    if kind == 2:
        return b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + rng.randbytes(99)
    if kind == 3:
        return f"{rng.choice(_NAMES)}={quote(str(value(rng)), errors='replace')}".encode()
    if kind == 4:
        return xml(rng)
    return dumped(value(rng))


def xml(rng: random.Random) -> bytes:
    names = ("ToUserName", "FromUserName", "CreateTime", "MsgType", "MsgId", "Content", "Event", "EventKey", "MediaId")
    right = (
        "gh_f7e1a2b3c4d5",
        "oFox_0123456789abcdefghijkl",
        "1714036504",
        "text",
        "7",
        "fox",
        "CLICK",
        "reelbot:help",
    )
    pairs = zip(names, (*right, "media-1"), strict=True)
    parts = "".join(
        f"<{name}>{fit if rng.random() > 0.1 else rng.choice(_WORDS).replace('<', '')}</{name}>"
        for name, fit in pairs
        if rng.random() > 0.05
    )
    return (b"<xml>" * rng.choice((1, 1, 1, 8000)) + parts.encode("utf-8", "replace") + b"</xml>")[:60_000]


def update(rng: random.Random) -> bytes:
    """Return what may come to Telegram's webhook: a right update with a part of it odd, or junk."""
    if rng.random() < 0.1:
        return body(rng)
    sender = {"id": rng.choice((42, 43, 2**62)), "is_bot": False, "first_name": "Fox"}
    chat = {"id": rng.choice((sender["id"], -1001)), "type": rng.choice(("private", "supergroup"))}
    said = rng.choice(("/help", "/status", "hello", "/start x", "9:16", rng.choice(_WORDS)))
    message = {"message_id": rng.randrange(9999), "date": 1_700_000_000, "chat": chat, "from": sender, "text": said}
    member = {"status": rng.choice(("member", "kicked")), "user": sender, "until_date": 0}
    kinds: dict[str, Any] = {
        "message": rng.choice((message, message | {"reply_to_message": message}, message | {"migrate_to_chat_id": -9})),
        "edited_message": message | {"edit_date": 1_700_000_001},
        "callback_query": {"id": "1", "from": sender, "chat_instance": "1", "data": "x", "message": message},
        "my_chat_member": {
            "chat": chat,
            "from": sender,
            "date": 1,
            "old_chat_member": member,
            "new_chat_member": member,
        },
        "no_kind_of_ours": message,
    }
    kind = rng.choice(list(kinds))
    odd = slightly(rng, kinds[kind])
    return dumped({"update_id": rng.choice((rng.randrange(10**9), rng.randrange(10**9), -1, 10**30)), kind: odd})


def said(rng: random.Random) -> bytes:
    """Return what the page sends, with few of its parts odd: its JSON, its form, a photo's first bytes."""
    kind = rng.random()
    if kind < 0.1:
        return rng.choice((b"\xff\xd8\xff", b"\x00\x00\x00\x18ftypmp42", b"\x89PNG\r\n\x1a\n")) + rng.randbytes(600)
    if kind < 0.2:
        return f"token={quote(rng.choice(_WORDS), errors='replace')}".encode()
    names = {
        "id": f"{rng.getrandbits(128):032x}",
        "text": rng.choice(("/help", "a fox 9:16", *_WORDS)),
        "data": "no:K7",
    }
    more = {
        "price": "$0.25",
        "upload": rng.choice(("0" * 32, "")),
        "album": "a" * 32,
        "kind": rng.choice(("image", None)),
    }
    return dumped(slightly(rng, {**names, **more, "on": 1, "size": rng.choice((9, -1)), "seconds": 5}))


def slightly(rng: random.Random, real: Any) -> Any:
    """Return a real thing with few of its parts changed: what is odd everywhere is refused at its door."""
    if rng.random() < 0.03:
        return value(rng, 3)
    if isinstance(real, dict):
        return {name: slightly(rng, part) for name, part in real.items() if rng.random() > 0.02}
    return [slightly(rng, part) for part in real] if isinstance(real, list) else real


@dataclass(frozen=True)
class Doors:
    """What opens the doors of this bot: `told` for Telegram's, `job` for fal's, a cookie for each of the browsers."""

    told: str
    job: str
    cookies: tuple[str, ...]


def address(rng: random.Random) -> bytes:
    """One of many callers, as a trusted proxy names them: who only knocks is told to wait."""
    return f"198.{rng.randrange(18, 20)}.{rng.randrange(256)}.{rng.randrange(256)}".encode()


def request(rng: random.Random, client: httpx.Client, doors: Doors) -> httpx.Request:
    odd = _request(rng, client, doors)
    odd.headers["x-forwarded-for"] = address(rng).decode()
    return odd


def _request(rng: random.Random, client: httpx.Client, doors: Doors) -> httpx.Request:
    kind = rng.random()
    if kind < 0.15:
        told = {"x-telegram-bot-api-secret-token": doors.told}
        return client.build_request("POST", "/telegram", content=update(rng), headers=told)
    if kind < 0.25:
        at, nonce = str(int(time.time())), str(rng.randrange(10**9))
        query = {"timestamp": at, "nonce": nonce, "signature": signature(_TOKEN, at, nonce)}
        return client.build_request("POST", "/wechat", params=query, content=xml(rng) if kind < 0.23 else body(rng))
    if kind < 0.3:
        names = ("request-id", "user-id", "timestamp", "signature")
        signed = {f"x-fal-webhook-{each}": rng.choice(("7", str(int(time.time())), "00" * 64, "x")) for each in names}
        return client.build_request("POST", f"/fal/webhook/{doors.job}", content=body(rng), headers=signed)
    place, methods = rng.choice(list(_ROUTES.items()))
    method = rng.choice(_METHODS if rng.random() < _OTHER_METHOD else methods)
    path = place.format(quote(rng.choice(_WORDS), safe="", errors="replace"))
    query = {rng.choice(_NAMES): rng.choice(_WORDS).encode("utf-8", "replace").decode()[:900] for _ in range(3)}
    if path == "/wechat" and rng.random() < 0.7:
        at, nonce = str(int(time.time())), str(rng.randrange(10**9))
        query = {"timestamp": at, "nonce": nonce, "signature": signature(_TOKEN, at, nonce), "echostr": "1"}
    headers = [
        (b"content-type", rng.choice(_KINDS).encode("latin-1")),
        (b"range", rng.choice((b"bytes=9-", b"bytes=" + b"1" * 5000, b"x"))),
    ]
    if rng.random() < 0.2:
        headers.append((b"cookie", b"reelbot=" + rng.randbytes(9).hex().encode()))
    else:
        headers.append((b"cookie", rng.choice(doors.cookies).encode()))
    headers += [
        (b"origin", str(client.base_url).rstrip("/").encode()),
        (b"accept", rng.choice((b"text/html", b"*/*"))),
    ]
    content: Any = said(rng) if method == "POST" and path.startswith("/chat/") and rng.random() < 0.7 else body(rng)
    if rng.random() < 0.2:
        content = iter((content[:9], content[9:]))  # in chunks
    return client.build_request(method, path, params=query, headers=headers, content=content)


async def _ours(_chat: str, _text: str) -> str | None:
    return None


_WECOM = Reader("bot", _ours)


def parsers(rng: random.Random) -> dict[str, Callable[[], object]]:
    """Return one odd input for each parser."""
    video = {"url": "https://v3.fal.media/files/a/b.mp4", "content_type": "video/mp4", "file_size": 9}
    request_id = "7b3c1f0e-0000-4000-8000-000000000000"
    queued = {"request_id": request_id, "status": "IN_QUEUE", "queue_position": 1, "status_url": "https://x.example/1"}
    detail = {
        "detail": [{"loc": ["body", "prompt"], "msg": "no", "type": "content_policy_violation", "ctx": {"max": 9}}]
    }
    real = rng.choice((queued, {"video": video}, {**queued, "status": "COMPLETED", "error": "x"}, detail))
    odd = mutated(rng, real)
    reply = RawReply(rng.choice((200, 202, 400, 422, 500)), {"retry-after": rng.choice(_WORDS)}, dumped(odd))
    junk = RawReply(200, {"x-fal-billable-units": rng.choice(_WORDS)}, body(rng))
    event = mutated(rng, {"request_id": request_id, "cost_nano_usd": 5, "endpoint_id": "a/b", "timestamp": "2026"})
    item = {"type": rng.randrange(6), "text_item": {"text": "fox"}, "image_item": {"media": {"aes_key": "k"}}}
    message = {"from_user_id": "fox@im.wechat", "message_id": 7, "message_type": 1, "item_list": [item]}
    at, nonce = str(int(time.time())), "7"
    query = {"timestamp": at, "nonce": nonce, "signature": signature(_TOKEN, at, nonce)}
    crypto = MessageCrypto(WeChatSettings.offline(app_id="wx1", app_secret="s" * 32, token=_TOKEN, aes_key=None))
    queue = "https://queue.fal.run"
    film = {"url": "https://ww.example/f", "aeskey": "k"}
    wecom = {
        "msgid": "7",
        "chattype": rng.choice(("single", "group")),
        "chatid": "wr1",
        "from": {"userid": "hu.li"},
        "msgtype": rng.choice(("text", "image", "mixed", "voice", "file", "no-kind")),
        "text": {"content": "fox"},
        "voice": {"content": "fox"},
        "image": film,
        "file": film,
        "mixed": {"msg_item": [{"msgtype": "text", "text": {"content": "fox"}}, {"msgtype": "image", "image": film}]},
        "quote": {"msgtype": "text", "text": {"content": "fox"}},
        "event": {"eventtype": "template_card_event", "template_card_event": {"event_key": "k", "task_id": "t"}},
    }
    frame = mutated(rng, {"cmd": "aibot_msg_callback", "headers": {"req_id": "r"}, "body": wecom})
    return {
        "wecom message": lambda: asyncio.run(_WECOM.message(slightly(rng, wecom))),
        "wecom press": lambda: _WECOM.press(slightly(rng, wecom)),
        "wecom frame": lambda: read_frame(rng.choice((dumped(frame), body(rng), b"[" * 50_000))),
        "wechat": lambda: call_from(crypto.decrypt(query, xml(rng)).xml, app_id="wx1"),
        "ilink": lambda: parse(mutated(rng, message), _ACCOUNT),
        "fal status": lambda: replies.read_status(reply),
        "fal submit": lambda: replies.read_submit(reply, endpoint="a/b", queue_url=queue),
        "fal result": lambda: protocol.read_result(replies.require_result(reply), queue_url=queue),
        "fal junk": lambda: protocol.read_result(replies.require_result(junk), queue_url=queue),
        "fal addresses": lambda: results.video_addresses(odd),
        "fal units": lambda: protocol.units(junk.headers),
        "fal bill": lambda: billing.summed(billing.counted_once([[event]]), {request_id}),
    }


def fuzz_parsers(rng: random.Random, count: int, tally: Counter[str]) -> list[str]:
    bad = []
    for _ in range(count):
        for name, call in parsers(rng).items():
            try:
                call()
                tally[f"{name}: read"] += 1
            except (Refused, ValueError, KeyError, TypeError, VideoError) as error:  # as Reader.message says
                tally[f"{name}: {type(error).__name__}"] += 1
            except Exception as error:  # noqa: BLE001 - whatever else comes out is what is looked for
                bad.append(f"{name}: {type(error).__name__}: {str(error)[:200]}")
    return bad


def fuzz_server(rng: random.Random, seconds: float, tally: Counter[str]) -> list[str]:
    bad = []
    with tempfile.TemporaryDirectory(prefix="reelbot-fuzz-") as name:
        stage = Stage(Path(name))
        try:
            wechat = {"WECHAT_APP_ID": "wx0123456789abcdef", "WECHAT_APP_SECRET": "5" * 32, "WECHAT_TOKEN": _TOKEN}
            base = f"http://127.0.0.1:{stage.port}"
            hooked = {"TELEGRAM_WEBHOOK": "true", "REELBOT_PUBLIC_URL": base}
            pid = stage.start_bot(REELBOT_WEB_TOKEN=_WEB, WECHAT_API_URL="http://127.0.0.1:9", **wechat, **hooked)
            with httpx.Client(base_url=base, trust_env=False, timeout=20) as client:
                doors = opened(stage, client)
                before, files = None, 0
                until = time.monotonic() + seconds
                while time.monotonic() < until:
                    odd = request(rng, client, doors)
                    try:
                        status = client.send(odd).status_code
                    except httpx.HTTPError as error:
                        tally[f"http {type(error).__name__}"] += 1
                        continue
                    tally[f"http {status}"] += 1
                    tally[f"route {odd.method} {route(odd.url.path)} {status // 100}xx"] += 1
                    if status >= httpx.codes.INTERNAL_SERVER_ERROR:
                        bad.append(f"{status} {odd.method} {odd.url.path[:80]}")
                    if before is None and tally.total() > 200:  # all code is loaded by then
                        before, files = size(pid), count_files(stage.folder / "out")
            if before is not None:
                rss, fds = (now - then for now, then in zip(size(pid), before, strict=True))
                grown = count_files(stage.folder / "out") - files
                print(f"  grown: {rss} MB, {fds} descriptors, {grown} files")
                if rss > _MOST_RSS_MB or fds > _MOST_FDS or grown > _MOST_FILES:
                    bad.append(f"grown: {rss} MB, {fds} descriptors, {grown} files")
            log = stage.log_file.read_text(errors="replace")
            bad += [word for word in ("Traceback", "a request failed") if word in log]
            if bad:
                print(log[-3000:])
        finally:
            stage.close()
    return bad


def opened(stage: Stage, client: httpx.Client) -> Doors:
    """Open many browsers of the operator's, each with its own share of what may be asked."""
    cookies = []
    for _ in range(_BROWSERS):
        entered = client.post("/chat/enter", data={"token": _WEB}, headers={"Origin": str(client.base_url).rstrip("/")})
        assert entered.status_code == httpx.codes.SEE_OTHER, entered.text
        cookies.append(f"reelbot={entered.cookies['reelbot']}")
        client.cookies.clear()
    secret = asyncio.run(_secret(stage.database_url))
    told = webhook_secret(secret, account=BOT_TOKEN.partition(":")[0])
    return Doors(told, callback_token(secret, "K7QXABC"), tuple(cookies))


async def _secret(url: str) -> bytes:
    store = await Store.open(url)
    try:
        return await store.installation.secret()
    finally:
        store.close()


def route(path: str) -> str:
    """Return which of the routes it is, as the table above has them."""
    found = (each for each in _ROUTES if each not in {"/", "/{}"} and path.startswith(each.partition("{")[0]))
    return max(found, key=len, default="/" if path == "/" else "elsewhere")


def size(pid: int) -> tuple[int, int]:
    """Return memory in MB and the number of open files."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096 // 1_000_000, len(list(Path(f"/proc/{pid}/fd").iterdir()))


def count_files(folder: Path) -> int:
    return sum(1 for each in folder.rglob("*") if each.is_file())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng, tally = random.Random(options.seed), Counter[str]()
    bad = fuzz_parsers(rng, int(options.seconds * 20), tally) + fuzz_server(rng, options.seconds, tally)
    for name, times in sorted(tally.items()):
        print(f"  {times:6}  {name}")
    print(f"  {len(bad):6}  failures of ours" + "".join(f"\n          {each}" for each in dict.fromkeys(bad)))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
