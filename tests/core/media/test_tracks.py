"""Films of phones and editors hold more than a film: the two tracks that are shown are read, and published alone."""

import asyncio
from pathlib import Path

import av
import pytest

from core import media
from core.errors import MediaError
from core.types import SourceLimits
from tests.corpus import clip
from tests.edited import with_tracks

ANY = SourceLimits(min_side=64, max_side=1920, max_s=60)
CASES = Path(__file__).parents[2] / "samples" / "media"


def published(source: Path, into: Path) -> media.Probe:
    probe, _ = asyncio.run(media.prepare_video(source, into, limits=ANY, max_bytes=10**8))
    with av.open(str(into)) as container:
        assert [each.type for each in container.streams] in (["video", "audio"], ["video"])
    return probe


@pytest.mark.parametrize("notes", [1, 8, 40])
@pytest.mark.parametrize("name", ["film.mov", "film.mp4"])
def test_notes_beside_a_film_are_left_out(tmp_path: Path, name: str, notes: int) -> None:
    source = with_tracks(clip(tmp_path / name), notes=notes)
    with av.open(str(source)) as container:
        assert len(container.streams) == 2 + notes
    assert published(source, tmp_path / "out.mp4").duration_s == pytest.approx(1, abs=0.05)
    made = asyncio.run(media.make_playable(source, tmp_path / "play.mp4", max_bytes=9_500_000))
    assert (made.how, made.probe.playable) == ("remuxed", True)


def test_more_tracks_than_any_film_has_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MediaError) as caught:
        published(with_tracks(clip(tmp_path / "film.mov"), notes=100), tmp_path / "out.mp4")
    assert caught.value.facts["what"] == "too many streams"


@pytest.mark.parametrize("kind", [b"vide", b"soun"])
def test_what_is_switched_off_is_not_read(tmp_path: Path, kind: bytes) -> None:
    """Depths beside the pictures, sound for headphones beside the sound: each first in the file."""
    source = with_tracks(clip(tmp_path / "film.mov"), first=kind, notes=2)
    assert published(source, tmp_path / "out.mp4").duration_s == pytest.approx(1, abs=0.05)
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) == 24
        assert container.streams.audio[0].codec_context.name == "aac"


def test_a_cover_is_no_film(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    clip(path)
    with av.open(str(path)) as source, av.open(str(tmp_path / "cover.mp4"), "w") as target:
        pictures = target.add_stream_from_template(source.streams.video[0])
        cover = target.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 1280, 720, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        for packet in cover.encode(av.VideoFrame(1280, 720, "yuvj420p")):
            target.mux(packet)
        for packet in cover.encode(None):
            target.mux(packet)
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = pictures
                target.mux(packet)
    assert (published(tmp_path / "cover.mp4", tmp_path / "out.mp4").width) == 320


@pytest.mark.parametrize(("name", "seconds", "frames"), [("hlg.mov", 5.0, 120), ("trim_one_gop_from_1s.mp4", 6.0, 144)])
def test_reported_films_are_taken(tmp_path: Path, name: str, seconds: float, frames: int) -> None:
    probe = published(CASES / name, tmp_path / "out.mp4")
    assert probe.duration_s == pytest.approx(seconds, abs=0.02)
    with av.open(str(tmp_path / "out.mp4")) as container:
        stream = container.streams.video[0]
        assert len(stream.index_entries) == sum(1 for _ in container.decode(stream)) == frames
