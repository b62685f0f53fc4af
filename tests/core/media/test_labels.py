"""The label of what AI has made, read back from what is sent: the record, the mark, and all else as it was."""

import asyncio
import json
from fractions import Fraction
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from core import media
from core.config import FalSettings
from core.errors import MediaError
from core.media.ai_label import AiLabel, label_of, labelled
from core.media.renditions import RenditionCache
from core.media.worker import mark
from core.sandbox.mark import draw
from tests.corpus import clip
from tests.counted import Frame, clicks_heard, counted, heard, numbers, shown

FITS = 9_500_000
METADATA, VISIBLE = AiLabel("Studio 狐", visible=False), AiLabel("Studio 狐", visible=True)


def record(path: Path) -> dict[str, str] | None:
    """As ffprobe shows it: among the file's tags."""
    with av.open(str(path)) as container:
        text = container.metadata.get("AIGC")
    return None if text is None else dict(json.loads(text))


def packets(path: Path) -> list[tuple[int, int | None, int | None, bytes]]:
    with av.open(str(path)) as container:
        return [
            (packet.stream_index, packet.pts, packet.dts, bytes(packet)) for packet in container.demux() if packet.size
        ]


def rendition(original: Path, label: AiLabel | None, *, max_bytes: int = FITS) -> Path:
    cache = RenditionCache(original.parent / "fitted", label=label)

    async def story() -> Path:
        return (await cache.rendition(original, max_bytes=max_bytes)).path

    return asyncio.run(story())


def corner(frame: av.VideoFrame) -> Frame:
    size = min(frame.width, frame.height)
    return frame.to_ndarray(format="gray").astype(np.uint8)[: size // 5, : size // 3]


def white_part(frame: av.VideoFrame) -> float:
    return float((corner(frame) > 200).mean())


# The record


def test_the_record_names_all_that_the_standard_names() -> None:
    told = json.loads(METADATA.record(Path("20261128-110000_wan-3.0_5s_720p_k7ab12.mp4")))
    assert list(told) == [
        "Label", "ContentProducer", "ProduceID", "ReservedCode1", "ContentPropagator", "PropagateID", "ReservedCode2",
    ]  # fmt: skip
    assert (told["Label"], told["ContentProducer"], told["ProduceID"].endswith("_k7ab12")) == ("1", "Studio 狐", True)
    assert all(isinstance(value, str) for value in told.values())


@pytest.mark.parametrize("movflags", ["+faststart", "+write_colr"])
def test_a_new_film_gets_its_record_and_keeps_every_packet(tmp_path: Path, movflags: str) -> None:
    """Whether the index stands before the pictures, whose places then move, or behind them."""
    film = clip(tmp_path / "film.mp4", movflags=movflags)
    before, plain = film.read_bytes(), packets(film)
    film = film.rename(tmp_path / "film-plain.part")
    into = tmp_path / "made_k7.mp4"
    asyncio.run(labelled(film, into, METADATA))
    assert record(into) == json.loads(METADATA.record(into))
    assert packets(into) == plain
    assert into.stat().st_size - len(before) == pytest.approx(len(METADATA.record(into).encode()), abs=200)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["made_k7.mp4"]
    assert asyncio.run(media.verify(into)).labelled


def test_a_record_of_the_models_own_maker_stays(tmp_path: Path) -> None:
    film = clip(tmp_path / "film.mp4", movflags="+faststart+use_metadata_tags", metadata={"AIGC": '{"Label":"1"}'})
    before = film.read_bytes()
    asyncio.run(labelled(film, tmp_path / "made.mp4", METADATA))
    assert (tmp_path / "made.mp4").read_bytes() == before
    for label, most in ((METADATA, FITS), (None, 30_000), (VISIBLE, FITS)):
        assert record(rendition(tmp_path / "made.mp4", label, max_bytes=most)) == {"Label": "1"}


def test_a_signed_film_keeps_its_signature(tmp_path: Path) -> None:
    """C2PA's box: with a byte more its signature would be void. What a chat gets has the record all the same."""
    film = clip(tmp_path / "film.mp4")
    signature = bytes.fromhex("d8fec3d61b0e483c92975828877ec481") + bytes(40)
    film.write_bytes(film.read_bytes() + (8 + len(signature)).to_bytes(4, "big") + b"uuid" + signature)
    before = film.read_bytes()
    asyncio.run(labelled(film, tmp_path / "made.mp4", METADATA))
    assert (tmp_path / "made.mp4").read_bytes() == before
    sent = rendition(tmp_path / "made.mp4", METADATA)
    assert record(sent) is not None
    assert [each[3] for each in packets(sent)] == [each[3] for each in packets(tmp_path / "made.mp4")]


@pytest.mark.parametrize("content", [b"<html>", b"", b"\x00\x00\x00\x08moov", None])
def test_what_can_get_no_record_keeps_its_bytes(tmp_path: Path, content: bytes | None) -> None:
    """A page, nothing, half a film and one in fragments; whether it is a film is found out by its check."""
    film = clip(tmp_path / "film.mp4", movflags="frag_keyframe+empty_moov")
    if content is not None:
        film.write_bytes(content)
    before = film.read_bytes()
    asyncio.run(labelled(film, tmp_path / "made.mp4", METADATA))
    assert (tmp_path / "made.mp4").read_bytes() == before
    assert not film.exists()


def test_chunk_offsets_of_64_bits_move_too(tmp_path: Path) -> None:
    film = clip(tmp_path / "film.mp4")
    data, tables = film.read_bytes(), film.read_bytes().count(b"stco")
    wide = _with_wide_offsets(data)
    film.write_bytes(wide)
    assert wide.count(b"co64") == tables
    plain = packets(film)
    asyncio.run(labelled(film, tmp_path / "made.mp4", METADATA))
    assert record(tmp_path / "made.mp4") is not None
    assert packets(tmp_path / "made.mp4") == plain


def _with_wide_offsets(data: bytes) -> bytes:
    """Write every stco as a co64, as those of files beyond 4 GB are."""

    def rebuilt(at: int, end: int, more: int) -> bytes:
        out = b""
        while at < end:
            length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
            body = data[at + 8 : at + length]
            if kind in {b"moov", b"trak", b"mdia", b"minf", b"stbl"}:
                body = rebuilt(at + 8, at + length, more)
            elif kind == b"stco":
                kind, places = b"co64", (np.frombuffer(body[8:], ">u4").astype("u8") + more).astype(">u8")
                body = body[:8] + places.tobytes()
            out += (8 + len(body)).to_bytes(4, "big") + kind + body
            at += length
        return out

    return rebuilt(0, len(data), len(rebuilt(0, len(data), 0)) - len(data))


# What chats get


def test_without_the_setting_nothing_is_added(tmp_path: Path) -> None:
    film = clip(tmp_path / "film.mp4")
    assert rendition(film, None) == film
    assert record(rendition(film, None, max_bytes=30_000)) is None
    assert label_of(FalSettings.offline()) is None


def test_metadata_costs_no_encode(tmp_path: Path) -> None:
    """A film from before the setting is copied with its record; one that has it already is sent as it is."""
    film = clip(tmp_path / "film.mp4")
    sent = rendition(film, METADATA)
    assert (sent != film, packets(sent)) == (True, packets(film))
    assert record(sent) == json.loads(METADATA.record(film))
    asyncio.run(labelled(film, tmp_path / "new.mp4", METADATA))
    assert rendition(tmp_path / "new.mp4", METADATA) == tmp_path / "new.mp4"


@pytest.mark.parametrize("changed", [{"audio": None}, {"container": "mov"}, {"codec": "libx265"}])
def test_every_copy_has_the_record(tmp_path: Path, changed: dict[str, Any]) -> None:
    film = clip(tmp_path / "film.mp4", **changed)
    sent = rendition(film, METADATA)
    assert record(sent) == json.loads(METADATA.record(film))
    assert asyncio.run(media.verify(sent)).playable


def test_a_copy_with_its_record_is_no_larger_than_the_chat_takes(tmp_path: Path) -> None:
    film = clip(tmp_path / "film.mp4", source="testsrc2=s=640x360:r=24,noise=alls=30:allf=t", seconds=2)
    most = film.stat().st_size + 10  # it fits, and with its record it does not
    sent = rendition(film, METADATA, max_bytes=most)
    assert sent.stat().st_size <= most
    assert record(sent) is not None


def test_what_is_labelled_otherwise_is_made_anew(tmp_path: Path) -> None:
    """The setting is changed: no copy of before is taken for what is asked for now."""
    film = counted(tmp_path / "film.mp4", [0] * 24)
    for _ in range(2):
        assert white_part(shown(rendition(film, VISIBLE))[5]) > 0.01
        assert record(rendition(film, METADATA)) is not None
        assert white_part(shown(rendition(film, METADATA))[5]) < white_part(shown(rendition(film, VISIBLE))[5])
        assert rendition(film, None) == film


# The mark


def test_the_mark_is_seen_for_its_seconds_and_then_gone(tmp_path: Path) -> None:
    grey = np.full((360, 640, 3), 90, np.uint8)
    film = counted(tmp_path / "film.mp4", range(120), size=(640, 360), clicks=(0.5, 4.0), pictures=[grey] * 120)
    sent = rendition(film, VISIBLE)
    frames = shown(sent)
    assert len(frames) == 120
    whites = [white_part(frame) for frame in frames]
    until = int(mark.SHOWN_S * 24)
    assert until / 24 >= 2
    assert min(whites[:until]) > 0.05
    assert max(whites[until:]) == 0
    assert all(np.abs(corner(frame).astype(int) - 90).max() < 8 for frame in frames[until + 1 :])
    outside = frames[10].to_ndarray(format="gray")[180:, 320:]
    assert np.abs(outside.astype(int) - 90).max() < 8
    before, after = asyncio.run(media.probe(film)), asyncio.run(media.probe(sent))
    assert (after.duration_s, after.width, after.height) == (before.duration_s, 640, 360)
    assert clicks_heard(sent) == pytest.approx([0.5, 4.0], abs=0.01)
    assert len(heard(sent)[0]) == pytest.approx(len(heard(film)[0]), abs=2048)
    assert record(sent) == json.loads(VISIBLE.record(film))


def test_the_film_is_seen_through_the_mark(tmp_path: Path) -> None:
    light = np.full((720, 1280, 3), 200, np.uint8)
    film = counted(tmp_path / "film.mp4", range(3), size=(1280, 720), pictures=[light] * 3, clicks=None)
    picture = shown(rendition(film, VISIBLE))[1].to_ndarray(format="gray").astype(int)
    margin = 720 // 40
    assert 50 < picture[margin + 30, margin + 6] < 120  # the plate
    assert abs(picture[margin + 1, margin + 1] - 200) < 12  # its round corner
    assert picture[margin:140, margin:280].max() > 240  # the letters


def test_a_marked_film_has_each_frame_once(tmp_path: Path) -> None:
    film = counted(tmp_path / "film.mp4", range(500, 600), size=(320, 180))
    sent = rendition(film, VISIBLE)
    assert numbers(sent)[75:] == list(range(575, 600))
    times = [frame.pts or 0 for frame in shown(sent)]
    assert {after - before for before, after in pairwise(times)} == {times[1] - times[0]}
    assert len(times) == 100


@pytest.mark.parametrize("size", [(320, 180), (180, 320), (1280, 720), (720, 1280), (1080, 1920)])
def test_its_letters_are_a_twentieth_of_the_shorter_side(tmp_path: Path, size: tuple[int, int]) -> None:
    black = np.zeros((size[1], size[0], 3), np.uint8)
    film = counted(tmp_path / "film.mp4", range(3), size=size, pictures=[black] * 3, clicks=None)
    picture = shown(rendition(film, VISIBLE))[1].to_ndarray(format="gray")
    rows, columns = np.flatnonzero((picture > 150).any(axis=1)), np.flatnonzero((picture > 150).any(axis=0))
    lines = rows[-1] - rows[0] + 1  # two lines and what is between them
    assert lines / min(size) == pytest.approx(2.2 / 20, rel=0.25)
    assert columns[-1] < size[0] * 0.45
    assert (rows[0] > 0, columns[0] > 0) == (True, True)


def test_the_picture_of_the_mark_is_what_its_script_draws() -> None:
    with Image.open(Path(mark.__file__).with_name("mark.png")) as stored:
        drawn = draw()
        assert stored.size == drawn.size
        apart = np.abs(np.asarray(stored.convert("RGBA")).astype(int) - np.asarray(drawn))
        assert apart.mean() < 1
    buffer = BytesIO()
    drawn.save(buffer, "PNG")
    assert buffer.tell() < 100_000


def test_a_film_that_is_none_gets_no_mark(tmp_path: Path) -> None:
    (tmp_path / "page.mp4").write_text("<html>")
    with pytest.raises(MediaError):
        asyncio.run(
            media.make_playable(tmp_path / "page.mp4", tmp_path / "out.mp4", max_bytes=FITS, record="{}", mark=True)
        )


def test_a_step_of_time_that_is_no_whole_number(tmp_path: Path) -> None:
    film = counted(tmp_path / "film.mp4", range(90), rate=Fraction(30000, 1001))
    assert len(shown(rendition(film, VISIBLE))) == 90
