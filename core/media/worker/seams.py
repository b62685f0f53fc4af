"""Finds out, by looking, what a part of a film repeats of the film before it. In doubt it repeats nothing."""

from collections.abc import Sequence

from core.media.worker import frames
from core.media.worker.parts import Part

_SAME = 8.0
"""The most that two copies of one frame differ, after two encoders and a model that drew it anew."""
_BY_MOTION = 0.5
_LONGER_S = 0.5


def repeats_last_frame(before: str, after: str) -> bool:
    """Return whether the first frame of `after` is the last one of `before` once more.

    It is where the seam moves less than half as far as the films move on either side of it. Where nothing moves it is
    kept: a frame too many is not seen there, and one too few is lost.
    """
    end, begin = frames.last_two(before), frames.first_two(after)
    moved = min((frames.difference(*pair) for pair in (end, begin) if len(pair) == 2), default=0.0)  # noqa: PLR2004
    seam = frames.difference(end[-1], begin[0])
    return seam <= _SAME and seam < moved * _BY_MOTION


def holds_all_before(before: Sequence[Part], after: Part) -> bool:
    """Return whether a part is the whole film: what was before it, and more.

    It is longer than that, begins as that begins, and shows where that ends what that ends with.
    """
    seconds = float(sum(part.pictures.seconds for part in before))
    if float(after.pictures.seconds) < seconds + _LONGER_S:
        return False
    first, last, whole = before[0].pictures.path, before[-1].pictures, after.pictures.path
    if frames.difference(frames.first_two(first)[0], frames.first_two(whole)[0]) > _SAME:
        return False
    ended = frames.at(whole, seconds - float(last.step) / 2 + float(after.begins))
    return frames.difference(frames.last_two(last.path)[-1], ended) <= _SAME
