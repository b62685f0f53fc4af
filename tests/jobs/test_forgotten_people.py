"""After /forget nothing that its person said, sent or had made is anywhere here; the sums are, and everybody else's."""

import asyncio
import json
import logging
import os
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.app import App
from bot.settings import Settings
from bot.store import Store
from bot.store.database import Connection, now_ms
from bot.store.forgotten import Wish
from bot.store.people_tables import forgotten
from bot.store.records import State
from bot.store.tables import jobs, ledger
from bot.workers.forgotten_people import ForgottenPeople
from tests.jobs.test_crash import World, world
from tests.restoring import OnStage, Stage, job_in, on_stage
from tests.store.test_store import on_store

__all__ = ["on_stage"]

WORD = "zebraquartz"
"""Stands in everything that the person says."""


def rows_with(tx: Connection, word: str) -> list[str]:
    """Name every column of every table, ours and the engine's, in which the word stands."""
    found = []
    schemas = [None] if tx.dialect.name == "sqlite" else [None, "dbos"]
    for schema in schemas:
        tables = sa.MetaData()
        tables.reflect(tx, schema=schema)
        for table in tables.tables.values():
            for row in tx.execute(sa.text(f"SELECT * FROM {table.fullname}")).mappings():
                found += [f"{table.fullname}.{name}: {value!r:.200}" for name, value in row.items() if has(value, word)]
    return found


def has(value: Any, word: str) -> bool:
    if isinstance(value, bytes | memoryview):
        return word.encode() in bytes(value)
    return word in (value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False))


def files_with(folder: Path, word: str) -> list[str]:
    found = [path for path in folder.rglob("*") if path.is_file()]
    return [str(path) for path in found if word.encode() in path.read_bytes() or word in path.name]


async def left_of(app: App, stage: Stage, word: str) -> list[str]:
    return await app.store.database.read(lambda tx: rows_with(tx, word)) + files_with(stage.out, word)


async def sums(app: App) -> Any:
    columns = (ledger.c.user, ledger.c.model, sa.func.sum(ledger.c.spent_micro), sa.func.sum(ledger.c.reserved_micro))
    query = sa.select(*columns).group_by(ledger.c.user, ledger.c.model).order_by(ledger.c.user)
    return await app.store.database.read(lambda tx: tx.execute(query).all())


async def is_done(app: App) -> bool:
    query = sa.select(forgotten.c.user).where(forgotten.c.done.is_not(None))
    app.parts.forgotten_people.loop.notify()
    return await app.store.database.read(lambda tx: tx.execute(query).first()) is not None


async def until_done(app: App, stage: Stage) -> None:
    async with asyncio.timeout(30):
        while not await is_done(app):
            await stage.telegram.until(lambda: True)


def test_everything_of_a_person_goes_and_the_sums_stay(on_stage: OnStage, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def story(stage: Stage) -> None:
        async with stage.bot(access="telegram:42,telegram:43") as app:
            stage.telegram.user_says(42, f"/video a fox {WORD} one")
            stage.telegram.user_says(43, "/video a hare of somebody else")
            await job_in(app.store, f"a fox {WORD} one", State.DELIVERED)
            other = await job_in(app.store, "a hare of somebody else", State.DELIVERED)
            stage.telegram.user_says(42, f"a boat {WORD} three")  # an offer
            await job_in(app.store, f"a boat {WORD} three", State.AWAITING_CONFIRMATION)
            stage.telegram.user_says(42, "/settings model veo")
            stage.telegram.user_says(42, "/language en")
            before = await sums(app)
            assert await left_of(app, stage, WORD)
            stage.telegram.user_says(42, "/forget")
            await stage.until(lambda: stage.has_said("1 finished video of 2 orders"))
            stage.telegram.user_says(42, "yes")  # asked again: it cannot be taken back
            await stage.until(lambda: stage.has_said("1 finished video of 2 orders") == 2)
            assert await left_of(app, stage, f"{WORD} one")
            stage.telegram.user_says(42, "/forget yes")
            await stage.until(lambda: stage.has_said("is being forgotten"))
            await until_done(app, stage)
            assert await left_of(app, stage, WORD) == []
            assert await sums(app) == before
            assert not stage.telegram.videos(42)
            kept = await app.store.jobs.get(other.id)
            assert kept is not None
            assert kept.state is State.DELIVERED
            assert await left_of(app, stage, "a hare of somebody else")
            assert len(list(stage.out.glob("videos/*.mp4"))) == 1
            stage.telegram.user_says(42, "/history")
            await stage.until(lambda: stage.has_said("No videos yet"))
            stage.telegram.user_says(42, "/video a new start")  # who comes back begins anew, and keeps that
            await job_in(app.store, "a new start", State.DELIVERED)
            await app.parts.forgotten_people.turn()
            assert (await job_in(app.store, "a new start", State.DELIVERED)).forgotten is None
        said = [json.dumps(record.__dict__, default=str) for record in caplog.records]
        assert not [line for line in said if WORD in line and '"name": "bot' in line]

    on_stage(story)


def test_a_no_keeps_everything(on_stage: OnStage) -> None:
    async def story(stage: Stage) -> None:
        async with stage.bot() as app:
            stage.telegram.user_says(42, f"/video a fox {WORD} one")
            await job_in(app.store, f"a fox {WORD} one", State.DELIVERED)
            stage.telegram.user_says(42, "忘记我")
            await stage.until(lambda: stage.has_said("1 finished video of 1 order"))
            stage.telegram.user_says(42, "no")
            await stage.until(lambda: stage.has_said("Nothing is forgotten"))
            stage.telegram.user_says(42, "/forget yes")  # the question is not open any more
            await stage.until(lambda: stage.has_said("1 finished video of 1 order") == 2)
            assert await app.store.forgotten.open_wishes() == []
            await job_in(app.store, f"a fox {WORD} one", State.DELIVERED)

    on_stage(story)


def test_what_fal_still_makes_is_forgotten_when_it_has_ended(on_stage: OnStage) -> None:
    async def story(stage: Stage) -> None:
        async with stage.bot() as app:
            stage.fal.faults.add("status_drop", times=10_000, match="fox")
            stage.telegram.user_says(42, f"/video a fox {WORD} one")
            job = await job_in(app.store, f"a fox {WORD} one", State.RENDERING)
            stage.telegram.user_says(42, "/forget")
            await stage.until(lambda: stage.has_said("1 video is being made"))
            stage.telegram.user_says(42, "/forget yes")
            await stage.until(lambda: stage.has_said("forgotten when it has ended"))
            assert not await is_done(app)
            stage.fal.faults.clear()
            await until_done(app, stage)
            ended = await app.store.jobs.get(job.id)
            assert ended is not None
            assert (ended.state, ended.charge, ended.request.prompt) == (State.DELETED, "yes", "")
            assert await left_of(app, stage, WORD) == []
            assert not stage.telegram.videos(42)
            assert stage.buys() == 1

    on_stage(story)


def test_a_copy_of_before_does_not_bring_it_back(on_stage: OnStage) -> None:
    async def story(stage: Stage) -> None:
        async with stage.bot() as app:
            stage.telegram.user_says(42, f"/video a fox {WORD} one")
            await job_in(app.store, f"a fox {WORD} one", State.DELIVERED)
            stage.telegram.user_says(42, f"a boat {WORD} three")
            await job_in(app.store, f"a boat {WORD} three", State.AWAITING_CONFIRMATION)
            copy = await stage.backup()
            stage.telegram.user_says(42, "/forget")
            await stage.until(lambda: stage.has_said("2 orders"))
            stage.telegram.user_says(42, "/forget yes")
            await until_done(app, stage)
        stage.put_back(copy)
        async with stage.bot() as app:
            await until_done(app, stage)
            assert await left_of(app, stage, WORD) == []
            assert stage.buys() == 1

    on_stage(story)


def test_killed_right_after_the_yes(tmp_path: Path, database_url: str) -> None:
    with world(tmp_path, database_url) as made:
        made.start_bot()
        made.telegram("says", chat=42, text=f"/video a fox {WORD}")
        made.until(lambda: _states(made) == ["delivered"])
        made.telegram("fail", method="deleteMessage", kind="status", times=100, status=500, description="no")
        made.telegram("says", chat=42, text="/forget")
        made.until(lambda: any("1 order" in each.get("text", "") for each in made.telegram("said", chat=42)))
        made.telegram("says", chat=42, text="/forget yes")
        made.until(lambda: made.telegram("calls", method="deleteMessage"))
        made.kill_bot()
        made.telegram("heal")
        assert made.read(sa.select(forgotten.c.done)) == [(None,)]
        made.start_bot()
        made.until(lambda: made.read(sa.select(forgotten.c.done))[0][0] is not None, 100)
        assert not made.films()
        assert _states(made) == ["deleted"]
        assert made.posts() == 1
        engine = sa.create_engine(sa.make_url(made.database_url)) if database_url.startswith("sqlite") else None
        if engine is not None:
            with engine.connect() as tx:
                assert rows_with(tx, WORD) == []


def _states(made: World) -> list[str]:
    return [row.state for row in made.read(sa.select(jobs.c.state))]


def test_in_a_group_only_what_was_made_there(on_stage: OnStage) -> None:
    async def story(stage: Stage) -> None:
        async with stage.bot(access="telegram:42,telegram:-100500") as app:
            stage.telegram.user_says(42, f"/video a fox {WORD} alone")
            stage.telegram.group(-100500)
            stage.telegram.user_says(-100500, f"/video a boat {WORD} there", sender=42)
            stage.telegram.user_says(-100500, "/video a hare of somebody else", sender=43)
            alone = await job_in(app.store, f"a fox {WORD} alone", State.DELIVERED)
            await job_in(app.store, f"a boat {WORD} there", State.DELIVERED)
            other = await job_in(app.store, "a hare of somebody else", State.DELIVERED)
            stage.telegram.user_says(-100500, "/forget", sender=42)
            await stage.until(lambda: stage.has_said("1 finished video of 1 order", chat=-100500))
            stage.telegram.presses(-100500, "forget:yes", sender=43)  # who was not asked is asked
            await stage.until(lambda: stage.has_said("1 finished video of 1 order", chat=-100500) == 2)
            assert await app.store.forgotten.open_wishes() == []
            stage.telegram.user_says(-100500, "/forget yes", sender=42)
            await until_done(app, stage)
            assert await left_of(app, stage, f"{WORD} there") == []
            for job in (alone, other):
                kept = await app.store.jobs.get(job.id)
                assert kept is not None
                assert (kept.state, kept.request.prompt) == (State.DELIVERED, job.request.prompt)

    on_stage(story)


@pytest.mark.parametrize("ended", [State.FAILED, State.CANCELLED, State.PARKED, State.SUBMIT_UNCONFIRMED])
def test_what_ended_without_a_film_is_forgotten_too(on_stage: OnStage, ended: State) -> None:
    """A doubt is not ended while its purchase may still be found by its words: it waits until its account is closed."""

    async def story(stage: Stage) -> None:
        async with stage.bot() as app:
            stage.telegram.user_says(42, f"/video a fox {WORD} one")
            job = await job_in(app.store, f"a fox {WORD} one", State.DELIVERED)
            is_doubt = ended in {State.PARKED, State.SUBMIT_UNCONFIRMED}
            words = {"code": "provider_error", "facts": {"detail": f"about {WORD}"}}
            values = {"state": ended, "video": sa.null(), "error": words, "due": None}
            charge = {"charge": None} if is_doubt else {}
            change = jobs.update().where(jobs.c.id == job.id)
            await app.store.database.write(lambda tx: tx.execute(change.values(**values, **charge)))
            before = await sums(app)
            stage.telegram.user_says(42, "/forget")
            await stage.until(lambda: stage.has_said("no finished video of 1 order"))
            stage.telegram.user_says(42, "/forget yes")
            await stage.until(lambda: stage.has_said("is being forgotten"))
            if is_doubt:
                await app.parts.forgotten_people.turn()
                assert await app.store.forgotten.open_wishes()
                assert await left_of(app, stage, WORD)
                await app.store.database.write(lambda tx: tx.execute(change.values(charge="possibly")))
            await until_done(app, stage)
            assert await left_of(app, stage, WORD) == []
            assert await sums(app) == before

    on_stage(story)


def test_a_row_that_cannot_be_read_is_blanked(on_stage: OnStage) -> None:
    async def story(stage: Stage) -> None:
        async with stage.bot() as app:
            stage.telegram.user_says(42, f"/video a fox {WORD} one")
            job = await job_in(app.store, f"a fox {WORD} one", State.DELIVERED)
            change = jobs.update().where(jobs.c.id == job.id).values(request={"odd": WORD})
            await app.store.database.write(lambda tx: tx.execute(change))
            stage.telegram.user_says(42, "/forget")
            await stage.until(lambda: stage.has_said("of 1 order"))
            stage.telegram.user_says(42, "/forget yes")
            await until_done(app, stage)
            assert await left_of(app, stage, WORD) == []

    on_stage(story)


def test_who_is_named_alike_in_another_chat_keeps_their_files(database_url: str, tmp_path: Path) -> None:
    """anna of WeCom asks to be forgotten: not anna of the page; and a note that is half written stops nobody's wish."""

    async def story(store: Store) -> None:
        settings = Settings.offline(output_dir=tmp_path)
        people, folder = ForgottenPeople(store=store, channels={}, settings=settings), settings.uploads_dir
        folder.mkdir(parents=True)
        for name, owner in {"a": b"anna", "b": b"wecom:anna\nwecom:anna", "c": b"\xe5\xbc", "d": b"bob"}.items():
            (folder / (name * 32)).write_bytes(b"x")
            (folder / f"{name * 32}.owner").write_bytes(owner)
            os.utime(folder / f"{name * 32}.owner", (1, 1))
        kept = {"wecom:anna": ["a", "c", "d"], "web:anna": ["c", "d"]}
        for user, left in kept.items():
            await store.forgotten.again(Wish(user, "", now_ms()), but_not=())
            await people.turn()
            assert sorted(path.name[0] for path in folder.iterdir() if not path.suffix) == left
        said = "ilink:said:bot:fox@im.wechat:7"
        await store.key_values.put(said, "{}")
        for user, left_of_it in (("wecom:said", "{}"), ("ilink:fox@im.wechat", None)):
            await store.forgotten.again(Wish(user, "", now_ms()), but_not=())
            await people.turn()
            assert await store.key_values.get(said) == left_of_it

    on_store(database_url, story)
