"""Parses WeChat's messages into Incoming, and renders replies as its XML.

wechatpy parses and renders; nothing it returns is trusted.
"""

import re
from dataclasses import dataclass, replace
from typing import Any, Literal
from urllib.parse import unquote

from wechatpy import parse_message
from wechatpy.replies import TextReply, VideoReply

from bot.channels.signs import folded, is_visible
from bot.channels.text_lengths import ELLIPSIS, Unit, shortened
from bot.channels.types import Address, AttachmentRef, Incoming, Reply
from bot.channels.wechat.limits import TEXT_BYTES

_MENU: dict[str, str] = {
    "make": "/video",
    "status": "/status",
    "history": "/history",
    "next": "1",
    "models": "/models",
    "price": "/price",
    "help": "/help",
}
MENU_KEYS = {name: f"reelbot:{name}" for name in _MENU}
_TEXT_OF_KEY = {key: _MENU[name] for name, key in MENU_KEYS.items()}
_OTHER: dict[str, Literal["voice", "location", "link", "file"]] = {"location": "location", "link": "link"}
_UNSUPPORTED = re.compile(r"[\[【]?收到不支持的消息类型")
_LAST_S = 10**11
_TYPING_LINK = re.compile(r'(<a href="weixin://bizmsgmenu\?msgmenucontent=[0-9A-Za-z%._~-]+&msgmenuid=1">[^<>\n]*</a>)')
_OPENID = re.compile(r"[0-9A-Za-z_-]{6,64}")
_UNSAYABLE = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Call:
    """One callback. `incoming` None: nothing that we answer. `left`: the person has stopped following."""

    person: str
    account: str
    incoming: Incoming | None
    left: bool = False


def call_from(xml: str, *, app_id: str) -> Call:
    """Parse a callback. Raises ValueError for anything that is no message of WeChat's.

    Its content is in no error's words.
    """
    try:
        message: Any = parse_message(xml)
        person, account = message.source, message.target
        kind, number, seconds = message.type, message.id, message.time
    except Exception as error:  # noqa: BLE001 - wechatpy raises nearly anything for odd bodies
        raise ValueError(f"not a message of WeChat ({type(error).__name__})") from None
    if not _is_id(person) or not _is_id(account) or not isinstance(kind, str):
        raise ValueError("not a message of WeChat")
    data = message._data  # noqa: SLF001 - its typed fields raise on odd values, and some types lack them
    kind = _field(data, "MsgType").lower()
    if kind == "event":
        return _event(data, person, account, app_id=app_id, seconds=seconds)
    if not isinstance(number, int) or number <= 0:
        raise ValueError("a message without a MsgId")
    return Call(person, account, _filled(data, kind, _incoming(person, app_id, str(number), seconds)))


def _is_id(value: object) -> bool:
    return isinstance(value, str) and _OPENID.fullmatch(value) is not None


def _field(data: Any, name: str) -> str:
    """Return a text of the message: a doubled tag would be a list, a nested one a dict."""
    value = data.get(name) if isinstance(data, dict) else None
    return value if isinstance(value, str) else ""


def _incoming(person: str, app_id: str, event_id: str, seconds: object) -> Incoming:
    at = seconds * 1000 if isinstance(seconds, int) and 0 < seconds < _LAST_S else None
    return Incoming(Address("wechat", person), app_id, event_id, sender_id=person, language="zh", direct=True, at=at)


def _filled(data: Any, kind: str, bare: Incoming) -> Incoming:
    media_id = _field(data, "MediaId")
    match kind:
        case "text":
            return _text(bare, _content(data))
        case "image":
            picture = _field(data, "PicUrl")
            if media_id or picture:
                return replace(bare, attachment=AttachmentRef("image", f"{media_id} {picture}".rstrip()))
        case "video" | "shortvideo" if media_id:
            return replace(bare, attachment=AttachmentRef("video", media_id))
        case "voice":
            recognised = folded(_field(data, "Recognition"))
            return (
                replace(bare, text=recognised, transcript=True)
                if is_visible(recognised)
                else replace(bare, other="voice")
            )
    return replace(bare, other=_OTHER.get(kind, "file"))


def _content(data: Any) -> str:
    """Return what was typed, or what a tap on a link of ours has typed: that may come as it stood in the link."""
    content = _field(data, "Content")
    return unquote(content) if _field(data, "bizmsgmenuid") else content


def _text(bare: Incoming, content: str) -> Incoming:
    text = folded(content)
    if _UNSUPPORTED.match(text):
        return replace(bare, other="file")
    return replace(bare, text=text) if is_visible(text) else replace(bare, other="unknown")


def _event(data: Any, person: str, account: str, *, app_id: str, seconds: object) -> Call:
    """Read an event: a tap on the menu and a follow are answered, a leave is noted, all others are ignored."""
    event, key = _field(data, "Event").lower(), _field(data, "EventKey")
    event_id = f"{seconds}-{event}-{key}"[:120]
    text = {"subscribe": "/start", "subscribe_scan": "/start", "scan": "/help"}.get(event)
    if event == "click":
        text = _TEXT_OF_KEY.get(key, "/help")
    if text is not None:
        return Call(person, account, replace(_incoming(person, app_id, event_id, seconds), text=text, tap=True))
    return Call(person, account, None, left=event == "unsubscribe")


def reply_xml(reply: Reply, call: Call, *, seconds: int) -> str:
    """Render the passive reply: one text or one video."""
    ends = {"source": call.account, "target": call.person, "time": seconds}
    if reply.video is None:
        return str(TextReply(content=shown(clean(reply.text)), **ends).render())
    title, description = without_tags(clean(reply.title)), without_tags(clean(reply.text))
    return str(VideoReply(media_id=clean(reply.video), title=title, description=description, **ends).render())


def clean(text: str) -> str:
    """Remove what XML cannot hold, and what would end its CDATA."""
    return _UNSAYABLE.sub("", text).replace("]]>", "]] >")


def shown(text: str) -> str:
    """Return a text as WeChat may show it: within its limit, and with no tag but the links that type a line.

    WeChat reads tags in what it shows, and somebody's prompt may hold some.
    """
    short = shortened(without_tags(text), most=TEXT_BYTES, unit=Unit.UTF8, whole_lines=True)
    *whole, rest = _TYPING_LINK.split(short)
    if "<" in rest:  # a link that was cut
        rest = rest.partition("<")[0].rstrip() + ELLIPSIS
    return "".join([*whole, rest])


def without_tags(text: str) -> str:
    """Make full-width signs of what could begin a tag."""
    parts = _TYPING_LINK.split(text)
    parts[::2] = [part.replace("<", "＜") for part in parts[::2]]
    return "".join(parts)
