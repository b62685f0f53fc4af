"""Bills, row by row: which are asked for and when, what one writes, and what is compared in the end."""

from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from bot.store import Store
from bot.store.billing import DAY_MS, FIRST_MS, LIMIT_MS, STOP_MS, Bill, Compared, next_look
from bot.store.database import Connection
from bot.store.tables import jobs, ledger, submits
from tests.store.test_account import FILM, HOUR_MS, NOON, job_of, rows_of
from tests.store.test_ledger import CENTS_70, bought
from tests.store.test_store import backwards, on_store


async def closed(store: Store, event: str, *, at: int) -> str:
    """A paid film whose account was closed at that time."""
    job_id = await bought(store, event)
    await store.jobs.finish(job_id, FILM)

    def work(connection: Connection) -> None:
        connection.execute(ledger.update().where(ledger.c.job_id == job_id).values(at=at))
        change = jobs.update().where(jobs.c.id == job_id)
        connection.execute(change.values(created=at - 1000, changed=at))

    await store.database.write(work)
    return job_id


async def set_job(store: Store, job_id: str, **values: Any) -> None:
    change = jobs.update().where(jobs.c.id == job_id).values(**values)
    await store.database.write(lambda connection: connection.execute(change))


def test_a_bill_that_is_due_names_its_request_and_its_times(database_url: str) -> None:
    async def story(store: Store) -> None:
        job_id = await closed(store, "m1", at=NOON)
        (bill,) = await store.bills.due(NOON + FIRST_MS, most=9)
        assert bill == Bill(job_id, "req-m1", NOON - 1000, NOON)
        assert await store.bills.due(NOON + FIRST_MS - 1, most=9) == []
        await store.bills.settle(bill, 5, now=NOON + FIRST_MS)
        assert await store.bills.due(NOON + DAY_MS - 1, most=9) == []
        (bill,) = await store.bills.due(NOON + DAY_MS, most=9)
        assert bill == Bill(job_id, "req-m1", NOON - 1000, NOON)

    on_store(database_url, story)


def test_bills_are_asked_for_the_oldest_first(database_url: str) -> None:
    async def story(store: Store) -> None:
        made = [await closed(store, f"m{number}", at=NOON - (number * 7 % 5) * 1000) for number in range(5)]
        backwards(store)
        found = await store.bills.due(NOON + FIRST_MS, most=9)
        assert [bill.closed for bill in found] == sorted(bill.closed for bill in found)
        assert {bill.job_id for bill in found} == set(made)
        assert await store.bills.due(NOON + FIRST_MS, most=2) == found[:2]

    on_store(database_url, story)


@pytest.mark.parametrize(
    "values",
    [
        {"charge": None},
        {"reserved_micro": 1},
        {"bill_after": NOON + FIRST_MS + 1},
        {"billed_nano": 5},  # known, and not to be asked for again
        {"changed": NOON + FIRST_MS - 100 * DAY_MS},
    ],
)
def test_which_bills_are_not_asked_for(database_url: str, values: dict[str, Any]) -> None:
    async def story(store: Store) -> None:
        job_id = await closed(store, "m1", at=NOON)
        await set_job(store, job_id, **values)
        assert await store.bills.due(NOON + FIRST_MS, most=9) == []
        await set_job(store, job_id, charge="yes", reserved_micro=0, bill_after=NOON + FIRST_MS, changed=NOON)
        assert len(await store.bills.due(NOON + FIRST_MS, most=9)) == 1
        gone = submits.update().where(submits.c.job_id == job_id).values(request_id=None)
        await store.database.write(lambda connection: connection.execute(gone))
        assert await store.bills.due(NOON + FIRST_MS, most=9) == []

    on_store(database_url, story)


def test_fal_is_not_asked_beyond_its_ninety_days(database_url: str) -> None:
    async def story(store: Store) -> None:
        await closed(store, "m1", at=NOON)
        assert len(await store.bills.due(NOON + LIMIT_MS - 1, most=9)) == 1
        assert await store.bills.due(NOON + LIMIT_MS, most=9) == []
        assert LIMIT_MS == 89 * 24 * HOUR_MS

    on_store(database_url, story)


def test_a_bill_is_written_once_and_looked_at_once_more(database_url: str) -> None:
    async def story(store: Store) -> None:
        job_id, other = await closed(store, "m1", at=NOON), await closed(store, "m2", at=NOON)
        bill = Bill(job_id, "req-m1", NOON - 1000, NOON)
        now = NOON + FIRST_MS
        settled = await store.bills.settle(bill, 650_000_500, now=now)
        assert settled is not None
        assert (settled.job_id, settled.user, settled.was) == (job_id, "telegram:42", "yes")
        assert settled.charged_micro == 650_001
        assert (await rows_of(store, job_id))[-1].booked == now
        assert (await job_of(store, job_id)).bill_after == NOON + DAY_MS
        assert await store.bills.settle(bill, 650_000_500, now=NOON + DAY_MS) is None
        assert (await job_of(store, job_id)).bill_after is None
        assert (await job_of(store, other)).bill_after is None
        assert len(await rows_of(store, job_id)) == 3
        again = await store.bills.settle(bill, 0, now=NOON + DAY_MS - 1)
        assert again is not None
        assert (again.was, again.charged_micro) == ("yes", 0)
        assert (await job_of(store, job_id)).bill_after == NOON + DAY_MS

    on_store(database_url, story)


@pytest.mark.parametrize("values", [{"charge": None}, {"reserved_micro": 1}])
def test_an_account_that_is_open_is_not_settled(database_url: str, values: dict[str, Any]) -> None:
    async def story(store: Store) -> None:
        job_id = await closed(store, "m1", at=NOON)
        await set_job(store, job_id, **values)
        bill = Bill(job_id, "req-m1", NOON - 1000, NOON)
        assert await store.bills.settle(bill, 5, now=NOON + FIRST_MS) is None
        job = await job_of(store, job_id)
        assert (job.billed_nano, job.bill_after) == (None, None)

    on_store(database_url, story)


@pytest.mark.parametrize(
    ("age_ms", "gap_ms"),
    [
        (0, FIRST_MS),
        (FIRST_MS, FIRST_MS),
        (2 * FIRST_MS + 2, FIRST_MS + 1),
        (10 * HOUR_MS, 5 * HOUR_MS),
        (47 * HOUR_MS + 1, 47 * HOUR_MS // 2),
        (48 * HOUR_MS, DAY_MS),
        (20 * DAY_MS, DAY_MS),
        (STOP_MS - DAY_MS, DAY_MS),
        (STOP_MS - HOUR_MS, HOUR_MS),  # the last one on the last day
    ],
)
def test_the_gaps_are_half_the_age(age_ms: int, gap_ms: int) -> None:
    bill = Bill("j", "r", 0, NOON)
    assert next_look(bill, now=NOON + age_ms) == NOON + age_ms + gap_ms


def test_after_thirty_days_nobody_asks_any_more() -> None:
    bill = Bill("j", "r", 0, NOON)
    for age_ms in (STOP_MS, STOP_MS + 1, 2 * STOP_MS):
        assert next_look(bill, now=NOON + age_ms) == NOON + 100 * DAY_MS
    assert next_look(replace(bill), now=NOON + FIRST_MS) == NOON + 2 * FIRST_MS  # fal's books were not whole
    assert (FIRST_MS, STOP_MS, DAY_MS) == (120_000, 30 * 24 * HOUR_MS, 24 * HOUR_MS)


def test_models_are_compared_by_what_their_films_cost(database_url: str) -> None:
    async def story(store: Store) -> None:
        films = [await closed(store, f"m{number}", at=NOON) for number in range(3)]
        late = await closed(store, "late", at=NOON)
        failed = await closed(store, "failed", at=NOON)
        for job_id in (failed, late):
            await set_job(store, job_id, video=sa.null())
        await set_job(store, films[2], request={"model": "a-model"})
        for job_id, nano, now in [
            (films[0], 650_000_500, NOON), (films[1], 0, NOON), (films[2], 1_000, NOON + 1), (failed, 0, NOON),
            (late, 1, NOON - 1),
        ]:  # fmt: skip
            await store.bills.settle(Bill(job_id, "r", 0, NOON), nano, now=now)
        assert await store.bills.compared(NOON - 1) == [
            Compared("a-model", 1, CENTS_70, 1), Compared("happy-horse", 2, 2 * CENTS_70, 650_001)
        ]  # fmt: skip
        assert await store.bills.compared(NOON) == [Compared("a-model", 1, CENTS_70, 1)]
        assert (await store.bills.compared(NOON - 2))[1] == Compared("happy-horse", 3, 3 * CENTS_70, 650_001)

    on_store(database_url, story)
