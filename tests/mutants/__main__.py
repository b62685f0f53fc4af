"""`make mutants`: small changes to the code that decides over money, one at a time; do the tests notice each?

The mutants of core and store files of `FILES` are tried with the tests of `TESTS` that reach the changed line: in
processes of their own, on SQLite in memory, without a server. Bounded by --minutes; what was not tried by then counts
as survived, as does what no test reaches. Exit code 0: 95 % are killed, and each survivor is in survivors.toml with the
reason why it harms nobody. A file of our own instead of a tool, since the known ones leave tables and constants of
modules alone, which the readers of fal's answers are made of, or start pytest anew for each mutant.
"""

import argparse
import signal
import sys
import tempfile
import time
from pathlib import Path

from tests.mutants.report import Result, known_survivors, verdict
from tests.mutants.run import run

FILES = (
    "core/fal/lost_orders.py",
    "core/fal/results.py",
    "core/fal/replies.py",
    "core/fal/error_map.py",
    "core/fal/protocol.py",
    "core/fal/poll_schedule.py",
    "bot/store/submits.py",
    "bot/store/evidence.py",
    "bot/store/ledger.py",
    "bot/store/billing.py",
    "bot/channels/budget.py",
)
TESTS = (
    "tests/core/fal/test_lost_orders.py",
    "tests/core/fal/test_results.py",
    "tests/core/fal/test_replies.py",
    "tests/core/fal/test_error_map.py",
    "tests/core/fal/test_protocol.py",
    "tests/core/fal/test_poll_schedule.py",
    "tests/store/test_store.py",
    "tests/store/test_claim.py",
    "tests/store/test_evidence.py",
    "tests/store/test_ledger.py",
    "tests/store/test_account.py",
    "tests/jobs/test_billing.py",
    "tests/store/test_bill_rows.py",
    "tests/channels/test_telegram_budget.py",
    "tests/test_values.py",
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="make mutants", description="Do the tests notice small changes to the code?")
    parser.add_argument("files", nargs="*", default=FILES, help="only these files")
    parser.add_argument("--only", default="", help="only mutants with this in their name")
    parser.add_argument("--tests", nargs="+", default=TESTS, help="with these files of tests instead of all")
    parser.add_argument("--minutes", type=float, default=30, help="end after this time")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--verbose", action="store_true", help="each mutant, and the test that killed it")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # workers and folders go with us
    began = time.monotonic()
    until = began + options.minutes * 60
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="reelbot-mutants-", dir=memory if memory.is_dir() else None) as folder:
        results: list[Result] = []
        for result in run(
            options.files, options.tests, Path(folder), until=until, workers=options.workers, only=options.only
        ):
            results.append(result)
            if options.verbose:
                print(result.line, flush=True)
    print(f"{(time.monotonic() - began) / 60:.1f} minutes")
    return verdict(results, known_survivors(), whole=not options.only)


if __name__ == "__main__":
    sys.exit(main())
