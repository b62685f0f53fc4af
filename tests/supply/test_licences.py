"""docs/licences.md says what is installed, and nothing of it forbids our use."""

import sys
from email.message import Message
from importlib.metadata import PackageNotFoundError, files, metadata

import pytest
from packaging.version import Version

from tests.supply import licences
from tests.supply.pinned import PINS, Pin, pins

EVERYTHING = ("run", "dev")


def test_the_page_is_what_the_metadata_says() -> None:
    text = licences.PAGE.read_text(encoding="utf-8")
    assert licences.page(text) == text, "make licences"


def test_the_page_names_every_pin() -> None:
    for file in EVERYTHING:
        pinned = {each.name for each in pins(PINS / f"{file}.txt") if "win32" not in each.marker}
        assert set(licences.licences(file)) == pinned


def test_an_old_line_is_noticed() -> None:
    text = licences.PAGE.read_text(encoding="utf-8")
    for old, new in (("| av | 18", "| av | 17"), ("| MPL-2.0 |", "| MIT |"), ("| h11 |", "| h12 |")):
        assert old in text
        assert licences.page(text.replace(old, new, 1)) == text


def test_another_version_than_the_pinned_one_is_not_described() -> None:
    with pytest.raises(PackageNotFoundError, match="installed is"):
        licences.table([Pin("av", Version("0.1"), "", ())])


def test_no_licence_forbids_our_use() -> None:
    refused = {
        name: terms
        for file in EVERYTHING
        for name, terms in licences.licences(file).items()
        if not licences.allowed(terms)
    }
    assert refused == {}


@pytest.mark.parametrize(
    ("expression", "fits"),
    [
        ("MIT", True),
        ("GPL-3.0-only", False),
        ("AGPL-3.0-or-later", False),
        ("GPL-2.0-only OR MIT", True),
        ("MIT AND GPL-2.0-only", False),
        ("MIT AND GPL-2.0-only OR ISC", True),
        ("LicenseRef-Proprietary", False),
    ],
)
def test_which_licences_fit(expression: str, fits: bool) -> None:
    assert licences.allowed(expression) is fits


def test_what_is_too_rich_is_left_to_people() -> None:
    for expression in ("(MIT OR ISC) AND GPL-2.0-only", "GPL-2.0-only WITH Classpath-exception-2.0"):
        with pytest.raises(ValueError, match="too rich"):
            licences.allowed(expression)


def told(**fields: str) -> Message:
    message = Message()
    message["Name"] = "reed"
    for name, value in fields.items():
        message[name.replace("_", "-")] = value
    return message


def test_the_licence_is_the_declared_one_or_the_classifiers() -> None:
    mpl = "License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)"
    assert licences.licence(told(License_Expression="mit OR isc", Classifier=mpl)) == "MIT OR ISC"
    assert licences.licence(told(License="Apache 2.0", Classifier=mpl)) == "MPL-2.0"
    for unclear in (told(), told(License="free"), told(Classifier="License :: OSI Approved :: Our Own Licence")):
        with pytest.raises(ValueError, match="which licence"):
            licences.licence(unclear)


@pytest.mark.skipif(sys.platform != "linux", reason="the names of the files are Linux's")
def test_the_page_tells_of_the_gpl_in_pyavs_wheel() -> None:
    brought = {path.name.partition("-")[0] for path in files("av") or [] if ".so" in path.name}
    assert {"libx264", "libx265", "libavcodec"} <= brought  # when they are gone, the page may say less
    assert metadata("av")["License-Expression"] == "BSD-3-Clause"  # which is why the table alone is not enough
    words = licences.PAGE.read_text(encoding="utf-8")
    assert "x264 and x265, which are under the GPL 2 or later" in words
