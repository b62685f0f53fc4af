"""Joins films to one: the same packets, one after the other, and an encode only of what does not fit the others.

The form (size, rate, decoder's settings, kind of sound) is that of most of the pictures. What differs is encoded into
it first, into a file of the child's own, under a number of its own for the decoder's settings, and then copied like the
rest: an encode of the whole would take ten times as long and blur what fits.

Where a part begins with the last frame of the one before it, that frame is shown once: the earlier film's last frame is
left out, which costs nothing where no other frame needs it, and else an encode of the few that do (up to three in what
models make). The later film's first one, a key frame, could only be left out with an encode of all that follows.

Sound is laid on a grid of AAC packets anew for each part, so it is never further from its pictures than half a packet
(12 ms), however many parts there are. Between the films and where one is silent the grid is filled with silence.
"""

import heapq
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from typing import Any

import av
from av.container import InputContainer, OutputContainer
from av.video.frame import VideoFrame

from core.media.worker import encode, parts, probe, seams
from core.media.worker.parts import SOUND_FRAME, Part, Pictures, Size, SoundKind
from core.media.worker.refusal import Refusal

_MAX_S = 300
_SAME_RATE = 0.005
_USUAL_SOUND = (44_100, 2)
_SOUND_BITS = 128_000
_LAYOUTS = {1: "mono", 2: "stereo"}
_PRIMING = 2  # packets that a decoder needs before the first sound
_QUIET_PACKET = 3
_OWN = "joining-{}.mp4"

Timed = tuple[Fraction, Any]
"""A packet, and when it is decoded."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """Pictures that are copied: the first `count` as they are stored, then those of `tail`, shown at `late`."""

    pictures: Pictures
    count: int
    tail: str | None = None
    late: tuple[Fraction, ...] = ()

    @property
    def times(self) -> tuple[Fraction, ...]:
        return self.pictures.times[: self.count] + self.late


@dataclass(frozen=True, slots=True)
class _Placed:
    """A part in its place. Seconds of the film: where it would begin, and from when to when it is heard."""

    part: Part
    origin: Fraction
    heard: tuple[Fraction, Fraction]


def join(paths: list[str], into: str, drops: list[bool | None], returns: list[str | None]) -> dict[str, Any]:
    """Join the films. `drops`: whether a part begins with the last frame before it; `returns`: "whole" or "part".

    What is None is found out by looking. Raises Refusal.
    """
    found = [parts.read(path) for path in paths]
    first = _first_needed(found, returns)
    found, drops = found[first:], [False, *drops[first + 1 :]]
    repeats = [
        seams.repeats_last_frame(before.pictures.path, after.pictures.path) if drop is None else drop
        for before, after, drop in zip(found, found[1:], drops[1:], strict=False)
    ]
    shortened = [repeat and len(part.pictures.times) > 1 for part, repeat in zip(found, [*repeats, False], strict=True)]
    facts = {"begins_with": first, "dropped": [False] * (first + 1) + shortened[:-1]}
    if sum(part.pictures.seconds for part in found) > _MAX_S:
        raise Refusal("video_too_long", max_duration=_MAX_S)
    if len(found) == 1:
        shutil.copyfile(found[0].pictures.path, into)
        return facts | {"encoded": 0, "probe": probe.probe(into)}
    form = _Form(found)
    pieces = [form.piece(part, shortened=short) for part, short in zip(found, shortened, strict=True)]
    _write(into, form, pieces, _placed(found, shortened))
    after = _checked(into, sum(len(piece.times) for piece in pieces))
    return facts | {"encoded": form.encoded, "probe": after}


def _first_needed(found: Sequence[Part], returns: Sequence[str | None]) -> int:
    """Return the last part that holds all before it."""
    first = 0
    for number in range(1, len(found)):
        said = returns[number]
        if said == "whole" or (said is None and seams.holds_all_before(found[first:number], found[number])):
            first = number
    return first


def _placed(found: Sequence[Part], shortened: Sequence[bool]) -> list[_Placed]:
    placed, origin, heard_from = [], Fraction(0), Fraction(0)
    for part, short in zip(found, shortened, strict=True):
        end = origin + part.pictures.seconds
        placed.append(_Placed(part, origin, (heard_from, end)))
        origin, heard_from = (end - part.pictures.step, end) if short else (end, end)
    return placed


def _checked(into: str, count: int) -> dict[str, Any]:
    """Count what was written. Raises Refusal."""
    with probe.opened(into) as container:
        written = sum(1 for packet in container.demux(probe.picture_stream(container)) if packet.size)
    if written != count:
        raise Refusal("unreadable_media", reason="joined")
    return probe.probe(into)


# The form of the film


class _Form:
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

    def piece(self, part: Part, *, shortened: bool) -> _Piece:
        """Return the pictures of a part as they are copied, without its last one where that is shown by the next."""
        if not self._takes(part):
            return self._encoded(part, shortened=shortened)
        pictures = part.pictures
        if not shortened:
            return _Piece(pictures, len(pictures.times))
        cut = _cut_before_last(pictures)
        late = tuple(sorted(pictures.times[cut:])[:-1])
        if not late:
            return _Piece(pictures, cut)
        tail = self._write(_frames_from(pictures, cut, late, part.begins))
        return _Piece(pictures, cut, tail, late)

    def _takes(self, part: Part) -> bool:
        """Tell whether this part's pictures may stand in the film as they are; if so, so do their settings."""
        same = part.size == self.size and abs(part.rate / self.rate - 1) < _SAME_RATE
        if part.sets is None or self.sets is None or not same:
            return False
        both = self.sets.with_those_of(part.sets)
        self.sets = both or self.sets
        return both is not None

    def _encoded(self, part: Part, *, shortened: bool) -> _Piece:
        inner = encode.fitted(*part.size, within=self.size)
        shape = encode.Shape(inner, self.size, self.rate, float(part.pictures.seconds))
        with probe.opened(part.pictures.path) as source:
            stream = probe.picture_stream(source)
            pictures = encode.filtered(source, stream, shape, finished=True)
            path = self._write(_but_last(pictures) if shortened else pictures)
        new = parts.read(path).pictures
        return _Piece(new, len(new.times))

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
    held = next(pictures, None)
    for frame in pictures:
        if held is not None:
            yield held
        held = frame


# The film


def _write(into: str, form: _Form, pieces: Sequence[_Piece], placed: Sequence[_Placed]) -> None:
    if form.model is None or form.sets is None:
        raise Refusal("unreadable_media", reason="no frame")
    sound = _sound_kind([each.part for each in placed])
    with probe.opened(form.model.pictures.path) as template, encode.output(into) as target:
        pictures = target.add_stream_from_template(probe.picture_stream(template))
        pictures.metadata.clear()
        pictures.codec_context.extradata = form.sets.record()
        streams = [_pictures(pieces, placed, pictures)]
        if sound is not None:
            track = _SoundTrack(sound, [each.part for each in placed])
            streams.append(track.packets(placed, track.add_to(target)))
        for _, packet in heapq.merge(*streams, key=lambda each: each[0]):
            target.mux(packet)


def _pictures(pieces: Sequence[_Piece], placed: Sequence[_Placed], stream: Any) -> Iterator[Timed]:
    """Yield the pictures in the order of decoding, each with a time to decode it.

    They are decoded as they are shown, earlier by as many pictures as the order of any part needs.
    """
    shown = [each.origin + time for piece, each in zip(pieces, placed, strict=True) for time in piece.times]
    order = sorted(shown)
    rank = {time: number for number, time in enumerate(order)}
    delay = max(number - rank[time] for number, time in enumerate(shown))
    step = placed[0].part.pictures.step
    decoded = chain((order[0] - step * (delay - number) for number in range(delay)), order)
    for packet, time, at in zip(_stored(pieces), shown, decoded, strict=False):
        packet.time_base = stream.time_base
        packet.pts, packet.dts = round(time / stream.time_base), round(at / stream.time_base)
        packet.duration = round(step / stream.time_base)
        packet.stream = stream
        yield at, packet


def _stored(pieces: Sequence[_Piece]) -> Iterator[Any]:
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


# Its sound


def _sound_kind(found: Sequence[Part]) -> SoundKind | None:
    """Return the kind of sound that most of the film has, of those that can be copied; None: all of it is silent."""
    if not any(part.has_sound for part in found):
        return None
    seconds: dict[SoundKind, Fraction] = {}
    for part in found:
        if part.sound is not None and part.sound[1] in _LAYOUTS:
            seconds[part.sound] = seconds.get(part.sound, Fraction(0)) + part.pictures.seconds
    return max(seconds, key=lambda kind: seconds[kind]) if seconds else _USUAL_SOUND


class _SoundTrack:
    """The sound of the film, packet by packet."""

    def __init__(self, kind: SoundKind, found: Sequence[Part]) -> None:
        self._rate = kind[0]
        self._kind = kind
        self._quiet_file = self._encode("quiet", self._silence())
        copied = (part.pictures.path for part in found if part.sound == kind)
        self._model = next(copied, self._quiet_file)
        self._quiet = [bytes(packet) for _, packet in self._stored(self._quiet_file)][_QUIET_PACKET]

    def add_to(self, target: OutputContainer) -> Any:
        """Add the stream to the film."""
        with probe.opened(self._model) as container:
            stream: Any = target.add_stream_from_template(container.streams.audio[0])
            stream.metadata.clear()
            return stream

    def packets(self, placed: Sequence[_Placed], stream: Any) -> Iterator[Timed]:
        """Yield a packet for each place of the grid."""
        for number, each in enumerate(placed):
            begin, end = (round(seconds * self._rate / SOUND_FRAME) for seconds in each.heard)
            found = self._laid(each)
            if not number:
                begin = max(-_PRIMING, min([begin, *found]))
            for place in range(begin, end):
                packet: Any = av.Packet(found.get(place, self._quiet))
                packet.pts = packet.dts = place * SOUND_FRAME
                packet.duration, packet.time_base = SOUND_FRAME, Fraction(1, self._rate)
                packet.is_keyframe = True
                packet.stream = stream
                yield Fraction(packet.pts, self._rate), packet

    def _laid(self, placed: _Placed) -> dict[int, bytes]:
        """Return the packets of a part by their places."""
        part = placed.part
        if not part.has_sound:
            return {}
        path, late = part.pictures.path, -part.begins
        if part.sound != self._kind:
            late += _first_heard(path)
            path = self._encode(f"sound-{placed.origin}".replace("/", "-"), self._decoded(path))
        packets = list(self._stored(path))
        if not packets:
            return {}
        first = packets[0][0]
        zero = round((placed.origin + late + first) * self._rate / SOUND_FRAME)
        return {
            zero + round((at - first) * self._rate / SOUND_FRAME): bytes(packet)
            for at, packet in packets
            if at + late < 0 or not packet.is_discard  # before its beginning: what the first sound is decoded with
        }

    def _stored(self, path: str) -> Iterator[tuple[Fraction, Any]]:
        with probe.opened(path) as container:
            stream = probe.sound_stream(container)
            for packet in container.demux(stream) if stream is not None else ():
                if packet.size and packet.pts is not None and packet.time_base:
                    yield packet.pts * packet.time_base, packet

    def _decoded(self, path: str) -> Iterator[Any]:
        """Yield the sound of a part as the encoder takes it, counted from its first one, up to where it breaks off."""
        resampler = av.AudioResampler(
            format="fltp", layout=_LAYOUTS[self._kind[1]], rate=self._rate, frame_size=SOUND_FRAME
        )
        heard = 0
        with probe.opened(path) as source:
            for frame in _sounds(source):
                for piece in resampler.resample(frame):
                    piece.pts, piece.time_base = heard, Fraction(1, self._rate)
                    heard += piece.samples
                    yield piece

    def _silence(self) -> Iterator[Any]:
        for number in range(2 * _QUIET_PACKET):
            frame = av.AudioFrame(format="fltp", layout=_LAYOUTS[self._kind[1]], samples=SOUND_FRAME)
            for plane in frame.planes:
                plane.update(bytes(plane.buffer_size))
            frame.sample_rate, frame.pts = self._rate, number * SOUND_FRAME
            frame.time_base = Fraction(1, self._rate)
            yield frame

    def _encode(self, name: str, sound: Iterable[Any]) -> str:
        path = _OWN.format(name)
        with encode.output(path) as target:
            out: Any = target.add_stream("aac", rate=self._rate, layout=_LAYOUTS[self._kind[1]])
            out.bit_rate = _SOUND_BITS
            for frame in sound:
                target.mux(out.encode(frame))
            target.mux(out.encode(None))
        return path


def _first_heard(path: str) -> Fraction:
    """Return when the first sound is heard, by the file's own clock."""
    with probe.opened(path) as source:
        frame = next(_sounds(source))
        return Fraction(0) if frame is None else (frame.pts or 0) * (frame.time_base or Fraction(0))


def _sounds(source: InputContainer) -> Iterator[Any]:
    """Yield the sound of a film up to where it breaks off, and then None."""
    stream = probe.sound_stream(source)
    with suppress(av.FFmpegError):
        yield from source.decode(stream) if stream is not None else ()
    yield None
