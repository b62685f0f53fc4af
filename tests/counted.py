"""Films whose frames are numbered and whose sound clicks at known times, so that a lost or doubled one is seen."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

BITS = 10
_BLOCK = 16
Frame = NDArray[np.uint8]


def picture(number: int, size: tuple[int, int] = (320, 180), moved: float | None = None) -> Frame:
    """A slope of greys that moves on with each frame, and the number as black and white blocks at the top."""
    width, height = size
    across = np.arange(width)[None, :] + 5 * (number if moved is None else moved)
    grey = 60 + ((across * 2 + np.arange(height)[:, None] * 3) % 240) * 0.6
    frame = np.repeat(grey[:, :, None], 3, axis=2).astype(np.uint8)
    frame[:, :, 1] = frame[:, :, 1] // 2 + 40
    for bit in range(BITS):
        frame[:_BLOCK, bit * _BLOCK : (bit + 1) * _BLOCK] = 235 if number >> bit & 1 else 16
    return frame


def number_of(frame: av.VideoFrame) -> int:
    grey = frame.to_ndarray(format="gray")
    scale = frame.height / 180
    at = [int((bit + 0.5) * _BLOCK * scale) for bit in range(BITS)]
    return sum((grey[int(_BLOCK * scale) // 2, x] > 128) << bit for bit, x in enumerate(at))


def counted(
    path: Path,
    numbers: Sequence[int],
    *,
    size: tuple[int, int] = (320, 180),
    rate: Fraction | int = 24,
    clicks: Sequence[float] | None = (),
    sound: tuple[str, int, str] = ("aac", 44_100, "stereo"),
    codec: str = "libx264",
    options: dict[str, str] | None = None,
    pictures: Sequence[Frame] | None = None,
) -> Path:
    """Write a film of these frames. `clicks`: seconds at which its sound clicks; None: it has none."""
    rate = Fraction(rate)
    with av.open(str(path), "w", options={"movflags": "+faststart"} if path.suffix == ".mp4" else {}) as target:
        out: Any = target.add_stream(codec, rate=rate)
        out.width, out.height, out.pix_fmt = *size, "yuv420p"
        out.options = options if options is not None else {"preset": "veryfast", "crf": "18", "g": "12", "bf": "0"}
        name, hertz, layout = sound
        heard: Any = target.add_stream(name, rate=hertz, layout=layout) if clicks is not None else None
        for count, number in enumerate(numbers):
            frame = av.VideoFrame.from_ndarray(
                pictures[count] if pictures is not None else picture(number, size), format="rgb24"
            ).reformat(format="yuv420p")
            frame.pts, frame.time_base = count, 1 / rate
            target.mux(out.encode(frame))
        target.mux(out.encode(None))
        if heard is not None:
            for piece in _clicking(clicks or (), len(numbers) / rate, hertz, layout, heard):
                target.mux(heard.encode(piece))
            target.mux(heard.encode(None))
    return path


def _clicking(clicks: Sequence[float], seconds: Fraction, hertz: int, layout: str, out: Any) -> Iterator[Any]:
    samples = np.zeros((2 if layout == "stereo" else 1, int(seconds * hertz)), np.float32)
    for click in clicks:
        at = int(click * hertz)
        samples[:, at : at + 32] = np.hanning(32).astype(np.float32) * 0.9
    resampler = av.AudioResampler(format=out.format.name, layout=layout, rate=hertz, frame_size=out.frame_size or 1024)
    frame: Any = av.AudioFrame.from_ndarray(samples, format="fltp", layout=layout)
    frame.sample_rate, frame.pts, frame.time_base = hertz, 0, Fraction(1, hertz)
    yield from resampler.resample(frame)
    yield from resampler.resample(None)


def shown(path: Path) -> list[av.VideoFrame]:
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


def numbers(path: Path) -> list[int]:
    return [number_of(frame) for frame in shown(path)]


def heard(path: Path) -> tuple[NDArray[np.float32], int]:
    """The first channel of the sound by the film's clock, and its samples in a second."""
    with av.open(str(path)) as container:
        rate = container.streams.audio[0].rate
        pieces: list[tuple[int, NDArray[Any]]] = []
        for frame in container.decode(audio=0):
            assert frame.pts is not None
            assert frame.time_base is not None
            pieces.append((round(frame.pts * frame.time_base * rate), frame.to_ndarray()[0]))
    track = np.zeros(max(at + len(piece) for at, piece in pieces), np.float32)
    for at, piece in pieces:
        if at >= 0:
            track[at : at + len(piece)] = piece
    return track, rate


def clicks_heard(path: Path) -> list[float]:
    """The seconds at which the sound clicks."""
    track, rate = heard(path)
    found: list[float] = []
    for at in np.flatnonzero(np.abs(track) > 0.3):
        if not found or at / rate - found[-1] > 0.05:
            found.append(at / rate)
    return found
