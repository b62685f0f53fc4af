"""Runs of the machine: many small rounds, each with a seed of its own, until the time or the number is over."""

import gc
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.prove.machine import Ground, machine_on

_SHARED = 3.0
STEPS = 30
EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Found:
    """A law that was broken, in which round, and after how many seconds of this process's own time."""

    seed: int
    seconds: float
    what: str
    steps: str
    diary: str
    story: str


def prove(ground: Ground, *, first_seed: int, seconds: float, rounds: int, shrink: bool = False) -> Found | None:
    """Round after round, for so many seconds of this process's own time; None when no law was broken."""
    most_s = _SHARED * seconds  # of real time, where others use the machine, too
    began, began_here = time.perf_counter(), time.process_time()
    with quiet(ground):
        found = None
        for number in range(first_seed, first_seed + rounds):
            found = _looked_for(ground, number=number, shrink=shrink, began=began_here)
            spent = time.process_time() - began_here > seconds or time.perf_counter() - began > most_s
            if found is not None or spent:
                break
    return found


@contextmanager
def quiet(ground: Ground) -> Iterator[None]:
    """What the program says goes into the diary."""
    with ground.diary.kept(), warnings.catch_warnings():
        # Of processes that were killed or stopped: what they had begun is never awaited, as in life.
        warnings.filterwarnings("ignore", message="coroutine .* was never awaited", category=RuntimeWarning)
        yield
        gc.collect()


def _looked_for(ground: Ground, *, number: int, shrink: bool, began: float) -> Found | None:
    try:
        one_round(ground, number=number, shrink=shrink)
    except Exception as error:  # noqa: BLE001 - whatever it is, that seed shows it
        what, steps = _said(error), "\n".join(getattr(error, "__notes__", ()))
        return Found(number, time.process_time() - began, what, steps, ground.diary.text(), ground.story)
    return None


def _said(error: BaseException) -> str:
    """With what a group is made of: a story that cannot be repeated is told as one, and what broke in it counts."""
    parts = [_said(each) for each in error.exceptions] if isinstance(error, BaseExceptionGroup) else []
    return "; ".join([*parts, f"{type(error).__name__}: {error}"])


def one_round(ground: Ground, *, number: int, shrink: bool) -> None:
    """Raises what broke; Hypothesis prints the steps that led there and how to repeat them."""
    phases = (Phase.generate, Phase.shrink) if shrink else (Phase.generate,)
    run_state_machine_as_test(
        seed(number)(machine_on(ground)),
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            derandomize=False,
            phases=phases,
            print_blob=True,
            report_multiple_bugs=False,
            verbosity=Verbosity.normal,
            suppress_health_check=list(HealthCheck),
        ),
    )
