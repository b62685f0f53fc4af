"""One job, and a worker that is killed or frozen at every single turn of its loop while that job is under way.

Every await of every step ends in such a turn, so nothing stands between two of them. One run for each.
"""

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tests.prove.fal import Answering, Script
from tests.prove.law import BrokenError
from tests.prove.machine import Ground
from tests.prove.run import Found, quiet
from tests.prove.world import PEOPLE, Words, World

_UP_S = 5.0
_MOST_TURNS = 10**6
_MEANWHILE_S = 15.0
_LOOK_S, _MOST_S = 5.0, 1800.0
_SEED = 1
Ending = Literal["killed", "frozen", "frozen for a moment"]
_FROZEN_S: dict[Ending, float] = {"killed": 0.0, "frozen": 45.0, "frozen for a moment": 3.0}
ENDINGS: tuple[Ending, ...] = ("killed", "frozen", "frozen for a moment")
STORIES: tuple[Answering, ...] = ("ok", "late", "cut")
"""How the order is answered: at once, while the worker waits, or not, so that it is looked for."""


@dataclass(frozen=True, slots=True)
class Point:
    """`turn`: of the loop of the worker `which`, counted from the order."""

    answering: Answering
    ending: Ending
    which: int
    turn: int


@dataclass(frozen=True, slots=True)
class Swept:
    """`found`: what broke first."""

    found: Found | None
    looked_at: int
    of: int


def swept(ground: Ground, *, seed: int, seconds: float, most: int = _MOST_TURNS) -> Swept:
    """As many points as there is time for, of this process's own, in an order by the seed."""
    began = time.process_time()
    with quiet(ground):
        points = list(_points(ground))
        random.Random(seed).shuffle(points)
        for number, point in enumerate(points[:most], start=1):
            try:
                one(ground, point)
            except BrokenError as error:
                spent_s = time.process_time() - began
                found = Found(seed, spent_s, str(error), str(point), ground.diary.text(), ground.story)
                return Swept(found, number, len(points))
            if time.process_time() - began > seconds:
                break
    return Swept(None, number, len(points))


def _points(ground: Ground) -> Iterator[Point]:
    for story in STORIES:
        for which in range(ground.workers):
            for turn in range(1, _turns(ground, story, which) + 1):
                yield from (Point(story, ending, which, turn) for ending in ENDINGS)


def _turns(ground: Ground, answering: Answering, which: int) -> int:
    """How many turns the loop makes from the order to the film in the chat, undisturbed."""
    world = _ordered(ground, Point(answering, "killed", which, _MOST_TURNS))
    try:
        loop = world.fleet.members[which].loop
        while not world.chat.films:
            world.live(1.0)
        return loop.turns
    finally:
        world.close()


def one(ground: Ground, point: Point) -> None:
    """Raises BrokenError."""
    world = _ordered(ground, point)
    try:
        world.live(_FROZEN_S[point.ending] + _MEANWHILE_S)
        world.law.check()
        ends = world.agenda.now + _MOST_S
        while world.law.unrest() and world.agenda.now < ends:
            world.fleet.start()  # where there is a place
            world.live(_LOOK_S)
        world.law.settled()
    except BrokenError:
        ground.story = world.law.stories()
        raise
    finally:
        world.close()


def _ordered(ground: Ground, point: Point) -> World:
    """A world in which one job was ordered just now, and in which that will happen."""
    world = ground.begin(_SEED)
    world.live(_UP_S)
    if point.ending == "killed":
        world.fleet.kill(point.which, after_turns=point.turn)
    else:
        world.fleet.freeze(point.which, after_turns=point.turn, seconds=_FROZEN_S[point.ending])
    script = Script(answering=point.answering, queue_s=0.5, run_s=3.0, bill_late_s=0.0)
    world.order(PEOPLE[0], Words("a red fox in the snow"), script)
    return world
