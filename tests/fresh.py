"""A database with all tables in it, on SQLite: migrated once for each test process, then copied.

What proves that the tables are made does not begin here: tests/store/test_upgrade.py, tests/channels/test_throwaway.py.
"""

import asyncio
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

from dbos import DBOS

from bot.store import Store


async def tables(url: str) -> None:
    """Make our tables and the engine's."""
    store = await Store.open(url)
    store.close()
    DBOS.migrate(system_database_url=url)


def fresh_sqlite(file: Path) -> str:
    """Put the tables into a new file; gives its address."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(_template())
    return f"sqlite:///{file}"


@cache
def _template() -> bytes:
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(1) as beside_a_loop:
        file = Path(folder) / "template.db"
        beside_a_loop.submit(asyncio.run, tables(f"sqlite:///{file}")).result()
        assert [each.name for each in Path(folder).iterdir()] == [file.name], "all of it stands in one file"
        return file.read_bytes()
