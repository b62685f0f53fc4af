"""Brings the colours of HDR (HLG and PQ, as phones film and some cameras photograph) to those of every screen.

One table of colours does it for films and photos alike: light is brought to BT.709's primaries, a white wall stays
bright, and what is brighter is bent below white, instead of a grey film or burnt clouds. FFmpeg's own way needs a
library that PyAV's wheel has not (`zscale`), or four seconds before the first picture (`scale` with an intent).
"""

from functools import cache
from math import exp
from pathlib import Path
from typing import Any

from av.video.frame import VideoFrame
from PIL import Image, ImageFilter

from core.media.worker.atoms import Boxes
from core.media.worker.refusal import Refusal

Steps = list[tuple[str, str]]

PQ, HLG = 16, 18
"""The transfers of HDR, by their numbers in ITU-T H.273, as all below."""
_BT709, _BT2020, _P3 = 1, 9, 12
_SIDE = 33
_WHITE_NITS, _PEAK_NITS = 203.0, 1000.0  # a white wall, and the brightest light that is kept apart (ITU-R BT.2408)
_PEAK = _PEAK_NITS / _WHITE_NITS
_KNEE = 0.5  # of a white wall: darker light stays as it is
_SCREEN_GAMMA = 2.2
_TO_BT709 = {
    _BT2020: ((1.6605, -0.5876, -0.0728), (-0.1246, 1.1329, -0.0083), (-0.0182, -0.1006, 1.1187)),
    _P3: ((1.2249, -0.2247, 0.0), (-0.0420, 1.0419, 0.0), (-0.0197, -0.0786, 1.0979)),
    _BT709: ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
}
_TABLE = "colours.cube"  # in the child's own folder
_SAMPLE_ENTRY = 78  # what stands before the boxes of a kind of pictures


def is_hdr(frame: VideoFrame) -> bool:
    """Return whether the picture's colours are those of HDR."""
    return frame.color_trc in {PQ, HLG}


def to_sdr(size: str, frame: VideoFrame) -> Steps:
    """Return the filters that scale pictures like this one to `size` and make them SDR, 8 bit, labelled as such."""
    with Path(_TABLE).open("w", encoding="ascii") as file:
        file.write(f"LUT_3D_SIZE {_SIDE}\n")
        values = iter(_table(int(frame.color_trc), int(frame.color_primaries)))
        file.writelines(f"{red:.5f} {green:.5f} {blue:.5f}\n" for red, green, blue in zip(*[values] * 3, strict=True))
    matrix = "bt709" if frame.colorspace == _BT709 else "bt2020"
    return [
        ("scale", f"{size}:flags=bicubic:in_color_matrix={matrix}"),
        ("format", "gbrp10le"),
        ("lut3d", f"file={_TABLE}:interp=tetrahedral"),
        ("scale", "out_color_matrix=bt709:out_range=tv"),
        ("format", "yuv420p"),
        ("setparams", "color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv"),
    ]


def sdr_image(image: Image.Image, *, transfer: int, primaries: int) -> Image.Image:
    """Return the picture as SDR; the very same one where its transfer is none of HDR."""
    if transfer not in {PQ, HLG}:
        return image
    return image.filter(ImageFilter.Color3DLUT(_SIDE, _table(transfer, primaries)))


def check(path: str) -> None:
    """Raise Refusal for a film in Dolby Vision without pictures that other players show (profile 5).

    Its colours mean something only to a licensed decoder: to all others faces are green.
    """
    with Path(path).open("rb") as file:
        boxes = Boxes(file)
        for film in boxes.within((0, Path(path).stat().st_size), b"moov"):
            for track in boxes.within(film, b"trak"):
                place: Any = track
                for kind in (b"mdia", b"minf", b"stbl", b"stsd"):
                    place = next(boxes.within(place, kind), None)
                for entry in (b"hvc1", b"hev1", b"dvh1", b"dvhe"):
                    _check_entry(boxes, place, entry)


def _check_entry(boxes: Boxes, descriptions: tuple[int, int] | None, entry: bytes) -> None:
    if descriptions is None:
        return
    for start, end in boxes.within((descriptions[0] + 8, descriptions[1]), entry):
        for kind in (b"dvcC", b"dvvC"):
            settings = boxes.body((start + _SAMPLE_ENTRY, end), kind)
            if len(settings) > 4 and not settings[4] >> 4:  # noqa: PLR2004 - which other system can show it: none
                raise Refusal("unsupported_media", what="dolby-vision")


@cache
def _table(transfer: int, primaries: int) -> list[float]:
    """Return red, green and blue of SDR for each colour of a cube, red changing fastest."""
    steps = [each / (_SIDE - 1) for each in range(_SIDE)]
    light = [_hlg_light(step) if transfer == HLG else _pq_light(step) for step in steps]
    matrix = _TO_BT709.get(primaries, _TO_BT709[_BT2020])
    table: list[float] = []
    for blue in light:
        for green in light:
            for red in light:
                table += _shown(_on_screen(red, green, blue) if transfer == HLG else (red, green, blue), matrix)
    return table


def _hlg_light(signal: float) -> float:
    """Return the light before the camera, the brightest as 1 (ITU-R BT.2100)."""
    return signal * signal / 3 if signal <= 0.5 else (exp((signal - 0.55991073) / 0.17883277) + 0.28466892) / 12  # noqa: PLR2004


def _on_screen(red: float, green: float, blue: float) -> tuple[float, float, float]:
    """Return the light that a screen of HLG shows, a white wall as 1."""
    gain = (0.2627 * red + 0.678 * green + 0.0593 * blue) ** 0.2 * _PEAK
    return red * gain, green * gain, blue * gain


def _pq_light(signal: float) -> float:
    """Return the light on the screen, a white wall as 1 (SMPTE ST 2084)."""
    root = signal ** (1 / 78.84375)
    nits = 10_000 * (max(root - 0.8359375, 0.0) / (18.8515625 - 18.6875 * root)) ** (1 / 0.1593017578125)
    return min(float(nits) / _WHITE_NITS, _PEAK)


def _shown(light: tuple[float, float, float], matrix: Any) -> tuple[float, ...]:
    """Return the signal that makes every screen show this light, or what comes nearest in the same hue."""
    rgb = [max(0.0, sum(share * each for share, each in zip(row, light, strict=True))) for row in matrix]
    most = max(rgb)
    bent = _bent(most) / most if most > 0 else 0.0
    return tuple(min(1.0, each * bent) ** (1 / _SCREEN_GAMMA) for each in rgb)


def _bent(light: float) -> float:
    if light <= _KNEE:
        return light
    above, most = (light - _KNEE) / (1 - _KNEE), (_PEAK - _KNEE) / (1 - _KNEE)
    return _KNEE + (1 - _KNEE) * above * (1 + above / most**2) / (1 + above)
