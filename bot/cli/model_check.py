"""Runs `reelbot models --check`, and reads what a running bot has found: what of the catalogue fal does not take."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from bot import logs
from bot.cli.console import DONE, note, out, out_json
from bot.jobs import guard
from bot.messages import model_alerts
from bot.settings import Settings
from bot.store import Store
from bot.store.drifts import Key, MovedPrice
from core.catalogue import offers
from core.catalogue.drift import UnitPrice, as_record, is_odd
from core.errors import VideoError
from core.fal.schemas import Schemas


async def check(*, as_json: bool) -> int:
    """Ask fal about every row and its unit price, and print what is not as it is sold.

    A bot that runs on the same database looks soon, too. Raises NotConfigured, Unavailable.
    """
    logs.configure(secrets=[], level="ERROR")
    settings = Settings()
    schemas = Schemas.from_settings(settings)
    try:
        found = await guard.examine(schemas)
        prices = await _prices(schemas)
    finally:
        await schemas.close()
    moved = await _with_the_bot(settings, prices)
    wrong = {key: each for key, each in found.items() if each}
    odd = {key: price for key, row in offers.rows() if (price := prices.get(key[0])) and is_odd(price, row)}
    if as_json:
        out_json(
            [
                _form(key) | {"available": not offers.is_off(key, each), "findings": as_record(each)}
                for key, each in wrong.items()
            ]
            + [_form(key) | {"available": True, "findings": [_finding(price)]} for key, price in odd.items()]
        )
    else:
        for key, each in wrong.items():
            out(model_alerts.line("en", key, each))
        for key, price in odd.items():
            out(model_alerts.odd_price("en", key, price))
        if moved:
            out(model_alerts.prices("en", moved))
        count = len(wrong.keys() | odd.keys())
        note(f"fal was asked {schemas.calls} times about {len(guard.endpoint_ids())} endpoints; {_verdict(count)}")
    return DONE


async def _prices(schemas: Schemas) -> Mapping[str, UnitPrice]:
    """Ask for the unit prices; without them the check tells the rest."""
    try:
        return await schemas.prices(guard.endpoint_ids())
    except VideoError as error:
        note(f"fal's unit prices could not be read ({error.code})")
        return {}


def _form(key: Key) -> dict[str, Any]:
    return {"model": offers.name_of(key), "endpoint": key[0], "mode": str(key[1])}


def _finding(price: UnitPrice) -> dict[str, Any]:
    return {"code": "unit_price", "field": "", "values": [f"{price.amount.normalize():f}"]}


def _verdict(count: int) -> str:
    return "it takes all of them as they are sold" if not count else f"{count} are not as they are sold"


async def _with_the_bot(settings: Settings, prices: Mapping[str, UnitPrice]) -> list[MovedPrice]:
    """Have the bot of this database look, and return which unit prices moved since it last did."""
    if settings.database_url is None and not settings.database_file.exists():
        return []
    with suppress(OSError, ValueError):  # it looks by itself within a day
        store = await Store.open(settings.store_url)
        try:
            moved = await store.drifts.moved(prices)
            await guard.ask_for_a_look(store)
            return moved
        finally:
            store.close()
    return []


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
