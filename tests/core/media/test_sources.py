"""A video that somebody sends to be changed: brought within what the model takes, told, and without its place."""

import asyncio
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from core import media
from core.errors import MediaError
from core.types import Adjustment, SourceLimits
from tests.corpus import clip, has_sound

EDIT = SourceLimits(min_side=120, max_side=400, max_bytes=3_000_000, min_s=1, max_s=2, min_fps=9)


def prepared(
    source: Path, into: Path, limits: SourceLimits = EDIT
) -> tuple[media.Probe, tuple[Adjustment, ...], dict[str, Any]]:
    probe, adjustments = asyncio.run(media.prepare_video(source, into, limits=limits, max_bytes=100_000_000))
    with av.open(str(into)) as container:
        stream = container.streams.video[0]
        frame = next(container.decode(stream))
        codec, rate = stream.codec_context.name, float(stream.average_rate or 0)
        told = {"codec": codec, "rotation": frame.rotation, "sar": stream.sample_aspect_ratio, "rate": rate}
        assert container.format.name.startswith("mov,mp4")
    return probe, adjustments, told


PLACE = {"location": "+48.8582+002.2945/", "comment": "SecretHome", "com.apple.quicktime.location.ISO6709": "+48.8582"}


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("gps.mov", {}),
        ("gps.mp4", {}),
        ("gps-turned.mov", {"rotation": 90}),
        ("gps-silent.mp4", {"audio": None}),
        ("gps-mp3.mov", {"audio": "libmp3lame"}),
        ("gps-hevc.mov", {"codec": "libx265"}),
    ],
)
def test_published_videos_carry_no_place(tmp_path: Path, name: str, how: dict[str, Any]) -> None:
    source = clip(tmp_path / name, metadata=PLACE, movflags="+use_metadata_tags", **how)
    if name == "gps.mov":  # and where old phones write it: a user data atom
        _plant_user_data(source)
    assert b"+48.8582" in source.read_bytes()
    prepared(source, tmp_path / "clean.mp4")
    cleaned = (tmp_path / "clean.mp4").read_bytes()
    for secret in (b"48.85", b"SecretHome", b"location", b"ISO6709", b"\xa9xyz"):
        assert secret not in cleaned


def _plant_user_data(path: Path) -> None:
    """udta with the place at the end of moov, wherever moov stands."""
    data = path.read_bytes()
    at = data.index(b"moov") - 4
    size = int.from_bytes(data[at : at + 4], "big")
    text = b"+48.8582+002.2945/"
    xyz = (12 + len(text)).to_bytes(4, "big") + b"\xa9xyz" + len(text).to_bytes(2, "big") + b"\x15\xc7" + text
    udta = (8 + len(xyz)).to_bytes(4, "big") + b"udta" + xyz
    moved = data[:at] + (size + len(udta)).to_bytes(4, "big") + data[at + 4 : at + size] + udta + data[at + size :]
    path.write_bytes(moved if b"mdat" in data[:at] else _shifted(moved, len(udta)))


def _shifted(data: bytes, by: int) -> bytes:
    """Chunk offsets in stco, moved by as much as moov has grown before them."""
    out, at = bytearray(data), 0
    while (at := data.find(b"stco", at)) != -1:
        count = int.from_bytes(data[at + 8 : at + 12], "big")
        for place in range(at + 12, at + 12 + 4 * count, 4):
            out[place : place + 4] = (int.from_bytes(data[place : place + 4], "big") + by).to_bytes(4, "big")
        at += 4
    return bytes(out)


def test_what_fits_keeps_its_very_pictures(tmp_path: Path) -> None:
    source = clip(tmp_path / "fine.mov", seconds=1.5)
    _, adjustments, told = prepared(source, tmp_path / "out.mp4")
    assert adjustments == ()
    assert told["codec"] == "h264"
    with av.open(str(source)) as one, av.open(str(tmp_path / "out.mp4")) as two:
        packets = [[bytes(packet) for packet in each.demux(video=0) if packet.size] for each in (one, two)]
    assert packets[0] == packets[1]


def test_a_long_video_is_cut_without_an_encode(tmp_path: Path) -> None:
    source = clip(tmp_path / "long.mp4", seconds=4, options={"preset": "veryfast", "bf": "3"})
    probe, adjustments, told = prepared(source, tmp_path / "out.mp4")
    assert 1.7 <= probe.duration_s <= 2.0
    assert adjustments == (Adjustment("source_trimmed", "4", "2"),)
    assert told["codec"] == "h264"
    asyncio.run(media.verify(tmp_path / "out.mp4"))
    assert has_sound(tmp_path / "out.mp4")


def test_a_long_video_that_is_encoded_is_cut_too(tmp_path: Path) -> None:
    source = clip(tmp_path / "long.webm", seconds=4, codec="libvpx-vp9", audio="libopus", options={"cpu-used": "8"})
    probe, adjustments, told = prepared(source, tmp_path / "out.mp4")
    assert probe.duration_s == pytest.approx(2.0, abs=0.15)
    assert probe.duration_s <= 2.1
    assert told["codec"] == "h264"
    assert adjustments == (Adjustment("source_trimmed", "4", "2"),)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ("640x360", (400, 224)),
        ("360x640", (224, 400)),
        ("160x90", (214, 120)),
        ("1000x50", (400, 120)),  # scaled down, then a margin
        ("320x180", (320, 180)),
    ],
)
def test_sizes_come_within_the_limits(tmp_path: Path, size: str, expected: tuple[int, int]) -> None:
    source = clip(tmp_path / "v.mp4", source=f"testsrc2=s={size}:r=24")
    probe, adjustments, _ = prepared(source, tmp_path / "out.mp4")
    assert (probe.width, probe.height) == expected
    changed = Adjustment("source_scaled", size, "{}x{}".format(*expected))
    assert adjustments == (() if size == "320x180" else (changed,))


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("turned.mov", {"rotation": 90}),
        ("upside-down.mov", {"rotation": 180}),
        ("wide-pixels.mp4", {"sar": Fraction(4, 3)}),
        ("slow.mp4", {"source": "testsrc2=s=320x180:r=5"}),
        ("ten-bit.mp4", {"pixels": "yuv420p10le"}),
        ("odd.mkv", {"source": "testsrc2=s=321x181:r=24", "pixels": "yuv444p"}),
        ("mpeg4.mp4", {"codec": "mpeg4"}),
        ("sixty.mp4", {"source": "testsrc2=s=320x180:r=60", "codec": "mpeg4"}),
    ],
)
def test_what_models_stumble_over_is_baked_in(tmp_path: Path, name: str, how: dict[str, Any]) -> None:
    probe, adjustments, told = prepared(clip(tmp_path / name, **how), tmp_path / "out.mp4")
    assert (told["codec"], told["rotation"], told["sar"] or 1) == ("h264", 0, 1)
    assert 9 <= told["rate"] <= 30.1
    wide = name == "wide-pixels.mp4"  # 427 pixels are shown
    assert adjustments == ((Adjustment("source_scaled", "427x180", "400x168"),) if wide else ())
    shown = {"turned.mov": (180, 320), "wide-pixels.mp4": (400, 168), "odd.mkv": (320, 180)}
    assert (probe.width, probe.height) == shown.get(name, (320, 180))


def test_too_many_bytes_are_brought_down(tmp_path: Path) -> None:
    noise = "nullsrc=s=320x180:r=24,geq=random(1)*255:128:128"
    source = clip(tmp_path / "noise.mp4", source=noise, seconds=2, options={"preset": "ultrafast", "crf": "5"})
    limits = SourceLimits(min_side=100, max_side=400, max_bytes=300_000, max_s=10)
    assert source.stat().st_size > 2 * limits.max_bytes
    probe, _, _ = prepared(source, tmp_path / "out.mp4", limits)
    assert probe.size <= limits.max_bytes


def test_what_is_too_short_is_refused(tmp_path: Path) -> None:
    source = clip(tmp_path / "v.mp4", seconds=0.5)
    with pytest.raises(MediaError, match="video_too_short"):
        prepared(source, tmp_path / "out.mp4")
    assert not (tmp_path / "out.mp4").exists()


def test_damage_is_told_to_the_sender_as_such(tmp_path: Path) -> None:
    whole = clip(tmp_path / "fine.mp4", seconds=2).read_bytes()
    start = whole.index(b"mdat") + 2000
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(whole[:start] + bytes(len(whole) - start - 500) + whole[-500:])
    with pytest.raises(MediaError, match="unreadable_media"):
        prepared(damaged, tmp_path / "out.mp4")
