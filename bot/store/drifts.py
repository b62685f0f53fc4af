"""Which rows of the catalogue fal does not take as they are, as the last look at fal's own catalogue found them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa

from bot.store.database import Connection, Database, insert_over, now_ms, take_turns
from bot.store.drift_tables import drifts, unit_prices
from bot.store.session import call_out
from core.catalogue.drift import Finding, Findings, UnitPrice, as_record, from_record
from core.types import Mode

CHANGED = "offers"
"""What the workers are called when other rows are held back."""
LOOKED = "looked at fal's models"
"""When all of them were looked at last, in milliseconds UTC."""

Key = tuple[str, Mode]


@dataclass(frozen=True, slots=True)
class Changes:
    """What one look changed: rows with which something else is wrong now, and rows that are well again."""

    worse: dict[Key, tuple[Finding, ...]]
    well: dict[Key, tuple[Finding, ...]]

    def __bool__(self) -> bool:
        return bool(self.worse or self.well)


@dataclass(frozen=True, slots=True)
class MovedPrice:
    """A unit price that is another one than at the last look."""

    endpoint: str
    before: UnitPrice
    now: UnitPrice


class Drifts:
    """The repository of what the guard found. All processes of one database hold back the same."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def all(self) -> Findings:
        """Return what is wrong with each row."""
        return await self._db.read(findings_tx)

    async def save(self, judged: Mapping[Key, tuple[Finding, ...]]) -> Changes:
        """Store what a look found for these rows, and return what it changed. A row that is not among them stays."""

        def work(tx: Connection) -> Changes:
            take_turns(tx, "drifts")
            before = findings_tx(tx)
            worse = {key: each for key, each in judged.items() if each and before.get(key) != each}
            well = {key: tuple(before[key]) for key, each in judged.items() if not each and key in before}
            for key in (*worse, *well):
                tx.execute(drifts.delete().where(drifts.c.endpoint == key[0], drifts.c.mode == str(key[1])))
            for (endpoint, mode), found in worse.items():
                row = {"endpoint": endpoint, "mode": str(mode), "findings": as_record(found), "since": now_ms()}
                tx.execute(drifts.insert().values(**row))
            changes = Changes(worse, well)
            if changes and tx.dialect.name != "sqlite":
                call_out(tx, CHANGED)
            return changes

        return await self._db.write(work)

    async def save_prices(self, prices: Mapping[str, UnitPrice]) -> list[MovedPrice]:
        """Store the unit prices of a look, and return which of them moved. One that was never seen has not moved."""

        def work(tx: Connection) -> list[MovedPrice]:
            take_turns(tx, "unit prices")
            before = _prices_tx(tx)
            other = {endpoint: price for endpoint, price in prices.items() if before.get(endpoint) != price}
            for endpoint, price in other.items():
                named = {"amount": str(price.amount), "unit": price.unit, "currency": price.currency}
                tx.execute(insert_over(tx, unit_prices, endpoint=endpoint, **named, at=now_ms()))
            return _moved(before, prices)

        return await self._db.write(work)

    async def moved(self, prices: Mapping[str, UnitPrice]) -> list[MovedPrice]:
        """Return which of these unit prices are others than at the last look, and store nothing."""
        return _moved(await self._db.read(_prices_tx), prices)


def _prices_tx(tx: Connection) -> dict[str, UnitPrice]:
    rows = tx.execute(sa.select(unit_prices))
    return {row.endpoint: UnitPrice(Decimal(row.amount), row.unit, row.currency) for row in rows}


def _moved(before: Mapping[str, UnitPrice], now: Mapping[str, UnitPrice]) -> list[MovedPrice]:
    other = {endpoint: price for endpoint, price in now.items() if before.get(endpoint, price) != price}
    return [MovedPrice(each, before[each], price) for each, price in other.items()]


def findings_tx(tx: Connection) -> dict[Key, tuple[Finding, ...]]:
    """Return what is wrong with each row, in a transaction; of what a newer version knows, only what this one does."""
    modes = {str(mode): mode for mode in Mode}
    rows: Iterable[sa.Row[tuple[str, str, object, int]]] = tx.execute(sa.select(drifts))
    read = {(row.endpoint, modes[row.mode]): from_record(row.findings) for row in rows if row.mode in modes}
    return {key: found for key, found in read.items() if found}
