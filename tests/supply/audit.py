"""Compare the pins with advisories in OSV's format, from files: nothing is asked over the network."""

import argparse
import json
import sys
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from tests.supply.pinned import PINS, Pin, pins

CLEAN, FOUND, UNUSABLE, NO_ADVISORIES = 0, 1, 2, 3
_WHERE = (
    "no advisories were given, so nothing is known about these pins. OSV publishes all of PyPI's as one archive "
    '(osv.dev, "Data sources", PyPI): make audit ARGS="--advisories all.zip"'
)


class Finding(NamedTuple):
    """An advisory that a pinned release falls under, and the releases that mend it."""

    pin: Pin
    id: str
    aliases: tuple[str, ...]
    summary: str
    fixed: tuple[str, ...]
    certain: bool


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what is found. The code says it too: 0 nothing, 1 something, 2 unusable files, 3 no advisories."""
    parser = argparse.ArgumentParser(prog="make audit", description=__doc__)
    parser.add_argument("--advisories", metavar="FILE", type=Path, action="append", default=[])
    parser.add_argument("--pins", metavar="FILE", type=Path, action="append", help="default: all of deploy/pins")
    given = parser.parse_args(arguments)
    if not given.advisories:
        print(_WHERE, file=sys.stderr)
        return NO_ADVISORIES
    try:
        pinned = [pin for file in given.pins or sorted(PINS.glob("*.txt")) for pin in pins(file)]
        known = [each for file in given.advisories for each in advisories(file)]
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        print(f"unusable: {error}", file=sys.stderr)
        return UNUSABLE
    if not known:
        print("the files hold no advisory about a package of PyPI", file=sys.stderr)
        return NO_ADVISORIES
    found = sorted(set(findings(pinned, known)))
    for each in found:
        names = ", ".join((each.id, *each.aliases))
        mended = f"mended in {', '.join(each.fixed)}" if each.fixed else "not mended in any release it names"
        doubt = "" if each.certain else " (it names a version that cannot be read: look at it yourself)"
        print(f"{each.pin.name} {each.pin.version}: {names}: {each.summary or 'no summary'}; {mended}{doubt}")
    newest = max(str(each.get("modified", "")) for each in known)[:10] or "unknown"
    releases = len({(pin.name, pin.version) for pin in pinned})
    print(f"{releases} releases, {len(known)} advisories (the newest of {newest}), {len(found)} findings")
    return FOUND if found else CLEAN


def advisories(file: Path) -> list[dict[str, Any]]:
    """Read the advisories about PyPI's packages in a file: one, a list, OSV's answer, or an archive or folder of such.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is not in OSV's format.
    """
    return [each for text in _texts(file) for each in _parsed(text, file) if _about_pypi(each)]


def _texts(file: Path) -> Iterator[str]:
    if file.is_dir():
        yield from (each.read_text(encoding="utf-8") for each in sorted(file.glob("**/*.json")))
    elif zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as archive:
            yield from (archive.read(name).decode() for name in archive.namelist() if name.endswith(".json"))
    else:
        yield file.read_text(encoding="utf-8")


def _parsed(text: str, file: Path) -> list[dict[str, Any]]:
    value = json.loads(text)
    if isinstance(value, dict):
        value = value["vulns"] if isinstance(value.get("vulns"), list) else [value]
    if not isinstance(value, list) or not all(isinstance(each, dict) and "id" in each for each in value):
        raise ValueError(f"{file} is not in OSV's format")
    return value


def _about_pypi(advisory: dict[str, Any]) -> bool:
    return any(each.get("package", {}).get("ecosystem") == "PyPI" for each in advisory.get("affected", []))


def findings(pinned: Iterable[Pin], known: Iterable[dict[str, Any]]) -> Iterator[Finding]:
    """Tell which advisories the pins fall under. One that was withdrawn counts for nothing."""
    by_name = {(pin.name, pin.version): pin for pin in pinned}
    for advisory in known:
        if advisory.get("withdrawn"):
            continue
        for affected in advisory.get("affected", []):
            package = affected.get("package", {})
            if package.get("ecosystem") != "PyPI":
                continue
            for pin in by_name.values():
                if pin.name == canonicalize_name(str(package.get("name", ""))):
                    yield from _finding(pin, advisory, affected)


def _finding(pin: Pin, advisory: dict[str, Any], affected: dict[str, Any]) -> Iterator[Finding]:
    ranges = [each for each in affected.get("ranges", []) if each.get("type") != "GIT"]
    certain = True
    try:
        hit = any(_same(pin.version, each) for each in affected.get("versions", []))
        hit = hit or any(_inside(pin.version, each.get("events", [])) for each in ranges)
    except InvalidVersion:
        hit, certain = True, False
    if hit:
        fixed = [str(event["fixed"]) for each in ranges for event in each.get("events", []) if "fixed" in event]
        aliases, summary = tuple(map(str, advisory.get("aliases", []))), str(advisory.get("summary", ""))
        yield Finding(pin, str(advisory["id"]), aliases, summary, tuple(dict.fromkeys(fixed)), certain)


def _same(version: Version, text: str) -> bool:
    try:
        return Version(text) == version
    except InvalidVersion:  # a release from before PEP 440 is none that can be pinned
        return False


def _inside(version: Version, events: Iterable[dict[str, str]]) -> bool:
    """Say whether the version lies in the range, as OSV's schema decides it: the last event at or below it counts."""
    kinds = [(kind, text) for event in events for kind, text in event.items()]
    limits = [text for kind, text in kinds if kind == "limit" and text != "*"]
    if limits and not any(version < Version(text) for text in limits):
        return False
    inside = False
    for kind, text in sorted(kinds, key=lambda each: _bound(each[1]) if each[0] != "limit" else _bound("0")):
        if kind == "introduced" and version >= _bound(text):
            inside = True
        elif (kind == "fixed" and version >= _bound(text)) or (kind == "last_affected" and version > _bound(text)):
            inside = False
    return inside


def _bound(text: str) -> Version:
    return Version("0.dev0") if text == "0" else Version(text)


if __name__ == "__main__":
    sys.exit(main())
