"""`reelbot backup DIR` while others write, on both databases: one moment, stamped, private, whole or not at all."""

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.store import Store
from bot.store.copies import STAMP
from bot.store.database import Connection, insert_over
from bot.store.tables import facts
from tests.desk import reelbot
from tests.restoring import OnStage, Stage, on_stage

__all__ = ["on_stage"]


@asynccontextmanager
async def writing(store: Store) -> AsyncIterator[None]:
    """Two rows that always say the same, changed as fast as it goes."""

    async def write() -> None:
        for number in range(1_000_000):
            await store.database.write(lambda tx, number=number: _both(tx, number))  # type: ignore[misc]

    task = asyncio.create_task(write())
    await asyncio.sleep(0)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _both(tx: Connection, number: int) -> None:
    for name in ("left", "right"):
        tx.execute(insert_over(tx, facts, name=name, value=str(number)))


async def facts_of(store: Store) -> dict[str, str]:
    query = sa.select(facts.c.name, facts.c.value)
    return await store.database.read(lambda tx: {row.name: row.value for row in tx.execute(query)})


def test_a_copy_under_writes_is_of_one_moment_and_says_that_it_is_a_copy(on_stage: OnStage) -> None:
    async def story(stage: Stage) -> None:
        (stage.out / "receipts").mkdir(parents=True)
        (stage.out / "receipts" / "K7K7K7K-1.json").write_text("{}")
        async with stage.store() as store:
            async with writing(store):
                done = await stage.command("backup", str(stage.folder / "deep" / "copy"))
            original = await facts_of(store)
        copy = stage.folder / "deep" / "copy"
        assert (done.code, done.out) == (0, f"{copy}\n"), done.err
        assert all(word in done.err for word in ("videos", "uploads", ".env", "Backup and restore"))
        assert [path.stat().st_mode & 0o777 for path in (copy, copy / "receipts")] == [0o700, 0o700]
        assert {path.stat().st_mode & 0o777 for path in copy.rglob("*") if path.is_file()} == {0o600}
        stage.put_back(copy)
        async with stage.store() as store:
            found = await facts_of(store)
        assert found["left"] == found["right"] != original["left"]
        assert int(found[STAMP]) > 0
        assert STAMP not in original
        assert {path.name for path in copy.iterdir()} == {stage.copied, "receipts"}
        assert (copy / "receipts" / "K7K7K7K-1.json").read_text() == "{}"

    on_stage(story)


def test_the_copy_holds_the_engines_tables_too(on_stage: OnStage) -> None:
    async def story(stage: Stage) -> None:
        async with stage.bot():
            copy = await stage.backup()
        if stage.cluster is None:
            with closing(sqlite3.connect(copy / "reelbot.db")) as opened:
                names = {name for (name,) in opened.execute("SELECT name FROM sqlite_master")}
        else:
            names = set(re.findall(r"CREATE TABLE \w+\.(\w+)", (copy / "reelbot.sql").read_text()))
        assert {"reelbot_jobs", "workflow_status"} <= names

    on_stage(story)


def test_nothing_is_overwritten_and_a_failure_leaves_nothing(on_stage: OnStage) -> None:
    async def story(stage: Stage) -> None:
        async with stage.store():
            pass
        full = stage.folder / "full"
        full.mkdir()
        (full / "mine.txt").write_text("mine")
        for place in (full, full / "mine.txt"):
            done = await stage.command("backup", str(place))
            assert (done.code, done.out) == (1, "")
            assert re.fullmatch(r"reelbot: .* exists already: .*\n", done.err)
        (full / "mine.txt").unlink()
        assert (await stage.command("backup", str(full))).code == 0  # an empty folder is as good as none
        assert (await stage.command("backup")).code == 2

    on_stage(story)


def test_without_a_database_nothing_is_made(tmp_path: Path) -> None:
    env = {"PATH": "", "REELBOT_OUTPUT_DIR": str(tmp_path / "out"), "HOME": str(tmp_path)}
    before = set(tmp_path.iterdir())
    done = reelbot("backup", str(tmp_path / "copy"), folder=tmp_path, env=env)
    assert (done.code, done.out) == (1, "")
    assert done.err == f"reelbot: there is no database at {tmp_path}/out/reelbot.db: nothing to copy\n"
    assert set(tmp_path.iterdir()) == before


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_postgres_without_its_program_is_one_line_that_says_what_to_run(on_stage: OnStage) -> None:
    async def story(stage: Stage) -> None:
        assert stage.cluster is not None
        done = await stage.command("backup", str(stage.folder / "copy"), PATH=str(stage.folder))
        assert (done.code, done.out) == (1, "")
        assert done.err.startswith("reelbot: PostgreSQL is copied by its own program pg_dump, which is not installed")
        assert re.search(r"pg_dump --format=plain .*postgresql://reelbot@127.0.0.1:\d+/t\d+\n$", done.err)
        assert stage.cluster.password not in done.err
        wrong = stage.url.replace(stage.cluster.password, "wrong")
        done = await stage.command("backup", str(stage.folder / "copy"), REELBOT_DATABASE_URL=wrong)
        assert done.code == 1
        assert done.err.count("\n") == 1
        assert not (stage.folder / "copy").exists()

    on_stage(story)
