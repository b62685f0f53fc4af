"""`reelbot generate --audio`: a photo speaks, or words are filmed to a sound, from the shell."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from tests.corpus import phone_photo, voice
from tests.desk import Desk, desk


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Desk]:
    with desk(tmp_path) as found:
        yield found


def test_a_photo_speaks_and_the_tier_that_cannot_is_replaced_aloud(made: Desk) -> None:
    photo = phone_photo(made.folder / "face.jpg", orientation=1)
    note = voice(made.folder / "note.ogg", seconds=3.4)
    said = made.run("generate", "--image", str(photo), "--audio", str(note), "--yes", "--json")
    assert said.code == 0, said.err
    assert "LTX 2.5 Fast, 1080p: up to $0.52" in said.err
    assert "adjusted: model Happy Horse becomes LTX 2.5 Fast" in said.err
    video = json.loads(said.out)
    assert Decimal(video["cost_usd"]) == Decimal("0.52")
    assert video["adjustments"][0]["field"] == "model"


def test_what_cannot_be_is_said_before_money(made: Desk) -> None:
    photo = phone_photo(made.folder / "face.jpg", orientation=1)
    note, short = voice(made.folder / "note.ogg", seconds=3), voice(made.folder / "short.ogg", seconds=1)
    for code, arguments, reason in [
        (2, ["--audio", str(note)], "required: PROMPT"),
        (2, ["a singer", "--audio", str(note), "--model", "veo-3.1"], "h3-max, ltx-2.5-fast, ltx-2.5-pro, sync-3"),
        (2, ["a singer", "--audio", str(photo)], "is a photo: give it as --image"),
        (2, ["a singer", "--image", str(note)], "is a sound: give it as --audio"),
        (2, ["a singer", "--video", str(note), "--audio", str(note)], "--audio goes alone, or beside --image"),
        (2, ["a singer", "--audio", str(short)], "at least 2 seconds"),
        (1, ["a singer", "--audio", str(made.folder / "none.ogg")], "no such file"),
    ]:
        said = made.run("generate", *arguments, "--yes")
        assert (said.code, reason in said.err.lower() or reason in said.err) == (code, True), said.err
    assert made.bought("a singer") == 0
