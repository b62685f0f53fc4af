"""Runs `reelbot doctor`: each link of the chain, whether it holds, and how to mend it.

Spends nothing, starts nothing, and leaves nothing on the disk. One file for each part of the chain.
"""

import argparse
import asyncio
from functools import partial

from bot import logs
from bot.channels.types import Finding
from bot.cli.console import DONE, FAILED
from bot.cli.doctor import chats, ledger, machine, money
from bot.cli.doctor.findings import all_of, in_order, show
from bot.cli.doctor.ledger import check_database
from bot.cli.doctor.machine import check_port
from bot.cli.doctor.values import examine_settings
from bot.settings import Settings

__all__ = ["check_database", "check_port", "examine", "run"]


async def run(options: argparse.Namespace) -> int:
    """Print all findings; return 1 if anything is wrong."""
    logs.configure(secrets=[], level="CRITICAL")
    findings = await examine()
    show(findings, as_json=options.json)
    return FAILED if any(finding.state == "wrong" for finding in findings) else DONE


async def examine() -> list[Finding]:
    """Check everything, the settings first. With settings that cannot be read nothing else is checked."""
    findings = await asyncio.to_thread(examine_settings)
    if not any(finding.state == "wrong" for finding in findings):
        settings = Settings()
        checks = {
            "output folder": machine.folders,
            "database": ledger.database,
            "fal key": money.fal_key,
            "fal admin key": money.books,
            "models": money.models,
            "forget at fal": money.forgetting,
            "asset round trip": money.round_trip,
            "media child": machine.media_child,
            "AI label": machine.ai_label,
            "signature": machine.signature,
            "clock": money.time_of_day,
            "chats": chats.chats,
        }
        # By itself: to look at an asset, the folder is served at that port for a moment.
        findings += await all_of([("port", partial(machine.port, settings))])
        findings += await all_of([(name, partial(check, settings)) for name, check in checks.items()])
        findings += await machine.zone()
    return in_order(findings)
