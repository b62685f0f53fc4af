"""Reads what a film is made of, as far as it matters where films are joined. Nothing is decoded but a frame or two."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from av.video.stream import VideoStream

from core.media.worker import encode, parameter_sets, probe
from core.media.worker.parameter_sets import ParameterSets
from core.media.worker.refusal import Refusal

SOUND_FRAME = 1024
"""Samples in a packet of AAC-LC."""
_PROFILES = {"Constrained Baseline", "Baseline", "Main", "High"}

Size = tuple[int, int]
SoundKind = tuple[int, int]
"""Samples in a second, and channels."""
Timed = tuple[Fraction, Any]
"""A packet, and when it is decoded."""


@dataclass(frozen=True, slots=True)
class Pictures:
    """The pictures of a film as they are stored, in the order of decoding.

    `times`: when each is shown, in seconds from the first one shown; `keys`: those that need no other; `decoded_at`: a
    place to seek to, in the stream's own units. `step`: for how long the last one is shown.
    """

    path: str
    times: tuple[Fraction, ...]
    keys: frozenset[int]
    decoded_at: tuple[int, ...]
    step: Fraction

    @property
    def seconds(self) -> Fraction:
        """Return how long they are shown."""
        return max(self.times) + self.step


@dataclass(frozen=True, slots=True)
class Part:
    """A film to be joined. `sets`: None where its pictures cannot be copied into another film.

    `sound`: the kind of its sound where that can be copied; `begins`: when the first picture is shown, by the file's
    own clock, which its sound goes by, too.
    """

    pictures: Pictures
    size: Size
    rate: Fraction
    sets: ParameterSets | None
    has_sound: bool
    sound: SoundKind | None
    begins: Fraction


def read(path: str) -> Part:
    """Read a film. Raises Refusal."""
    facts = probe.probe(path)
    with probe.opened(path) as container:
        stream, audio = probe.picture_stream(container), probe.sound_stream(container)
        stored: list[Any] = [packet for packet in container.demux(stream) if packet.size]
        shown = [packet for packet in stored if packet.pts is not None and packet.dts is not None]
        if not shown or stream.time_base is None:
            raise Refusal("unreadable_media", reason="no frame")
        base = stream.time_base
        whole = len(shown) == len(stored) and stored[0].is_keyframe and not any(each.is_discard for each in stored)
        begins = min(packet.pts for packet in shown) * base
        whole = whole and len({packet.pts for packet in shown}) == len(shown)
        rate = encode.frame_rate(stream)
        pictures = Pictures(
            path,
            tuple(packet.pts * base - begins for packet in shown),
            frozenset(number for number, packet in enumerate(shown) if packet.is_keyframe),
            tuple(packet.dts for packet in shown),
            1 / Fraction(stream.average_rate or rate),
        )
        plain = audio is not None and probe.is_plain_aac(audio)
        return Part(
            pictures=pictures,
            size=(facts["width"], facts["height"]),
            rate=Fraction(stream.average_rate or rate),
            sets=_sets(stream, facts) if whole else None,
            has_sound=audio is not None,
            sound=(audio.rate, audio.channels) if audio is not None and plain else None,
            begins=begins,
        )


def _sets(stream: VideoStream, facts: dict[str, Any]) -> ParameterSets | None:
    """Return the decoder's settings where these very pictures may stand in another film."""
    context = stream.codec_context
    usual = context.name == "h264" and context.profile in _PROFILES and not {"codec", "geometry"} & {*facts["problems"]}
    even = not (stream.width % 2 or stream.height % 2)
    return parameter_sets.read(context.extradata) if usual and even else None
