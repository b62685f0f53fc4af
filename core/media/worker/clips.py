"""Videos: what they are, whether they are whole, how they look; nothing is changed here."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from core.media.worker.refusal import Refusal

_OPTIONS = {
    "protocol_whitelist": "file",
    "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm",
}
_MAX_PIXELS = 4096 * 4096
_MOV_ATOMS = {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"}
_MATROSKA = b"\x1a\x45\xdf\xa3"
_MAX_SIDE, _MAX_S, _MAX_STREAMS = 4096, 300, 8
PLAYABLE_LONG, PLAYABLE_SHORT = 1920, 1080
_MOV_HEADER = 8
_MICRO = 1_000_000


def probe(path: str) -> dict[str, Any]:
    """Facts of the file, and why it would not play natively everywhere (an empty list: it does)."""
    with opened(path) as container:
        return _facts(container, path)


def verify(path: str) -> dict[str, Any]:
    """Decode every frame and every sound: the only check that sees flipped bytes and a missing end."""
    with opened(path) as container:
        facts = _facts(container, path)
    with opened(path) as container:
        stream = picture_stream(container)
        sound = sound_stream(container)
        try:
            frames = sum(_is_picture(frame) for frame in container.decode(stream, *([sound] if sound else [])))
        except av.FFmpegError as error:
            raise Refusal("video_broken") from error
        expected = facts["duration_s"] * float(stream.average_rate or 0)
        if frames == 0 or frames < expected * 0.8 - 2:
            raise Refusal("video_broken", frames=frames)
    return facts


def _is_picture(frame: Any) -> bool:
    """Whether this is a picture, and a whole one."""
    if frame.is_corrupt:
        raise Refusal("video_broken")
    return isinstance(frame, VideoFrame)


def thumbnail(path: str, into: str, side: int, max_bytes: int) -> dict[str, Any]:
    """A key frame a third into the film, as displayed, as a small JPEG."""
    with opened(path) as container:
        stream = picture_stream(container)
        frame = _frame_at(container, stream, duration_of(container, stream) / 3)
        image = _displayed(frame, stream)
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    for quality in range(85, 19, -10):
        image.save(into, "JPEG", quality=quality)
        if Path(into).stat().st_size <= max_bytes:
            return {"width": image.width, "height": image.height}
    raise Refusal("unreadable_media", reason="thumbnail")


def opened(path: str) -> InputContainer:
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


def picture_stream(container: InputContainer) -> VideoStream:
    """The film itself, its decoder set up so that damage shows: with threads by slices it is smoothed over in silence
    (tried: of twenty flipped bits none is told, by frames seventeen are).
    """
    for stream in container.streams.video:
        if stream.codec_context is not None and not stream.disposition & av.stream.Disposition.attached_pic:
            stream.thread_count, stream.thread_type = 2, "FRAME"
            if not stream.codec_context.is_open:  # a size that the container does not tell
                stream.codec_context.options = {"max_pixels": str(_MAX_PIXELS)}
            return stream
    raise Refusal("unsupported_media", what="no pictures")


def sound_stream(container: InputContainer) -> AudioStream | None:
    """The first sound that can be decoded."""
    return next((each for each in container.streams.audio if each.codec_context is not None), None)


def is_plain_aac(audio: AudioStream) -> bool:
    return audio.codec_context.name == "aac" and audio.profile in {"LC", None} and audio.channels <= 2  # noqa: PLR2004


def _facts(container: InputContainer, path: str) -> dict[str, Any]:
    stream = picture_stream(container)
    duration_s = duration_of(container, stream)
    if max(stream.width, stream.height) > _MAX_SIDE:
        raise Refusal("file_too_large", max_side=_MAX_SIDE)
    if duration_s > _MAX_S:
        raise Refusal("video_too_long", max_duration=_MAX_S)
    frame = first_frame(container, stream)
    width, height = _display_size(frame, stream)
    return {
        "width": width,
        "height": height,
        "duration_s": round(duration_s, 3),
        "has_audio": sound_stream(container) is not None,
        "size": Path(path).stat().st_size,
        "problems": _problems(container, stream, frame, path),
    }


def duration_of(container: InputContainer, stream: VideoStream) -> float:
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    if container.duration:
        return container.duration / _MICRO
    return _counted_s(container, stream)


def whole_s(container: InputContainer, pictures_s: float) -> float:
    """How long the file plays: its sound may be longer than its pictures. At least a tenth of a second."""
    return max(0.1, pictures_s, (container.duration or 0) / _MICRO)


def _counted_s(container: InputContainer, stream: VideoStream) -> float:
    """For files that do not say: the last packet's end."""
    last = 0.0
    for packet in container.demux(stream):
        if packet.pts is not None and packet.time_base:
            last = max(last, float((packet.pts + (packet.duration or 0)) * packet.time_base))
    container.seek(0)
    return last


def first_frame(container: InputContainer, stream: VideoStream) -> VideoFrame:
    try:
        for frame in container.decode(stream):
            container.seek(0)
            return frame
    except av.FFmpegError as error:
        raise Refusal("unreadable_media") from error
    raise Refusal("unreadable_media", reason="no frame")


def _frame_at(container: InputContainer, stream: VideoStream, seconds: float) -> VideoFrame:
    first = first_frame(container, stream)
    try:
        container.seek(int(seconds * _MICRO))
        stream.codec_context.skip_frame = "NONKEY"
        for frame in container.decode(stream):
            return frame
    except av.FFmpegError:
        return first
    return first


def sar_of(stream: VideoStream) -> Fraction:
    sar = stream.sample_aspect_ratio
    return sar or Fraction(1)


def rotation(frame: VideoFrame) -> int:
    """Degrees counter-clockwise that show the frame upright."""
    return frame.rotation % 360


def _display_size(frame: VideoFrame, stream: VideoStream) -> tuple[int, int]:
    width, height = round(frame.width * sar_of(stream)), frame.height
    return (height, width) if rotation(frame) in {90, 270} else (width, height)


def _displayed(frame: VideoFrame, stream: VideoStream) -> Image.Image:
    image: Image.Image = frame.to_image()  # type: ignore[no-untyped-call]
    sar = sar_of(stream)
    if sar != 1:
        image = image.resize((max(1, round(image.width * sar)), image.height))
    return image.rotate(rotation(frame), expand=True) if rotation(frame) else image


def _problems(container: InputContainer, stream: VideoStream, frame: VideoFrame, path: str) -> list[str]:
    context = stream.codec_context
    found = []
    codec_fits = context.name == "h264" and context.profile in {"Constrained Baseline", "Baseline", "Main", "High"}
    if not codec_fits or frame.format.name != "yuv420p":
        found.append("codec")
    long, short = max(frame.width, frame.height), min(frame.width, frame.height)
    if frame.width % 2 or frame.height % 2 or long > PLAYABLE_LONG or short > PLAYABLE_SHORT:
        found.append("size")
    if sar_of(stream) != 1 or rotation(frame):
        found.append("geometry")
    audio = sound_stream(container)
    if audio is None:
        found.append("silent")
    elif not is_plain_aac(audio):
        found.append("audio")
    if len(container.streams) > 1 + (audio is not None):
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
