"""`make audit`: advisories in OSV's format against pins."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.supply import audit
from tests.supply.pinned import PINS, pins

HASH = "--hash=sha256:" + "0" * 64


def advisory(*events: dict[str, str], name: str = "Reed.Pipe", ecosystem: str = "PyPI", **more: Any) -> dict[str, Any]:
    affected = {
        "package": {"name": name, "ecosystem": ecosystem},
        "ranges": [{"type": "ECOSYSTEM", "events": list(events)}],
    }
    return {"id": "OSV-1", "modified": "2026-11-02T00:00:00Z", "affected": [affected], **more}


@pytest.fixture
def pinned(tmp_path: Path) -> Path:
    (tmp_path / "pins.txt").write_text(f"reed-pipe==1.4.0 \\\n    {HASH}\nother==2.0 {HASH}\n")
    return tmp_path / "pins.txt"


def ask(pinned: Path, *known: Any) -> int:
    files = []
    for place, each in enumerate(known):
        file = pinned.with_name(f"{place}.json")
        file.write_text(each if isinstance(each, str) else json.dumps(each))
        files += ["--advisories", str(file)]
    return audit.main(["--pins", str(pinned), *files])


FROM_THE_START = {"introduced": "0"}


@pytest.mark.parametrize(
    ("events", "hit"),
    [
        ([FROM_THE_START], True),
        ([FROM_THE_START, {"fixed": "1.4.1"}], True),
        ([FROM_THE_START, {"fixed": "1.4.0"}], False),  # the end is outside
        ([FROM_THE_START, {"fixed": "1.4"}], False),  # the same version, written shorter
        ([FROM_THE_START, {"fixed": "1.4.0rc1"}], False),
        ([FROM_THE_START, {"fixed": "1.4.0.post1"}], True),
        ([FROM_THE_START, {"fixed": "1.10"}], True),  # by number, not by letter
        ([FROM_THE_START, {"last_affected": "1.4.0"}], True),  # this end is inside
        ([FROM_THE_START, {"last_affected": "1.3.9"}], False),
        ([{"introduced": "1.4.0"}], True),
        ([{"introduced": "1.4.1"}], False),
        ([FROM_THE_START, {"fixed": "1.2"}, {"introduced": "1.3"}, {"fixed": "1.5"}], True),
        ([{"introduced": "1.5"}, FROM_THE_START, {"fixed": "1.2"}], False),  # in whatever order they stand
        ([FROM_THE_START, {"limit": "1.4.0"}], False),
        ([FROM_THE_START, {"limit": "1.5"}], True),
    ],
)
def test_the_ends_of_a_range(events: list[dict[str, str]], hit: bool, pinned: Path) -> None:
    assert ask(pinned, advisory(*events)) == (audit.FOUND if hit else audit.CLEAN)


def test_a_hit_is_told_with_what_mends_it(pinned: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = advisory(FROM_THE_START, {"fixed": "1.5"}, aliases=["CVE-2026-1"], summary="A reed bends")
    assert ask(pinned, told, told) == audit.FOUND  # the same one from two files is one
    first, last = capsys.readouterr().out.splitlines()
    assert first == "reed-pipe 1.4.0: OSV-1, CVE-2026-1: A reed bends; mended in 1.5"
    assert last == "2 releases, 2 advisories (the newest of 2026-11-02), 1 findings"


def test_a_version_by_name(pinned: Path) -> None:
    listed = advisory({"introduced": "9"})
    listed["affected"][0]["versions"] = ["1.3", "1.4", "no version at all"]
    assert ask(pinned, listed) == audit.FOUND
    listed["affected"][0]["versions"] = ["1.3", "no version at all"]
    assert ask(pinned, listed) == audit.CLEAN


def test_what_is_withdrawn_or_about_something_else_counts_for_nothing(pinned: Path) -> None:
    assert ask(pinned, advisory(FROM_THE_START, withdrawn="2026-11-03T00:00:00Z")) == audit.CLEAN
    assert ask(pinned, advisory(FROM_THE_START, name="reed")) == audit.CLEAN
    both = advisory(FROM_THE_START, name="elsewhere")
    both["affected"] += advisory(FROM_THE_START, ecosystem="npm")["affected"]
    assert ask(pinned, both) == audit.CLEAN
    commits = advisory(FROM_THE_START)
    commits["affected"][0]["ranges"][0]["type"] = "GIT"
    assert ask(pinned, commits) == audit.CLEAN


def test_a_range_that_cannot_be_read_is_no_all_clear(pinned: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(pinned, advisory(FROM_THE_START, {"fixed": "one point five"})) == audit.FOUND
    assert "look at it yourself" in capsys.readouterr().out


def test_without_advisories_it_says_so(pinned: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert audit.main([]) == audit.NO_ADVISORIES
    assert "nothing is known" in capsys.readouterr().err
    assert ask(pinned, []) == audit.NO_ADVISORIES
    assert ask(pinned, [advisory(FROM_THE_START, ecosystem="npm")]) == audit.NO_ADVISORIES
    assert "hold no advisory" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "{", "3", "[3]", '{"no": "id"}', '{"vulns": [{}]}'])
def test_a_file_in_another_format_is_no_all_clear(text: str, pinned: Path) -> None:
    assert ask(pinned, text) == audit.UNUSABLE


def test_a_file_that_is_not_there(pinned: Path) -> None:
    assert audit.main(["--pins", str(pinned), "--advisories", str(pinned.with_name("none.json"))]) == audit.UNUSABLE
    assert audit.main(["--pins", str(pinned.with_name("none")), "--advisories", str(pinned)]) == audit.UNUSABLE


def test_one_advisory_a_list_an_answer_an_archive_and_a_folder_say_the_same(pinned: Path, tmp_path: Path) -> None:
    one = advisory(FROM_THE_START)
    assert [ask(pinned, shape) for shape in (one, [one], {"vulns": [one]})] == [audit.FOUND] * 3
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("OSV-1.json", json.dumps(one))
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "OSV-1.json").write_text(json.dumps(one))
    for place in ("all.zip", "folder"):
        assert audit.main(["--pins", str(pinned), "--advisories", str(tmp_path / place)]) == audit.FOUND


def test_our_own_pins_are_all_looked_at(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ours = {(each.name, each.version) for file in PINS.glob("*.txt") for each in pins(file)}
    known = [advisory(FROM_THE_START, name=name) for name, _ in ours]
    (tmp_path / "all.json").write_text(json.dumps(known))
    assert audit.main(["--advisories", str(tmp_path / "all.json")]) == audit.FOUND
    assert f"{len(ours)} releases, {len(ours)} advisories" in capsys.readouterr().out
