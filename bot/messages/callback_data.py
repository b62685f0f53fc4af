"""The data behind a button: "cancel:K7QX2AB". It goes out with a message and comes back from the chat when pressed.

What follows a point is a choice: "yes:K7QX2AB.1" takes the offer in its second way, "pick:K7QX2AB.veo-3.1" with another
model.
"""

import re
from typing import Literal

Kind = Literal["cancel", "yes", "again", "fix", "lang", "other", "pick"]

_DATA = re.compile(r"(cancel|yes|again|fix|lang|other|pick):([0-9A-Za-z-]{1,12}(?:[.][0-9A-Za-z.-]{1,40})?)")
_MOST_BYTES = 64  # on Telegram


def data_for(kind: Kind, value: str) -> str:
    """Write a button's data, for `split`. Raises ValueError for what would not come back."""
    data = f"{kind}:{value}"
    if not _DATA.fullmatch(data) or len(data.encode()) > _MOST_BYTES:
        raise ValueError(f"no button can hold {data!r}")
    return data


def split(data: str) -> tuple[str, str] | None:
    """Read a button's data: its kind and value. It comes from outside: anything unknown is None."""
    match = _DATA.fullmatch(data)
    return (match[1], match[2]) if match else None
