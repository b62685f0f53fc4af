"""Recorded or documented fal replies: one JSON per case, secrets and prompts replaced by SECRET."""

import json
from pathlib import Path
from typing import Any

FAL = Path(__file__).parent / "fal"


def sample(name: str) -> Any:
    """One case with `about`, `status`, `headers` and `body`."""
    return json.loads((FAL / f"{name}.json").read_text(encoding="utf-8"))


def reply(name: str) -> Any:
    """Its body as the client hands it on: parsed JSON, None for everything else."""
    body = sample(name)["body"]
    return None if isinstance(body, str) else body


BUSY = reply("account-busy")
"""fal's own "too many requests": it took no order."""
