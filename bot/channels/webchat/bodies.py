"""Reads what the pages send: small forms and JSON objects. What is too large or broken is empty."""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request

from bot.channels.text_lengths import encodable
from core.io.bodies import BodyTooLarge, read_body

_FORM_BYTES = 4096
_JSON_BYTES = 100_000  # many times the longest text
_COUNT = re.compile(r"[0-9]{1,18}")


async def read_form(request: Request) -> dict[str, str]:
    """Return the fields of a form."""
    try:
        body = await read_body(request.stream(), most_bytes=_FORM_BYTES)
    except (BodyTooLarge, ClientDisconnect):
        return {}
    return dict(parse_qsl(body.decode("utf-8", errors="replace"), keep_blank_values=True))


async def read_json(request: Request) -> Mapping[str, Any]:
    """Return the JSON object."""
    try:
        parsed = json.loads(await read_body(request.stream(), most_bytes=_JSON_BYTES))
    except (BodyTooLarge, ClientDisconnect, ValueError, RecursionError):  # too deep, or a number of 5,000 digits
        return {}
    return parsed if isinstance(parsed, dict) else {}


def text_in(body: Mapping[str, Any], name: str) -> str:
    """Return a text of the object; an empty one for anything else, and for what no database can keep."""
    value = body.get(name)
    return encodable(value).replace("\0", "") if isinstance(value, str) else ""


def count_in(text: str) -> int:
    """Read a count from an address; 0 for what is none, or too large for any database."""
    return int(text) if _COUNT.fullmatch(text) else 0
