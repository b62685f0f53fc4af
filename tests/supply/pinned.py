"""The pins in deploy/pins, read."""

import re
from pathlib import Path
from typing import NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

TOP = Path(__file__).parents[2]
PINS = TOP / "deploy" / "pins"


class Pin(NamedTuple):
    """One release that is pinned, the marker that says where, and the hashes of its files."""

    name: str
    version: Version
    marker: str
    hashes: tuple[str, ...]


def pins(file: Path) -> list[Pin]:
    """Read the pins of one file.

    Raises:
        ValueError: a line is no exact pin with hashes.
    """
    text = re.sub(r"^#.*\n", "", file.read_text(encoding="utf-8"), flags=re.MULTILINE).replace("\\\n", " ")
    return [_pin(line) for line in text.splitlines() if line.strip()]


def _pin(line: str) -> Pin:
    wanted, *hashes = re.split(r"\s+--hash=", line.strip())
    requirement = Requirement(wanted)
    exact = re.fullmatch(r"==([^*,]+)", str(requirement.specifier))
    if exact is None or requirement.url or requirement.extras:
        raise ValueError(f"no exact pin: {wanted}")
    if not hashes or not all(re.fullmatch(r"sha256:[0-9a-f]{64}", each) for each in hashes):
        raise ValueError(f"no sha256 hash, or another one: {wanted}")
    return Pin(canonicalize_name(requirement.name), Version(exact[1]), str(requirement.marker or ""), tuple(hashes))
