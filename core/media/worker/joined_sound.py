"""Lays the sound of films that are joined on one grid of AAC packets."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
from av.container import InputContainer, OutputContainer

from core.media.worker import encode, probe
from core.media.worker.parts import SOUND_FRAME, Part, SoundKind, Timed

_USUAL_SOUND = (44_100, 2)
_SOUND_BITS = 128_000
_LAYOUTS = {1: "mono", 2: "stereo"}
_PRIMING = 2  # packets that a decoder needs before the first sound
_QUIET_PACKET = 3
_OWN = "sound-{}.mp4"


@dataclass(frozen=True, slots=True)
class Placed:
    """A part in its place. Seconds of the film: where it would begin, and from when to when it is audible."""

    part: Part
    origin: Fraction
    audible: tuple[Fraction, Fraction]


def sound_kind(found: Sequence[Part]) -> SoundKind | None:
    """Return the kind of sound that most of the film has, of those that can be copied; None: all of it is silent."""
    if not any(part.has_sound for part in found):
        return None
    seconds: dict[SoundKind, Fraction] = {}
    for part in found:
        if part.sound is not None and part.sound[1] in _LAYOUTS:
            seconds[part.sound] = seconds.get(part.sound, Fraction(0)) + part.pictures.seconds
    return max(seconds, key=lambda kind: seconds[kind]) if seconds else _USUAL_SOUND


class SoundTrack:
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

    def packets(self, placed: Sequence[Placed], stream: Any) -> Iterator[Timed]:
        """Yield a packet for each place of the grid."""
        for number, each in enumerate(placed):
            begin, end = (round(seconds * self._rate / SOUND_FRAME) for seconds in each.audible)
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

    def _laid(self, placed: Placed) -> dict[int, bytes]:
        """Return the packets of a part by their places."""
        part = placed.part
        if not part.has_sound:
            return {}
        path, late = part.pictures.path, -part.begins
        if part.sound != self._kind:
            late += _first_audible(path)
            path = self._encode(str(placed.origin).replace("/", "-"), self._decoded(path))
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
        audible = 0
        with probe.opened(path) as source:
            for frame in _sounds(source):
                for piece in resampler.resample(frame):
                    piece.pts, piece.time_base = audible, Fraction(1, self._rate)
                    audible += piece.samples
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


def _first_audible(path: str) -> Fraction:
    """Return when the first sound is audible, by the file's own clock."""
    with probe.opened(path) as source:
        frame = next(_sounds(source))
        return Fraction(0) if frame is None else (frame.pts or 0) * (frame.time_base or Fraction(0))


def _sounds(source: InputContainer) -> Iterator[Any]:
    """Yield the sound of a film up to where it breaks off, and then None."""
    stream = probe.sound_stream(source)
    with suppress(av.FFmpegError):
        yield from source.decode(stream) if stream is not None else ()
    yield None
