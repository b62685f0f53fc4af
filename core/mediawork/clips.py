"""Videos: probe, full check, thumbnail, and "make it play natively" by copy, remux or one capped encode."""

import shutil
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer, OutputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image
from refusal import Refusal  # type: ignore[import-not-found]

_OPTIONS = {
    "protocol_whitelist": "file",
    "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm",
    "max_pixels": str(4096 * 4096),
}
_MOV_ATOMS = {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"}
_MATROSKA = b"\x1a\x45\xdf\xa3"
_MAX_SIDE, _MAX_S, _MAX_STREAMS = 4096, 300, 8
_PLAYABLE_LONG, _PLAYABLE_SHORT = 1920, 1080
_MOV_HEADER = 8
_MICRO = 1_000_000


def probe(path: str) -> dict[str, Any]:
    """Facts of the file, and why it would not play natively everywhere (an empty list: it does)."""
    with _open(path) as container:
        return _facts(container, path)


def verify(path: str) -> dict[str, Any]:
    """Decode every frame: the only check that sees flipped bytes and a missing end."""
    with _open(path) as container:
        facts = _facts(container, path)
    with _open(path) as container:
        stream = _video(container)
        frames = 0
        try:
            for frame in container.decode(stream):
                frames += 1
                if frame.is_corrupt:
                    raise Refusal("video_broken")
        except av.FFmpegError as error:
            raise Refusal("video_broken") from error
        expected = facts["duration_s"] * float(stream.average_rate or 0)
        if frames == 0 or frames < expected * 0.8 - 2:
            raise Refusal("video_broken", frames=frames)
    return facts


def thumbnail(path: str, into: str, side: int, max_bytes: int) -> dict[str, Any]:
    """A key frame a third into the film, as displayed, as a small JPEG."""
    with _open(path) as container:
        stream = _video(container)
        frame = _frame_at(container, stream, _duration_s(container, stream) / 3)
        image = _displayed(frame, stream)
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    for quality in range(85, 19, -10):
        image.save(into, "JPEG", quality=quality)
        if Path(into).stat().st_size <= max_bytes:
            return {"width": image.width, "height": image.height}
    raise Refusal("unreadable_media", reason="thumbnail")


def make_playable(path: str, into: str, max_bytes: int) -> dict[str, Any]:
    """The least change that makes it play natively, with sound or a silent track, in at most `max_bytes`."""
    facts = probe(path)
    problems = set(facts["problems"])
    if not problems and facts["size"] <= max_bytes:
        shutil.copyfile(path, into)
        return {"how": "copied"}
    if problems <= {"container", "audio", "silent", "streams"} and facts["size"] <= max_bytes * 0.99:
        _remux(path, into)
        after = probe(into)
        if not after["problems"] and after["size"] <= max_bytes:
            return {"how": "remuxed"}
    return {"how": "transcoded", "encodes": _fit(path, into, max_bytes, facts)}


def clean(path: str, into: str) -> dict[str, Any]:
    """The same pictures and sound without a word of metadata (phones write GPS into mov and mp4): for publishing."""
    with _open(path) as source:
        stream = _video(source)
        if stream.codec_context.name not in {"h264", "hevc", "mpeg4", "libdav1d", "av1"}:
            raise Refusal("unsupported_media", what=stream.codec_context.name)
    _remux(path, into, silence=False)
    return probe(into)


def _open(path: str) -> InputContainer:
    with Path(path).open("rb") as file:
        head = file.read(16)
    if not (head[4:8] in _MOV_ATOMS or head[:4] == _MATROSKA):
        raise Refusal("unsupported_media")
    if head[4:8] in _MOV_ATOMS and _is_cut(path):
        raise Refusal("truncated_media")
    try:
        container = av.open(path, options=_OPTIONS, metadata_errors="ignore")
    except (av.FFmpegError, ValueError) as error:
        raise Refusal("unreadable_media") from error
    if len(container.streams) > _MAX_STREAMS:
        container.close()
        raise Refusal("unsupported_media", what="too many streams")
    return container


def _is_cut(path: str) -> bool:
    """Whether a top-level atom reaches past the end of the file: such a file still opens, and plays its beginning."""
    size = Path(path).stat().st_size
    with Path(path).open("rb") as file:
        at = 0
        while at + _MOV_HEADER <= size:
            file.seek(at)
            header = file.read(16)
            length = int.from_bytes(header[:4], "big")
            if length == 1:
                length = int.from_bytes(header[8:16], "big")
            if length == 0:
                return False
            if length < _MOV_HEADER:
                return True
            at += length
    return at > size


def _video(container: InputContainer) -> VideoStream:
    for stream in container.streams.video:
        if stream.codec_context is not None and not stream.disposition & av.stream.Disposition.attached_pic:
            stream.thread_count = 2
            return stream
    raise Refusal("unsupported_media", what="no pictures")


def _facts(container: InputContainer, path: str) -> dict[str, Any]:
    stream = _video(container)
    duration_s = _duration_s(container, stream)
    if max(stream.width, stream.height) > _MAX_SIDE:
        raise Refusal("file_too_large", max_side=_MAX_SIDE)
    if duration_s > _MAX_S:
        raise Refusal("video_too_long", max_duration=_MAX_S)
    frame = _first_frame(container, stream)
    width, height = _display_size(frame, stream)
    return {
        "width": width,
        "height": height,
        "duration_s": round(duration_s, 3),
        "has_audio": bool(container.streams.audio),
        "size": Path(path).stat().st_size,
        "problems": _problems(container, stream, frame, path),
    }


def _duration_s(container: InputContainer, stream: VideoStream) -> float:
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    if container.duration:
        return container.duration / _MICRO
    return _counted_s(container, stream)


def _counted_s(container: InputContainer, stream: VideoStream) -> float:
    """For files that do not say: the last packet's end."""
    last = 0.0
    for packet in container.demux(stream):
        if packet.pts is not None and packet.time_base:
            last = max(last, float((packet.pts + (packet.duration or 0)) * packet.time_base))
    container.seek(0)
    return last


def _first_frame(container: InputContainer, stream: VideoStream) -> VideoFrame:
    try:
        for frame in container.decode(stream):
            container.seek(0)
            return frame
    except av.FFmpegError as error:
        raise Refusal("unreadable_media") from error
    raise Refusal("unreadable_media", reason="no frame")


def _frame_at(container: InputContainer, stream: VideoStream, seconds: float) -> VideoFrame:
    first = _first_frame(container, stream)
    try:
        container.seek(int(seconds * _MICRO))
        stream.codec_context.skip_frame = "NONKEY"
        for frame in container.decode(stream):
            return frame
    except av.FFmpegError:
        return first
    return first


def _sar(stream: VideoStream) -> Fraction:
    sar = stream.sample_aspect_ratio
    return sar or Fraction(1)


def _rotation(frame: VideoFrame) -> int:
    """Degrees counter-clockwise that show the frame upright."""
    return frame.rotation % 360


def _display_size(frame: VideoFrame, stream: VideoStream) -> tuple[int, int]:
    width, height = round(frame.width * _sar(stream)), frame.height
    return (height, width) if _rotation(frame) in {90, 270} else (width, height)


def _displayed(frame: VideoFrame, stream: VideoStream) -> Image.Image:
    image: Image.Image = frame.to_image()  # type: ignore[no-untyped-call]
    sar = _sar(stream)
    if sar != 1:
        image = image.resize((max(1, round(image.width * sar)), image.height))
    return image.rotate(_rotation(frame), expand=True) if _rotation(frame) else image


def _problems(container: InputContainer, stream: VideoStream, frame: VideoFrame, path: str) -> list[str]:
    context = stream.codec_context
    found = []
    codec_fits = context.name == "h264" and context.profile in {"Constrained Baseline", "Baseline", "Main", "High"}
    if not codec_fits or frame.format.name not in {"yuv420p", "yuvj420p"}:
        found.append("codec")
    long, short = max(frame.width, frame.height), min(frame.width, frame.height)
    if frame.width % 2 or frame.height % 2 or long > _PLAYABLE_LONG or short > _PLAYABLE_SHORT:
        found.append("size")
    if _sar(stream) != 1 or _rotation(frame):
        found.append("geometry")
    audio = container.streams.audio
    if not audio:
        found.append("silent")
    elif audio[0].codec_context.name != "aac" or audio[0].profile not in {"LC", None} or audio[0].channels > 2:  # noqa: PLR2004
        found.append("audio")
    if len(container.streams) > 1 + bool(audio):
        found.append("streams")
    if "mp4" not in container.format.name or not _is_plain_mp4(path):
        found.append("container")
    return found


def _is_plain_mp4(path: str) -> bool:
    """An mp4 brand, moov before mdat, no fragments: it starts to play before it is loaded."""
    size, at, seen = Path(path).stat().st_size, 0, []
    with Path(path).open("rb") as file:
        while at + _MOV_HEADER <= size:
            file.seek(at)
            header = file.read(16)
            length, kind = int.from_bytes(header[:4], "big"), header[4:8]
            if kind == b"ftyp" and header[8:12] == b"qt  ":
                return False
            seen.append(kind)
            if length == 1:
                length = int.from_bytes(header[8:16], "big")
            if length < _MOV_HEADER:
                break
            at += length
    if seen[:1] != [b"ftyp"] or b"moov" not in seen or b"moof" in seen or b"mdat" not in seen:
        return False
    return seen.index(b"moov") < seen.index(b"mdat")


# Remux and encode


def _remux(path: str, into: str, *, silence: bool = True) -> None:
    """The same video packets in a fresh mp4; sound copied where it is AAC, else encoded, else a silent track."""
    with _open(path) as source, _output(into) as target:
        stream = _video(source)
        audio = source.streams.audio[0] if source.streams.audio else None
        video_out = target.add_stream_from_template(stream)
        video_out.metadata.clear()
        copy_audio = audio is not None and audio.codec_context.name == "aac" and audio.channels <= 2  # noqa: PLR2004
        if audio is None:
            if silence:
                _write_silence(target, _duration_s(source, stream))
            _copy(source, target, {stream.index: video_out})
        elif copy_audio:
            audio_out = target.add_stream_from_template(audio)
            audio_out.metadata.clear()
            _copy(source, target, {stream.index: video_out, audio.index: audio_out})
        else:
            encoder = _AudioOut(target, 128_000)
            _copy(source, target, {stream.index: video_out})
            encoder.encode_from(path)


def _output(into: str) -> OutputContainer:
    return av.open(into, "w", format="mp4", options={"movflags": "+faststart"})


def _copy(source: InputContainer, target: OutputContainer, streams: dict[int, Any]) -> None:
    wanted = [source.streams[index] for index in streams]
    for packet in source.demux(wanted):
        if packet.size == 0 or packet.stream_index not in streams:
            continue
        packet.stream = streams[packet.stream_index]
        target.mux(packet)


class _AudioOut:
    """AAC-LC stereo at 44.1 kHz into `target`."""

    def __init__(self, target: OutputContainer, bits: int) -> None:
        self._target = target
        self._stream = target.add_stream("aac", rate=44_100, layout="stereo")
        self._stream.bit_rate = bits
        self._resampler = av.AudioResampler(format="fltp", layout="stereo", rate=44_100, frame_size=1024)

    def encode_from(self, path: str) -> None:
        with _open(path) as source:
            for frame in source.decode(source.streams.audio[0]):
                self._write(self._resampler.resample(frame))
            self._write(self._resampler.resample(None))
        self._mux(self._stream.encode(None))

    def _write(self, frames: list[Any]) -> None:
        for frame in frames:
            self._mux(self._stream.encode(frame))

    def _mux(self, packets: Any) -> None:
        for packet in packets:
            self._target.mux(packet)


def _write_silence(target: OutputContainer, seconds: float) -> None:
    """A quiet AAC track: without one Telegram may show a soundless clip as a looping GIF."""
    stream = target.add_stream("aac", rate=44_100, layout="stereo")
    stream.bit_rate = 32_000
    for number in range(max(1, int(seconds * 44_100 / 1024))):
        frame = av.AudioFrame(format="fltp", layout="stereo", samples=1024)
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        frame.sample_rate, frame.pts, frame.time_base = 44_100, number * 1024, Fraction(1, 44_100)
        for packet in stream.encode(frame):
            target.mux(packet)
    for packet in stream.encode(None):
        target.mux(packet)


_STEPS = (1080, 720, 540, 480, 360, 240)
_BITS_PER_PIXEL = 0.055


def _fit(path: str, into: str, max_bytes: int, facts: dict[str, Any]) -> int:
    """One capped-CRF encode whose bits are bounded by construction; a second, tighter one if it still overshoots."""
    seconds = max(0.1, facts["duration_s"])
    fps = 30
    usable = max_bytes * 0.985 - (6000 + 16 * seconds * fps + 469 * seconds)
    audio = next((rate for rate in (128, 96, 64, 48, 32) if rate * 1000 <= 0.1 * usable * 8 / seconds), 32) * 1000
    video_bits = (usable * 8 - audio * 1.03 * seconds) / seconds
    if video_bits < 20_000:  # noqa: PLR2004 - nothing watchable fits
        raise Refusal("file_too_large", max_bytes=max_bytes)
    for encodes in (1, 2):
        _encode(path, into, bits=video_bits, audio_bits=audio, facts=facts)
        size = Path(into).stat().st_size
        if size <= max_bytes:
            return encodes
        video_bits *= 0.94 * max_bytes / size
    raise Refusal("file_too_large", max_bytes=max_bytes)


def _size_for(width: int, height: int, bits: float, fps: float) -> tuple[int, int]:
    """The largest step that leaves enough bits for each pixel; never larger than the source."""
    short = min(width, height)
    for step in (short, *(step for step in _STEPS if step < short)):
        scale = min(1.0, step / short, _PLAYABLE_LONG / max(width, height), _PLAYABLE_SHORT / short)
        size = (max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2))
        if bits / (size[0] * size[1] * fps) >= _BITS_PER_PIXEL:
            return size
    return size


def _encode(path: str, into: str, *, bits: float, audio_bits: int, facts: dict[str, Any]) -> None:
    seconds = max(0.1, facts["duration_s"])
    with _open(path) as source, _output(into) as target:
        stream = _video(source)
        first = _first_frame(source, stream)
        rate = min(Fraction(30), Fraction(stream.average_rate or 30).limit_denominator(1001))
        width, height = _size_for(facts["width"], facts["height"], bits, float(rate))
        window = min(1.5, seconds / 4)
        cap = bits * seconds / (seconds + 0.4 * window)
        out = target.add_stream("libx264", rate=rate)
        out.width, out.height, out.pix_fmt = width, height, "yuv420p"
        out.codec_context.thread_count = 2
        out.options = {
            "preset": "veryfast",
            "crf": "20",
            "maxrate": str(int(cap)),
            "bufsize": str(max(1000, int(cap * window))),
            "x264-params": "vbv-init=0.4",
            "g": str(max(1, round(float(rate) * 2))),
            "bf": "2",
            "profile": "high",
        }
        if source.streams.audio:
            sound: _AudioOut | None = _AudioOut(target, audio_bits)
        else:
            sound = None
            _write_silence(target, seconds)
        graph = _graph(stream, first, width, height, rate)
        for frame in _filtered(source, stream, graph):
            frame.pict_type = 0  # else the source's frame types are forced on x264
            for packet in out.encode(frame):
                target.mux(packet)
        for packet in out.encode(None):
            target.mux(packet)
        if sound is not None:
            sound.encode_from(path)


def _graph(stream: VideoStream, first: VideoFrame, width: int, height: int, rate: Fraction) -> Any:
    graph = av.filter.Graph()
    turns = {90: ["transpose", "cclock"], 270: ["transpose", "clock"]}.get(_rotation(first))
    chain = [graph.add_buffer(template=stream)]
    if turns:
        chain.append(graph.add(turns[0], turns[1]))
    elif _rotation(first) == 180:  # noqa: PLR2004 - degrees
        chain += [graph.add("hflip"), graph.add("vflip")]
    chain.append(graph.add("scale", f"{width}:{height}:flags=bicubic"))
    chain.append(graph.add("setsar", "1"))
    chain.append(graph.add("fps", f"{rate.numerator}/{rate.denominator}"))
    chain.append(graph.add("format", "yuv420p"))
    chain.append(graph.add("buffersink"))
    for one, other in pairwise(chain):
        one.link_to(other)
    graph.configure()
    return graph


def _filtered(source: InputContainer, stream: VideoStream, graph: Any) -> Any:
    for frame in source.decode(stream):
        graph.push(frame)
        yield from _pulled(graph)
    graph.push(None)
    yield from _pulled(graph)


def _pulled(graph: Any) -> Any:
    while True:
        try:
            yield graph.pull()
        except (av.BlockingIOError, av.EOFError):
            return
