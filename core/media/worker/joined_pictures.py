"""Brings the pictures of films that are joined into one form, and puts them into the order of one film."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from typing import Any

from av.video.frame import VideoFrame

from core.media.worker import encode, parts, probe
from core.media.worker.parts import Part, Pictures, Size, Timed
from core.media.worker.refusal import Refusal

_SAME_RATE = 0.005
_OWN = "pictures-{}.mp4"


@dataclass(frozen=True, slots=True)
class Piece:
    """Pictures that are copied: the first `count` as they are stored, then those of `tail`, shown at `late`."""

    pictures: Pictures
    count: int
    tail: str | None = None
    late: tuple[Fraction, ...] = ()

    @property
    def times(self) -> tuple[Fraction, ...]:
        """Return when each is shown, in the order of decoding, in seconds of the part."""
        return self.pictures.times[: self.count] + self.late

    @property
    def seconds(self) -> Fraction:
        """Return how long they are shown."""
        return max(self.times) + self.pictures.step


class Form:
    """The form that all parts are brought into; makes pieces of them. `encoded`: how many pictures were encoded."""

    def __init__(self, found: Sequence[Part]) -> None:
        usual = _most_common(found)
        self.rate, self.size = usual.rate, usual.size
        self.model = usual if usual.sets is not None else None
        self.sets = usual.sets
        self.encoded = 0
        if usual.sets is None:
            self.rate = min(usual.rate, Fraction(encode.MOST_FPS))
            self.size = encode.playable_size(*usual.size)
        self._files = 0
        self._numbers: dict[tuple[int, ...], int] = {}

    def piece(self, part: Part, *, shortened: bool) -> Piece:
        """Return the pictures of a part as they are copied, without its last one where that is shown by the next."""
        if not self._takes(part):
            return self._encoded(part, shortened=shortened)
        pictures = part.pictures
        if not shortened:
            return Piece(pictures, len(pictures.times))
        cut = _cut_before_last(pictures)
        late = tuple(sorted(pictures.times[cut:])[:-1])
        if not late:
            return Piece(pictures, cut)
        tail = self._write(_frames_from(pictures, cut, late, part.begins))
        return Piece(pictures, cut, tail, late)

    def _takes(self, part: Part) -> bool:
        """Tell whether this part's pictures may stand in the film as they are; if so, so do their settings."""
        same = part.size == self.size and abs(part.rate / self.rate - 1) < _SAME_RATE
        if part.sets is None or self.sets is None or not same:
            return False
        both = self.sets.with_those_of(part.sets)
        self.sets = both or self.sets
        return both is not None

    def _encoded(self, part: Part, *, shortened: bool) -> Piece:
        inner = encode.fitted(*part.size, within=self.size)
        shape = encode.Shape(inner, self.size, self.rate, float(part.pictures.seconds))
        with probe.opened(part.pictures.path) as source:
            stream = probe.picture_stream(source)
            pictures = encode.filtered(source, stream, shape, finished=True)
            path = self._write(_but_last(pictures) if shortened else pictures)
        new = parts.read(path).pictures
        return Piece(new, len(new.times))

    def _write(self, pictures: Iterator[VideoFrame]) -> str:
        """Encode pictures into a file of our own; what the decoder must know joins what it knows."""
        path = _OWN.format(self._files)
        self._files += 1
        first = next(pictures, None)
        if first is None:
            raise Refusal("unreadable_media", reason="no frame")
        with encode.output(path) as target:
            out = encode.plain_encoder(target, self.size, self.rate, number=self._number_for(first))
            encode.keep_colours(out, first)
            for count, frame in enumerate(chain([first], pictures)):
                frame.pts, frame.time_base, frame.pict_type = count, 1 / self.rate, 0
                self.encoded += 1
                target.mux(out.encode(frame))
            target.mux(out.encode(None))
        self._learn(path)
        return path

    def _number_for(self, frame: VideoFrame) -> int:
        """Return the number of the settings: the same for all of our encodes whose colours mean the same."""
        colours = (frame.colorspace, frame.color_range, frame.color_primaries, frame.color_trc)
        free = self.sets.free_number() if self.sets is not None else 0
        return self._numbers.setdefault(tuple(int(each) for each in colours), free)

    def _learn(self, path: str) -> None:
        made = parts.read(path)
        both = made.sets if self.sets is None or made.sets is None else self.sets.with_those_of(made.sets)
        if both is None:
            raise Refusal("unreadable_media", reason="parameter sets")
        self.sets = both
        self.model = self.model or made


def _most_common(found: Sequence[Part]) -> Part:
    """Return the first part of the form that most of the pictures have; of those that can be copied, if any can."""
    count: dict[tuple[bool, Size, Fraction, bytes], int] = {}

    def form(part: Part) -> tuple[bool, Size, Fraction, bytes]:
        return part.sets is not None, part.size, part.rate, part.sets.record() if part.sets else b""

    for part in found:
        count[form(part)] = count.get(form(part), 0) + len(part.pictures.times)
    return max(found, key=lambda part: (part.sets is not None, count[form(part)]))


def _cut_before_last(pictures: Pictures) -> int:
    """Return the number of pictures to keep: those stored before the last one shown, if none of them comes after it.

    What is stored after it may need it.
    """
    times = pictures.times
    cut = times.index(max(times))
    while cut and min(times[cut:]) < max(times[:cut]):
        cut -= 1
    return cut


def _frames_from(pictures: Pictures, cut: int, late: Sequence[Fraction], begins: Fraction) -> Iterator[VideoFrame]:
    """Decode the pictures that are shown at these times."""
    key = max((number for number in pictures.keys if number <= cut and pictures.times[number] <= late[0]), default=0)
    wanted = set(late)
    with probe.opened(pictures.path) as container:
        stream = probe.picture_stream(container)
        container.seek(pictures.decoded_at[key], stream=stream)
        for frame in container.decode(stream):
            if frame.pts is not None and frame.time_base and frame.pts * frame.time_base - begins in wanted:
                wanted.discard(frame.pts * frame.time_base - begins)
                yield frame
    if wanted:
        raise Refusal("video_broken")


def _but_last(pictures: Iterator[VideoFrame]) -> Iterator[VideoFrame]:
    previous = next(pictures, None)
    for frame in pictures:
        if previous is not None:
            yield previous
        previous = frame


def in_order(pieces: Sequence[Piece], origins: Sequence[Fraction], stream: Any) -> Iterator[Timed]:
    """Yield the pictures in the order of decoding, each with a time to decode it.

    They are decoded as they are shown, earlier by as many pictures as the order of any part needs.
    """
    shown = [origin + time for piece, origin in zip(pieces, origins, strict=True) for time in piece.times]
    order = sorted(shown)
    rank = {time: number for number, time in enumerate(order)}
    delay = max(number - rank[time] for number, time in enumerate(shown))
    step = pieces[0].pictures.step
    decoded = chain((order[0] - step * (delay - number) for number in range(delay)), order)
    for packet, time, at in zip(_stored(pieces), shown, decoded, strict=False):
        packet.time_base = stream.time_base
        packet.pts, packet.dts = round(time / stream.time_base), round(at / stream.time_base)
        packet.duration = round(step / stream.time_base)
        packet.stream = stream
        yield at, packet


def _stored(pieces: Sequence[Piece]) -> Iterator[Any]:
    for piece in pieces:
        yield from _first(piece.pictures.path, piece.count)
        if piece.tail is not None:
            yield from _first(piece.tail, len(piece.late))


def _first(path: str, count: int) -> Iterator[Any]:
    with probe.opened(path) as container:
        for packet in container.demux(probe.picture_stream(container)):
            if packet.size and count:
                count -= 1
                yield packet
