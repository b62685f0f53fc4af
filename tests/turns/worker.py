"""`reelbot run` with short pauses: `-m tests.turns.worker`. TURNS_FAULT puts a known fault back (see faults.py)."""

import asyncio
import os
import sys

from bot import logs
from bot.app import serve
from bot.cli import setting_problems
from bot.parts import Timing
from tests.turns.faults import FAULTS

TIMING = Timing(term_s=1.5, renew_s=0.3, margin_s=0.5, resolve_looks_s=(0.5, 1.0, 1.0), gather_s=0.5)


def main() -> int:
    fault = os.environ.get("TURNS_FAULT")
    if fault:
        FAULTS[fault]()
    settings = setting_problems.load(writes=True)
    logs.configure(secrets=[])
    asyncio.run(serve(settings, timing=TIMING))
    return 0


if __name__ == "__main__":
    sys.exit(main())
