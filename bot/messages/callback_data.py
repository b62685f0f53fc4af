"""The data behind a button: "cancel:K7QX2AB", "set:model:veo-3.1", "allow:telegram:42".

It goes out with a message and comes back from the chat when pressed. What follows a point is a choice: "yes:K7QX2AB.1"
takes the offer in its second way, "pick:K7QX2AB.veo-3.1" with another model; "next:K7QX2AB.0.70" is the price that
the button named.
"""

import re
from typing import Literal

Kind = Literal[
    "cancel", "yes", "again", "fix", "lang", "other", "pick", "take", "words", "file", "delete", "erase", "keep",
    "forget", "set", "allow", "next", "pixels", "more",
    "full", "sound", "silent", "idea",
]  # fmt: skip

_DATA = re.compile(
    r"(?:cancel|yes|again|fix|lang|other|pick|take|words|file|delete|erase|keep|forget|next|pixels|more|full|sound|silent|idea):[0-9A-Za-z-]{1,12}(?:[.][0-9A-Za-z.-]{1,40})?"
    r"|set:(?:[a-z]+(?::[0-9A-Za-z][0-9A-Za-z.:/_+-]*)?)?"
    r"|allow:[a-z]+:[0-9A-Za-z_@.-]+"
)
_MOST_BYTES = 64  # on Telegram


def data_for(kind: Kind, value: str) -> str:
    """Write a button's data, for `split`. Raises ValueError for what would not come back."""
    data = f"{kind}:{value}"
    if not _holds(data):
        raise ValueError(f"no button can hold {data!r}")
    return data


def data_if_fits(kind: Kind, value: str) -> str | None:
    """Write a button's data; None for what would not come back, as a chat's id may be too long."""
    data = f"{kind}:{value}"
    return data if _holds(data) else None


def split(data: str) -> tuple[str, str] | None:
    """Read a button's data: its kind and value. It comes from outside: anything unknown is None."""
    if not _holds(data):
        return None
    kind, _, value = data.partition(":")
    return kind, value


def _holds(data: str) -> bool:
    return len(data.encode()) <= _MOST_BYTES and _DATA.fullmatch(data) is not None
