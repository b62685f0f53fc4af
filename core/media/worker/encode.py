"""Writes mp4 files: the same packets in a new container, or one encode whose size is bounded by construction."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from core.media.worker import colours, edits, probe
from core.media.worker.mark import marked
from core.media.worker.refusal import Refusal

_SOUND_RATE = 44_100
_SOUND_FRAME = 1024
_SILENCE_BITS = 32_000
_COPY_SOUND_BITS = 128_000
_STEPS = (1080, 720, 540, 480, 360, 240)
_BITS_PER_PIXEL = 0.055
_LEAST_BITS = 20_000  # a second; nothing watchable fits into less
MOST_FPS = 30
_MOST_BITS = 400_000_000  # of which the encoder makes no use; a blink would be given more than its numbers hold
_LEAST_FPS = 1
_TELLING_DELAY_S = 0.1  # a player that ignores it shows pictures and sound apart


@dataclass(frozen=True, slots=True)
class Shape:
    """The shape of an encode: pictures of `inner` size in the middle of `outer`, at `rate` frames per second.

    `seconds` is the length that the source states, for the bound; the film is cut only at `until_s`. `mark`: it
    is seen that AI has made it.
    """

    inner: tuple[int, int]
    outer: tuple[int, int]
    rate: Fraction
    seconds: float
    until_s: float | None = None
    mark: bool = False


def output(into: str) -> OutputContainer:
    """Open an mp4 for writing, with its index in front."""
    return av.open(into, "w", format="mp4", options={"movflags": "+faststart"})


# The same packets


def remux(path: str, into: str, *, silence: bool, until_s: float | None = None) -> None:
    """Write the same pictures to a new mp4 without metadata, and without what an edit list hides.

    Sound is copied where it is plain AAC, else encoded, else (with `silence`) replaced by a silent track. Raises
    ValueError where the pictures that are shown need others, or begin later than the sound.
    """
    with probe.opened(path) as source, output(into) as target:
        stream = probe.picture_stream(source)
        audio = probe.sound_stream(source)
        if not edits.may_be_copied(stream) or probe.delay_s(source, stream) > _TELLING_DELAY_S:
            raise ValueError("only an encode can cut")
        pictures = target.add_stream_from_template(stream)
        pictures.metadata.clear()
        if audio is not None and probe.is_plain_aac(audio) and probe.delay_s(source, audio) <= _TELLING_DELAY_S:
            sound_out = target.add_stream_from_template(audio)
            sound_out.metadata.clear()
            _copy(source, target, {stream.index: pictures, audio.index: sound_out}, until_s=until_s)
            return
        quiet_s = probe.duration_of(source, stream) if silence else None
        sound = _sound(path, target, audio, bits=_COPY_SOUND_BITS, until_s=until_s, quiet_s=quiet_s)
        _copy(source, target, {stream.index: pictures}, until_s=until_s, sound=sound)


def _copy(
    source: InputContainer,
    target: OutputContainer,
    streams: dict[int, Any],
    *,
    until_s: float | None,
    sound: "Sound | None" = None,
) -> None:
    """Copy the packets, cut in the order of decoding: what is written has all that it refers to."""
    begin: dict[int, float] = {}
    whole = {each.index for each in source.streams.audio if not edits.hides_sound(each)}
    for packet in source.demux([source.streams[index] for index in streams]):
        if packet.size == 0 or packet.stream_index not in streams or packet.time_base is None:
            continue
        if packet.is_discard and packet.stream_index not in whole:
            continue
        _count_from(packet, probe.begins_s(source))
        at = float((packet.dts if packet.dts is not None else packet.pts or 0) * packet.time_base)
        start = begin.setdefault(packet.stream_index, at)
        if until_s is not None and at - start >= until_s:
            continue
        if sound is not None:
            sound.write_until(at)
        packet.stream = streams[packet.stream_index]
        target.mux(packet)
    if sound is not None:
        sound.write_until(None)


def _count_from(piece: Any, begins_s: float) -> None:
    """Count the times of a packet or frame from where the film begins."""
    earlier = round(begins_s / piece.time_base) if piece.time_base else 0
    if earlier:
        piece.pts = None if piece.pts is None else piece.pts - earlier
        piece.dts = None if piece.dts is None else piece.dts - earlier


# Sound beside the pictures


class Sound:
    """An AAC-LC stereo track at 44.1 kHz, written in step with the pictures.

    A file whose sound stands at its end cannot be played while it loads.
    """

    def __init__(self, target: OutputContainer, frames: Iterator[Any], bits: int) -> None:
        self._target = target
        self._stream: Any = target.add_stream("aac", rate=_SOUND_RATE, layout="stereo")
        self._stream.bit_rate = bits
        self._frames = frames
        self._at = float("-inf")
        self._ended = False

    def write_until(self, seconds: float | None) -> None:
        """Write the sound up to this time in seconds; None: all that is left."""
        while not self._ended and (seconds is None or self._at <= seconds):
            frame = next(self._frames, None)
            if frame is None:
                self._ended = True
            elif frame.pts is not None and frame.time_base:
                self._at = float(frame.pts * frame.time_base)
            for packet in self._stream.encode(frame):
                self._target.mux(packet)


def _sound(
    path: str,
    target: OutputContainer,
    audio: AudioStream | None,
    *,
    bits: int,
    until_s: float | None,
    quiet_s: float | None,
) -> Sound | None:
    """Make the sound track: the source's own sound, or that many seconds of silence, or None."""
    if audio is not None:
        return Sound(target, _or_quiet(_sound_frames(path, until_s), quiet_s), bits)
    return Sound(target, _silent(quiet_s), _SILENCE_BITS) if quiet_s is not None else None


def _sound_frames(path: str, until_s: float | None) -> Iterator[Any]:
    """Yield the sound of the file as the encoder takes it, after silence where it begins later than the film."""
    resampler = av.AudioResampler(format="fltp", layout="stereo", rate=_SOUND_RATE, frame_size=_SOUND_FRAME)
    with probe.opened(path) as source:
        audio = probe.sound_stream(source)
        if audio is None:
            return
        delay_s = probe.delay_s(source, audio)
        if delay_s > _TELLING_DELAY_S:
            yield from _silent(min(delay_s, until_s or delay_s))
        for frame in source.decode(audio):
            _count_from(frame, probe.begins_s(source))
            if until_s is not None and frame.time is not None and frame.time > until_s:
                break
            yield from resampler.resample(frame)
        yield from resampler.resample(None)


def _or_quiet(frames: Iterator[Any], quiet_s: float | None) -> Iterator[Any]:
    """Yield the sound up to where it breaks off; silence where no sound could be decoded at all."""
    any_sound = False
    try:
        for frame in frames:
            any_sound = True
            yield frame
    except av.FFmpegError:
        pass
    if not any_sound and quiet_s is not None:
        yield from _silent(quiet_s)


def _silent(seconds: float) -> Iterator[Any]:
    """Yield silence: without a sound track Telegram may show a clip as a looping GIF."""
    for number in range(max(1, int(seconds * _SOUND_RATE / _SOUND_FRAME))):
        frame = av.AudioFrame(format="fltp", layout="stereo", samples=_SOUND_FRAME)
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        frame.sample_rate, frame.pts, frame.time_base = _SOUND_RATE, number * _SOUND_FRAME, Fraction(1, _SOUND_RATE)
        yield frame


# One encode into a budget


def fit(path: str, into: str, max_bytes: int, shape: Shape, *, finished: bool) -> int:
    """Encode into at most `max_bytes` with a capped rate factor; a second, tighter time if it still overshoots.

    Returns the number of encodes. `finished`: a film for a chat, which may step down in size where the bits are few,
    gets a silent track where it has no sound, and is shown without what cannot be decoded.
    """
    seconds, fps = shape.seconds, float(shape.rate)
    usable = max_bytes * 0.985 - (6000 + 16 * seconds * fps + 469 * seconds)  # what the container itself needs
    sound_bits = next((rate for rate in (128, 96, 64, 48, 32) if rate * 1000 <= 0.1 * usable * 8 / seconds), 32) * 1000
    bits = min(_MOST_BITS, (usable * 8 - sound_bits * 1.03 * seconds) / seconds)
    for encodes in (1, 2):
        if bits < _LEAST_BITS:
            break
        size = size_for(*shape.inner, bits, fps) if finished else shape.inner
        stepped = replace(shape, inner=size, outer=size if finished else shape.outer)
        encode(path, into, stepped, bits=bits, sound_bits=sound_bits, finished=finished)
        written = Path(into).stat().st_size
        if written <= max_bytes:
            return encodes
        bits *= 0.94 * max_bytes / written
    raise Refusal("file_too_large", max_bytes=max_bytes)


def frame_rate(stream: VideoStream) -> Fraction:
    """Choose a constant rate near the source's, at most 30 frames per second."""
    stated = Fraction(stream.average_rate or MOST_FPS).limit_denominator(1001)
    return max(Fraction(_LEAST_FPS), min(Fraction(MOST_FPS), stated))


def size_for(width: int, height: int, bits: float, fps: float) -> tuple[int, int]:
    """Choose the largest step that leaves enough bits for each pixel; never larger than the source."""
    short = min(width, height)
    size = (2, 2)
    for step in (short, *(step for step in _STEPS if step < short)):
        size = even(width, height, min(1.0, step / short))
        if bits / (size[0] * size[1] * fps) >= _BITS_PER_PIXEL:
            break
    return size


def even(width: int, height: int, scale: float) -> tuple[int, int]:
    """Scale a size in pixels to even sides, as H.264 needs."""
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)


def playable_size(width: int, height: int) -> tuple[int, int]:
    """Return the size at which such pictures play everywhere."""
    long, short = max(width, height), min(width, height)
    return even(width, height, min(1.0, probe.PLAYABLE_LONG / long, probe.PLAYABLE_SHORT / short))


def fitted(width: int, height: int, *, within: tuple[int, int]) -> tuple[int, int]:
    """Return the largest size of the same shape inside of another one."""
    inner = even(width, height, min(within[0] / width, within[1] / height))
    return min(inner[0], within[0]), min(inner[1], within[1])


def encode(path: str, into: str, shape: Shape, *, bits: float, sound_bits: int, finished: bool) -> None:
    """Encode the film once, pictures and sound, with `bits` and `sound_bits` per second."""
    with probe.opened(path) as source, output(into) as target:
        stream = probe.picture_stream(source)
        out = _picture_encoder(target, shape, bits)
        audio = probe.sound_stream(source)
        quiet_s = shape.seconds if finished else None
        sound = _sound(path, target, audio, bits=sound_bits, until_s=shape.until_s, quiet_s=quiet_s)
        begun = False
        pictures = filtered(source, stream, shape, finished=finished)
        for frame in marked(pictures) if shape.mark else pictures:
            if not begun:
                keep_colours(out, frame)
                begun = True
            if sound is not None:
                sound.write_until(frame.time or 0.0)
            frame.pict_type = 0  # else the source's frame types are forced on x264
            for packet in out.encode(frame):
                target.mux(packet)
        for packet in out.encode(None):
            target.mux(packet)
        if sound is not None:
            sound.write_until(None)


def _picture_encoder(target: OutputContainer, shape: Shape, bits: float) -> Any:
    """Set up the picture encoder with a bounded rate.

    Total bits <= cap * D + 0.4 * cap * window = bits * D: the buffer is 0.4 full at the start and never owes.
    """
    window = min(1.5, shape.seconds / 4)
    cap = bits * shape.seconds / (shape.seconds + 0.4 * window)
    out: Any = target.add_stream("libx264", rate=shape.rate)
    out.width, out.height, out.pix_fmt = *shape.outer, "yuv420p"
    out.codec_context.thread_count = 2
    out.options = {
        "preset": "veryfast",
        "crf": "20",
        "maxrate": str(int(cap)),
        "bufsize": str(max(1000, int(cap * window))),
        "x264-params": "vbv-init=0.4",
        "g": str(max(1, round(float(shape.rate) * 2))),
        "bf": "2",
        "profile": "high",
    }
    return out


def plain_encoder(target: OutputContainer, size: tuple[int, int], rate: Fraction, *, number: int) -> Any:
    """Set up an encoder for what stands in a film beside copied pictures: near to what it is made of, at any size.

    `number`: of its settings, which the film's others must not have. Each picture is shown in the order of decoding.
    """
    out: Any = target.add_stream("libx264", rate=rate)
    out.width, out.height, out.pix_fmt = *size, "yuv420p"
    out.codec_context.thread_count = 2
    out.options = {
        "preset": "veryfast",
        "crf": "17",
        "x264-params": f"sps-id={number}",
        "g": str(max(1, round(float(rate) * 2))),
        "bf": "0",
        "profile": "high",
    }
    return out


def keep_colours(out: Any, frame: VideoFrame) -> None:
    """Write into the file what the colours mean, or players guess by the size of the picture."""
    context = out.codec_context
    context.colorspace, context.color_range = frame.colorspace, frame.color_range
    context.color_primaries, context.color_trc = frame.color_primaries, frame.color_trc


def _graph(stream: VideoStream, first: VideoFrame, shape: Shape) -> Any:
    graph = av.filter.Graph()
    turned = probe.rotation(first)
    turns = {90: [("transpose", "cclock")], 180: [("hflip", ""), ("vflip", "")], 270: [("transpose", "clock")]}
    size = "{}:{}".format(*shape.inner)
    steps = [("fps", f"{shape.rate.numerator}/{shape.rate.denominator}:start_time=0"), *turns.get(turned, [])]
    if colours.is_hdr(first):
        steps += colours.to_sdr(size, first)
    else:
        steps.append(("scale", f"{size}:flags=bicubic:out_range=tv"))
    steps.append(("setsar", "1"))
    if shape.inner != shape.outer:
        steps.append(("pad", "{}:{}:(ow-iw)/2:(oh-ih)/2".format(*shape.outer)))
    steps += [("format", "yuv420p"), ("buffersink", "")]
    chain = [graph.add_buffer(template=stream), *(graph.add(name, options or None) for name, options in steps)]
    for one, other in pairwise(chain):
        one.link_to(other)
    graph.configure()
    return graph


def filtered(source: InputContainer, stream: VideoStream, shape: Shape, *, finished: bool) -> Iterator[VideoFrame]:
    """Yield the pictures in this shape: upright, square pixels, at a constant rate."""
    first = probe.first_frame(source, stream)
    graph = _graph(stream, first, shape)
    most = None if shape.until_s is None else int(shape.until_s * float(shape.rate))
    yield from islice(_pictures(source, stream, graph, finished=finished), most)


def _pictures(source: InputContainer, stream: VideoStream, graph: Any, *, finished: bool) -> Iterator[VideoFrame]:
    clock = edits.Clock(source.name, stream) if edits.hides_pictures(stream) else None
    for packet in source.demux(stream):
        try:
            frames = packet.decode()
        except av.FFmpegError:
            if not finished:
                raise
            continue
        for frame in frames:
            if clock is not None and frame.pts is not None:
                frame.pts = clock.time_of(frame.pts)
            _count_from(frame, probe.begins_s(source))
            graph.push(frame)
            yield from _pulled(graph)
    graph.push(None)
    yield from _pulled(graph)


def _pulled(graph: Any) -> Iterator[VideoFrame]:
    while True:
        try:
            yield graph.pull()
        except (av.BlockingIOError, av.EOFError):
            return
