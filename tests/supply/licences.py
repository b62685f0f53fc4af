"""Write docs/licences.md: what the program installs, under which licence, from the packages' own metadata."""

import re
import sys
from collections.abc import Iterable
from email.message import Message
from importlib.metadata import PackageNotFoundError, metadata
from typing import cast

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.supply.pinned import PINS, TOP, Pin, pins

PAGE = TOP / "docs" / "licences.md"

# What may be used as we use it: unchanged, as a library. Of these the LGPL and the MPL ask for the most, see the page.
ALLOWED = frozenset(
    (
        *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "MIT-0", "MIT-CMU"),
        *("PSF-2.0", "Zlib", "MPL-2.0", "LGPL-3.0-only"),
    )
)
_BY_CLASSIFIER = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
_HOMES = ("homepage", "home", "source", "source code", "repository", "github")
_HEADER = "| package | version | licence | home |\n|---|---|---|---|\n"
# The words between the tables stay as they are.
_TABLE = re.compile(r"(?<=<!-- (run|dev) -->\n)(?:\|.*\n)*")


def page(text: str) -> str:
    """Give the page with its tables written anew and its words as they are."""
    return _TABLE.sub(lambda found: table(pins(PINS / f"{found[1]}.txt")), text)


def table(pinned: Iterable[Pin]) -> str:
    """One line for each pin that is installed on this system, in Markdown."""
    return _HEADER + "".join(_line(pin) for pin in pinned if "win32" not in pin.marker)


def _line(pin: Pin) -> str:
    told = cast("Message", metadata(pin.name))  # it is one, and only so can what is absent be asked for
    if Version(told["Version"]) != pin.version:
        raise PackageNotFoundError(f"{pin.name} {pin.version}; installed is {told['Version']}")
    return f"| {told['Name']} | {pin.version} | {licence(told)} | {home(told)} |\n"


def licence(told: Message) -> str:
    """Give the licence as an SPDX expression: the one that is declared, else the classifier's.

    Raises:
        ValueError: neither is there, or known.
    """
    for declared in (told.get("License-Expression"), told.get("License")):
        try:
            return str(canonicalize_license_expression(declared or ""))
        except InvalidLicenseExpression:
            pass
    classifiers = [each for each in told.get_all("Classifier") or [] if each.startswith("License :: OSI Approved :: ")]
    known = [_BY_CLASSIFIER.get(each.rpartition(" :: ")[2]) for each in classifiers]
    if len(known) != 1 or known[0] is None:
        raise ValueError(f"{told['Name']}: which licence? {told.get('License')!r}, {classifiers}")
    return known[0]


def home(told: Message) -> str:
    """Give the project's page, or nothing."""
    links = [each.partition(", ") for each in told.get_all("Project-URL") or []]
    named = {label.strip().lower(): address.strip() for label, _, address in links}
    first = told.get("Home-page") or next(iter(named.values()), "")
    return next((named[each] for each in _HOMES if each in named), first)


def allowed(expression: str) -> bool:
    """Say whether the terms let us use it: of alternatives one, of parts all.

    Raises:
        ValueError: the expression has parentheses or exceptions, which nothing that we use has.
    """
    if "(" in expression or " WITH " in expression:
        raise ValueError(f"too rich to judge by itself: {expression}")
    return any(all(part in ALLOWED for part in each.split(" AND ")) for each in expression.split(" OR "))


def licences(file: str) -> dict[str, str]:
    """Read the page's own table: the licence of each package by name."""
    found = next(match[0] for match in _TABLE.finditer(PAGE.read_text(encoding="utf-8")) if match[1] == file)
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in found.splitlines()[2:]]
    return {canonicalize_name(each[0]): each[2] for each in cells}


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    sys.exit(0)
