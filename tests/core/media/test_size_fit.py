"""The promise of the size fit, on many small films: never over the budget, two encodes at most, plays natively."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.media.worker import encode, playable, probe
from core.media.worker.refusal import Refusal
from tests.corpus import clip

PICTURES = {
    "still": "color=c=teal:s={size}:r={rate}",
    "test card": "testsrc2=s={size}:r={rate}",
    "fractal": "mandelbrot=s={size}:r={rate}",
    "noise": "nullsrc=s={size}:r={rate},geq=random(1)*255:128:128",
    "noise at the end": "testsrc2=s={size}:r={rate},geq=lum='if(gt(T,1),random(1)*255,lum(X,Y))':cb=128:cr=128",
}


@settings(max_examples=14, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pictures=st.sampled_from(sorted(PICTURES)),
    size=st.sampled_from(["320x180", "180x320", "200x200", "320x60"]),
    rate=st.sampled_from([5, 24, 30, 60]),
    seconds=st.sampled_from([0.2, 1.0, 3.0]),
    share=st.floats(0.03, 1.5),
    audio=st.sampled_from(["aac", "libmp3lame", None]),
)
def test_a_film_never_weighs_more_than_its_budget(
    tmp_path: Path, *, pictures: str, size: str, rate: int, seconds: float, share: float, audio: str | None
) -> None:
    source, into = tmp_path / "in.mp4", tmp_path / "out.mp4"
    clip(
        source,
        source=PICTURES[pictures].format(size=size, rate=rate),
        seconds=seconds,
        audio=audio,
        options={"preset": "ultrafast", "crf": "12"},
    )
    budget = max(12_000, int(source.stat().st_size * share))
    try:
        how = playable.make_playable(str(source), str(into), budget)
    except Refusal as error:  # so little that nothing watchable fits
        assert error.code == "file_too_large"
        assert budget < 30_000 + 40_000 * seconds
        return
    assert into.stat().st_size <= budget
    assert how.get("encodes", 0) <= 2
    facts = probe.probe(str(into))
    assert facts["problems"] == []
    assert facts["duration_s"] == pytest.approx(probe.probe(str(source))["duration_s"], abs=0.25)


def test_noise_fills_its_budget(tmp_path: Path) -> None:
    """Bytes that are allowed are used: detail everywhere, and the cap is what bounds it."""
    source = clip(
        tmp_path / "in.mp4",
        source=PICTURES["noise"].format(size="480x270", rate=24),
        seconds=4,
        options={"preset": "ultrafast", "crf": "8"},
    )
    answer = playable.make_playable(str(source), str(tmp_path / "out.mp4"), 900_000)
    assert (answer["how"], answer["encodes"]) == ("transcoded", 1)
    assert 0.8 <= (tmp_path / "out.mp4").stat().st_size / 900_000 <= 1


@pytest.mark.parametrize("name", ["mp3.mp4", "old.mov", "silent.mp4"])
def test_sound_lies_beside_its_pictures(tmp_path: Path, name: str) -> None:
    """A file whose sound stands at its end does not play while it loads."""
    how = {
        "mp3.mp4": {"audio": "libmp3lame"},
        "old.mov": {"codec": "mpeg4", "audio": "libmp3lame"},
        "silent.mp4": {"audio": None},
    }[name]
    source = clip(tmp_path / name, seconds=4, **how)  # type: ignore[arg-type]
    playable.make_playable(str(source), str(tmp_path / "out.mp4"), 9_500_000)
    assert worst_gap_s(tmp_path / "out.mp4") < 1.2
    assert [length for length in durations(tmp_path / "out.mp4") if abs(length - 4) > 0.15] == []


def worst_gap_s(path: Path) -> float:
    """How far the two tracks are apart where one follows the other in the file."""
    with av.open(str(path)) as container:
        placed = sorted(
            (packet.pos or 0, packet.stream.type, float((packet.dts or 0) * (packet.time_base or Fraction(1))))
            for packet in container.demux()
            if packet.size
        )
    return max(abs(one[2] - other[2]) for one, other in pairwise(placed) if one[1] != other[1])


def durations(path: Path) -> Iterator[float]:
    with av.open(str(path)) as container:
        for stream in container.streams:
            yield float((stream.duration or 0) * (stream.time_base or Fraction(1)))


@pytest.mark.parametrize(
    ("width", "height", "bits", "expected"),
    [
        (1920, 1080, 20_000_000, (1920, 1080)),
        (1920, 1080, 2_000_000, (1280, 720)),
        (1080, 1920, 2_000_000, (720, 1280)),
        (1920, 1080, 900_000, (960, 540)),
        (1920, 1080, 50_000, (426, 240)),
        (320, 180, 50_000, (320, 180)),
        (1000, 1000, 1_200_000, (720, 720)),
    ],
)
def test_the_size_steps_down_where_the_bits_are_few(
    width: int, height: int, bits: int, expected: tuple[int, int]
) -> None:
    assert encode.size_for(width, height, bits, 30) == expected
