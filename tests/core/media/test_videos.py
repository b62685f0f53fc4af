"""Videos in the child: what plays is copied, what almost plays is remuxed, the rest is encoded once, within budget."""

import asyncio
import os
import statistics
import subprocess
import sys
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image

from core import media
from core.errors import MediaError
from core.types import Kind
from tests.corpus import clip, has_sound
from tests.media_jobs import is_gone

BUDGET = 9_500_000


def probe(path: Path) -> media.Probe:
    return asyncio.run(media.probe(path))


def playable(path: Path, into: Path, max_bytes: int = BUDGET) -> str:
    made = asyncio.run(media.make_playable(path, into, max_bytes=max_bytes))
    result = asyncio.run(media.verify(into))
    assert made.probe == result
    assert result.playable, result.problems
    assert has_sound(into)
    assert result.size <= max_bytes
    return made.how


@pytest.mark.parametrize(
    ("name", "options", "how"),
    [
        ("fine.mp4", {}, "copied"),
        ("silent.mp4", {"audio": None}, "remuxed"),
        ("late-moov.mp4", {"movflags": "0"}, "remuxed"),
        ("fragmented.mp4", {"movflags": "frag_keyframe+empty_moov"}, "remuxed"),
        ("phone.mov", {"container": "mov"}, "remuxed"),
        ("h264.mkv", {}, "remuxed"),
        ("mp3.mp4", {"audio": "libmp3lame"}, "remuxed"),
        ("b-frames.mkv", {"options": {"preset": "veryfast", "bf": "2"}}, "remuxed"),
        ("tall.mp4", {"source": "testsrc2=s=16x1080:r=24"}, "copied"),
        ("one-frame.mp4", {"seconds": 0.01}, "copied"),
        ("hevc.mp4", {"codec": "libx265"}, "transcoded"),
        ("vp9.webm", {"codec": "libvpx-vp9", "audio": "libopus", "options": {"cpu-used": "8"}}, "transcoded"),
        ("yuv444.mp4", {"pixels": "yuv444p"}, "transcoded"),
        ("ten-bit.mp4", {"pixels": "yuv420p10le"}, "transcoded"),
        ("mpeg4.mp4", {"codec": "mpeg4"}, "transcoded"),
        ("odd.mp4", {"source": "testsrc2=s=321x181:r=24", "pixels": "yuv444p"}, "transcoded"),
        ("turned.mp4", {"rotation": 90}, "transcoded"),
        ("wide-pixels.mp4", {"sar": Fraction(4, 3)}, "transcoded"),
        ("too-large.mp4", {"source": "color=c=red:s=2560x1440:r=5"}, "transcoded"),
    ],
)
def test_the_least_change_that_plays(tmp_path: Path, name: str, options: dict[str, Any], how: str) -> None:
    source = clip(tmp_path / name, **options)
    assert playable(source, tmp_path / "out.mp4") == how


def test_a_copy_leaves_every_byte(tmp_path: Path) -> None:
    source = clip(tmp_path / "fine.mp4")
    playable(source, tmp_path / "out.mp4")
    assert (tmp_path / "out.mp4").read_bytes() == source.read_bytes()


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_turned_phone_video_is_shown_upright(tmp_path: Path, degrees: int) -> None:
    upright = clip(tmp_path / "upright.mp4")
    turned = clip(tmp_path / "turned.mp4", rotation=degrees)
    facts = probe(turned)
    assert (facts.width, facts.height) == ((320, 180) if degrees == 180 else (180, 320))
    playable(turned, tmp_path / "out.mp4")
    assert (probe(tmp_path / "out.mp4").width, probe(tmp_path / "out.mp4").height) == (facts.width, facts.height)
    quarter = {90: Image.Transpose.ROTATE_270, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_90}
    expected = first_frame(upright).transpose(quarter[degrees])
    assert difference(first_frame(tmp_path / "out.mp4"), expected) < 12


def test_a_noisy_file_is_fitted_into_its_budget(tmp_path: Path) -> None:
    noise = "nullsrc=s=640x360:r=24,geq=random(1)*255:128:128"
    source = clip(tmp_path / "noise.mp4", source=noise, seconds=2, options={"preset": "ultrafast", "crf": "10"})
    assert source.stat().st_size > 2_000_000
    assert playable(source, tmp_path / "out.mp4", 400_000) == "transcoded"
    assert (tmp_path / "out.mp4").stat().st_size > 150_000


def test_an_impossible_budget_is_refused(tmp_path: Path) -> None:
    source = clip(tmp_path / "fine.mp4", seconds=2)
    with pytest.raises(MediaError, match="file_too_large"):
        asyncio.run(media.make_playable(source, tmp_path / "out.mp4", max_bytes=9000))


def check(path: Path, *, max_bytes: int = BUDGET, lenient: bool = False) -> media.Check:
    """With `thumbnail.jpg` and `copy.mp4` beside the file."""
    thumbnail, into = path.with_name("thumbnail.jpg"), path.with_name("copy.mp4")
    return asyncio.run(media.check(path, thumbnail=thumbnail, into=into, max_bytes=max_bytes, lenient=lenient))


@pytest.mark.parametrize("lenient", [False, True])
def test_the_thumbnail_shows_the_film_upright_and_small(tmp_path: Path, lenient: bool) -> None:
    source = clip(tmp_path / "turned.mp4", source="testsrc2=s=1280x720:r=24", rotation=90)
    check(source, lenient=lenient)
    with Image.open(tmp_path / "thumbnail.jpg") as image:
        assert (image.format, image.size) == ("JPEG", (180, 320))
    assert (tmp_path / "thumbnail.jpg").stat().st_size <= 64_000


def test_the_thumbnail_is_a_key_frame_a_third_into_the_film(tmp_path: Path) -> None:
    options = {"preset": "ultrafast", "g": "12"}
    source = clip(tmp_path / "film.mp4", source="mandelbrot=s=320x180:r=24", seconds=3, options=options)
    for lenient in (False, True):
        check(source, lenient=lenient)
        with av.open(str(source)) as container, Image.open(tmp_path / "thumbnail.jpg") as still:
            at = [frame.to_image() for frame in container.decode(video=0)]  # type: ignore[no-untyped-call]
            assert min(range(72), key=lambda index: difference(still, at[index])) == 24


@pytest.mark.parametrize(
    ("name", "options", "copied"),
    [
        ("fine.mp4", {}, False),
        ("silent.mp4", {"audio": None}, True),
        ("late-moov.mp4", {"movflags": "0"}, True),
        ("h264.mkv", {}, True),
        ("mp3.mp4", {"audio": "libmp3lame"}, True),
        ("b-frames.mov", {"container": "mov", "options": {"preset": "veryfast", "bf": "2"}}, True),
        ("hevc.mp4", {"codec": "libx265"}, False),
        ("turned.mp4", {"rotation": 90}, False),
    ],
)
def test_a_check_makes_a_copy_where_another_container_is_enough(
    tmp_path: Path, name: str, options: dict[str, Any], copied: bool
) -> None:
    source = clip(tmp_path / name, **options)
    told = check(source)
    assert told.probe == asyncio.run(media.verify(source))
    assert (told.copy is not None) == copied
    if told.copy is not None:
        assert told.copy == asyncio.run(media.verify(tmp_path / "copy.mp4"))
        assert told.copy.playable
        assert pictures(tmp_path / "copy.mp4") == pictures(source)


def test_a_copy_that_would_not_fit_is_not_made(tmp_path: Path) -> None:
    source = clip(tmp_path / "silent.mp4", audio=None)
    assert check(source, max_bytes=source.stat().st_size // 2).copy is None


def test_a_film_a_hair_too_large_gets_a_slimmer_container(tmp_path: Path) -> None:
    source = clip(tmp_path / "fine.mp4", metadata={"comment": "x" * 900}, seconds=3)
    told = check(source, max_bytes=source.stat().st_size - 200)
    assert told.copy is not None
    assert told.copy.size < told.probe.size


def test_a_damaged_film_is_refused_by_a_check_and_opened_by_a_lenient_one(tmp_path: Path) -> None:
    whole = clip(tmp_path / "f.mp4", seconds=3, audio=None, source="mandelbrot=s=320x180:r=24").read_bytes()
    start = whole.index(b"mdat") + len(whole) // 2
    (tmp_path / "m.mp4").write_bytes(whole[:start] + bytes(3000) + whole[start + 3000 :])
    with pytest.raises(MediaError, match="video_broken"):
        check(tmp_path / "m.mp4")
    assert not (tmp_path / "thumbnail.jpg").exists()
    told = check(tmp_path / "m.mp4", lenient=True)
    assert (told.probe.problems, told.copy) == (("silent",), None)  # a copy is made of what is whole
    assert (tmp_path / "thumbnail.jpg").exists()


def pictures(path: Path) -> list[bytes]:
    """As they come out of the decoder."""
    with av.open(str(path)) as container:
        return [bytes(frame.planes[0]) for frame in container.decode(video=0)]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "unsupported_media"),
        (b"<!doctype html><html>error</html>", "unsupported_media"),
        (b"#EXTM3U\n#EXTINF:10,\n/etc/passwd\n", "unsupported_media"),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", "unsupported_media"),
        (b"\x00\x00\x00\x18ftypmp42" + bytes(400), "unreadable_media"),
        (b"\x1a\x45\xdf\xa3" + bytes(range(256)) * 8, "unreadable_media"),
    ],
)
def test_what_is_no_video_is_refused(tmp_path: Path, content: bytes, code: str) -> None:
    path = tmp_path / "video.mp4"
    path.write_bytes(content)
    with pytest.raises(MediaError) as caught:
        probe(path)
    assert caught.value.code == code


def test_a_cut_or_damaged_file_is_noticed(tmp_path: Path) -> None:
    whole = clip(tmp_path / "fine.mp4", seconds=2).read_bytes()
    cut, damaged = tmp_path / "cut.mp4", tmp_path / "damaged.mp4"
    cut.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(MediaError, match="truncated_media"):
        asyncio.run(media.verify(cut))
    start = whole.index(b"mdat") + 2000
    damaged.write_bytes(whole[:start] + bytes(len(whole) - start - 500) + whole[-500:])
    with pytest.raises(MediaError):
        asyncio.run(media.verify(damaged))


def test_a_blemished_film_that_must_be_encoded_is_shown_as_far_as_it_goes(tmp_path: Path) -> None:
    """It was paid for, and fal has no better one."""
    whole = clip(tmp_path / "f.mp4", codec="mpeg4", seconds=3, source="mandelbrot=s=320x180:r=24").read_bytes()
    start = whole.index(b"mdat") + len(whole) // 2
    (tmp_path / "m.mp4").write_bytes(whole[:start] + bytes(3000) + whole[start + 3000 :])
    with pytest.raises(MediaError, match="video_broken"):
        asyncio.run(media.verify(tmp_path / "m.mp4"))
    assert playable(tmp_path / "m.mp4", tmp_path / "out.mp4") == "transcoded"
    assert probe(tmp_path / "out.mp4").duration_s == pytest.approx(3, abs=0.3)


def test_flipped_bits_show_when_it_is_decoded_whole(tmp_path: Path) -> None:
    whole = clip(
        tmp_path / "f.mp4", source="mandelbrot=s=320x180:r=24", options={"preset": "veryfast", "threads": "1"}
    ).read_bytes()
    start = whole.index(b"mdat") + 4000
    found = 0
    for number in range(8):
        flipped = bytearray(whole)
        flipped[start + (len(whole) - start - 9000) * number // 8] ^= 16
        (tmp_path / "m.mp4").write_bytes(flipped)
        try:
            asyncio.run(media.verify(tmp_path / "m.mp4"))
        except MediaError as error:
            found += error.code == "video_broken"
    assert found >= 3


def test_a_cancelled_task_takes_its_child_along(tmp_path: Path) -> None:
    source = clip(tmp_path / "big.mp4", source="testsrc2=s=1280x720:r=30", seconds=4, codec="mpeg4")

    async def story() -> None:
        async with asyncio.timeout(20):
            task = asyncio.create_task(media.make_playable(source, tmp_path / "out.mp4", max_bytes=BUDGET))
            while not (at_work := with_a_file_in(tmp_path)):
                await asyncio.sleep(0.005)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            while not all(is_gone(pid) for pid in at_work):
                await asyncio.sleep(0.005)

    asyncio.run(story())


def with_a_file_in(folder: Path) -> set[int]:
    """Other processes that hold a file of this folder open."""
    found = set()
    for fd in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):  # ended meanwhile
            if fd.readlink().is_relative_to(folder):
                found.add(int(fd.parts[2]))
    return found - {os.getpid()}


def test_a_child_that_says_nothing_is_a_media_error(tmp_path: Path) -> None:
    script = tmp_path / "dies.py"
    script.write_text("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n")
    with pytest.raises(MediaError) as caught:
        asyncio.run(media.run_child(script, "{}"))
    assert caught.value.facts["reason"] == "crashed"
    script.write_text("import time\ntime.sleep(30)\n")
    with pytest.raises(MediaError) as caught:
        asyncio.run(media.run_child(script, "{}", wall_s=0.3))
    assert caught.value.facts["reason"] == "timeout"


def test_the_parent_loads_no_decoder() -> None:
    told = "import sys, core.media; print([name for name in ('av', 'PIL', 'numpy') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout.strip() == "[]"


def test_a_child_sees_no_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "123:secret")
    script = tmp_path / "tells.py"
    script.write_text("import json, os\nprint(json.dumps({'ok': dict(os.environ)}))\n")
    answer = asyncio.run(media.run_child(script, "{}"))
    assert "TELEGRAM_BOT_TOKEN" not in answer["ok"]


def test_kind_is_told_by_content(tmp_path: Path) -> None:
    path = clip(tmp_path / "video.mp4")
    path.rename(tmp_path / "photo.jpg")
    assert media.sniff_kind(tmp_path / "photo.jpg") is Kind.VIDEO


def first_frame(path: Path) -> Image.Image:
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        image: Image.Image = frame.to_image()  # type: ignore[no-untyped-call]
        return image


def difference(one: Image.Image, other: Image.Image) -> float:
    """Mean absolute difference of the two pictures, 0 to 255, seen from afar."""
    assert one.size == other.size
    small = [image.convert("L").resize((40, 40)).tobytes() for image in (one, other)]
    return statistics.fmean(abs(a - b) for a, b in zip(*small, strict=True))
