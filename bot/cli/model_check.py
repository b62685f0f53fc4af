"""Runs `reelbot models --check`, and reads what a running bot has found: what of the catalogue fal does not take."""

from contextlib import suppress

from bot import logs
from bot.cli.console import DONE, note, out, out_json
from bot.jobs import guard
from bot.messages import model_alerts
from bot.settings import Settings
from bot.store import Store
from core.catalogue import offers
from core.catalogue.drift import as_record
from core.fal.schemas import Schemas


async def check(*, as_json: bool) -> int:
    """Ask fal about every row, and print what it does not take. A bot that runs on the same database looks soon, too.

    Raises NotConfigured, Unavailable.
    """
    logs.configure(secrets=[], level="ERROR")
    settings = Settings()
    schemas = Schemas.from_settings(settings)
    try:
        found = await guard.examine(schemas)
    finally:
        await schemas.close()
    wrong = {key: each for key, each in found.items() if each}
    if as_json:
        rows = {key: {"model": offers.name_of(key), "endpoint": key[0], "mode": str(key[1])} for key in wrong}
        out_json(
            [
                rows[key] | {"available": not offers.is_off(key, each), "findings": as_record(each)}
                for key, each in wrong.items()
            ]
        )
    else:
        for key, each in wrong.items():
            out(model_alerts.line("en", key, each))
        note(f"fal was asked {schemas.calls} times about {len(guard.endpoint_ids())} endpoints; {_verdict(len(wrong))}")
    await _tell_the_bot(settings)
    return DONE


def _verdict(count: int) -> str:
    return "it takes all of them as they are sold" if not count else f"{count} are not as they are sold"


async def _tell_the_bot(settings: Settings) -> None:
    if settings.database_url is None and not settings.database_file.exists():
        return
    with suppress(OSError, ValueError):  # it looks by itself within a day
        store = await Store.open(settings.store_url)
        try:
            await guard.ask_for_a_look(store)
        finally:
            store.close()


async def hold_back(settings: Settings) -> None:
    """Hold back in this process what the database says that fal does not take."""
    try:
        store = await Store.open(settings.store_url)
    except (OSError, ValueError) as error:
        note(f"the database cannot be read ({type(error).__name__}), so what fal does not take is not known")
        return
    try:
        offers.hold_back(await store.drifts.all())
    finally:
        store.close()
