"""Takes the last frame of a film, for the next part to begin with, and joins parts to one film. In child processes."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from core.errors import arguments
from core.media.client import PAID_CPU_S, Photo, Probe, in_child, probe_of

Returned = Literal["whole", "part"]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a film to be joined. What is None is found out by looking.

    `drops_first`: it begins with the last frame of the part before, as one does that was made from it, so that frame is
    shown once. `returns`: what its model gives back for a film that it went on with: the "whole" film, which takes the
    place of all parts before, or the new "part" alone.
    """

    film: Path
    drops_first: bool | None = None
    returns: Returned | None = None


@dataclass(frozen=True, slots=True)
class Joined:
    """A joined film. `encoded`: how many of its frames were encoded anew; all others are the parts' own packets.

    `begins_with`: the first part that was needed; those before are in it. `dropped`: by part, whether it was found to
    begin with the last frame of the one before.
    """

    probe: Probe
    encoded: int
    begins_with: int
    dropped: tuple[bool, ...]


async def last_frame(film: Path, into: Path, *, max_bytes: int = 10_000_000) -> Photo:
    """Write the last frame that a film shows, whole and upright: a PNG where that fits, else a JPEG.

    Raises MediaError, and BadReference for no file.
    """
    arguments.path("film", film)
    arguments.path("into", into)
    arguments.whole("max_bytes", max_bytes, least=1, most=sys.maxsize, optional=False)
    arguments.file(film)
    answer = await in_child("frames", "save_last", path=film, into=into, max_bytes=max_bytes)
    return Photo(answer["width"], answer["height"], into.stat().st_size)


async def join(parts: Sequence[Part | Path], into: Path) -> Joined:
    """Write one mp4 of several: same size, rate and kind of sound, copied as far as that goes.

    Raises MediaError, and BadReference for no file.
    """
    arguments.several("parts", parts, Part, or_kind=Path, least=1)
    arguments.path("into", into)
    wanted = [part if isinstance(part, Part) else Part(part) for part in parts]
    for part in wanted:
        arguments.path("parts", part.film)
        arguments.of_type("drops_first", part.drops_first, bool)
        arguments.choice("returns", part.returns, get_args(Returned))
        arguments.file(part.film)
    answer = await in_child(
        "joining",
        "join",
        cpu_s=PAID_CPU_S,
        paths=[str(part.film.resolve()) for part in wanted],
        into=into,
        drops=[part.drops_first for part in wanted],
        returns=[part.returns for part in wanted],
    )
    return Joined(probe_of(answer["probe"]), answer["encoded"], answer["begins_with"], tuple(answer["dropped"]))
