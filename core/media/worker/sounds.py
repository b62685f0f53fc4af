"""Prepares a sound that somebody sends as a source: a WAV file of plain samples, cut to what a model takes.

Phones, chats and browsers write a dozen kinds. Plain samples have an exact length, which is what is billed, and room
for nothing else: no words, no place, no picture.
"""

import wave
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import av
from av.audio.stream import AudioStream
from av.container import InputContainer

from core.media.worker import probe
from core.media.worker.refusal import Refusal

_RATE = 44_100
_SAMPLE_BYTES = 2
_MAX_S = 300  # of a sound for which no model says less
_TELLING_S = 0.2
_LEAST_S = 0.05
_MOST_STREAMS = 64
_MOST_BROKEN = 50  # packets; a foot or two of junk stands in many an mp3
_MICRO = 1_000_000
_OPTIONS = {
    "protocol_whitelist": "file",
    "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,ogg,mp3,wav,flac,amr,aac",
    "codec_whitelist": ",".join(sorted(probe.SOUNDS)),
}


def prepare(path: str, into: str, limits: dict[str, Any]) -> dict[str, Any]:
    """Write the sound, and return its measured seconds. Raises Refusal for one that is too short, or none at all."""
    most = limits["max_s"] or _MAX_S
    with _opened(path) as source:
        stream = _sound(source)
        written, more = _write(_samples(source, stream), into, channels=min(2, stream.channels or 1), most_s=most)
        stated = (source.duration or 0) / _MICRO
    seconds = written / _RATE
    if seconds < _LEAST_S:
        raise Refusal("unreadable_media", reason="no sound")
    if seconds < limits["min_s"]:
        raise Refusal("audio_too_short", min_duration=limits["min_s"])
    before = max(stated, seconds) if more else seconds
    adjustments = [("source_trimmed", f"{before:.0f}", f"{most}")] if before - seconds > _TELLING_S else []
    return {"duration_s": round(seconds, 6), "size": Path(into).stat().st_size, "adjustments": adjustments}


def measure(path: str) -> dict[str, Any]:
    """Decode the sound, up to five minutes, and return its seconds and bytes."""
    with _opened(path) as source:
        samples = 0
        for each in _samples(source, _sound(source)):
            samples += int(each.samples)
            if samples >= _MAX_S * _RATE:
                break
    if samples < _LEAST_S * _RATE:
        raise Refusal("unreadable_media", reason="no sound")
    return {"duration_s": round(samples / _RATE, 6), "size": Path(path).stat().st_size}


def _opened(path: str) -> InputContainer:
    try:
        source = av.open(path, options=_OPTIONS, metadata_errors="ignore")
    except (av.FFmpegError, ValueError) as error:
        raise Refusal("unreadable_media") from error
    if len(source.streams) > _MOST_STREAMS:
        source.close()
        raise Refusal("unsupported_media", what="too many streams")
    return source


def _sound(source: InputContainer) -> AudioStream:
    stream = probe.sound_stream(source)
    if stream is None or not stream.rate:
        raise Refusal("unsupported_media", what="no sound")
    return stream


def _samples(source: InputContainer, stream: AudioStream) -> Iterator[Any]:
    """Yield the sound in plain samples at one rate. Raises Refusal where more of it is broken than is not."""
    layout = "mono" if (stream.channels or 1) == 1 else "stereo"
    resampler = av.AudioResampler(format="s16", layout=layout, rate=_RATE)
    for frame in chain(_decoded(source, stream), [None]):
        yield from resampler.resample(frame)


def _decoded(source: InputContainer, stream: AudioStream) -> Iterator[Any]:
    broken = 0
    try:
        for packet in source.demux(stream):
            try:
                yield from packet.decode()
            except av.FFmpegError as error:
                broken += 1
                if broken > _MOST_BROKEN:
                    raise Refusal("unreadable_media") from error
    except av.FFmpegError:  # its end is missing: what there is of it is measured
        return


def _write(frames: Iterator[Any], into: str, *, channels: int, most_s: int) -> tuple[int, bool]:
    """Write the samples, and return how many there are for each side, and whether there were more."""
    left = most_s * _RATE
    with wave.open(into, "wb") as target:
        target.setnchannels(channels)
        target.setsampwidth(_SAMPLE_BYTES)
        target.setframerate(_RATE)
        for frame in frames:
            size = frame.samples * channels * _SAMPLE_BYTES
            whole = bytes(frame.planes[0])[:size]
            target.writeframesraw(whole[: left * channels * _SAMPLE_BYTES])
            left -= frame.samples
            if left < 0:
                return most_s * _RATE, True
        return most_s * _RATE - left, False
