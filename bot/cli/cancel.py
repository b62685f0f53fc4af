"""`reelbot job ID --cancel`."""

from bot.cli.console import note
from bot.store import Store
from bot.store.records import Job


async def cancel(store: Store, found: Job) -> str:
    """Ask for it, say what comes of that, and return it as one word: free, running or late.

    Its row is due by this: `reelbot run` sees that within seconds.
    """
    verdict = await store.jobs.ask_cancel(found.id)
    note(
        {
            "free": "cancelled: nothing was bought",
            "running": "fal is asked to stop; it may still charge for it",
            "late": "too late to cancel: it has ended, or its video is on the way",
        }[verdict]
    )
    return verdict
