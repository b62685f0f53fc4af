"""Reads what the pages send: small forms and JSON objects. What is too large or broken is empty."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request

from core.io.bodies import BodyTooLarge, read_body

_FORM_BYTES = 4096
_JSON_BYTES = 100_000  # many times the longest text


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
    except (BodyTooLarge, ValueError):
        return {}
    return parsed if isinstance(parsed, dict) else {}
