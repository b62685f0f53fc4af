"""Makes a finished video play natively in a chat, by the least change, in at most so many bytes."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import av

from core.media.worker import encode, labels, probe
from core.media.worker.refusal import Refusal

_CURED_BY_REMUX = {"container", "audio", "silent", "streams", "edits"}
_AROUND_RECORD = 200  # bytes of the boxes that it stands in
_BY_A_HAIR = 1.01  # what a container and its metadata may weigh above the packets


def check(
    path: str,
    thumbnail: str,
    into: str,
    *,
    max_bytes: int,
    lenient: bool,
    record: str | None = None,
    mark: bool = False,
) -> dict[str, Any]:
    """Decode a film once for all that a delivery needs: its facts, its thumbnail, and perhaps a remuxed copy.

    The copy is made where nothing but its container or its sound is in the way. With `lenient` the film need not be
    whole: it is only opened. `record`: what the copy says of who made it; with `mark` no copy of the packets will do.
    """
    inspection = probe.inspect_opening(path) if lenient else probe.inspect(path)
    probe.save_still(inspection.still, thumbnail)
    copy = None
    as_it_is = not inspection.facts["problems"] and inspection.facts["size"] <= max_bytes
    if inspection.whole and not as_it_is and not mark and _may_be_remuxed(inspection.facts, max_bytes):
        copy = _remuxed(path, into, max_bytes, _record(path, record), checked=probe.same_film)
    return {"probe": inspection.facts, "copy": copy}


def make_playable(
    path: str, into: str, max_bytes: int, record: str | None = None, mark: bool = False
) -> dict[str, Any]:
    """Copy what plays and fits, else remux what only its container or sound keeps from playing, else encode it once.

    `record`: what the file says of who made it; one that the film has already is kept. `mark`: that is seen, too, for
    which it has to be encoded. What was changed is checked before anybody gets it.
    """
    facts, record = probe.probe(path), _record(path, record)
    room = max_bytes - (len(record.encode()) + _AROUND_RECORD if record else 0)
    if not mark:
        if not facts["problems"] and _copied(path, into, facts, room, record):
            return {"how": "copied", "probe": probe.probe(into)}
        if _may_be_remuxed(facts, max_bytes) and (copy := _remuxed(path, into, room, record, checked=_decoded)):
            return {"how": "remuxed", "probe": copy}
    encodes = encode.fit(path, into, room, replace(_shape(path, facts), mark=mark), finished=True)
    _label(into, record)
    after = probe.verify(into)
    if after["problems"]:
        raise Refusal("unreadable_media", reason="encoded " + " ".join(after["problems"]))
    return {"how": "transcoded", "probe": after, "encodes": encodes}


def _record(path: str, record: str | None) -> str | None:
    """Return what the copy says of who made it: what the model's maker has written is kept."""
    return labels.record_in(path) or record


def _copied(path: str, into: str, facts: dict[str, Any], room: int, record: str | None) -> bool:
    """Copy a file that plays. False: too large, or it cannot be given the record."""
    if facts["labelled"] or record is None:
        if facts["size"] <= room:
            shutil.copyfile(path, into)
        return bool(facts["size"] <= room)
    return facts["size"] <= room and labels.insert(path, into, record)


def _label(into: str, record: str | None) -> None:
    """Give a file that was written here its record."""
    if record is not None and not labels.insert(into, into, record):
        raise Refusal("unreadable_media", reason="label")


def _may_be_remuxed(facts: dict[str, Any], max_bytes: int) -> bool:
    return set(facts["problems"]) <= _CURED_BY_REMUX and facts["size"] <= max_bytes * _BY_A_HAIR


def _remuxed(
    path: str, into: str, max_bytes: int, record: str | None, *, checked: Callable[[str, str], dict[str, Any]]
) -> dict[str, Any] | None:
    """Remux where that is enough and return the copy's facts; else None: the film can still be encoded."""
    try:
        encode.remux(path, into, silence=True)
        _label(into, record)
        after = checked(path, into)
    except (Refusal, av.FFmpegError, ValueError):
        return None
    return after if not after["problems"] and after["size"] <= max_bytes else None


def _decoded(_source: str, into: str) -> dict[str, Any]:
    """Decode the copy whole. Nothing is known of the source: only the copy's pictures tell whether it is whole."""
    return probe.verify(into)


def _shape(path: str, facts: dict[str, Any]) -> encode.Shape:
    with probe.opened(path) as source:
        rate = encode.frame_rate(probe.picture_stream(source))
        seconds = probe.whole_s(source, facts["duration_s"])
    size = encode.playable_size(facts["width"], facts["height"])
    return encode.Shape(size, size, rate, seconds)
