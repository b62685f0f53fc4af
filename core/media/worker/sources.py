"""Prepares a video that somebody sends as a source: within what the model takes, upright, without metadata.

Phones write the place of the shot into mov and mp4, and turn a picture by a note beside it that not every model reads.
"""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from core.media.worker import colours, encode, probe
from core.media.worker.refusal import Refusal

_COPIED = {"h264", "hevc"}
_COPIED_PIXELS = {"yuv420p", "yuvj420p"}
_USUAL_FPS = 24
_TELLING_S = 0.2  # a cut that is worth a word
_SLACK_S = 0.1
_SHORT_OF_CUT_S = 0.15  # packets are cut in the order of decoding: a few frames are shown a little later

Limits = dict[str, Any]
Size = tuple[int, int]


def prepare(path: str, into: str, limits: Limits) -> dict[str, Any]:
    """Copy the packets where nothing but metadata is in the way; else encode once, never above `max_bytes`."""
    facts = probe.probe(path)
    seconds = facts["duration_s"]
    if seconds < limits["min_s"] - _SLACK_S:
        raise Refusal("video_too_short", min_duration=limits["min_s"])
    until_s = limits["max_s"] if limits["max_s"] and seconds > limits["max_s"] else None
    size = facts["width"], facts["height"]
    inner, outer = _sizes(size, limits)
    if size != outer or not _copied(path, into, limits, until_s):
        shape = _shape(path, facts, limits, inner=inner, outer=outer, until_s=until_s)
        encode.fit(path, into, limits["max_bytes"], shape, finished=False)
    after = _verified(into)
    return {"probe": after, "adjustments": list(_adjustments(seconds, after["duration_s"], size, outer, until_s))}


def _adjustments(before_s: float, after_s: float, size: Size, outer: Size, until_s: float | None) -> Any:
    if until_s is not None and before_s - after_s > _TELLING_S:
        yield "source_trimmed", f"{before_s:.0f}", f"{after_s:.0f}"
    if abs(outer[0] - size[0]) > 1 or abs(outer[1] - size[1]) > 1:  # more than an even number of pixels
        yield "source_scaled", "{}x{}".format(*size), "{}x{}".format(*outer)


def _sizes(size: Size, limits: Limits) -> tuple[Size, Size]:
    """Return the sizes of the pictures and of the frame around them.

    They are scaled into the limits; what is too narrow then gets a margin.
    """
    long, short = max(size), min(size)
    if long <= limits["max_side"] and short >= limits["min_side"] and not (long % 2 or short % 2):
        return size, size
    grown = max(1.0, limits["min_side"] / short)
    inner = encode.even(*size, min(grown, limits["max_side"] // 2 * 2 / long))
    least = limits["min_side"] + limits["min_side"] % 2
    return inner, (max(inner[0], least), max(inner[1], least))


def _copied(path: str, into: str, limits: Limits, until_s: float | None) -> bool:
    """Copy the packets if they will do: upright, square pixels, a codec that models read, few enough bytes."""
    with probe.opened(path) as source:
        stream = probe.picture_stream(source)
        first = probe.first_frame(source, stream)
        fits = (
            stream.codec_context.name in _COPIED
            and first.format.name in _COPIED_PIXELS
            and not colours.is_hdr(first)
            and probe.sar_of(stream) == 1
            and not probe.rotation(first)
            and float(stream.average_rate or 0) >= limits["min_fps"]
        )
    if not fits:
        return False
    try:
        encode.remux(path, into, silence=False, until_s=until_s and until_s - _SHORT_OF_CUT_S)
    except (av.FFmpegError, ValueError):  # an mp4 does not take every stream that an mkv holds
        return False
    most: int = limits["max_bytes"]
    return Path(into).stat().st_size <= most


def _shape(
    path: str, facts: dict[str, Any], limits: Limits, *, inner: Size, outer: Size, until_s: float | None
) -> encode.Shape:
    with probe.opened(path) as source:
        rate = encode.frame_rate(probe.picture_stream(source))
        seconds = until_s or probe.whole_s(source, facts["duration_s"])
    rate = rate if rate >= limits["min_fps"] else Fraction(_USUAL_FPS)
    return encode.Shape(inner, outer, rate, seconds, until_s)


def _verified(path: str) -> dict[str, Any]:
    """Decode the source whole: its damage is reported as the source's, not as a finished video's."""
    try:
        return probe.verify(path)
    except Refusal as error:
        raise Refusal("unreadable_media", reason=error.code) from error
