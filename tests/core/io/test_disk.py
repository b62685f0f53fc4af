"""A file is there whole or not at all: to readers at any moment, and after an error."""

from pathlib import Path

import pytest

from core.io import disk


@pytest.mark.parametrize("durable", [False, True])
def test_readers_find_the_old_file_until_the_new_one_is_whole(tmp_path: Path, *, durable: bool) -> None:
    path = tmp_path / "note.json"
    path.write_text("old")
    with disk.whole(path, durable=durable) as draft:
        draft.write_text("new")
        assert path.read_text() == "old"
        assert [each.name for each in tmp_path.glob("*.part")] == [draft.name]
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("durable", [False, True])
def test_an_error_leaves_the_old_file_and_no_draft(tmp_path: Path, *, durable: bool) -> None:
    path = tmp_path / "note.json"
    path.write_text("old")
    with pytest.raises(OSError, match="disk full"):
        _half(path, durable=durable)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def _half(path: Path, *, durable: bool) -> None:
    with disk.whole(path, durable=durable) as draft:
        draft.write_text("ne")
        raise OSError("disk full")


def test_two_who_write_at_once_do_not_mix(tmp_path: Path) -> None:
    path = tmp_path / "note.json"
    with disk.whole(path) as first, disk.whole(path) as second:
        first.write_text("first")
        second.write_text("second")
    assert path.read_text() == "first"  # the outer one ends last
    assert list(tmp_path.iterdir()) == [path]


def test_a_draft_that_was_fetched_elsewhere_gets_its_name(tmp_path: Path) -> None:
    part = tmp_path / "film.mp4.part"
    part.write_bytes(b"film")
    disk.install(part, tmp_path / "film.mp4")
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("film.mp4", b"film")]
