"""Whose turn a job is: what is due is taken once, a lapsed lease by anybody, an old epoch writes nothing."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.store import Store
from bot.store.database import Connection, now_ms
from bot.store.leases import MOST_OF_A_KIND, MOST_OF_ONE_PERSON, Assignment, SlotLimits
from bot.store.records import Job, JobError, State, VideoFile
from bot.store.tables import jobs
from bot.store.work import LEASE_MS, WORK, Lease, LeaseLost
from tests.postgres import Cluster
from tests.rows import set_columns
from tests.store.test_store import accepted, on_store, on_two_workers, said

MANY = SlotLimits(all_jobs=50, user_jobs=50)
FILM = VideoFile("film.mp4", 1, 320, 180, 1.0)


async def take(
    store: Store, owner: str = "one", *, most: int = 50, limits: SlotLimits = MANY, may_begin: bool = True
) -> list[Assignment]:
    return await store.leases.take(owner, most=most, limits=limits, may_begin=may_begin)


async def job_of(store: Store, job_id: str) -> Job:
    job = await store.jobs.get(job_id)
    assert job is not None
    return job


async def lapse(store: Store, job_id: str) -> None:
    """Nobody has renewed its lease."""
    await set_columns(store, job_id, lease_until=now_ms() - 1)


def test_an_order_is_taken_once_and_takes_its_slot(database_url: str) -> None:
    async def story(one: Store, two: Store) -> None:
        made = [await accepted(one, said(f"m{n}")) for n in range(6)]
        found = await asyncio.gather(*(take(store, owner, most=4) for store, owner in ((one, "one"), (two, "two"))))
        taken = [each for of_worker in found for each in of_worker]
        assert sorted(each.lease.job_id for each in taken) == sorted(made)
        assert {(each.work, each.attempt, each.lapses, each.lease.epoch) for each in taken} == {("submit", 1, 0, 1)}
        for each in taken:
            job = await job_of(one, each.lease.job_id)
            assert (job.state, job.owner, job.due) == (State.PREPARING, each.lease.owner, None)
        assert await take(one) == await take(two) == []

    on_two_workers(database_url, story)


def test_an_offer_and_what_has_ended_ask_for_nothing(database_url: str) -> None:
    async def story(store: Store) -> None:
        job_id = await accepted(store, said("m1"))
        for state in State:
            if state not in WORK:
                await set_columns(store, job_id, state=state, due=1)
                assert await take(store) == []
                assert await store.leases.take_one("one", job_id) is None

    on_store(database_url, story)


def test_people_take_turns_and_nobody_has_more_than_may_be(database_url: str) -> None:
    async def story(store: Store) -> None:
        first = [await accepted(store, said(f"a{n}", chat="1")) for n in range(4)]
        second = [await accepted(store, said(f"b{n}", chat="2")) for n in range(2)]
        limits = SlotLimits(all_jobs=3, user_jobs=2)
        taken = [each.lease.job_id for each in await take(store, limits=limits)]
        assert taken == [first[0], second[0], first[1]]
        for job_id in (first[0], first[1]):
            await store.jobs.fail(job_id, JobError("x"), charge="none")
        taken = [each.lease.job_id for each in await take(store, limits=limits)]  # what one has counts
        assert taken == [first[2], first[3]]

    on_store(database_url, story)


def test_one_person_does_not_fill_every_place(database_url: str) -> None:
    """Hundreds of films for one chat wait for one another; what others want is taken."""

    async def story(store: Store) -> None:
        films = [await accepted(store, said(f"a{n}", chat="1")) for n in range(MOST_OF_ONE_PERSON + 2)]
        for number, job_id in enumerate(films):
            await set_columns(store, job_id, state=State.READY, due=number)
        taken = await take(store, most=MOST_OF_ONE_PERSON)
        assert {each.lease.job_id for each in taken} == set(films[:MOST_OF_ONE_PERSON])
        others_film, others_order = [await accepted(store, said(f"b{n}", chat="2")) for n in range(2)]
        await set_columns(store, others_film, state=State.READY)
        assert [each.lease.job_id for each in await take(store)] == [others_film, others_order]
        assert {each.lease.job_id for each in await take(store, "two", most=2)} == set(films[MOST_OF_ONE_PERSON:])

    on_store(database_url, story)


def test_films_that_are_sent_leave_places_to_other_works(database_url: str) -> None:
    """However many people they are for: a chat may hang with all of them."""

    async def story(store: Store) -> None:
        films = [await accepted(store, said(f"a{n}", chat=str(n))) for n in range(MOST_OF_A_KIND + 1)]
        for number, job_id in enumerate(films):
            await set_columns(store, job_id, state=State.READY, due=number)
        taken = await take(store, most=MOST_OF_A_KIND)
        order = await accepted(store, said("b", chat="b"))
        assert [each.lease.job_id for each in await take(store)] == [order]
        await store.leases.conclude(taken[0].lease, due_in_s=None)
        await set_columns(store, taken[0].lease.job_id, state=State.DELIVERED)
        assert [each.lease.job_id for each in await take(store)] == [films[-1]]

    on_store(database_url, story)


@pytest.mark.parametrize(
    ("state", "holds"),
    [
        (State.RENDERING, True),
        (State.DOWNLOADING, True),
        (State.SUBMIT_UNCONFIRMED, False),
        (State.PARKED, False),
        (State.UNDELIVERED, False),
        (State.AWAITING_CONFIRMATION, False),
        (State.READY, False),
    ],
)
def test_a_slot_is_held_from_the_turn_to_the_disk(database_url: str, state: State, holds: bool) -> None:
    async def story(store: Store) -> None:
        before, waiting = await accepted(store, said("m1")), await accepted(store, said("m2"))
        await set_columns(store, before, state=state, due=None)
        taken = await take(store, limits=SlotLimits(all_jobs=1, user_jobs=1))
        assert [each.lease.job_id for each in taken] == ([] if holds else [waiting])

    on_store(database_url, story)


def test_one_in_the_queue_whose_worker_died_waits_for_a_slot_as_any_other(database_url: str) -> None:
    """Its worker found no room on the disk, or was a command of the shell."""

    async def story(store: Store) -> None:
        at_work, queued = [await accepted(store, said(f"m{n}")) for n in range(2)]
        await store.jobs.move(at_work, State.RENDERING, due=None)
        await set_columns(store, queued, owner="dead", lease_until=now_ms() - 1, due=None)
        assert await take(store, limits=SlotLimits(all_jobs=1, user_jobs=50)) == []
        assert await take(store, limits=SlotLimits(all_jobs=50, user_jobs=1)) == []
        assert await take(store, may_begin=False) == []
        assert await store.leases.take("one", most=50, limits=MANY, but=[queued]) == []
        (assignment,) = await take(store)
        assert (assignment.lease.job_id, assignment.lapses) == (queued, 1)

    on_store(database_url, story)


def test_a_clock_that_was_set_back_is_noticed_also_after_a_turn_that_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(store: Store) -> None:
        job_id = await accepted(store, said("m1"))
        await store.jobs.move(job_id, State.PARKED, due=now_ms() + 1000)
        assert await take(store) == []
        clock = time.time
        monkeypatch.setattr(time, "time", lambda: clock() - 7200)

        def full(_connection: Connection) -> None:
            sa.event.remove(store.database.engine, "commit", full)
            raise OSError("no space left")

        sa.event.listen(store.database.engine, "commit", full)
        with pytest.raises(OSError, match="no space left"):
            await take(store)
        assert [each.lease.job_id for each in await take(store)] == [job_id]

    on_store(f"sqlite:///{tmp_path}/reelbot.db", story)


def test_without_room_nothing_leaves_the_queue_and_all_else_goes_on(database_url: str) -> None:
    async def story(store: Store) -> None:
        await accepted(store, said("m1"))
        ready = await accepted(store, said("m2"))
        await store.jobs.move(ready, State.READY)
        assert [each.lease.job_id for each in await take(store, may_begin=False)] == [ready]

    on_store(database_url, story)


def test_a_lease_that_is_renewed_stands_and_one_that_lapsed_is_taken_with_the_next_epoch(database_url: str) -> None:
    async def story(store: Store) -> None:
        job_id = await accepted(store, said("m1"))
        (first,) = await take(store)
        assert await store.leases.renew([first.lease]) == {first.lease}
        await lapse(store, job_id)
        (second,) = await take(store, "two")
        assert second.lease == Lease(job_id, "two", first.lease.epoch + 1)
        assert (second.lapses, second.attempt) == (1, 2)
        assert await store.leases.renew([first.lease, second.lease]) == {second.lease}
        assert not await store.leases.conclude(first.lease, due_in_s=0.0)
        assert (await job_of(store, job_id)).owner == "two"
        assert await store.leases.conclude(second.lease, due_in_s=0.0)
        (third,) = await take(store)
        assert third.lapses == 0

    on_store(database_url, story)


WRITES: list[Callable[[Store, Lease], Any]] = [
    lambda store, lease: store.jobs.move(lease.job_id, State.SUBMITTING, lease=lease),
    lambda store, lease: store.jobs.fail(lease.job_id, JobError("x"), charge="none", lease=lease),
    lambda store, lease: store.jobs.finish(lease.job_id, FILM, lease=lease),
    lambda store, lease: store.jobs.park(lease.job_id, "odd", lease=lease),
    lambda store, lease: store.jobs.mark_unconfirmed(lease.job_id, "why", lease=lease),
    lambda store, lease: store.jobs.odd(lease.job_id, "odd", lease=lease),
    lambda store, lease: store.jobs.clear_odd(lease.job_id, lease=lease),
    lambda store, lease: store.jobs.adjusted(lease.job_id, [], lease=lease),
    lambda store, lease: store.jobs.tell(lease.job_id, State.PREPARING, "7", lease=lease),
    lambda store, lease: store.submits.claim(lease.job_id, body="{}", lease=lease),
]


@pytest.mark.parametrize("number", range(len(WRITES)))
def test_an_old_epoch_changes_nothing(database_url: str, number: int) -> None:
    async def story(store: Store) -> None:
        job_id = await accepted(store, said("m1"))
        (old,) = await take(store)
        await lapse(store, job_id)
        (new,) = await take(store, "two")
        before = await row_of(store, job_id)
        with pytest.raises(LeaseLost):
            await WRITES[number](store, old.lease)
        assert await row_of(store, job_id) == before
        await WRITES[number](store, new.lease)

    on_store(database_url, story)


async def row_of(store: Store, job_id: str) -> Any:
    return await store.database.read(lambda tx: tx.execute(sa.select(jobs).where(jobs.c.id == job_id)).one())


def test_what_made_it_due_while_it_was_worked_on_is_not_forgotten(database_url: str) -> None:
    async def story(store: Store) -> None:
        job_id = await accepted(store, said("m1"))
        await store.jobs.move(job_id, State.RENDERING)
        (taken,) = await take(store)
        assert await store.leases.hint(job_id, states={State.RENDERING})
        assert await take(store) == []  # it is being worked on
        await store.leases.conclude(taken.lease, due_in_s=1800.0, progress=True)
        (again,) = await take(store)
        assert again.attempt == 1
        await store.leases.conclude(again.lease, due_in_s=1800.0)
        assert await take(store) == []
        assert not await store.leases.hint(job_id, states={State.PARKED})
        job = await job_of(store, job_id)
        assert 1_790_000 < (job.due or 0) - now_ms() <= 1_800_000
        assert job.attempt == 1

    on_store(database_url, story)


def test_who_ends_as_told_leaves_no_lapse_and_who_died_does(database_url: str) -> None:
    async def story(store: Store) -> None:
        await accepted(store, said("m1"))
        await take(store, "run:a")
        await store.leases.give_back("run:a")
        (taken,) = await take(store, "run:b")
        assert taken.lapses == 0
        assert await store.leases.free(owners_like="shell:%") == 0
        assert await store.leases.free(owners_like="run:%") == 1
        job = await job_of(store, taken.lease.job_id)
        assert (job.owner, job.lapses) == (None, 1)
        assert len(await take(store, "run:c")) == 1

    on_store(database_url, story)


def test_one_job_is_taken_from_whom_is_known_to_be_dead(database_url: str) -> None:
    async def story(store: Store) -> None:
        job_id = await accepted(store, said("m1"))
        await take(store, "shell:a")
        assert await store.leases.take_one("shell:b", job_id) is None
        taken = await store.leases.take_one("shell:b", job_id, also_from=["shell:a"])
        assert taken is not None
        assert taken.lease == Lease(job_id, "shell:b", 2)

    on_store(database_url, story)


def test_a_lease_ends_by_the_databases_clock(database_url: str) -> None:
    async def story(store: Store) -> None:
        job_id = await accepted(store, said("m1"))
        await take(store)

        def now(tx: Connection) -> int:
            found = tx.execute(sa.text("SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)"))
            return int(found.scalar_one())

        at = now_ms() if store.database.is_sqlite else await store.database.read(now)
        until = (await job_of(store, job_id)).lease_until
        assert until is not None
        assert LEASE_MS - 5000 < until - at <= LEASE_MS

    on_store(database_url, story)


def test_a_job_is_watched_while_its_worker_still_writes_down_that_fal_has_it(database_url: str) -> None:
    """The poller is called before the lease is given back, and next looks ten seconds later."""

    async def story(store: Store) -> None:
        ours, shells = await accepted(store, said("m1")), await accepted(store, said("m2"))
        for job_id, owner in ((ours, "run:a"), (shells, "shell:a")):
            assert await store.leases.take_one(owner, job_id) is not None
            await set_columns(store, job_id, state=State.RENDERING)
        assert await store.jobs.at_fal() == {ours}

    on_store(database_url, story)


def test_a_worker_that_freezes_in_a_transaction_keeps_its_locks_for_ten_seconds(postgres: Cluster) -> None:
    """Then PostgreSQL ends it: the leases of the frozen one lapse after fifteen, and nobody else waits for longer."""

    async def story(store: Store) -> None:
        ask = sa.text("SHOW idle_in_transaction_session_timeout")
        assert await store.database.read(lambda tx: tx.execute(ask).scalar_one()) == "10s"

    on_store(postgres.database(), story)
