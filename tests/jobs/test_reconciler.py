"""The one loop over all jobs: whatever fails, hangs, freezes or dies, the row is due again and somebody goes on."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from bot.jobs.lease_holder import LeaseHolder
from bot.jobs.reconciler import Reconciler
from bot.jobs.verdicts import NEXT, REST, Verdict, retry
from bot.store import Store
from bot.store.database import now_ms
from bot.store.leases import MOST_LAPSES, Assignment, SlotLimits
from bot.store.records import Job, State
from bot.store.stored import UnreadableJob
from bot.store.work import LeaseLost
from tests.rows import set_columns
from tests.store.test_store import accepted, on_store, on_two_workers, said

Body = Callable[[Assignment], Awaitable[Verdict]]


class Worker:
    """One process: a reconciler whose works are given, and an engine that is only this loop."""

    def __init__(
        self, store: Store, *, owner: str = "one", term_s: float = 15.0, renew_s: float = 3.0, **bodies: Body
    ) -> None:
        self.store = store
        self.leases = LeaseHolder(store.leases, alone=False, term_s=term_s, renew_s=renew_s)
        self.begun: list[Assignment] = []
        self.set_aside: list[str] = []
        self.unreadable: list[str] = []
        self.room = True
        self.tasks: list[asyncio.Task[None]] = []
        self.reconciler = Reconciler(
            store=store,
            owner=owner,
            limits=SlotLimits(50, 50),
            leases=self.leases,
            bodies={"submit": _never, "collect": _never, "deliver": _never, **bodies},  # type: ignore[dict-item]
            begin=self.begin,
            may_begin=self.may_begin,
            set_aside=self.aside,
            unreadable=self.unread,
        )

    async def begin(self, taken: Assignment) -> None:
        self.begun.append(taken)
        self.tasks.append(asyncio.create_task(self.reconciler.work(taken)))

    async def may_begin(self) -> bool:
        return self.room

    async def aside(self, taken: Assignment) -> Verdict:
        self.set_aside.append(taken.lease.job_id)
        return retry(3600)

    async def unread(self, error: UnreadableJob) -> None:
        self.unreadable.append(error.job_id)

    async def turn(self) -> None:
        """One turn, and all the works that it begins."""
        await self.reconciler.turn()
        await asyncio.gather(*self.tasks)


async def _never(_taken: Assignment) -> Verdict:
    raise AssertionError("nothing asked for this")


async def job_of(store: Store, job_id: str) -> Job:
    job = await store.jobs.get(job_id)
    assert job is not None
    return job


def test_the_state_of_the_row_says_what_is_done_next(database_url: str) -> None:
    async def story(store: Store) -> None:
        done: list[str] = []

        async def submit(taken: Assignment) -> Verdict:
            done.append("submit")
            await store.jobs.move(taken.lease.job_id, State.DOWNLOADING, lease=taken.lease)
            return NEXT

        async def collect(taken: Assignment) -> Verdict:
            done.append("collect")
            await store.jobs.move(taken.lease.job_id, State.READY, lease=taken.lease)
            return NEXT

        async def deliver(taken: Assignment) -> Verdict:
            done.append("deliver")
            await store.jobs.move(taken.lease.job_id, State.DELIVERED, outcome_ref="7", lease=taken.lease)
            return REST

        worker = Worker(store, submit=submit, collect=collect, deliver=deliver)
        job_id = await accepted(store, said())
        for _ in range(5):
            await worker.turn()
        assert done == ["submit", "collect", "deliver"]
        assert [each.lease.epoch for each in worker.begun] == [1, 2, 3]
        job = await job_of(store, job_id)
        assert (job.state, job.owner, job.due) == (State.DELIVERED, None, None)

    on_store(database_url, story)


def test_a_work_that_breaks_is_done_again_after_growing_pauses(database_url: str) -> None:
    async def story(store: Store) -> None:
        async def broken(_taken: Assignment) -> Verdict:
            raise ConnectionError("the disk is full")

        worker = Worker(store, submit=broken)
        job_id = await accepted(store, said())
        pauses = []
        for _ in range(6):
            await worker.turn()
            job = await job_of(store, job_id)
            assert (job.state, job.owner, job.lapses) == (State.PREPARING, None, 0)
            pauses.append(round(((job.due or 0) - now_ms()) / 1000))
            await set_columns(store, job_id, due=1)
        assert pauses == [1, 2, 5, 15, 60, 60]

    on_store(database_url, story)


def test_a_work_that_the_engine_could_not_begin_is_due_again(database_url: str) -> None:
    async def story(store: Store) -> None:
        async def submit(_taken: Assignment) -> Verdict:
            return REST

        worker = Worker(store, submit=submit)
        begin, failures = worker.begin, [OSError("no room")]

        async def fails_once(taken: Assignment) -> None:
            if failures:
                raise failures.pop()
            await begin(taken)

        worker.reconciler = Reconciler(
            store=store, owner="one", limits=SlotLimits(5, 5), leases=worker.leases, bodies={"submit": submit},
            begin=fails_once, may_begin=worker.may_begin, set_aside=worker.aside, unreadable=worker.unread,
        )  # fmt: skip
        job_id = await accepted(store, said())
        await worker.turn()
        assert (await job_of(store, job_id)).owner is None
        await set_columns(store, job_id, due=1)
        await worker.turn()
        assert len(worker.begun) == 1

    on_store(database_url, story)


def test_a_work_of_a_process_that_died_is_done_by_another_and_the_engines_own_recovery_does_nothing(
    database_url: str,
) -> None:
    async def story(one: Store, two: Store) -> None:
        hangs = asyncio.Event()

        async def dies(_taken: Assignment) -> Verdict:
            await hangs.wait()
            return NEXT

        async def submit(taken: Assignment) -> Verdict:
            assert (taken.attempt, taken.lapses) == (2, 1)
            return REST

        dead, living = Worker(one, owner="dead", submit=dies), Worker(two, owner="living", submit=submit)
        job_id = await accepted(one, said())
        await dead.reconciler.turn()
        (taken,) = dead.begun
        dead.tasks[0].cancel()
        with suppress(asyncio.CancelledError):
            await dead.tasks[0]
        await living.turn()
        assert living.begun == []  # its lease stands still
        await set_columns(one, job_id, lease_until=1)
        await living.turn()
        assert len(living.begun) == 1
        anew = Worker(one, owner="dead")  # begun again by the engine, after a restart
        await anew.reconciler.work(taken)
        assert anew.begun == []

    on_two_workers(database_url, story)


def test_a_worker_that_cannot_renew_ends_its_work_before_its_lease_does(database_url: str) -> None:
    async def story(store: Store) -> None:
        ended = asyncio.Event()

        async def long(_taken: Assignment) -> Verdict:
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()
            return NEXT

        worker = Worker(store, term_s=2.2, submit=long)  # and its loop of renewals does not run
        await accepted(store, said())
        await worker.reconciler.turn()
        async with asyncio.timeout(10):
            await asyncio.gather(*worker.tasks)
        assert ended.is_set()
        assert worker.leases.active == []

    on_store(database_url, story)


def test_a_lease_that_another_took_ends_the_work_at_the_next_renewal(database_url: str) -> None:
    async def story(store: Store) -> None:
        async def long(_taken: Assignment) -> Verdict:
            await asyncio.Event().wait()
            return NEXT

        worker = Worker(store, renew_s=0.02, submit=long)
        job_id = await accepted(store, said())
        await worker.reconciler.turn()
        renewing = asyncio.create_task(worker.leases.loop.run())
        turns = worker.leases.loop.turns
        async with asyncio.timeout(10):
            while worker.leases.loop.turns < turns + 2:
                await asyncio.sleep(0.01)
            assert not worker.tasks[0].done()
            await set_columns(store, job_id, owner="two", epoch=2)
            await asyncio.gather(*worker.tasks)
        renewing.cancel()
        assert (await job_of(store, job_id)).owner == "two"

    on_store(database_url, story)


def test_what_an_old_owner_writes_ends_its_work(database_url: str) -> None:
    async def story(store: Store) -> None:
        seen: list[str] = []

        async def frozen(taken: Assignment) -> Verdict:
            await set_columns(store, taken.lease.job_id, owner="two", epoch=9)
            try:
                await store.jobs.move(taken.lease.job_id, State.READY, lease=taken.lease)
            except LeaseLost:
                seen.append("lost")
                raise
            return NEXT

        worker = Worker(store, submit=frozen)
        job_id = await accepted(store, said())
        await worker.turn()
        job = await job_of(store, job_id)
        assert (seen, job.state, job.owner, job.epoch) == (["lost"], State.PREPARING, "two", 9)

    on_store(database_url, story)


def test_a_job_whose_workers_die_again_and_again_is_set_aside(database_url: str) -> None:
    async def story(store: Store) -> None:
        job_id = await accepted(store, said())
        await set_columns(store, job_id, state=State.PREPARING, owner="dead", lease_until=1, lapses=MOST_LAPSES)
        worker = Worker(store)
        await worker.turn()
        assert worker.set_aside == [job_id]
        assert (await job_of(store, job_id)).lapses == 0

    on_store(database_url, story)


def test_a_row_that_cannot_be_read_is_handed_on_and_holds_up_nobody(database_url: str) -> None:
    async def story(store: Store) -> None:
        async def submit(taken: Assignment) -> Verdict:
            job = await store.jobs.get(taken.lease.job_id)
            assert job is not None
            return REST

        spoilt, whole = await accepted(store, said("m1")), await accepted(store, said("m2"))
        await set_columns(store, spoilt, request={"of": "tomorrow"})
        worker = Worker(store, submit=submit)
        await worker.turn()
        assert worker.unreadable == [spoilt]
        assert {each.lease.job_id for each in worker.begun} == {spoilt, whole}

    on_store(database_url, story)


def test_nothing_new_is_begun_without_room_or_during_a_stop(database_url: str) -> None:
    async def story(store: Store) -> None:
        async def submit(_taken: Assignment) -> Verdict:
            return REST

        worker: Any = Worker(store, submit=submit)
        await accepted(store, said())
        worker.room = False
        await worker.turn()
        worker.room = True
        worker.reconciler.close()
        await worker.turn()
        assert worker.begun == []

    on_store(database_url, story)
