"""Reads what this channel remembers: JSON objects, of which nothing is taken for granted."""

import json
import re
from typing import Any

from bot.channels.text_lengths import encodable

_BEYOND = 2**64  # the ids of messages are uint64
_NUMBER = re.compile(r"-?[0-9]{1,20}")  # of more than 4300 digits Python makes none


def read_fields(value: str | None) -> dict[str, Any]:
    """Return the object; an empty one for what is absent or no object."""
    try:
        found = json.loads(value) if value else None
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def text_of(fields: Any, name: str) -> str:
    """Return a text of the object, as any database takes it; "" where there is none."""
    value = fields.get(name) if isinstance(fields, dict) else None
    return encodable(value).replace("\0", "") if isinstance(value, str) else ""


def number_of(fields: Any, name: str) -> int | None:
    """Return a whole number of the object, also where it stands there as text."""
    value = fields.get(name) if isinstance(fields, dict) else None
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = int(value)
    return value if isinstance(value, int) and abs(value) < _BEYOND else None
