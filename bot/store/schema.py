"""The version of our tables: which one a database has, and how it is migrated to ours.

Migrations are loaded only where there is one to run: Alembic costs 15 MB and a third of a second of every process.
"""

import asyncio
import sys
from pathlib import Path

import sqlalchemy as sa

MIGRATIONS = Path(__file__).parent / "migrations"
HEAD = max(path.stem for path in (MIGRATIONS / "versions").glob("v*.py"))[1:5]

_VERSION = sa.table("reelbot_schema", sa.column("version_num"))


def current(tx: sa.Connection) -> str | None:
    """Return the version that the database has; None: it has no tables of ours yet."""
    if not sa.inspect(tx).has_table(_VERSION.name):
        return None
    found: str | None = tx.execute(sa.select(_VERSION.c.version_num)).scalar()
    return found


def upgrade(tx: sa.Connection, revision: str) -> None:
    """Migrate the tables to this version."""
    from alembic import command  # noqa: PLC0415 - see above
    from alembic.config import Config  # noqa: PLC0415 - see above

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = tx
    command.upgrade(config, revision)


async def upgrade_in_child(url: str) -> None:
    """Migrate in a process of its own, so that this one loads nothing for it.

    The address goes in by its standard input: it holds a password. Raises ConnectionError and ValueError with the
    child's reason.
    """
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot.store.migrations",
        stdin=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    _, output = await child.communicate(url.encode())
    if child.returncode:
        lines = output.decode(errors="replace").strip().splitlines() or [f"it ended with {child.returncode}"]
        raise (ConnectionError if child.returncode == NO_ACCESS else ValueError)(lines[-1])


NO_ACCESS = 3
