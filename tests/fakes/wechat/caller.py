"""WeChat as the caller: signs and encrypts as it does, cuts after five seconds, sends three times, shows the answer.

Its crypto is written from Tencent's description, not with the library that the bot uses.
"""

import base64
import hashlib
import itertools
import os
import re
import secrets
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from xml.etree import ElementTree as ET

import httpx
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from tests.fakes.wechat.world import Errcode, Seen, World

Mode = Literal["plain", "compatible", "safe"]
ACCOUNT = "gh_f7e1a2b3c4d5"
TROUBLE = "该公众号提供的服务出现故障，请稍后再试"
_TEXT_BYTES = 2048


@dataclass
class Attempt:
    status: int  # 0: cut
    seconds: float
    body: str


class Caller:
    """`cut_s`: WeChat's five seconds."""

    def __init__(
        self, world: World, *, token: str, aes_key: str | None = None, mode: Mode = "plain", cut_s: float = 5.0
    ) -> None:
        self.world = world
        self.token = token
        self.mode = mode
        self.cut_s = cut_s
        self.key = base64.b64decode(f"{aes_key}=") if aes_key else b""
        self.url = ""  # the bot's callback
        self.attempts: list[Attempt] = []
        self._numbers = itertools.count(24_000_000_000_000_001)

    # What people do

    async def says(self, openid: str, text: str, **more: object) -> Seen | None:
        return await self._message(openid, "text", Content=text, **more)

    async def sends_photo(self, openid: str, photo: bytes) -> Seen | None:
        media_id = self.world.keep("image", photo)
        return await self._message(openid, "image", PicUrl="http://mmbiz.qpic.cn/p/0", MediaId=media_id)

    async def sends_video(self, openid: str, video: bytes, *, kind: str = "video") -> Seen | None:
        media_id = self.world.keep("video", video)
        return await self._message(openid, kind, MediaId=media_id, ThumbMediaId="thumb")

    async def sends(self, openid: str, kind: str, **fields: object) -> Seen | None:
        return await self._message(openid, kind, **fields)

    async def taps(self, openid: str, key: str) -> Seen | None:
        return await self._event(openid, "CLICK", "tap", EventKey=key)

    async def follows(self, openid: str, *, scene: str = "") -> Seen | None:
        self.world.person(openid).follows = True
        return await self._event(openid, "subscribe", "tap", EventKey=f"qrscene_{scene}" if scene else "")

    async def leaves(self, openid: str) -> Seen | None:
        self.world.person(openid).follows = False
        self.world.person(openid).allowed.clear()
        return await self._event(openid, "unsubscribe", None)

    async def _message(self, openid: str, kind: str, **fields: object) -> Seen | None:
        self.world.spoke(openid, "message")
        return await self.deliver(openid, self.xml(openid, kind, **{"MsgId": next(self._numbers), **fields}))

    async def _event(self, openid: str, event: str, buys: Literal["tap"] | None, **fields: object) -> Seen | None:
        if buys:
            self.world.spoke(openid, buys)
        return await self.deliver(openid, self.xml(openid, "event", Event=event, **fields))

    def xml(self, openid: str, kind: str, **fields: object) -> str:
        common = {"ToUserName": ACCOUNT, "FromUserName": openid, "CreateTime": int(self.world.now()), "MsgType": kind}
        parts = [_tag(name, value) for name, value in {**common, **fields}.items()]
        return f"<xml>{''.join(parts)}</xml>"

    # The wire

    async def greets(self, echostr: str = "5837397576500011341") -> httpx.Response:
        query = {**self.query(), "echostr": echostr}
        async with self._client() as client:
            return await client.get(self.url, params=query)

    async def deliver(self, openid: str, xml: str) -> Seen | None:
        """Up to three times with one MsgId; what the person then sees, or None for nothing."""
        for _ in range(3):
            query, body = self.call(xml)
            attempt = await self.post(query, body)
            if attempt.status == httpx.codes.OK:
                return self._shown(openid, attempt.body)
        return self._sees(openid, Seen("trouble", TROUBLE))

    async def post(self, query: Mapping[str, str], body: str | bytes) -> Attempt:
        """One attempt, cut after the time is up."""
        async with self._client() as client:
            began = self.world.now()
            try:
                content = body.encode() if isinstance(body, str) else body
                reply = await client.post(self.url, params=query, content=content, headers={"Content-Type": "text/xml"})
                made = Attempt(reply.status_code, self.world.now() - began, reply.text)
            except httpx.HTTPError:
                made = Attempt(0, self.world.now() - began, "")
        self.attempts.append(made)
        return made

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(trust_env=False, verify=False, timeout=httpx.Timeout(self.cut_s))

    def query(self, *, nonce: str | None = None, timestamp: int | None = None) -> dict[str, str]:
        at, nonce = str(timestamp or int(self.world.now())), nonce or str(secrets.randbelow(10**10))
        return {"signature": signed(self.token, at, nonce), "timestamp": at, "nonce": nonce}

    def call(self, xml: str, **more: object) -> tuple[dict[str, str], str]:
        """Query and body of one attempt: a new timestamp, nonce and encryption each time."""
        query = self.query(**more)  # type: ignore[arg-type]
        if self.mode == "plain":
            return query, xml
        secret = encrypt(xml, self.key, self.world.app_id)
        openid = re.search(r"<FromUserName><!\[CDATA\[(.*?)]]>", xml)
        query |= {
            "openid": openid[1] if openid else "",
            "encrypt_type": "aes",
            "msg_signature": signed(self.token, query["timestamp"], query["nonce"], secret),
        }
        sealed = f"<Encrypt><![CDATA[{secret}]]></Encrypt>"
        if self.mode == "compatible":
            return query, xml.replace("</xml>", f"{sealed}</xml>")
        return query, f"<xml><ToUserName><![CDATA[{ACCOUNT}]]></ToUserName>{sealed}</xml>"

    # What the person sees

    def _shown(self, openid: str, body: str) -> Seen | None:
        if body in {"", "success"}:
            return None
        try:
            return self._sees(openid, self._read(openid, self._opened(body)))
        except (Errcode, ValueError, KeyError, AssertionError, ET.ParseError) as error:
            return self._sees(openid, Seen("trouble", f"{TROUBLE} ({error})"))

    def _sees(self, openid: str, seen: Seen) -> Seen:
        self.world.person(openid).seen.append(seen)
        return seen

    def _opened(self, body: str) -> dict[str, str]:
        assert body.startswith("<xml>"), "whitespace or rubbish before the XML"
        fields = _fields(body)
        if self.mode == "plain":
            return fields
        assert set(fields) == {"Encrypt", "MsgSignature", "TimeStamp", "Nonce"}, "an answer in the clear"
        parts = fields["TimeStamp"], fields["Nonce"], fields["Encrypt"]
        assert fields["MsgSignature"] == signed(self.token, *parts), "the answer's signature"
        return _fields(decrypt(fields["Encrypt"], self.key, self.world.app_id))

    def _read(self, openid: str, fields: dict[str, str]) -> Seen:
        assert fields["ToUserName"] == openid
        assert fields["FromUserName"] == ACCOUNT
        assert fields["CreateTime"].isdecimal()
        match fields["MsgType"]:
            case "text":
                assert fields["Content"], "empty Content"
                assert len(fields["Content"].encode()) <= _TEXT_BYTES, "a text that vanishes"
                return Seen("passive", fields["Content"])
            case "video":
                file = self.world.file(fields["Video/MediaId"], "video")
                title = fields.get("Video/Title", "")
                return Seen("passive", fields.get("Video/Description", ""), file.content, title)
            case kind:
                raise ValueError(f"a reply of type {kind}")


def _tag(name: str, value: object) -> str:
    if isinstance(value, int):
        return f"<{name}>{value}</{name}>"
    text = str(value).replace("]]>", "]]]]><![CDATA[>")
    return f"<{name}><![CDATA[{text}]]></{name}>"


def _fields(xml: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for child in ET.fromstring(xml):
        assert child.tag not in found, f"{child.tag} twice"
        found[child.tag] = child.text or ""
        for inner in child:
            found[f"{child.tag}/{inner.tag}"] = inner.text or ""
    return found


def signed(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()


def encrypt(message: str, key: bytes, app_id: str, *, random: bytes | None = None) -> str:
    raw = message.encode()
    plain = (random or os.urandom(16)) + struct.pack(">I", len(raw)) + raw + app_id.encode()
    padding = 32 - len(plain) % 32
    plain += bytes([padding]) * padding
    cipher = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(cipher.update(plain) + cipher.finalize()).decode()


def decrypt(secret: str, key: bytes, app_id: str) -> str:
    cipher = Cipher(algorithms.AES(key), modes.CBC(key[:16])).decryptor()
    plain = cipher.update(base64.b64decode(secret)) + cipher.finalize()
    plain = plain[: -plain[-1]]
    (length,) = struct.unpack(">I", plain[16:20])
    assert plain[20 + length :].decode() == app_id, "another AppID"
    return plain[20 : 20 + length].decode()
