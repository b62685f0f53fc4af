"""Copies the whole database in one snapshot while others write: our tables and the engine's are in one database.

Each copy is stamped, so that whoever serves it later knows that it is one (copies.py).
"""

import asyncio
import os
import shlex
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import sqlalchemy as sa

from bot.store.copies import STAMP
from bot.store.database import Connection, Database, now_ms

_PROGRAM = "pg_dump"
_HOW = ("--format=plain", "--no-owner", "--no-privileges")
_WAIT_S = 30


class BackupFailed(ValueError):
    """A copy that was not made, and why."""


def copy_sqlite(source: Path, into: Path) -> None:
    """Copy the file's content as of one moment, by SQLite's own backup, and stamp the copy. Raises BackupFailed."""
    if not source.exists():
        raise BackupFailed(f"there is no database at {source}: nothing to copy")
    os.close(os.open(into, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        theirs = sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True, timeout=_WAIT_S)
        with closing(theirs), closing(sqlite3.connect(into)) as ours:
            theirs.backup(ours)  # one step: a reader of one snapshot, however many write meanwhile
            _stamp(ours)
    except sqlite3.Error as error:
        raise BackupFailed(f"the database was not copied: {error}") from error


def _stamp(copy: sqlite3.Connection) -> None:
    copy.execute("PRAGMA journal_mode=DELETE")  # one file, with nothing beside it
    with copy:
        copy.execute("INSERT OR REPLACE INTO reelbot_facts (name, value) VALUES (?, ?)", (STAMP, str(now_ms())))
    found = copy.execute("PRAGMA quick_check").fetchone()[0]
    if found != "ok":
        raise BackupFailed(f"the copy is damaged, and so may be the database: {found}")


async def dump_postgres(database: Database, into: Path) -> None:
    """Dump the database as SQL, by pg_dump, which takes one snapshot; and stamp the dump. Raises BackupFailed."""
    url = database.engine.url
    address = sa.URL.create("postgresql", url.username, None, url.host, url.port, url.database, url.query)
    schema = await _schema(database)
    program = shutil.which(_PROGRAM)
    if program is None:
        command = shlex.join([_PROGRAM, *_HOW, f"--file={into.name}", address.render_as_string()])
        raise BackupFailed(
            f"PostgreSQL is copied by its own program {_PROGRAM}, which is not installed here: install it "
            f"(postgresql-client, not older than the server), or run this where it is: {command}"
        )
    os.close(os.open(into, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with TemporaryDirectory(prefix="reelbot-") as private:  # the list of processes shows no password
        secret = Path(private) / "pass"
        os.close(os.open(secret, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        secret.write_text(f"*:*:*:*:{_escaped(str(url.password or ''))}\n", encoding="utf-8")
        place = address.update_query_dict({"passfile": str(secret)}).render_as_string()
        await _run(program, *_HOW, f"--file={into}", f"--dbname={place}")
    with into.open("a", encoding="utf-8") as dump:
        dump.write(_stamp_text(schema))


async def _run(program: str, *arguments: str) -> None:
    child = await asyncio.create_subprocess_exec(
        program, *arguments, stdin=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    try:
        _, output = await child.communicate()
    except asyncio.CancelledError:
        child.kill()
        await child.wait()
        raise
    if child.returncode:
        lines = output.decode(errors="replace").split("\n")
        words = "; ".join(line.strip() for line in lines if line.strip()) or f"it ended with {child.returncode}"
        raise BackupFailed(f"{_PROGRAM} failed: {words}")


def _escaped(password: str) -> str:
    return password.replace("\\", "\\\\").replace(":", "\\:")


async def _schema(database: Database) -> str:
    """Return where our tables are. Raises BackupFailed where there are none."""
    place = "SELECT relnamespace::regnamespace::text FROM pg_class WHERE oid = to_regclass('reelbot_facts')"

    def work(tx: Connection) -> str | None:
        found: str | None = tx.execute(sa.text(place)).scalar()
        return found

    try:
        schema = await database.read(work)
    except sa.exc.OperationalError as error:
        raise BackupFailed(f"no access to the database: {' '.join(str(error.orig).split())}") from error
    if schema is None:
        raise BackupFailed("there are no tables of reelbot in the database: nothing to copy")
    return schema


def _stamp_text(schema: str) -> str:
    table = f"{schema}.reelbot_facts"
    return f"""
-- Made by reelbot backup: whoever serves this copy knows by this row that it is one.
INSERT INTO {table} (name, value) VALUES ('{STAMP}', '{now_ms()}')
ON CONFLICT (name) DO UPDATE SET value = excluded.value;
"""  # noqa: S608 - nothing of a person's: a schema's name as PostgreSQL quotes it
