"""HDR becomes SDR: what is published and delivered is bright where the film is, and says what it is."""

import asyncio
from pathlib import Path

import av
import pytest
from PIL import Image

from core import media
from core.errors import MediaError
from core.types import SourceLimits
from tests.corpus import clip
from tests.edited import box, described

ANY = SourceLimits(min_side=64, max_side=1920, max_s=60)
_TRANSFERS = {"HLG": "arib-std-b67", "PQ": "smpte2084"}
_SDR = (1, 1, 1)


def hdr(path: Path, transfer: str, signal: float, *, bits: int = 10) -> Path:
    """A film of one grey, so bright as this signal means."""
    name = "x265-params" if bits == 10 else "x264-params"
    prefix = "colorprim=bt2020:colormatrix=bt2020nc:transfer=" + _TRANSFERS[transfer]
    return clip(
        path,
        source=f"nullsrc=s=160x90:r=24,geq=lum={16 + 219 * signal:.0f}:cb=128:cr=128",
        seconds=0.5,
        codec="libx265" if bits == 10 else "libx264",
        pixels="yuv420p10le" if bits == 10 else "yuv420p",
        options={"preset": "ultrafast", name: prefix},
    )


def shown(path: Path) -> tuple[int, tuple[int, int, int]]:
    """The red, green and blue of the first picture, which must be grey, and what the file says of its colours."""
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        assert frame.format.name == "yuv420p"
        luma, *chroma = (bytes(plane)[0] for plane in frame.planes)
        assert chroma == pytest.approx([128, 128], abs=1)
        label = (int(frame.color_trc), int(frame.color_primaries), int(frame.colorspace))
        return round((luma - 16) * 255 / 219), label


# A white wall is 75 % of HLG and 58 % of PQ (ITU-R BT.2408): bright, with room above.
@pytest.mark.parametrize("bits", [10, 8])
@pytest.mark.parametrize(
    ("transfer", "signal", "grey"),
    [("HLG", 0, 0), ("HLG", 0.75, 224), ("HLG", 1, 255), ("PQ", 0, 0), ("PQ", 0.58, 223), ("PQ", 0.75, 255)],
)
def test_a_source_in_hdr_is_published_in_sdr(
    tmp_path: Path, transfer: str, signal: float, grey: int, bits: int
) -> None:
    source = hdr(tmp_path / "hdr.mov", transfer, signal, bits=bits)
    asyncio.run(media.prepare_video(source, tmp_path / "out.mp4", limits=ANY, max_bytes=10**8))
    found, label = shown(tmp_path / "out.mp4")
    assert found == pytest.approx(grey, abs=5)
    assert label == _SDR


@pytest.mark.parametrize("bits", [10, 8])
@pytest.mark.parametrize("transfer", _TRANSFERS)
def test_a_finished_film_in_hdr_is_delivered_in_sdr(tmp_path: Path, transfer: str, bits: int) -> None:
    source = hdr(tmp_path / "hdr.mp4", transfer, 0.58 if transfer == "PQ" else 0.75, bits=bits)
    still, copy = tmp_path / "still.jpg", tmp_path / "copy.mp4"
    checked = asyncio.run(media.check(source, thumbnail=still, into=copy, max_bytes=9_500_000))
    assert "colours" in checked.probe.problems
    made = asyncio.run(media.make_playable(source, tmp_path / "out.mp4", max_bytes=9_500_000))
    assert (made.how, made.probe.playable) == ("transcoded", True)
    found, label = shown(tmp_path / "out.mp4")
    assert found == pytest.approx(224, abs=5)
    assert label == _SDR
    with Image.open(still) as image:
        assert image.convert("L").getpixel((80, 45)) == pytest.approx(224, abs=15)  # a grey film would be at 148


def test_colours_keep_their_hue(tmp_path: Path) -> None:
    """Red of BT.2020 that lies within BT.709 is red there, too, and not orange."""
    source = clip(
        tmp_path / "red.mov",
        source="color=c=0xB04040:s=160x90:r=24",
        seconds=0.3,
        codec="libx265",
        pixels="yuv420p10le",
        options={
            "preset": "ultrafast",
            "x265-params": "colorprim=bt2020:colormatrix=bt2020nc:transfer=arib-std-b67",
        },
    )
    asyncio.run(media.prepare_video(source, tmp_path / "out.mp4", limits=ANY, max_bytes=10**8))
    with av.open(str(tmp_path / "out.mp4")) as container:
        red, green, blue = next(container.decode(video=0)).to_ndarray(format="rgb24")[45, 80]
    assert red > 180
    assert max(green, blue) < 90


def test_ten_bits_alone_are_no_hdr(tmp_path: Path) -> None:
    source = clip(tmp_path / "deep.mp4", pixels="yuv420p10le", source="color=c=0x808080:s=160x90:r=24", seconds=0.3)
    assert "colours" not in asyncio.run(media.probe(source)).problems
    asyncio.run(media.prepare_video(source, tmp_path / "out.mp4", limits=ANY, max_bytes=10**8))
    assert shown(tmp_path / "out.mp4")[0] == pytest.approx(128, abs=3)


@pytest.mark.parametrize(("compatible", "taken"), [(4, True), (1, True), (0, False)])
def test_dolby_vision_is_taken_where_others_can_show_it(tmp_path: Path, compatible: int, taken: bool) -> None:
    """iPhones write profile 8.4, whose pictures are plain HLG; those of profile 5 are green without a licence."""
    settings = bytes((1, 0, (8 if taken else 5) << 1, 0b00101101, compatible << 4)) + bytes(19)
    path = described(hdr(tmp_path / "dolby.mp4", "HLG", 0.75), box(b"dvcC", settings))
    prepare = media.prepare_video(path, tmp_path / "out.mp4", limits=ANY, max_bytes=10**8)
    if taken:
        asyncio.run(prepare)
        assert shown(tmp_path / "out.mp4")[1] == _SDR
        return
    with pytest.raises(MediaError) as caught:
        asyncio.run(prepare)
    assert caught.value.facts["what"] == "dolby-vision"


@pytest.mark.parametrize("bits", [10, 8])
@pytest.mark.parametrize("transfer", _TRANSFERS)
def test_the_last_frame_of_a_film_in_hdr_is_a_picture_in_sdr(tmp_path: Path, transfer: str, bits: int) -> None:
    source = hdr(tmp_path / "hdr.mov", transfer, 0.58 if transfer == "PQ" else 0.75, bits=bits)
    asyncio.run(media.last_frame(source, tmp_path / "last.png"))
    with Image.open(tmp_path / "last.png") as image:
        assert image.convert("L").getpixel((80, 45)) == pytest.approx(
            224, abs=15
        )  # left as it is it would be 191 or 148
