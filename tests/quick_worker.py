"""`reelbot run` with short terms, so that what freezes or is cut off is noticed in seconds: `-m tests.quick_worker`."""

import asyncio
import sys

from bot import logs
from bot.app import serve
from bot.cli import setting_problems
from bot.parts import Timing

TIMING = Timing(term_s=3.0, renew_s=0.5, margin_s=1.0, resolve_looks_s=(0.5, 1.0, 1.0))


def main() -> int:
    settings = setting_problems.load(writes=True)
    logs.configure(secrets=[])
    asyncio.run(serve(settings, timing=TIMING))
    return 0


if __name__ == "__main__":
    sys.exit(main())
