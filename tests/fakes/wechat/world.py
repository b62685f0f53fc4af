"""What exists on this WeChat: an account with its rights, its token, files, and people who see messages. No HTTP."""

import itertools
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

Json = dict[str, Any]

MEDIA_LIFE_S = 3 * 24 * 3600
TOKEN_LIFE_S = 7200
GRACE_S = 300
_FORCED_A_DAY = 20
_FORCED_GAP_S = 30
_VIDEO_BYTES = 10_000_000
_IMAGE_BYTES = 10_000_000
_THUMB_BYTES = 64 * 1024
_TEXT_BYTES = 2048
PER_MESSAGE = (5, 48 * 3600)
PER_TAP = (3, 60)


class Errcode(Exception):
    def __init__(self, code: int, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class File:
    kind: str
    content: bytes
    until: float


@dataclass(frozen=True, slots=True)
class Seen:
    """What a person sees. `how`: pushed by custom/send, or passive; "trouble" is WeChat's own word on a bad answer."""

    how: Literal["pushed", "passive", "trouble"]
    text: str = ""
    video: bytes | None = None
    title: str = ""


@dataclass
class Person:
    openid: str
    follows: bool = True
    seen: list[Seen] = field(default_factory=list)
    allowed: dict[str, tuple[int, float]] = field(default_factory=dict)  # kind -> (left, until)
    typing: int = 0
    spoke: float = 0.0

    @property
    def videos(self) -> list[Seen]:
        return [each for each in self.seen if each.video is not None]

    @property
    def texts(self) -> list[str]:
        return [each.text for each in self.seen if each.video is None]


@dataclass
class Token:
    value: str
    until: float
    refused: bool = False


class World:
    """`verified`: with the customer-service right (custom/send, typing, menu). `may_upload`: temporary media, the doubt
    of 2026; `may_keep`: permanent material.
    """

    def __init__(
        self, *, app_id: str, secret: str, verified: bool = True, may_upload: bool = True, may_keep: bool = False
    ) -> None:
        self.app_id = app_id
        self.secret = secret
        self.verified = verified
        self.may_upload = may_upload
        self.may_keep = may_keep
        self.ip_listed = True
        self.ahead_s = 0.0
        self.people: dict[str, Person] = {}
        self.media: dict[str, File] = {}
        self.menu: Json | None = None
        self.fetch_misses = 0  # so many times a video's address is not there yet
        self.tokens: list[Token] = []
        self.forced: list[float] = []
        self._numbers = itertools.count(1)

    def now(self) -> float:
        return time.time() + self.ahead_s

    def person(self, openid: str) -> Person:
        return self.people.setdefault(openid, Person(openid))

    # Tokens

    def stable_token(self, appid: object, secret: object, *, force: bool) -> Json:
        if not self.ip_listed:
            raise Errcode(40164, "invalid ip 198.51.100.7 ipv6 ::ffff:198.51.100.7, not in whitelist")
        if appid != self.app_id:
            raise Errcode(40013, "invalid appid")
        if secret != self.secret:
            raise Errcode(40125, "invalid appsecret")
        current = self.tokens[-1] if self.tokens else None
        if force:
            self._note_force()
            for each in self.tokens:
                each.refused = True
        elif current is not None and current.until - self.now() > GRACE_S:
            return {"access_token": current.value, "expires_in": int(current.until - self.now())}
        fresh = Token(f"T{secrets.token_hex(20)}", self.now() + TOKEN_LIFE_S)
        if current is not None and not current.refused:
            current.until = min(current.until, self.now() + GRACE_S)
        self.tokens.append(fresh)
        return {"access_token": fresh.value, "expires_in": TOKEN_LIFE_S}

    def _note_force(self) -> None:
        day = [at for at in self.forced if self.now() - at < 24 * 3600]
        if len(day) >= _FORCED_A_DAY or (day and self.now() - day[-1] < _FORCED_GAP_S):
            raise Errcode(45009, "reach max api daily quota limit")
        self.forced.append(self.now())

    def rotate(self) -> None:
        """Somebody reset the secret's tokens: the one in hand is refused, and asking gives a new one."""
        self.tokens[-1].refused = True
        self.tokens[-1].until = self.now()

    def distrust(self) -> None:
        """The token is refused, although stable_token still hands it out: only force helps."""
        self.tokens[-1].refused = True

    def check_token(self, value: str) -> None:
        found = next((each for each in self.tokens if each.value == value), None)
        if not value:
            raise Errcode(41001, "access_token missing")
        if found is None:
            raise Errcode(40014, "invalid access_token")
        if found.refused:
            raise Errcode(40001, "invalid credential, access_token is invalid or not latest")
        if found.until <= self.now():
            raise Errcode(42001, "access_token expired")

    # Files

    def keep(self, kind: str, content: bytes, *, until: float | None = None) -> str:
        media_id = f"{kind[0].upper()}{next(self._numbers):04d}-{secrets.token_urlsafe(24)}"
        self.media[media_id] = File(kind, content, until or self.now() + MEDIA_LIFE_S)
        return media_id

    def take_upload(self, kind: str, filename: str, content: bytes) -> Json:
        """Reads the file, as an honest fake must."""
        if not self.may_upload:
            raise Errcode(48001, "api unauthorized")
        if not content or not filename:
            raise Errcode(41005, "media data missing")
        checks: dict[str, Callable[[bytes], None]] = {"video": _video, "thumb": _thumb, "image": _image}
        if kind not in checks:
            raise Errcode(40004, "invalid media type")
        if kind == "video" and not (filename.isascii() and filename.endswith(".mp4")):
            raise Errcode(40005, "invalid file type")
        checks[kind](content)
        media_id = self.keep(kind, content)
        named = "thumb_media_id" if kind == "thumb" else "media_id"
        return {"type": kind, named: media_id, "created_at": int(self.now())}

    def add_material(self, kind: str, filename: str, content: bytes, description: Json) -> Json:
        if not self.may_keep:
            raise Errcode(48001, "api unauthorized")
        if kind == "image" and content:
            _image(content)
            return {"media_id": self.keep("image", content, until=float("inf")), "url": "http://mmbiz.qpic.cn/x"}
        if kind != "video" or not content or not filename.endswith(".mp4"):
            raise Errcode(40004, "invalid media type")
        if not description.get("title") or not description.get("introduction"):
            raise Errcode(40033, "title and introduction are needed")
        _video(content)
        return {"media_id": self.keep("video", content, until=float("inf")), "url": "http://mmbiz.qpic.cn/x"}

    def del_material(self, body: Json) -> None:
        self.file(body.get("media_id"))
        del self.media[body["media_id"]]

    def file(self, media_id: object, kind: str | None = None) -> File:
        found = self.media.get(media_id) if isinstance(media_id, str) else None
        if found is None or found.until <= self.now() or (kind is not None and found.kind != kind):
            raise Errcode(40007, "invalid media_id")
        return found

    # Messages

    def spoke(self, openid: str, kind: Literal["message", "tap"]) -> None:
        """What a person does lets the account speak: a message 5 times in 48 hours, a tap or a follow 3 in a minute."""
        person = self.person(openid)
        left, seconds = PER_MESSAGE if kind == "message" else PER_TAP
        person.allowed[kind] = (left, self.now() + seconds)
        person.spoke = self.now()

    def send(self, body: Json) -> None:
        self._must_be_verified()
        person = self._reachable(body.get("touser"))
        match body.get("msgtype"):
            case "text":
                seen = self._text(body)
            case "video":
                seen = self._video(body)
            case other:
                raise Errcode(40008, f"invalid message type {other}")
        self._spend(person)
        person.seen.append(seen)

    def typing(self, body: Json) -> None:
        self._must_be_verified()
        if body.get("command") not in {"Typing", "CancelTyping"}:
            raise Errcode(45072, "invalid command")
        person = self._reachable(body.get("touser"))
        if self.now() - person.spoke > 30:
            raise Errcode(45080, "no recent message")
        person.typing += 1

    def create_menu(self, body: Json) -> None:
        self._must_be_verified()
        buttons = body.get("button")
        if not isinstance(buttons, list) or not 1 <= len(buttons) <= 3:
            raise Errcode(40016, "invalid button size")
        for button in buttons:
            subs = button.get("sub_button", [])
            if len(button["name"].encode()) > 16 or len(subs) > 5:
                raise Errcode(40018, "invalid button name size")
            for tap in subs or [button]:
                if tap["type"] != "click" or not 1 <= len(tap["key"].encode()) <= 128 or len(tap["name"].encode()) > 60:
                    raise Errcode(40019, "invalid button key size")
        self.menu = body

    def get_menu(self, body: Json) -> None:
        self._must_be_verified()
        if self.menu is None:
            raise Errcode(46003, "menu no exist")

    def _must_be_verified(self) -> None:
        if not self.verified:
            raise Errcode(48001, "api unauthorized")

    def _reachable(self, openid: object) -> Person:
        person = self.people.get(openid) if isinstance(openid, str) else None
        if person is None:
            raise Errcode(40003, "invalid openid")
        if not person.follows:
            raise Errcode(43004, "require subscribe")
        return person

    def _spend(self, person: Person) -> None:
        open_ones = {kind: one for kind, one in person.allowed.items() if one[1] > self.now()}
        if not open_ones:
            raise Errcode(45015, "response out of time limit or subscription is canceled")
        kind = next((kind for kind, one in open_ones.items() if one[0] > 0), None)
        if kind is None:
            raise Errcode(45047, "out of response count limit")
        left, until = open_ones[kind]
        person.allowed[kind] = (left - 1, until)

    def _text(self, body: Json) -> Seen:
        content = body.get("text", {}).get("content")
        if not isinstance(content, str) or not content:
            raise Errcode(44004, "empty content")
        if len(content.encode()) > _TEXT_BYTES:
            raise Errcode(45002, "content size out of limit")
        return Seen("pushed", content)

    def _video(self, body: Json) -> Seen:
        video = body.get("video", {})
        if not set(video) <= {"media_id", "thumb_media_id", "title", "description"}:
            raise Errcode(47001, "data format error")
        file = self.file(video.get("media_id"), "video")
        if "thumb_media_id" in video:
            self.file(video["thumb_media_id"], "thumb")
        return Seen("pushed", video.get("description", ""), file.content, video.get("title", ""))


def _video(content: bytes) -> None:
    if len(content) > _VIDEO_BYTES:
        raise Errcode(40006, "invalid media size")
    if content[4:8] != b"ftyp":
        raise Errcode(40005, "invalid file type")


def _image(content: bytes) -> None:
    if len(content) > _IMAGE_BYTES:
        raise Errcode(40009, "invalid image size")
    if not content.startswith((b"\xff\xd8", b"\x89PNG", b"GIF8")):
        raise Errcode(40005, "invalid file type")


def _thumb(content: bytes) -> None:
    if len(content) > _THUMB_BYTES:
        raise Errcode(40012, "invalid thumb size")
    if not content.startswith(b"\xff\xd8"):
        raise Errcode(40005, "invalid file type")
