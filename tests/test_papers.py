"""ARCHITECTURE and the glossary are true: each folder, state and table stands there, and nothing that is gone."""

import re
from pathlib import Path

import pytest

from bot.store.passive_tables import outbox
from bot.store.records import State

TOP = Path(__file__).parent.parent
PAGE = (TOP / "ARCHITECTURE.md").read_text()
TABLES = outbox.metadata.tables


def cells(heading: str, column: int = 0) -> set[str]:
    """The words in backticks of one column of the tables under a heading."""
    found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None, heading
    lines = [line.split("|")[1 + column] for line in found[1].splitlines() if line.startswith("| `")]
    return {word for line in lines for word in re.findall(r"`([^`]+)`", line)}


@pytest.mark.parametrize("part", ["core", "bot"])
def test_every_room_stands_in_the_architecture(part: str) -> None:
    found = [path for path in (TOP / part).glob("*") if path.suffix == ".py" or (path / "__init__.py").exists()]
    rooms = {path.name + "/" * path.is_dir() for path in found} - {"__init__.py", "__main__.py"}
    assert rooms <= cells("The way of a message")


def test_every_state_stands_there_and_no_other() -> None:
    assert cells("The states of a job") == {str(state) for state in State}


def test_every_table_stands_there_and_no_other() -> None:
    assert cells("Which table is the truth of what") == set(TABLES)


def test_every_file_that_is_named_exists() -> None:
    named = set(re.findall(r"`([a-z_/]+\.py)`", PAGE))
    missing = [name for name in named if not any((TOP / part / name).is_file() for part in (".", "bot", "core"))]
    assert missing == []


def test_every_promise_links_to_the_tests_that_prove_it() -> None:
    _, _, table = (
        (TOP / "README.md").read_text(encoding="utf-8").partition("| promise | how it is kept | tested in |\n")
    )
    rows = table.partition("\n\n")[0].splitlines()[1:]
    assert len(rows) >= 14
    for row in rows:
        links = re.findall(r"\]\((tests/[\w/]+(?:\.py)?)\)", row.rpartition(" | ")[2])
        assert links, row
        assert [link for link in links if not (TOP / link).exists()] == []


def test_every_threat_names_what_holds_it_and_the_test_that_would_fail() -> None:
    text = (TOP / "SECURITY.md").read_text(encoding="utf-8")
    _, _, table = text.partition("| asset | attacker | path | what holds it | tested in | what remains |\n")
    rows = table.partition("\n\n")[0].splitlines()[1:]
    assert len(rows) >= 26
    for row in rows:
        asset, attacker, path, holds, tested, _ = (cell.strip() for cell in row.strip("|").split("|"))
        assert all((asset, attacker, path)), row
        assert re.search(r"\]\((?:bot|core|deploy)/", holds), row
        assert re.search(r"\]\(tests/[\w/]+\.py\)", tested), row
    for name, link in re.findall(r"\[`?([^\]`]+)`?\]\((?!https?:)([^)#]+)\)", text):
        assert (TOP / link).exists(), link
        assert link.endswith(name), link  # the name in the text is that of the file


def test_every_decision_has_the_same_form() -> None:
    for path in sorted((TOP / "docs" / "decisions").glob("*.md")):
        text = path.read_text()
        assert re.match(rf"# {int(path.name[:4])}\. ", text), path.name
        assert "**Decided**" in text, path.name
        assert "**Why**" in text, path.name
