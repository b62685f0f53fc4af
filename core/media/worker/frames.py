"""Takes single frames out of a film: the last one that is shown, exactly; those at a seam, to be compared."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace
from av.video.stream import VideoStream
from PIL import Image, ImageChops, ImageStat

from core.media.worker import colours, probe
from core.media.worker.refusal import Refusal

_HD_LINES = 720
_UNSTATED = 2
_COMPARED = (160, 90)


def save_last(path: str, into: str, max_bytes: int) -> dict[str, Any]:
    """Save the last frame that is shown: as a PNG, which loses nothing, where that fits; else as the best JPEG."""
    picture = picture_of(*last_two(path)[-1:], path=path)
    picture.save(into, "PNG")
    for quality in range(97, 60, -4):
        if Path(into).stat().st_size <= max_bytes:
            return {"width": picture.width, "height": picture.height}
        picture.save(into, "JPEG", quality=quality, subsampling=0)
    raise Refusal("file_too_large", max_bytes=max_bytes)


def last_two(path: str) -> list[VideoFrame]:
    """Decode the last two frames in the order of showing (one, where there is one). Raises Refusal."""
    return _decoded_end(path, from_key=True) or _decoded_end(path, from_key=False) or _no_frame()


def first_two(path: str) -> list[VideoFrame]:
    """Decode the first two frames in the order of showing. Raises Refusal."""
    with probe.opened(path) as container:
        return list(islice(_shown(container, probe.picture_stream(container)), 2)) or _no_frame()


def at(path: str, seconds: float) -> VideoFrame:
    """Decode the frame that is shown at this time, or the last before the film's end. Raises Refusal."""
    with probe.opened(path) as container:
        found = None
        for frame in _shown(container, probe.picture_stream(container)):
            if found is not None and (frame.time or 0.0) > seconds:
                break
            found = frame
        return found or _no_frame()[0]


def _no_frame() -> list[VideoFrame]:
    raise Refusal("unreadable_media", reason="no frame")


def _decoded_end(path: str, *, from_key: bool) -> list[VideoFrame]:
    """Decode from the last key frame on, or all; nothing where that fails."""
    with probe.opened(path) as container:
        stream = probe.picture_stream(container)
        last: list[VideoFrame] = []
        try:
            if from_key:
                container.seek((stream.start_time or 0) + (stream.duration or 1 << 40), stream=stream)
            for frame in _shown(container, stream):
                last = sorted([*last, frame], key=lambda each: each.pts or 0)[-2:]
        except av.FFmpegError:
            return [] if from_key else last
        return last


def _shown(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    """Yield the frames that are whole."""
    for frame in container.decode(stream):
        if not frame.is_corrupt:
            yield frame


def picture_of(frame: VideoFrame, *, path: str) -> Image.Image:
    """Return the frame at its full size as displayed: upright, with square pixels, in the colours that players show.

    One of HDR becomes SDR: a picture's label of HDR is read by few.
    """
    with probe.opened(path) as container:
        sar = probe.sar_of(probe.picture_stream(container))
    width, height = max(1, round(frame.width * sar)), frame.height
    image: Image.Image = _in_colour(frame, width, height).to_image()  # type: ignore[no-untyped-call]
    image = colours.sdr_image(image, transfer=int(frame.color_trc), primaries=int(frame.color_primaries))
    turned = probe.rotation(frame)
    return image.rotate(turned, expand=True) if turned else image


def _in_colour(frame: VideoFrame, width: int, height: int) -> VideoFrame:
    """Convert to RGB. Where a film does not say what its colours mean, players go by its size."""
    unstated = frame.colorspace == _UNSTATED
    matrix = Colorspace.ITU709 if unstated and frame.height >= _HD_LINES else None
    if matrix is None and unstated:
        matrix = Colorspace.ITU601
    return frame.reformat(
        width,
        height,
        format="rgb24",
        src_colorspace=matrix,
        interpolation="BICUBIC",
        dst_color_range=ColorRange.JPEG,
    )


def difference(one: VideoFrame, other: VideoFrame) -> float:
    """Return how far apart two frames are: the mean difference of their small grey copies, 0 to 255."""
    pictures = [_small(frame) for frame in (one, other)]
    return float(ImageStat.Stat(ImageChops.difference(*pictures)).mean[0])


def _small(frame: VideoFrame) -> Image.Image:
    image: Image.Image = frame.reformat(*_COMPARED, format="gray", interpolation="AREA").to_image()  # type: ignore[no-untyped-call]
    return image
