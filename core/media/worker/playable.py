"""A finished video for a chat: the least change that makes it play natively, in at most so many bytes."""

import shutil
from pathlib import Path
from typing import Any

import av

from core.media.worker import clips, encoding
from core.media.worker.refusal import Refusal

_CURED_BY_REMUX = {"container", "audio", "silent", "streams"}
_BY_A_HAIR = 1.01  # what a container and its metadata may weigh above the packets


def make_playable(path: str, into: str, max_bytes: int) -> dict[str, Any]:
    """Copied where it plays and fits, else remuxed where only its container or sound is in the way, else encoded once.

    What was written anew is decoded whole before anybody gets it.
    """
    facts = clips.probe(path)
    problems = set(facts["problems"])
    if not problems and facts["size"] <= max_bytes:
        shutil.copyfile(path, into)
        return {"how": "copied"}
    if problems <= _CURED_BY_REMUX and facts["size"] <= max_bytes * _BY_A_HAIR and _remuxed(path, into, max_bytes):
        return {"how": "remuxed"}
    encodes = encoding.fit(path, into, max_bytes, _shape(path, facts), finished=True)
    after = clips.verify(into)
    if after["problems"]:
        raise Refusal("unreadable_media", reason="encoded " + " ".join(after["problems"]))
    return {"how": "transcoded", "encodes": encodes}


def _remuxed(path: str, into: str, max_bytes: int) -> bool:
    """Whether the same packets in a new container will do; a source that cannot be remuxed can still be encoded."""
    try:
        encoding.remux(path, into, silence=True)
        after = clips.verify(into)
    except (Refusal, av.FFmpegError, ValueError):
        return False
    return not after["problems"] and Path(into).stat().st_size <= max_bytes


def _shape(path: str, facts: dict[str, Any]) -> encoding.Shape:
    with clips.opened(path) as source:
        rate = encoding.frame_rate(clips.picture_stream(source))
        seconds = clips.whole_s(source, facts["duration_s"])
    width, height = facts["width"], facts["height"]
    long, short = max(width, height), min(width, height)
    scale = min(1.0, clips.PLAYABLE_LONG / long, clips.PLAYABLE_SHORT / short)
    size = encoding.even(width, height, scale)
    return encoding.Shape(size, size, rate, seconds)
