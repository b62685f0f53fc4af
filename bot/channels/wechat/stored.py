"""Reads what this channel has stored: what another version wrote, or what is damaged, counts as absent."""

import json
from typing import Any


def read_fields(value: str | None) -> dict[str, Any]:
    """Return the fields of a stored JSON object; none where nothing is stored or it is no object."""
    try:
        found = json.loads(value or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
