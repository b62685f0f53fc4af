"""Runs `reelbot job ID --cancel`, the one report that needs the durable engine, which is heavy."""

from bot.cli.console import note
from bot.jobs.engine import Engine
from bot.jobs.workflows import TOPIC, collect_id
from bot.store import Store
from bot.store.database import now_ms
from bot.store.records import Job


async def cancel(store: Store, found: Job) -> None:
    """Cancel the job and print what came of it."""
    verdict = await store.jobs.ask_cancel(found.id)
    if verdict == "running":
        await store.jobs.ask_again(found.id, at=now_ms())  # one that is parked has no workflow to wake
        engine = Engine(store.database)
        await engine.wake(found.id, TOPIC, {"cancel": True})
        await engine.wake(collect_id(found.id, found.collects), TOPIC, {"cancel": True})
    note(
        {
            "free": "cancelled: nothing was bought",
            "running": "fal is asked to stop; it may still charge for it",
            "late": "too late to cancel: it has ended, or its video is on the way",
        }[verdict]
    )
