"""deploy/pins: exact, hashed, complete, and the way to install from them."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.supply.pinned import PINS, TOP, pins

FILES = sorted(path.name for path in PINS.iterdir())


def project() -> dict[str, Any]:
    return tomllib.loads((TOP / "pyproject.toml").read_text())


def names(file: str) -> set[str]:
    return {each.name for each in pins(PINS / file)}


def asked(requirements: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(each).name) for each in requirements}


def test_the_files_are_known() -> None:
    assert FILES == ["build.txt", "dev.txt", "peer.txt", "run.txt", "uv.txt"]


@pytest.mark.parametrize("file", FILES)
def test_every_pin_is_exact_hashed_and_names_no_place(file: str) -> None:
    text = (PINS / file).read_text()
    found = pins(PINS / file)
    assert found
    assert len({each.name for each in found}) == len(found)  # one version for every Python
    assert "://" not in text
    assert re.findall(r"^\s*--(?!hash=)\S+", text, re.MULTILINE) == []


@pytest.mark.parametrize(
    "line",
    [
        "rich>=14 --hash=sha256:" + "0" * 64,
        "rich==14.* --hash=sha256:" + "0" * 64,
        "rich==14.0",
        "rich==14.0 --hash=md5:" + "0" * 32,
        "rich @ file:///tmp/rich.whl --hash=sha256:" + "0" * 64,
    ],
)
def test_a_pin_that_pins_nothing_is_seen(line: str, tmp_path: Path) -> None:
    (tmp_path / "run.txt").write_text(line + "\n")
    with pytest.raises(ValueError, match="no "):
        pins(tmp_path / "run.txt")


def test_the_pins_cover_what_pyproject_asks_for_and_fit_it() -> None:
    wanted, groups = project()["project"], project()["dependency-groups"]
    assert asked(wanted["dependencies"]) <= names("run.txt")
    assert asked(wanted["optional-dependencies"]["dev"]) <= names("dev.txt") | names("run.txt")
    assert set(wanted["optional-dependencies"]["c2pa"]) <= set(wanted["optional-dependencies"]["dev"])
    assert names("dev.txt").isdisjoint(names("run.txt"))
    assert asked(groups["pins"]) == names("uv.txt")
    assert asked(groups["peer"]) <= names("peer.txt")
    assert groups["build"] == project()["build-system"]["requires"]
    assert asked(groups["build"]) == names("build.txt")
    everything = {each.name: each.version for file in ("run.txt", "dev.txt", "build.txt") for each in pins(PINS / file)}
    asked_for = [*wanted["dependencies"], *wanted["optional-dependencies"]["dev"], *groups["build"]]
    for requirement in map(Requirement, asked_for):
        assert requirement.specifier.contains(everything[canonicalize_name(requirement.name)], prereleases=True)


def test_nothing_is_installed_from_an_index_without_its_hash() -> None:
    for file in ("Makefile", "deploy/Dockerfile"):
        text = (TOP / file).read_text().replace("\\\n", " ")
        hashed = re.search(r"^HASHED := (.*)$", text, re.MULTILINE)
        text = text.replace("$(HASHED)", hashed[1] if hashed else "")
        installs = re.findall(r"(?:pip|PIP\)|--no-input) (?:install|wheel)[^&\n]*", text)
        assert len(installs) >= 3, file
        for line in installs:
            assert "--require-hashes" in line or "--no-deps" in line, line
            assert ("--only-binary :all:" in line) is ("--require-hashes" in line), line
            assert "--no-index" in line or "--no-build-isolation" in line or "--require-hashes" in line, line


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    wheel = tmp_path / "reed-1.0-py3-none-any.whl"
    wheel.write_bytes(b"PK\x05\x06" + bytes(18))  # an empty archive: it is refused before it is opened
    listed = tmp_path / "run.txt"
    listed.write_text("reed==1.0 --hash=sha256:" + "0" * 64 + "\n")
    ended = subprocess.run(
        [
            *(sys.executable, "-I", "-m", "pip", "--isolated", "install", "--no-index", "--find-links", tmp_path),
            *("--require-hashes", "--only-binary", ":all:", "--target", tmp_path / "there", "-r", listed),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 1
    assert "DO NOT MATCH THE HASHES" in ended.stderr
    assert not (tmp_path / "there").exists()
