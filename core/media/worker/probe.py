"""Reads videos: their facts, whether they are whole, their thumbnail. Nothing is changed here."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import zip_longest
from pathlib import Path
from typing import Any

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from core.media.worker import colours, edits
from core.media.worker.atoms import MOV_ATOMS, is_cut, is_plain_mp4, is_signed
from core.media.worker.refusal import Refusal

_PICTURES = "h264 hevc vp8 vp9 av1 libdav1d mpeg4 h263 mjpeg prores mpeg2video"
_SOUNDS = (
    "aac aac_fixed mp3 mp3float mp2 mp2float opus libopus vorbis flac alac ac3 eac3 amrnb amrwb "
    "libopencore_amrnb libopencore_amrwb pcm_s16le pcm_s16be pcm_s24le pcm_s24be pcm_s32le pcm_s32be pcm_f32le "
    "pcm_f32be pcm_u8 pcm_s8 pcm_alaw pcm_mulaw"
)
SOUNDS = frozenset(_SOUNDS.split())
_DECODERS = SOUNDS | frozenset(_PICTURES.split())
"""What phones, cameras, browsers and editors write; of 500 decoders, the rest is code that only an attack needs."""
_OPTIONS = {
    "protocol_whitelist": "file",
    "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm",
    "codec_whitelist": ",".join(sorted(_DECODERS)),
}
_MAX_PIXELS = 4096 * 4096
_MATROSKA = b"\x1a\x45\xdf\xa3"
_MAX_SIDE, _MAX_S = 4096, 300
_MAX_STREAMS, _MAX_SHOWN_STREAMS = 64, 8  # a phone writes ten, most of them notes on the film
PLAYABLE_LONG, PLAYABLE_SHORT = 1920, 1080
_STILLS = av.stream.Disposition.attached_pic | av.stream.Disposition.timed_thumbnails
LABEL_KEY = "AIGC"
"""The key of a record that says that a film was made by AI (core/media/worker/labels.py)."""
_MICRO = 1_000_000
_STILL_SIDE, _STILL_BYTES = 320, 64_000


@dataclass(frozen=True, slots=True)
class Inspection:
    """The facts and the thumbnail of a film.

    `still`: a key frame a third into the film, as displayed. `whole`: all of it has been decoded.
    """

    facts: dict[str, Any]
    still: Image.Image
    whole: bool


def probe(path: str) -> dict[str, Any]:
    """Read the file's facts, and why it would not play natively everywhere (an empty list: it does)."""
    with opened(path) as container:
        stream = picture_stream(container)
        duration_s = _bounded_s(container, stream)
        return _facts(container, stream, first_frame(container, stream), duration_s, path)


def verify(path: str) -> dict[str, Any]:
    """Decode every frame and every sound: the only check that sees flipped bytes and a missing end."""
    return inspect(path).facts


def inspect(path: str) -> Inspection:
    """Decode the film whole, once, and return all that is known of it. Raises Refusal where it is damaged."""
    with opened(path) as container:
        stream, sound = picture_stream(container), sound_stream(container)
        duration_s = _bounded_s(container, stream)
        _skip_loop_filter(stream)
        first = still = None
        pictures = 0
        for frame in _decoded(container, stream, *([sound] if sound else [])):
            if not isinstance(frame, VideoFrame):
                continue
            pictures += 1
            first = first or frame
            if still is None or (frame.key_frame and (frame.time or 0.0) <= duration_s / 3):
                still = frame
        if first is None or still is None:
            raise Refusal("unreadable_media", reason="no frame")
        if pictures < duration_s * float(stream.average_rate or 0) * 0.8 - 2:
            raise Refusal("video_broken", frames=pictures)
        facts = _facts(container, stream, first, duration_s, path)
        return Inspection(facts, _displayed(still, stream), whole=True)


def _skip_loop_filter(stream: VideoStream) -> None:
    """Switch the loop filter off: a tenth less to compute, and damage shows as before.

    Tried: of 200 flipped bits the same 124 show, since what smooths the edges reads nothing of the file. A key frame,
    which refers to no other, is as good.
    """
    if not stream.codec_context.is_open:
        stream.codec_context.options = {**stream.codec_context.options, "skip_loop_filter": "all"}


def inspect_opening(path: str) -> Inspection:
    """Read the facts and the thumbnail without decoding the film whole, for a damaged one that still opens."""
    with opened(path) as container:
        stream = picture_stream(container)
        duration_s = _bounded_s(container, stream)
        first = first_frame(container, stream)
        facts = _facts(container, stream, first, duration_s, path)
        still = _frame_at(container, stream, duration_s / 3) or first
        return Inspection(facts, _displayed(still, stream), whole=False)


def _decoded(container: InputContainer, *streams: VideoStream | AudioStream) -> Iterator[Any]:
    """Yield every frame of these streams. Raises Refusal where one is damaged."""
    begun = False
    try:
        frames: Iterator[Any] = container.decode(*streams)
        for frame in frames:
            if frame.is_corrupt:
                raise Refusal("video_broken")
            begun = True
            yield frame
    except av.FFmpegError as error:
        raise Refusal("video_broken" if begun else "unreadable_media") from error


def same_film(source: str, copy: str) -> dict[str, Any]:
    """Read the facts of a copy that must show what its source, which was decoded whole, shows. Raises Refusal.

    It must have the very same pictures to decode, and sound that can be decoded.
    """
    with opened(source) as one, opened(copy) as other:
        pairs = zip_longest(_pictures_of(one), _pictures_of(other))
        if not all(before == after for before, after in pairs):
            raise Refusal("video_broken")
    with opened(copy) as other:
        sound = sound_stream(other)
        if sound is not None:
            deque(_decoded(other, sound), maxlen=0)
    return probe(copy)


def _pictures_of(container: InputContainer) -> Iterator[bytes]:
    """Yield the decoder's settings, then each picture that is shown, as it is stored."""
    stream = picture_stream(container)
    yield stream.codec_context.extradata or b""
    for packet in edits.shown(container.demux(stream)):
        yield bytes(packet)


def save_still(still: Image.Image, into: str) -> None:
    """Save the frame as a JPEG that fits Telegram (200 kB, 320 px) and WeChat (64 KB) alike."""
    for quality in range(85, 19, -10):
        still.save(into, "JPEG", quality=quality)
        if Path(into).stat().st_size <= _STILL_BYTES:
            return
    raise Refusal("unreadable_media", reason="thumbnail")


def still(path: str, into: str) -> dict[str, Any]:
    """Save the film's thumbnail as a PNG, for those who show no JPEG."""
    picture = inspect_opening(path).still
    picture.save(into, "PNG")
    return {"width": picture.width, "height": picture.height}


def opened(path: str) -> InputContainer:
    """Open a video file. Raises Refusal for what is none."""
    with Path(path).open("rb") as file:
        head = file.read(16)
    if not (head[4:8] in MOV_ATOMS or head[:4] == _MATROSKA):
        raise Refusal("unsupported_media")
    if head[4:8] in MOV_ATOMS and is_cut(path):
        raise Refusal("truncated_media")
    if head[4:8] in MOV_ATOMS:
        edits.check(path)
        colours.check(path)
    try:
        container = av.open(path, options=_OPTIONS, metadata_errors="ignore")
    except (av.FFmpegError, ValueError) as error:
        raise Refusal("unreadable_media") from error
    shown = len(container.streams.video) + len(container.streams.audio)
    if len(container.streams) > _MAX_STREAMS or shown > _MAX_SHOWN_STREAMS:
        container.close()
        raise Refusal("unsupported_media", what="too many streams")
    return container


def picture_stream(container: InputContainer) -> VideoStream:
    """Return the film's own stream, its decoder set up so that damage shows. Raises Refusal.

    A phone may write a second one, of depths, which is switched off, and a cover. With threads by slices damage is
    smoothed over in silence (tried: of twenty flipped bits none shows, by frames seventeen do).
    """
    films = [each for each in container.streams.video if _may_decode(each) and not each.disposition & _STILLS]
    if not films:
        raise Refusal("unsupported_media", what="no pictures")
    stream = max(films, key=lambda each: (_is_default(each), each.width * each.height))
    stream.thread_count, stream.thread_type = 2, "FRAME"
    if not stream.codec_context.is_open:  # a size that the container does not tell
        stream.codec_context.options = {"max_pixels": str(_MAX_PIXELS)}
    return stream


def sound_stream(container: InputContainer) -> AudioStream | None:
    """Return the sound that is played, of those that a decoder for foreign files can decode."""
    return max((each for each in container.streams.audio if _may_decode(each)), key=_is_default, default=None)


def _is_default(stream: VideoStream | AudioStream) -> bool:
    return bool(stream.disposition & av.stream.Disposition.default)


def _may_decode(stream: VideoStream | AudioStream) -> bool:
    return stream.codec_context is not None and stream.codec_context.name in _DECODERS


def is_plain_aac(audio: AudioStream) -> bool:
    """Return whether the sound is AAC as every chat plays it."""
    return audio.codec_context.name == "aac" and audio.profile in {"LC", None} and audio.channels <= 2  # noqa: PLR2004


def _bounded_s(container: InputContainer, stream: VideoStream) -> float:
    """Return the length in seconds. What is too large or too long to be worked on is refused before it is decoded."""
    duration_s = duration_of(container, stream)
    if max(stream.width, stream.height) > _MAX_SIDE:
        raise Refusal("file_too_large", max_side=_MAX_SIDE)
    if duration_s > _MAX_S:
        raise Refusal("video_too_long", max_duration=_MAX_S)
    return duration_s


def _facts(
    container: InputContainer, stream: VideoStream, frame: VideoFrame, duration_s: float, path: str
) -> dict[str, Any]:
    width, height = _display_size(frame, stream)
    return {
        "width": width,
        "height": height,
        "duration_s": round(duration_s, 3),
        "size": Path(path).stat().st_size,
        "problems": _problems(container, stream, frame, path),
        "labelled": LABEL_KEY in container.metadata,
        "signed": is_signed(path),
    }


def duration_of(container: InputContainer, stream: VideoStream) -> float:
    """Return the length in seconds, as the file states it, else by its last packet."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    if container.duration:
        return container.duration / _MICRO
    return _counted_s(container, stream)


def begins_s(container: InputContainer) -> float:
    """Return the time in seconds at which the film begins: that of its first picture or sound."""
    return (container.start_time or 0) / _MICRO


def delay_s(container: InputContainer, stream: VideoStream | AudioStream) -> float:
    """Return how many seconds after the film this stream of it begins."""
    if stream.start_time is None or not stream.time_base:
        return 0.0
    return float(stream.start_time * stream.time_base) - begins_s(container)


def whole_s(container: InputContainer, pictures_s: float) -> float:
    """Return how many seconds the file plays, at least a tenth: its sound may be longer than its pictures."""
    return max(0.1, pictures_s, (container.duration or 0) / _MICRO)


def _counted_s(container: InputContainer, stream: VideoStream) -> float:
    """Return the last packet's end in seconds, for files that do not state their length."""
    last = 0.0
    for packet in container.demux(stream):
        if packet.pts is not None and packet.time_base:
            last = max(last, float((packet.pts + (packet.duration or 0)) * packet.time_base))
    container.seek(0)
    return last


def first_frame(container: InputContainer, stream: VideoStream) -> VideoFrame:
    """Decode the first frame. Raises Refusal."""
    try:
        for frame in container.decode(stream):
            container.seek(0)
            return frame
    except av.FFmpegError as error:
        raise Refusal("unreadable_media") from error
    raise Refusal("unreadable_media", reason="no frame")


def _frame_at(container: InputContainer, stream: VideoStream, seconds: float) -> VideoFrame | None:
    try:
        container.seek(int(seconds * _MICRO))
        stream.codec_context.skip_frame = "NONKEY"
        return next(container.decode(stream), None)
    except av.FFmpegError:
        return None


def sar_of(stream: VideoStream) -> Fraction:
    """Return the shape of a pixel: width by height; 1 where none is stated."""
    sar = stream.sample_aspect_ratio
    return sar or Fraction(1)


def rotation(frame: VideoFrame) -> int:
    """Return the degrees counter-clockwise that show the frame upright."""
    return frame.rotation % 360


def _display_size(frame: VideoFrame, stream: VideoStream) -> tuple[int, int]:
    width, height = round(frame.width * sar_of(stream)), frame.height
    return (height, width) if rotation(frame) in {90, 270} else (width, height)


def _displayed(frame: VideoFrame, stream: VideoStream) -> Image.Image:
    """Return the frame as displayed: upright, SDR, with square pixels, at most `_STILL_SIDE` long."""
    width, height = max(1, round(frame.width * sar_of(stream))), frame.height
    scale = min(1.0, _STILL_SIDE / max(width, height))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    image: Image.Image = frame.reformat(*size, format="rgb24", interpolation="AREA").to_image()  # type: ignore[no-untyped-call]
    image = colours.sdr_image(image, transfer=int(frame.color_trc), primaries=int(frame.color_primaries))
    return image.rotate(rotation(frame), expand=True) if rotation(frame) else image


def _problems(container: InputContainer, stream: VideoStream, frame: VideoFrame, path: str) -> list[str]:
    context = stream.codec_context
    found = []
    codec_fits = context.name == "h264" and context.profile in {"Constrained Baseline", "Baseline", "Main", "High"}
    if not codec_fits or frame.format.name != "yuv420p":
        found.append("codec")
    if colours.is_hdr(frame):
        found.append("colours")
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
    if edits.hides_pictures(stream) or (audio is not None and edits.hides_sound(audio)):
        found.append("edits")
    if len(container.streams) > 1 + (audio is not None):
        found.append("streams")
    if "mp4" not in container.format.name or not is_plain_mp4(path):
        found.append("container")
    return found
