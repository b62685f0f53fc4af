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
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from core.media.worker import encode, joined_pictures, parts, probe, seams
from core.media.worker.joined_pictures import Form, Piece
from core.media.worker.joined_sound import Placed, SoundTrack, sound_kind
from core.media.worker.parts import Part
from core.media.worker.refusal import Refusal

_MAX_S = 300


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
    form = Form(found)
    pieces = [form.piece(part, shortened=short) for part, short in zip(found, shortened, strict=True)]
    _write(into, form, pieces, _placed(found, pieces, shortened))
    after = _checked(into, sum(len(piece.times) for piece in pieces))
    return facts | {"encoded": form.encoded, "probe": after}


def _first_needed(found: Sequence[Part], returns: Sequence[str | None]) -> int:
    """Return the last part that holds all before it."""
    first = 0
    for number in range(1, len(found)):
        stated = returns[number]
        if stated == "whole" or (stated is None and seams.holds_all_before(found[first:number], found[number])):
            first = number
    return first


def _placed(found: Sequence[Part], pieces: Sequence[Piece], shortened: Sequence[bool]) -> list[Placed]:
    """Put each part where the pictures before it end. The sound of a frame that is left out is that of its own film."""
    placed, origin, audible_from = [], Fraction(0), Fraction(0)
    for part, piece, short in zip(found, pieces, shortened, strict=True):
        end = origin + piece.seconds
        silent_from = end + piece.pictures.step if short else end
        placed.append(Placed(part, origin, (audible_from, silent_from)))
        origin, audible_from = end, silent_from
    return placed


def _checked(into: str, count: int) -> dict[str, Any]:
    """Count what was written. Raises Refusal."""
    with probe.opened(into) as container:
        written = sum(1 for packet in container.demux(probe.picture_stream(container)) if packet.size)
    if written != count:
        raise Refusal("unreadable_media", reason="joined")
    return probe.probe(into)


def _write(into: str, form: Form, pieces: Sequence[Piece], placed: Sequence[Placed]) -> None:
    if form.model is None or form.sets is None:
        raise Refusal("unreadable_media", reason="no frame")
    sound = sound_kind([each.part for each in placed])
    with probe.opened(form.model.pictures.path) as template, encode.output(into) as target:
        pictures = target.add_stream_from_template(probe.picture_stream(template))
        pictures.metadata.clear()
        pictures.codec_context.extradata = form.sets.record()
        streams = [joined_pictures.in_order(pieces, [each.origin for each in placed], pictures)]
        if sound is not None:
            track = SoundTrack(sound, [each.part for each in placed])
            streams.append(track.packets(placed, track.add_to(target)))
        for _, packet in heapq.merge(*streams, key=lambda each: each[0]):
            target.mux(packet)
