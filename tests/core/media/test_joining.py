"""Films joined to one, and the last frame that the next one begins with: counted by frames and by samples of sound."""

import asyncio
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from core import media
from core.errors import BadReference, MediaError
from tests.corpus import clip
from tests.counted import Frame, clicks_heard, counted, heard, number_of, numbers, picture, shown

AAC_FRAME_S = 1024 / 44_100
REORDERED = {"preset": "veryfast", "crf": "18", "g": "48", "bf": "3", "x264-params": "b-adapt=0:scenecut=0"}


def joined(folder: Path, *parts: media.Part | Path) -> tuple[Path, media.Joined]:
    into = folder / "joined.mp4"
    return into, asyncio.run(media.join(parts, into))


def grey(frame: av.VideoFrame) -> Frame:
    return frame.to_ndarray(format="gray").astype(np.uint8)


def packets(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


# The last frame


@pytest.mark.parametrize("options", [REORDERED, {"bf": "0"}, {"g": "7", "bf": "2", "x264-params": "open-gop=1"}])
def test_the_last_frame_is_that_of_a_full_decode(tmp_path: Path, options: dict[str, str]) -> None:
    film = counted(tmp_path / "film.mp4", range(50), options=options)
    facts = asyncio.run(media.last_frame(film, tmp_path / "last.png"))
    last = max(shown(film), key=lambda frame: frame.pts or 0)
    assert number_of(last) == 49
    full = last.reformat(format="rgb24", src_colorspace="ITU601", interpolation="BICUBIC").to_ndarray()
    with Image.open(tmp_path / "last.png") as picture_:
        assert picture_.format == "PNG"
        assert np.array_equal(np.asarray(picture_), full)
    assert (facts.width, facts.height, facts.size) == (320, 180, (tmp_path / "last.png").stat().st_size)


def test_the_last_frame_is_upright_and_fits(tmp_path: Path) -> None:
    film = clip(tmp_path / "film.mp4", rotation=90, source="testsrc2=s=640x360:r=24,noise=alls=40:allf=t")
    facts = asyncio.run(media.last_frame(film, tmp_path / "last", max_bytes=300_000))
    with Image.open(tmp_path / "last") as picture_:
        assert (picture_.format, picture_.size) == ("JPEG", (360, 640))
    assert facts.size <= 300_000


def test_colours_are_those_that_the_film_means(tmp_path: Path) -> None:
    """A red that is written in the colours of HD, and not said to be: players take it so by the film's size."""
    red = np.zeros((720, 1280, 3), np.uint8)
    red[:] = (200, 40, 30)
    film = tmp_path / "red.mp4"
    with av.open(str(film), "w") as target:
        out: Any = target.add_stream("libx264", rate=24)
        out.width, out.height, out.pix_fmt = 1280, 720, "yuv420p"
        frame = av.VideoFrame.from_ndarray(red, format="rgb24")
        target.mux(out.encode(frame.reformat(format="yuv420p", dst_colorspace="ITU709")))
        target.mux(out.encode(None))
    asyncio.run(media.last_frame(film, tmp_path / "red.png"))
    with Image.open(tmp_path / "red.png") as picture_:
        pixel: Any = picture_.getpixel((600, 300))
    assert np.abs(np.array(pixel) - (200, 40, 30)).max() <= 3


def test_what_is_no_film_has_no_last_frame(tmp_path: Path) -> None:
    (tmp_path / "page.mp4").write_text("<html>")
    with pytest.raises(MediaError):
        asyncio.run(media.last_frame(tmp_path / "page.mp4", tmp_path / "last.png"))
    with pytest.raises(BadReference):
        asyncio.run(media.last_frame(tmp_path / "none.mp4", tmp_path / "last.png"))
    assert not (tmp_path / "last.png").exists()


# Pictures


def test_films_of_one_kind_are_copied(tmp_path: Path) -> None:
    films = [counted(tmp_path / f"{each}.mp4", range(each * 30, each * 30 + 30), clicks=(0.5,)) for each in range(3)]
    into, told = joined(tmp_path, *(media.Part(film, drops_first=False) for film in films))
    assert numbers(into) == list(range(90))
    assert packets(into) == [packet for film in films for packet in packets(film)]
    assert (told.encoded, told.dropped, told.probe.problems) == (0, (False, False, False), ())
    assert told.probe.duration_s == pytest.approx(90 / 24, abs=0.002)


def test_each_frame_has_its_own_time(tmp_path: Path) -> None:
    films = [counted(tmp_path / f"{each}.mp4", range(20), rate=Fraction(30000, 1001)) for each in range(3)]
    into, _ = joined(tmp_path, *films)
    times = [frame.pts or 0 for frame in shown(into)]
    assert {after - before for before, after in pairwise(times)} == {1001}
    assert times[0] == 0


@pytest.mark.parametrize(("options", "encoded"), [(None, 0), (REORDERED, 3)])
def test_a_frame_that_the_next_part_repeats_is_shown_once(
    tmp_path: Path, options: dict[str, str] | None, encoded: int
) -> None:
    """Where the last frame is needed by those stored after it, these few are encoded, and all else is copied."""
    before = counted(tmp_path / "before.mp4", range(45), options=options)
    after = counted(tmp_path / "after.mp4", range(44, 90), options=options)
    into, told = joined(tmp_path, media.Part(before), media.Part(after, drops_first=True))
    assert numbers(into) == list(range(90))
    assert (told.dropped, told.encoded) == ((False, True), encoded)
    ours, first, second = shown(into), shown(before), shown(after)
    for frame, source in zip(ours, [*first[:-1], *second], strict=True):
        apart = np.abs(grey(frame).astype(int) - grey(source))
        assert apart.max() == 0 or (encoded and number_of(frame) in {41, 42, 43} and apart.mean() < 1.5)


def test_a_chain_of_joined_films_can_be_joined_again(tmp_path: Path) -> None:
    """The first join holds two encodes, so two settings for the decoder; the next adds to it."""
    parts = [counted(tmp_path / f"{n}.mp4", range(n * 44, n * 44 + 45), options=REORDERED) for n in range(3)]
    one, _ = joined(tmp_path, parts[0], media.Part(parts[1], drops_first=True))
    one = one.rename(tmp_path / "one.mp4")
    into, told = joined(tmp_path, one, media.Part(parts[2], drops_first=True))
    assert numbers(into) == list(range(133))
    assert told.encoded <= 3


def test_a_repeated_frame_is_found_by_looking(tmp_path: Path) -> None:
    """Another encode of the same frame is found; the next frame of the motion, another scene and a still are not it."""
    poor = {"preset": "ultrafast", "crf": "30", "bf": "0"}
    before = counted(tmp_path / "before.mp4", range(30))
    again = counted(tmp_path / "again.mp4", range(29, 60), options=poor)
    goes_on = counted(tmp_path / "on.mp4", range(30, 60))
    another = counted(tmp_path / "another.mp4", range(200, 220))
    still = counted(tmp_path / "still.mp4", [5] * 20)
    for after, repeats in ((again, True), (goes_on, False), (another, False)):
        into, told = joined(tmp_path, before, after)
        assert told.dropped == (False, repeats)
        assert len(shown(into)) == 30 + len(shown(after)) - repeats
    assert joined(tmp_path, still, still)[1].dropped == (False, False)


@pytest.mark.parametrize(("begins", "repeats"), [(29, True), (30, False)])
def test_a_slow_motion_that_goes_on_repeats_nothing(tmp_path: Path, begins: int, repeats: bool) -> None:
    """A fifth of a step from frame to frame: the next frame differs as little as another encode of the same one."""
    ranges = range(30), range(begins, begins + 30)
    films = [
        counted(tmp_path / f"{number}.mp4", each, pictures=[picture(0, moved=number / 5) for number in each])
        for number, each in enumerate(ranges)
    ]
    assert joined(tmp_path, *films)[1].dropped == (False, repeats)


def test_a_model_that_gives_the_whole_film_back(tmp_path: Path) -> None:
    """What was before stands in it; so it takes its place. Found by its length and its pictures, or said."""
    old = counted(tmp_path / "old.mp4", range(30))
    whole = counted(tmp_path / "whole.mp4", range(70), options={"crf": "28"})
    longer = counted(tmp_path / "longer.mp4", range(300, 370))
    into, told = joined(tmp_path, old, whole)
    assert (told.begins_with, numbers(into)) == (1, list(range(70)))
    into, told = joined(tmp_path, old, longer)
    assert (told.begins_with, len(numbers(into))) == (0, 100)
    said = media.Part(longer, returns="whole"), media.Part(whole, returns="part", drops_first=False)
    assert numbers(joined(tmp_path, old, said[0])[0]) == list(range(300, 370))
    assert len(numbers(joined(tmp_path, old, said[1])[0])) == 100


def test_only_what_differs_is_encoded(tmp_path: Path) -> None:
    """Another size, rate, codec and shape, in the midst of films of one kind."""
    usual = [counted(tmp_path / f"usual{each}.mp4", range(each * 48, each * 48 + 48)) for each in range(2)]
    wide = counted(tmp_path / "wide.mp4", range(24), size=(640, 180), rate=12, codec="libx265", options={})
    into, told = joined(tmp_path, usual[0], wide, usual[1])
    frames = shown(into)
    assert {(frame.width, frame.height) for frame in frames} == {(320, 180)}
    assert [number_of(frame) for frame in frames[:48]] == list(range(48))
    assert [number_of(frame) for frame in frames[-48:]] == list(range(48, 96))
    assert (len(frames), told.encoded) == (144, 48)  # its two seconds at the others' rate
    margin = grey(frames[60])[10]
    assert margin.max() < 30  # a shape of its own stands between margins
    assert told.probe.problems == ()
    assert asyncio.run(media.verify(into)).duration_s == pytest.approx(6, abs=0.01)


def test_films_that_no_chat_plays_become_one_that_all_play(tmp_path: Path) -> None:
    films = [
        counted(tmp_path / f"{each}.webm", range(24), codec="libvpx-vp9", options={"cpu-used": "8"}, clicks=None)
        for each in range(2)
    ]
    into, told = joined(tmp_path, *(media.Part(film, drops_first=False) for film in films))
    assert (told.encoded, told.probe.problems) == (48, ("silent",))
    assert numbers(into) == [*range(24), *range(24)]


# Sound


def test_sound_stays_with_its_pictures(tmp_path: Path) -> None:
    """Twelve films whose length is no number of AAC packets: each click is where its picture is, none wanders off."""
    films = [counted(tmp_path / f"{each}.mp4", range(25), clicks=(0.2, 0.8)) for each in range(12)]
    into, told = joined(tmp_path, *(media.Part(film, drops_first=False) for film in films))
    wanted = [each * 25 / 24 + click for each in range(12) for click in (0.2, 0.8)]
    clicks = clicks_heard(into)
    assert len(clicks) == len(wanted)
    assert max(abs(at - due) for at, due in zip(clicks, wanted, strict=True)) < AAC_FRAME_S / 2 + 0.002
    track, rate = heard(into)
    assert len(track) / rate == pytest.approx(told.probe.duration_s, abs=AAC_FRAME_S)


def test_the_sound_of_copied_films_is_copied(tmp_path: Path) -> None:
    films = [clip(tmp_path / f"{each}.mp4", seconds=2.0) for each in range(2)]
    into, _ = joined(tmp_path, *(media.Part(film, drops_first=False) for film in films))
    (ours, rate), (theirs, _) = heard(into), heard(films[0])
    begin = round(2 * rate / 1024) * 1024  # the second film's place, but for the packet at the seam
    assert np.allclose(ours[: begin - 1024], theirs[: begin - 1024], atol=1e-4)
    assert np.allclose(ours[begin + 1024 : begin + rate], theirs[1024:rate], atol=1e-4)
    assert np.abs(ours[begin - 1024 : begin + 1024]).max() < 2 * np.abs(theirs).max()


def test_the_sound_of_a_dropped_frame_goes_with_it(tmp_path: Path) -> None:
    before = counted(tmp_path / "before.mp4", range(25), clicks=(0.2, 1.02))
    after = counted(tmp_path / "after.mp4", range(24, 49), clicks=(0.01, 0.5))
    into, _ = joined(tmp_path, before, media.Part(after, drops_first=True))
    assert clicks_heard(into) == pytest.approx([0.2, 1.02, 1 + 0.5], abs=AAC_FRAME_S)


def test_a_silent_part_is_silent_and_as_long(tmp_path: Path) -> None:
    loud = counted(tmp_path / "loud.mp4", range(25), clicks=(0.5,))
    quiet = counted(tmp_path / "quiet.mp4", range(25, 50), clicks=None)
    for order, due in (((loud, quiet, loud), (0.5, 50 / 24 + 0.5)), ((quiet, loud, quiet), (25 / 24 + 0.5,))):
        into, told = joined(tmp_path, *(media.Part(film, drops_first=False) for film in order))
        assert clicks_heard(into) == pytest.approx(due, abs=AAC_FRAME_S)
        track, rate = heard(into)
        assert len(track) / rate == pytest.approx(75 / 24, abs=AAC_FRAME_S)
        assert told.probe.problems == ()


def test_films_without_sound_stay_so(tmp_path: Path) -> None:
    films = [counted(tmp_path / f"{each}.mp4", range(10), clicks=None) for each in range(2)]
    assert joined(tmp_path, *films)[1].probe.problems == ("silent",)


@pytest.mark.parametrize(
    "other", [("aac", 48_000, "stereo"), ("aac", 44_100, "mono"), ("libmp3lame", 44_100, "stereo")]
)
def test_sound_of_another_kind_is_encoded_and_stays_in_step(tmp_path: Path, other: tuple[str, int, str]) -> None:
    usual = [counted(tmp_path / f"{each}.mp4", range(25), clicks=(0.5,)) for each in range(2)]
    odd = counted(tmp_path / "odd.mp4", range(25), clicks=(0.1, 0.9), sound=other)
    into, told = joined(tmp_path, *(media.Part(film, drops_first=False) for film in (usual[0], odd, usual[1])))
    assert clicks_heard(into) == pytest.approx(
        [0.5, 25 / 24 + 0.1, 25 / 24 + 0.9, 50 / 24 + 0.5], abs=AAC_FRAME_S + 0.002
    )
    assert told.encoded == 0
    with av.open(str(into)) as container:
        assert (container.streams.audio[0].rate, container.streams.audio[0].channels) == (44_100, 2)


# Files that are no parts


def test_a_damaged_part_ends_the_join(tmp_path: Path) -> None:
    film = counted(tmp_path / "film.mp4", range(30))
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(film.read_bytes()[:-2000])
    for parts in ((film, cut), (cut, film)):
        with pytest.raises(MediaError):
            joined(tmp_path, *parts)
        assert not (tmp_path / "joined.mp4").exists()
    with pytest.raises(BadReference):
        joined(tmp_path, film, tmp_path / "none.mp4")


def test_a_join_that_is_too_long_is_refused(tmp_path: Path) -> None:
    film = counted(tmp_path / "film.mp4", [0] * 160, rate=1, clicks=None, options={"preset": "ultrafast"})
    with pytest.raises(MediaError) as refused:
        joined(tmp_path, film, film)
    assert refused.value.code == "video_too_long"


def test_the_picture_of_the_tests_moves(tmp_path: Path) -> None:
    assert not np.array_equal(picture(1)[40:], picture(2)[40:])
