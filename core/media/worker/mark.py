"""Shows for the first seconds of a film, in its corner, that it was made by AI."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
from av.video.frame import VideoFrame
from PIL import Image

SHOWN_S = 3.0
"""At least two seconds are asked for (GB 45438-2025)."""
_LETTER = 1 / 20
"""The height of its letters, as a part of the film's shorter side, which the same standard asks for."""
_MARGIN = 1 / 40
_PICTURE = Path(__file__).with_name("mark.png")
_PICTURE_LETTER = 96  # pixels, as core/sandbox/mark.py draws them


def marked(frames: Iterator[VideoFrame]) -> Iterator[VideoFrame]:
    """Yield the frames, the first of them marked; all others are the same objects."""
    graph = None
    for frame in frames:
        if (frame.time or 0.0) >= SHOWN_S:
            yield frame
            continue
        graph = graph or _Overlay(frame)
        yield graph.over(frame)


class _Overlay:
    def __init__(self, first: VideoFrame) -> None:
        picture, at = _picture(first.width, first.height)
        graph = av.filter.Graph()
        self._film = graph.add_buffer(
            width=first.width, height=first.height, format=first.format, time_base=first.time_base
        )
        mark = graph.add_buffer(
            width=picture.width, height=picture.height, format=picture.format, time_base=first.time_base
        )
        overlay = graph.add("overlay", f"x={at}:y={at}:format=yuv420")
        ends = [graph.add("format", "yuv420p"), graph.add("buffersink")]
        self._film.link_to(overlay, 0, 0)
        mark.link_to(overlay, 0, 1)
        overlay.link_to(ends[0])
        ends[0].link_to(ends[1])
        graph.configure()
        self._graph = graph
        picture.pts, picture.time_base = 0, first.time_base
        mark.push(picture)
        mark.push(None)

    def over(self, frame: VideoFrame) -> VideoFrame:
        self._film.push(frame)
        result: Any = self._graph.pull()
        return result  # type: ignore[no-any-return]


def _picture(width: int, height: int) -> tuple[VideoFrame, int]:
    """Return the mark at the size for such a film, and its distance from the upper and left edge in pixels."""
    short = min(width, height)
    scale = short * _LETTER / _PICTURE_LETTER
    with Image.open(_PICTURE) as stored:
        size = (max(2, round(stored.width * scale)), max(2, round(stored.height * scale)))
        image = stored.convert("RGBA").resize(size, Image.Resampling.LANCZOS)
    return _frame(image), round(short * _MARGIN)


def _frame(image: Image.Image) -> VideoFrame:
    """Return the picture as a frame that can be seen through; `VideoFrame.from_image` would make it opaque."""
    frame = VideoFrame(image.width, image.height, "rgba")
    row, plane = image.width * 4, frame.planes[0]
    pixels, rest = image.tobytes(), bytes(plane.line_size - row)
    plane.update(b"".join(pixels[at : at + row] + rest for at in range(0, len(pixels), row)))
    return frame
