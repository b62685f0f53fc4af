"""`reelbot run` with short pauses: `-m tests.turns.worker`. TURNS_FAULT puts a known fault back (see faults.py)."""

import asyncio
import os
import sys
from functools import partial

from bot import logs
from bot.app import serve
from bot.channels.telegram import pace
from bot.channels.telegram.budget import Budget, Kind, Rate, Rates
from bot.cli import setting_problems
from bot.parts import Timing
from tests.turns.faults import FAULTS

_OFTEN = Rate(1000, 1.0)
_WINDOWS = {(Kind.VIDEO, Kind.TEXT): _OFTEN, (Kind.EDIT,): _OFTEN}
"""People here write faster than any chat takes answers: its pace has tests of its own."""
TIMING = Timing(term_s=1.5, renew_s=0.3, margin_s=0.5, resolve_looks_s=(0.5, 1.0, 1.0), gather_s=0.5)


def main() -> int:
    fault = os.environ.get("TURNS_FAULT")
    if fault:
        FAULTS[fault]()
    pace.Budget = partial(Budget, Rates(private=_WINDOWS, group=_WINDOWS))  # type: ignore[attr-defined, assignment]
    settings = setting_problems.load(writes=True)
    logs.configure(secrets=[])
    asyncio.run(serve(settings, timing=TIMING))
    return 0


if __name__ == "__main__":
    sys.exit(main())
