"""`reelbot generate --extend` and `reelbot upscale`: a film goes on, or gets more pixels, from the shell."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from tests.corpus import clip
from tests.desk import Desk, desk


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Desk]:
    with desk(tmp_path) as found:
        yield found


def test_a_film_goes_on_from_a_file_and_from_a_request(made: Desk) -> None:
    film = clip(made.folder / "film.mp4", seconds=1)
    first = made.run("generate", "it turns", "--model", "budget", "--extend", str(film), "--yes", "--json")
    assert first.code == 0, first.err
    assert "$0.25" in first.err
    video = json.loads(first.out)
    assert video["duration_s"] > 1.5
    assert Path(made.folder / video["local_path"]).name.endswith("-whole.mp4")
    again = made.run("generate", "it sits", "--model", "budget", "--extend", video["request_id"], "--yes", "--json")
    assert again.code == 0, again.err
    assert made.bought("it turns") == made.bought("it sits") == 1
    assert made.state("it sits") == "delivered"


def test_a_film_gets_more_pixels(made: Desk) -> None:
    film = clip(made.folder / "film.mp4", seconds=2)
    said = made.run("upscale", str(film), "--resolution", "4k", "--yes", "--json")
    assert said.code == 0, said.err
    assert Decimal(json.loads(said.out)["cost_usd"]) == Decimal("0.0576")
    assert made.run("upscale", str(made.folder / "none.mp4"), "--yes").code == 1
