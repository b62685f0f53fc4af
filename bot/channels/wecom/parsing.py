"""Parses WeCom's messages and pressed cards into Incoming. In a group all of them are addressed to the bot."""

import re
import secrets
import unicodedata
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from bot.channels.types import Address, AttachmentRef, Incoming, Other, Quoted

_LAST_S = 4_102_444_800
_MENTION = re.compile(r"\s*@([^\s@]{1,64})(?:\s+|$)")
_LAST_MENTION = re.compile(r"(?:^|\s)@([^\s@]{1,64})\s*$")
_SEPARATOR = "\u2005"  # some clients end a name with it, which may then hold spaces
_OTHERS: dict[str, Other] = {"location": "location", "link": "link", "voice": "voice", "file": "file"}
_KINDS = ("image", "video", "file")

NAME_CHARS = 32
FindOurs = Callable[[str, str], Awaitable[str | None]]
"""find(chat_id, text): the reference of our own message with these words, or None."""


@dataclass(frozen=True, slots=True)
class Link:
    """Where a file can be fetched, and the key that opens it (None: it is plain). `name`: ours, which nobody guesses.

    Link and key stand in no job, so that a message names its files by `name`.
    """

    name: str
    url: str
    key: str | None

    def __repr__(self) -> str:
        return f"Link({self.name})"


@dataclass(frozen=True, slots=True)
class Reader:
    """What is needed to read a message: our account, a finder of our own words.

    `name`: as groups mention the bot, where it is known.
    """

    account: str
    find_ours: FindOurs
    name: str | None = None

    async def message(self, body: dict[str, Any]) -> tuple[list[Incoming], list[Link]]:
        """Read a message, and the links of its files; several pictures in one are the items of an album.

        Empty for what is no message of a person. Raises KeyError, TypeError, ValueError for what breaks the protocol.
        """
        links: list[Link] = []
        return await self._message(body, links), links

    async def _message(self, body: dict[str, Any], links: list[Link]) -> list[Incoming]:
        bare = self._bare(body, str(body["msgid"]))
        quote = body.get("quote")
        if isinstance(quote, dict):
            bare = replace(bare, quoted=await self._quoted(bare, quote, links))
        words, refs, other = _contents(body, links)
        if not bare.private:
            words = without_mention(words, self.name)
        if body["msgtype"] == "voice":
            return [replace(bare, text=words, transcript=True) if _says(words) else replace(bare, other="voice")]
        if not refs:
            if not _says(words) and other is None and bare.quoted is None:
                other = "unknown"
            return [replace(bare, text=words, other=other)]
        album = bare.event_id if len(refs) > 1 else None
        first = replace(bare, text=words, attachment=refs[0], album=album)
        more = [
            replace(bare, event_id=f"{bare.event_id}-{number}", attachment=ref, album=album, quoted=None)
            for number, ref in enumerate(refs[1:], start=2)
        ]
        return [first, *more]

    def press(self, body: dict[str, Any]) -> Incoming | None:
        """Read a pressed button; None where the event holds none. Raises as `message` does."""
        event = body["event"]
        if not isinstance(event, dict):
            raise TypeError("an event that is no object")
        nested = event.get("template_card_event")
        pressed = nested if isinstance(nested, dict) else event
        key, task_id = pressed.get("event_key"), pressed.get("task_id")
        if not isinstance(key, str) or not key:
            return None
        bare = self._bare(body, f"press-{body['msgid']}")
        return replace(bare, pressed=key, reply_to=str(task_id) if task_id else None)

    def _bare(self, body: dict[str, Any], event_id: str) -> Incoming:
        sender, chat_id, seconds = body["from"]["userid"], body.get("chatid"), body.get("create_time")
        if not isinstance(sender, str) or not sender or not event_id:
            raise ValueError("a message without sender or id")
        in_group = body.get("chattype") == "group" or (body.get("chattype") is None and bool(chat_id))
        if in_group and not (isinstance(chat_id, str) and chat_id):
            raise ValueError("a group without an id")
        at = seconds * 1000 if isinstance(seconds, int) and 0 < seconds < _LAST_S else None
        return Incoming(
            Address("wecom", str(chat_id) if in_group else sender),
            self.account,
            event_id,
            sender_id=sender,
            language="zh",
            direct=True,
            private=not in_group,
            reply_to=str(body["msgid"]),
            at=at,
        )

    async def _quoted(self, bare: Incoming, quote: dict[str, Any], links: list[Link]) -> Quoted:
        """Read what is replied to. WeCom says neither its id nor who wrote it: our own is known by its words."""
        words, refs, other = _contents(quote, links)
        ref = await self.find_ours(bare.address.chat_id, words) if words else None
        return Quoted(ref=ref, text=words, attachment=refs[0] if refs else None, other=other, ours=ref is not None)


def _contents(body: dict[str, Any], links: list[Link]) -> tuple[str, list[AttachmentRef], Other | None]:
    """Return the words, pictures and films, and what else it is; the links of the files are added to `links`."""
    kind = body["msgtype"]
    items = body["mixed"]["msg_item"] if kind == "mixed" else [body]
    words, refs = list[str](), list[AttachmentRef]()
    other: Other | None = None
    for item in items:
        what = item["msgtype"]
        if what in {"text", "voice"}:
            words.append(str(item[what]["content"]))
        elif what in _KINDS and (link := _link(item[what])) is not None:
            links.append(link)
            refs.append(AttachmentRef(what, link.name))
        else:
            other = _OTHERS.get(what, "unknown")
    return "\n".join(folded(each) for each in words if each.strip()), refs, other


def _link(source: Any) -> Link | None:
    if not isinstance(source, dict):
        return None
    url, key = source.get("url"), source.get("aeskey")
    if not isinstance(url, str) or not (key is None or isinstance(key, str)):
        return None
    return Link(secrets.token_hex(NAME_CHARS // 2), url, key)


def without_mention(text: str, name: str | None = None) -> str:
    """Remove the mention that has brought a group's message here: of this name, else the first one, or one at the end.

    WeCom does not tell the bot its name, and a name may hold spaces.
    """
    if name and f"@{name}".casefold() in text.casefold():
        at = text.casefold().index(f"@{name}".casefold())
        return f"{text[:at].rstrip()} {text[at + 1 + len(name) :].lstrip()}".strip()
    named, separator, rest = text.partition(_SEPARATOR)
    if separator and named.lstrip().startswith("@"):
        return rest.strip()
    match = _MENTION.match(text)
    if match is not None:
        return text[match.end() :].strip()
    match = _LAST_MENTION.search(text)
    return text[: match.start()].strip() if match is not None else text


def folded(text: str) -> str:
    """Make plain line breaks, and leave controls out."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(each for each in text if each in "\n\t" or unicodedata.category(each) != "Cc").strip()


def _says(text: str) -> bool:
    """Return whether there is anything to see: not only separators, controls and marks on nothing."""
    return any(unicodedata.category(each)[0] not in "ZCM" for each in text)
