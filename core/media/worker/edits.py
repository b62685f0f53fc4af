"""Reads what the edit lists of an mp4 or mov hide, and whether what they show can be copied as it is stored.

A phone's or an editor's cut is a note beside the film, and the packets of what was cut off stay in the file. FFmpeg
reads the note: it marks such packets, and gives the others the times at which they are shown.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, dropwhile
from pathlib import Path
from typing import Any

from av.audio.stream import AudioStream
from av.video.stream import VideoStream

from core.media.worker.atoms import Boxes
from core.media.worker.refusal import Refusal

_PRIMING = 2  # packets before the first sound that every AAC encoder writes, and every player leaves out
_SHOWN = {b"vide", b"soun"}
_USUAL_SPEED = 0x10000


def hides_pictures(stream: VideoStream) -> bool:
    """Return whether the file holds pictures that are not shown."""
    return any(entry.is_discard for entry in stream.index_entries)


def hides_sound(stream: AudioStream) -> bool:
    """Return whether the file holds sound that is not played, beside the encoder's own beginning."""
    return sum(entry.is_discard for entry in stream.index_entries) > _PRIMING


def may_be_copied(stream: VideoStream) -> bool:
    """Return whether the shown pictures need none of the hidden ones: each stretch of them begins with a key frame."""
    hidden = True
    for entry in stream.index_entries:
        if hidden and not entry.is_discard and not entry.is_keyframe:
            return False
        hidden = entry.is_discard
    return True


def shown(packets: Iterable[Any]) -> Iterator[Any]:
    """Yield the packets that hold something and are shown."""
    return (packet for packet in packets if packet.size and not packet.is_discard)


def check(path: str) -> None:
    """Raise Refusal for a film whose edits no reader here follows: another speed, or a pause after its beginning.

    FFmpeg plays all at one speed, and in such a pause what was cut off. Reads boxes alone; what is no whole box is left
    to the reader of films.
    """
    for track in _tracks(path):
        pieces = list(dropwhile(lambda edit: not edit.shows, track.edits))
        if track.kind in _SHOWN and not all(edit.shows and edit.speed == _USUAL_SPEED for edit in pieces):
            raise Refusal("unsupported_media", what="edits")


class Clock:
    """The times of the pictures of a film that is put together of several pieces, in the stream's units.

    Where one piece ends and the next begins amid pictures that refer to later ones, FFmpeg names times that are too
    late, or twice the same: there they are counted from where the edit list says that the piece begins.
    """

    def __init__(self, path: str, stream: VideoStream) -> None:
        second = 1 / (stream.time_base or Fraction(1))
        self._usual = max(1, round(second / (stream.average_rate or 1)))
        pieces = next((track.edits for track in _tracks(path) if track.number == stream.id), [])
        begins = accumulate(edit.seconds for edit in pieces[:-1])
        self._begins = deque(round(at * second) for at in begins)
        self._late = 0
        self._last: int | None = None

    def time_of(self, pts: int) -> int:
        """Return when the picture is shown that FFmpeg shows at `pts`; asked in the order in which they are shown."""
        at = pts - self._late
        before = at if self._last is None else self._last + self._usual
        while self._begins and before + self._usual // 2 >= self._begins[0]:
            begin = self._begins.popleft()
            if self._last is not None and (at <= self._last or at > begin + self._usual // 2):
                self._late, at = pts - begin, begin
        if self._last is not None and at <= self._last:
            at = self._last + 1
        self._last = at
        return at


@dataclass(frozen=True, slots=True)
class _Edit:
    seconds: float
    shows: bool
    speed: int


@dataclass(frozen=True, slots=True)
class _Track:
    number: int
    kind: bytes
    edits: list[_Edit]


def _tracks(path: str) -> Iterator[_Track]:
    """Yield each track of an mp4 or mov that has edits."""
    with Path(path).open("rb") as file:
        boxes = Boxes(file)
        for film in boxes.within((0, Path(path).stat().st_size), b"moov"):
            scale = boxes.number(film, b"mvhd", (12, 20), 4) or 1
            for track in boxes.within(film, b"trak"):
                edits = boxes.body(next(boxes.within(track, b"edts"), None), b"elst")
                if not edits:
                    continue
                kind = boxes.body(next(boxes.within(track, b"mdia"), None), b"hdlr")[8:12]
                yield _Track(boxes.number(track, b"tkhd", (12, 20), 4), kind, list(_edits(edits, scale)))


def _edits(body: bytes, scale: int) -> Iterator[_Edit]:
    width = 8 if body[:1] == b"\x01" else 4
    count = int.from_bytes(body[4:8], "big")
    for at in list(range(8, len(body) - 2 * width - 3, 2 * width + 4))[:count]:
        lasts, begins, speed = (
            int.from_bytes(body[start : start + size], "big")
            for start, size in ((at, width), (at + width, width), (at + 2 * width, 4))
        )
        yield _Edit(lasts / scale, begins != (1 << 8 * width) - 1, speed)
