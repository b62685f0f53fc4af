"""A film that an edit list cuts is published, and delivered, as what it shows: no frame that was cut off leaves."""

import asyncio
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from core import media
from core.errors import MediaError
from core.types import SourceLimits
from tests.corpus import clip
from tests.edited import Edit, edited

_RATE = 24
_NUMBERED = f"nullsrc=s=160x90:r={_RATE},geq=lum=30+2*N:cb=128:cr=128"
"""A film whose brightness tells the number of each picture."""
ANY = SourceLimits(min_side=64, max_side=1920, max_s=60)
LIMIT = 9_500_000


def film(path: Path, **edits: Any) -> Path:
    """Four seconds with a key frame at each, cut by a note."""
    how = {key: edits.pop(key) for key in ("rotation", "movflags", "codec", "audio") if key in edits}
    options = {"preset": "veryfast", "bf": "2", "g": str(_RATE), "x264-params": "scenecut=0"}
    made = clip(path, source=_NUMBERED, seconds=4, options=options if how.get("codec") is None else None, **how)
    return edited(made, **edits) if edits else made


def numbers(path: Path) -> list[int]:
    """The number of each picture that the file holds, whether a player would show it or not."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert not any(entry.is_discard for entry in stream.index_entries)
        pictures = [(frame.time or 0.0, frame) for frame in container.decode(stream)]
        assert len(pictures) == len(stream.index_entries)
        assert pictures[0][0] == pytest.approx(0, abs=0.01)
        return [round((frame.to_ndarray()[: frame.height].mean() - 30) / 2) for _, frame in pictures]


def sound_s(path: Path) -> float:
    """The seconds of sound that the file holds, heard or not."""
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(audio=0) if packet.size]
        return sum(float((packet.duration or 0) * (packet.time_base or 0)) for packet in packets)


def prepared(source: Path, into: Path) -> media.Probe:
    return asyncio.run(media.prepare_video(source, into, limits=ANY, max_bytes=100_000_000))[0]


CUTS: dict[str, tuple[list[Edit], list[int]]] = {
    "the end": ([(2, 0)], [*range(48)]),
    "the beginning, at a key frame": ([(2, 1)], [*range(24, 72)]),
    "amid": ([(2, 0.5)], [*range(12, 60)]),
    "two pieces, at key frames": ([(1, 0), (1, 3)], [*range(24), *range(72, 96)]),
    "two pieces": ([(1, 0.5), (1, 2.5)], [*range(12, 36), *range(60, 84)]),
    "three pieces": ([(0.5, 0.25), (0.5, 1.25), (0.5, 3)], [*range(6, 18), *range(30, 42), *range(72, 84)]),
    "one picture": ([(0.04, 1.5)], [36]),
}


@pytest.mark.parametrize("name", ["film.mp4", "film.mov"])
@pytest.mark.parametrize("cut", CUTS)
def test_what_is_shown_is_published(tmp_path: Path, cut: str, name: str) -> None:
    edits, shown = CUTS[cut]
    source = film(tmp_path / name, pictures=edits, sound=edits, wide=name.endswith("v"))
    probe = prepared(source, tmp_path / "out.mp4")
    assert _near(numbers(tmp_path / "out.mp4"), shown)
    assert probe.duration_s == pytest.approx(len(shown) / _RATE, abs=0.02)
    assert sound_s(tmp_path / "out.mp4") == pytest.approx(len(shown) / _RATE, abs=0.12)


def _near(found: list[int], wanted: list[int]) -> bool:
    """Brightness that was encoded once more may be one step off."""
    return len(found) == len(wanted) and all(abs(one - other) <= 1 for one, other in zip(found, wanted, strict=True))


@pytest.mark.parametrize(("cut", "copied"), [("the beginning, at a key frame", True), ("amid", False)])
def test_a_cut_at_a_key_frame_is_no_encode(tmp_path: Path, cut: str, copied: bool) -> None:
    edits, _ = CUTS[cut]
    source = film(tmp_path / "film.mp4", pictures=edits, sound=edits)
    prepared(source, tmp_path / "out.mp4")
    stored, published = _packets(source), _packets(tmp_path / "out.mp4")
    assert (published == stored[24:72]) is copied


def _packets(path: Path) -> list[bytes]:
    with av.open(str(path), options={"advanced_editlist": "0", "ignore_editlist": "1"}) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


@pytest.mark.parametrize("how", [{"rotation": 90}, {"movflags": "0"}, {"codec": "libx265"}, {"audio": None}])
def test_a_cut_film_of_any_kind_is_cut(tmp_path: Path, how: dict[str, Any]) -> None:
    edits, shown = CUTS["amid"]
    sound = {} if "audio" in how else {"sound": edits}
    probe = prepared(film(tmp_path / "film.mov", pictures=edits, **sound, **how), tmp_path / "out.mp4")
    assert _near(numbers(tmp_path / "out.mp4"), shown)
    assert (probe.width, probe.height) == ((90, 160) if "rotation" in how else (160, 90))


def test_sound_alone_may_be_cut(tmp_path: Path) -> None:
    source = film(tmp_path / "film.mp4", sound=[(2, 1)])
    prepared(source, tmp_path / "out.mp4")
    assert _packets(tmp_path / "out.mp4") == _packets(source)
    assert sound_s(tmp_path / "out.mp4") == pytest.approx(2, abs=0.1)


def test_pictures_that_begin_late_are_held_until_then(tmp_path: Path) -> None:
    source = film(tmp_path / "film.mp4", pictures=[(0.5, None), (3, 0)], sound=[(3.5, 0)])
    probe = prepared(source, tmp_path / "out.mp4")
    assert _near(numbers(tmp_path / "out.mp4"), [*[0] * 12, *range(72)])
    assert probe.duration_s == pytest.approx(3.5, abs=0.02)


def test_sound_that_begins_late_comes_after_silence(tmp_path: Path) -> None:
    source = film(tmp_path / "film.mp4", pictures=[(4, 0)], sound=[(1, None), (3, 0)])
    prepared(source, tmp_path / "out.mp4")
    with av.open(str(tmp_path / "out.mp4")) as container:
        sounds = [(frame.time or 0.0, float(np.abs(frame.to_ndarray()).max())) for frame in container.decode(audio=0)]
    assert sounds[0][0] == pytest.approx(0, abs=0.05)
    assert max(loud for at, loud in sounds if at < 0.9) < 0.01 < min(loud for at, loud in sounds if 1.1 < at < 3.8)


def test_a_film_that_begins_late_as_a_whole_begins_at_once(tmp_path: Path) -> None:
    late: list[Edit] = [(1, None), (2, 0)]
    prepared(film(tmp_path / "film.mp4", pictures=late, sound=late), tmp_path / "out.mp4")
    assert numbers(tmp_path / "out.mp4")[0] == 0
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert container.streams.video[0].start_time == 0
        assert (container.streams.audio[0].start_time or 0) <= 100


@pytest.mark.parametrize(
    "how",
    [
        {"pictures": [(4, 0)], "speed": 0.5},
        {"sound": [(4, 0)], "speed": 2.0},
        {"pictures": [(1, 0), (1, None), (1, 2)]},
        {"sound": [(1, 0.5), (1, None)]},
    ],
)
def test_edits_that_nobody_follows_are_refused_by_name(tmp_path: Path, how: dict[str, Any]) -> None:
    """FFmpeg plays all at one speed, and shows in a pause what was cut off."""
    with pytest.raises(MediaError) as caught:
        prepared(film(tmp_path / "film.mov", **how), tmp_path / "out.mp4")
    assert (caught.value.code, caught.value.facts["what"]) == ("unsupported_media", "edits")


@pytest.mark.parametrize("cut", ["the end", "amid", "two pieces, at key frames"])
def test_a_finished_film_is_delivered_as_what_it_shows(tmp_path: Path, cut: str) -> None:
    edits, shown = CUTS[cut]
    source = film(tmp_path / "film.mp4", pictures=edits, sound=edits)
    still, copy = tmp_path / "still.jpg", tmp_path / "copy.mp4"
    checked = asyncio.run(media.check(source, thumbnail=still, into=copy, max_bytes=LIMIT))
    assert "edits" in checked.probe.problems
    assert checked.probe.duration_s == pytest.approx(len(shown) / _RATE, abs=0.02)
    made = asyncio.run(media.make_playable(source, tmp_path / "out.mp4", max_bytes=LIMIT))
    assert made.probe.playable
    assert (checked.copy is not None) == (made.how == "remuxed")
    for path in (tmp_path / "out.mp4", *([copy] if checked.copy else [])):
        assert _near(numbers(path), shown)


def test_a_cut_within_the_limits_of_a_model_counts_from_what_is_shown(tmp_path: Path) -> None:
    source = film(tmp_path / "film.mp4", pictures=[(3, 0.5)], sound=[(3, 0.5)])
    short = SourceLimits(min_side=64, max_side=1920, max_s=2)
    probe, adjustments = asyncio.run(
        media.prepare_video(source, tmp_path / "out.mp4", limits=short, max_bytes=100_000_000)
    )
    assert probe.duration_s == pytest.approx(2, abs=0.15)
    assert [(each.requested, each.applied) for each in adjustments] == [("3", "2")]
    assert _near(numbers(tmp_path / "out.mp4"), [*range(12, 60)])
