"""The ledger's rows, one by one: what each event of money writes, and what sums, caps and reports make of them."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from bot.store import Store
from bot.store.billing import DAY_MS, FIRST_MS
from bot.store.database import Connection, now_ms
from bot.store.ledger import (
    WINDOW_MS,
    Caps,
    OverCap,
    Standing,
    adjust_tx,
    close_tx,
    correct_tx,
    frees_at_tx,
    hold_tx,
    reserve_tx,
    standing_tx,
)
from bot.store.records import Charge, Confirmation, Job, JobError, State, VideoFile
from bot.store.spending import Spending
from bot.store.tables import jobs, ledger, submits
from tests.store.test_ledger import CENTS_70, WIDE, bought, ordered
from tests.store.test_store import backwards, new_job, on_store, said

NOON = 1_795_521_600_000
HOUR_MS = 3_600_000
FILM = VideoFile("a.mp4", 1, 2, 2, 5.0)

Work = Callable[[Connection], object]
Story = Callable[[Store], Awaitable[None]]


async def job_of(store: Store, job_id: str) -> Job:
    job = await store.jobs.get(job_id)
    assert job is not None
    return job


async def made(store: Store, event: str, *, user: str = "42") -> str:
    job_id = await ordered(store, event, user=user)
    assert isinstance(job_id, str)
    return job_id


async def offered(store: Store) -> str:
    """A job that holds nothing."""
    new = replace(new_job(said("offer")), question=Confirmation("price"))
    job_id = await store.jobs.accept(new, inbox_id=None, caps=WIDE)
    assert isinstance(job_id, str)
    return job_id


async def rows_of(store: Store, job_id: str) -> list[Any]:
    query = sa.select(ledger).where(ledger.c.job_id == job_id).order_by(ledger.c.id)
    return await store.database.read(lambda connection: list(connection.execute(query)))


async def events_of(store: Store, job_id: str) -> list[tuple[str, int, int, str | None]]:
    return [(row.event, row.reserved_micro, row.spent_micro, row.why) for row in await rows_of(store, job_id)]


def spent(micro: int, *, at: int, user: str = "telegram:1", job: str = "x", event: str = "settle") -> Work:
    values = {"job_id": job, "user": user, "model": "m", "at": at, "event": event}
    return lambda connection: connection.execute(
        ledger.insert().values(**values, reserved_micro=0, spent_micro=micro, why=None, booked=None)
    )


async def written(store: Store, *works: Work) -> None:
    for work in works:
        await store.database.write(work)


def test_a_reservation_is_one_row_of_its_owner_and_model(database_url: str) -> None:
    async def story(store: Store) -> None:
        before = now_ms()
        job_id = await made(store, "m1")
        (row,) = await rows_of(store, job_id)
        assert before <= row.at <= now_ms()
        assert (row.user, row.model, row.event, row.booked) == ("telegram:42", "happy-horse", "reserve", None)
        assert (row.reserved_micro, row.spent_micro, row.why) == (CENTS_70, 0, None)
        assert (await job_of(store, job_id)).reserved_micro == CENTS_70
        assert await store.ledger.of_job(job_id) == [(row.at, "reserve", CENTS_70, 0, None)]
        backwards(store)
        await store.jobs.move(job_id, State.READY, charge="yes")
        assert [event for _, event, *_ in await store.ledger.of_job(job_id)] == ["reserve", "settle"]

    on_store(database_url, story)


@pytest.mark.parametrize(
    ("caps", "whose", "cap", "left"),
    [
        (Caps(10**9, CENTS_70 - 1), "user", CENTS_70 - 1, CENTS_70 - 1),
        (Caps(CENTS_70 - 1, 10**9), "all", CENTS_70 - 1, CENTS_70 - 1),
        (Caps(1, 1), "user", 1, 1),
    ],
)
def test_what_does_not_fit_is_told_whose_cap_it_is(
    database_url: str, caps: Caps, whose: Any, cap: int, left: int
) -> None:
    async def story(store: Store) -> None:
        assert await ordered(store, "m1", caps=caps) == OverCap(whose, cap, left, CENTS_70, None)
        assert await store.ledger.standing() == Standing(0, 0)
        assert isinstance(await ordered(store, "m1", caps=Caps(CENTS_70, CENTS_70)), str)  # exactly full

    on_store(database_url, story)


def test_a_cap_that_was_lowered_leaves_nothing_not_less(database_url: str) -> None:
    async def story(store: Store) -> None:
        job_id = await made(store, "m1")
        await store.jobs.move(job_id, State.READY, charge="yes")
        at = (await rows_of(store, job_id))[-1].at
        over = await ordered(store, "m2", caps=Caps(CENTS_70, CENTS_70 - 1))
        assert over == OverCap("user", CENTS_70 - 1, 0, CENTS_70, None)  # dearer than the cap: no time helps
        over = await ordered(store, "m2", user="43", caps=Caps(CENTS_70, CENTS_70))
        assert over == OverCap("all", CENTS_70, 0, CENTS_70, at + WINDOW_MS)
        await written(store, spent(5 - CENTS_70, at=now_ms(), user="telegram:42", event="correct"))
        over = await ordered(store, "m2", caps=Caps(CENTS_70, CENTS_70 - 1))
        assert over == OverCap("user", CENTS_70 - 1, CENTS_70 - 6, CENTS_70, None)

    on_store(database_url, story)


def test_room_is_made_by_what_the_same_purse_spent(database_url: str) -> None:
    async def story(store: Store) -> None:
        now = now_ms()
        await written(
            store,
            spent(900_000, at=now - 22 * HOUR_MS, user="telegram:2"),
            spent(400_000, at=now - 20 * HOUR_MS),
            spent(400_000, at=now - 10 * HOUR_MS),
        )
        over = await ordered(store, "m1", user="1", caps=Caps(10**9, 1_000_000))
        assert over == OverCap("user", 1_000_000, 200_000, CENTS_70, now - 10 * HOUR_MS + WINDOW_MS)
        over = await ordered(store, "m1", user="1", caps=Caps(2_000_000, 10**9))
        assert over == OverCap("all", 2_000_000, 300_000, CENTS_70, now - 22 * HOUR_MS + WINDOW_MS)

    on_store(database_url, story)


def test_what_counts_is_of_the_last_24_hours_and_of_its_owner(database_url: str) -> None:
    async def story(store: Store) -> None:
        mine, theirs = "telegram:1", "telegram:2"
        await written(
            store,
            spent(1, at=NOON - WINDOW_MS),
            spent(10, at=NOON - WINDOW_MS + 1),
            spent(100, at=NOON),
            spent(1000, at=NOON, user=theirs),
            spent(-50, at=NOON, event="correct"),
        )
        await made(store, "m1", user="1")

        def standings(connection: Connection) -> list[Standing]:
            return [standing_tx(connection, user, NOON) for user in (mine, theirs, None)]

        assert await store.database.read(standings) == [
            Standing(60, CENTS_70), Standing(1000, 0), Standing(1060, CENTS_70)
        ]  # fmt: skip
        assert Standing(60, 7).used_micro == 67
        await store.database.write(lambda connection: connection.execute(jobs.update().values(reserved_micro=1)))
        assert (await store.ledger.standing()).reserved_micro == 1

    on_store(database_url, story)


def test_when_enough_is_a_day_old(database_url: str) -> None:
    hours = [NOON - 20 * HOUR_MS, NOON - 10 * HOUR_MS, NOON - 5 * HOUR_MS]

    async def story(store: Store) -> None:
        await written(
            store,
            spent(500, at=NOON - WINDOW_MS),  # is old already
            spent(100, at=hours[2]),
            spent(100, at=hours[0]),
            spent(0, at=NOON - 23 * HOUR_MS, event="reserve"),
            spent(-40, at=hours[0], event="correct"),  # counts at the time of its purchase
            spent(100, at=hours[1]),
            spent(1000, at=NOON - 22 * HOUR_MS, user="telegram:2"),
            spent(1, at=NOON, user="telegram:4"),
        )
        backwards(store)

        def frees(need: int, user: str | None = "telegram:1") -> Callable[[Connection], int | None]:
            def work(connection: Connection) -> int | None:
                if not store.database.is_sqlite:  # groups in no order of their own
                    connection.execute(sa.text("SET LOCAL enable_sort = off"))
                    connection.execute(sa.text("SET LOCAL enable_indexscan = off"))
                return frees_at_tx(connection, user, NOON, need=need)

            return work

        for need, at in [(1, 0), (60, 0), (61, 1), (160, 1), (161, 2), (260, 2)]:
            assert await store.database.read(frees(need)) == hours[at] + WINDOW_MS
        assert await store.database.read(frees(261)) is None
        assert await store.database.read(frees(261, None)) == NOON - 22 * HOUR_MS + WINDOW_MS
        assert await store.database.read(frees(1, "telegram:3")) is None
        assert await store.database.read(frees(1, "telegram:4")) == NOON + WINDOW_MS

    on_store(database_url, story)


def test_a_price_that_became_exact_changes_what_is_held(database_url: str) -> None:
    async def story(store: Store) -> None:
        job_id, other = await made(store, "m1"), await made(store, "m2")
        await store.database.write(lambda connection: adjust_tx(connection, job_id, 650_000, "measured"))
        await store.database.write(lambda connection: adjust_tx(connection, job_id, 650_000, "again"))
        assert await events_of(store, job_id) == [
            ("reserve", CENTS_70, 0, None), ("adjust", 650_000 - CENTS_70, 0, "measured")
        ]  # fmt: skip
        assert await store.ledger.standing() == Standing(0, 650_000 + CENTS_70)
        await store.jobs.move(job_id, State.READY, charge="yes")
        assert (await events_of(store, job_id))[-1] == ("settle", -650_000, 650_000, "yes")
        assert (await events_of(store, other)) == [("reserve", CENTS_70, 0, None)]

    on_store(database_url, story)


def test_a_price_without_a_reservation_only_changes_the_price(database_url: str) -> None:
    async def story(store: Store) -> None:
        job_id = await offered(store)
        await store.database.write(lambda connection: adjust_tx(connection, job_id, 5, "measured"))
        assert await events_of(store, job_id) == []
        query = sa.select(jobs.c.price_micro).where(jobs.c.id == job_id)
        assert await store.database.read(lambda connection: connection.execute(query).scalar_one()) == 5

    on_store(database_url, story)


def test_a_doubt_is_a_row_that_moves_no_money(database_url: str) -> None:
    async def story(store: Store) -> None:
        job_id = await made(store, "m1")
        await store.database.write(lambda connection: hold_tx(connection, job_id, "no answer"))
        assert (await events_of(store, job_id))[-1] == ("hold", 0, 0, "no answer")
        assert await store.ledger.standing() == Standing(0, CENTS_70)

    on_store(database_url, story)


RELEASED, SETTLED = ("release", -CENTS_70, 0, "why"), ("settle", -CENTS_70, CENTS_70, "why")


@pytest.mark.parametrize(
    ("charges", "events", "left"),
    [
        (["none"], [RELEASED], "none"),
        (["yes"], [SETTLED], "yes"),
        (["possibly"], [SETTLED], "possibly"),
        (["possibly", "possibly"], [SETTLED], "possibly"),
        (["possibly", "yes"], [SETTLED], "yes"),
        (["possibly", "none"], [SETTLED, ("correct", 0, -CENTS_70, "nothing was charged")], "none"),
        (["possibly", "none", "none"], [SETTLED, ("correct", 0, -CENTS_70, "nothing was charged")], "none"),
        (
            ["possibly", "none", "yes"],  # fal had it after all
            [SETTLED, ("correct", 0, -CENTS_70, "nothing was charged"), ("correct", 0, CENTS_70, "yes")],
            "yes",
        ),
        (["yes", "possibly"], [SETTLED], "yes"),
        (["yes", "none"], [SETTLED], "yes"),
        (["none", "none"], [RELEASED], "none"),
        (["none", "yes"], [RELEASED, ("correct", 0, CENTS_70, "yes")], "yes"),
        (["none", "yes", "none"], [RELEASED, ("correct", 0, CENTS_70, "yes")], "yes"),
        (["none", "possibly"], [RELEASED, ("correct", 0, CENTS_70, "possibly")], "possibly"),
    ],
)
def test_an_account_is_closed_once(
    database_url: str, charges: list[Charge], events: list[tuple[str, int, int, str]], left: Charge
) -> None:
    async def story(store: Store) -> None:
        job_id, other = await made(store, "m1"), await made(store, "m2")
        for charge in charges:
            await closes(store, job_id, charge, "why")
        assert await events_of(store, job_id) == [("reserve", CENTS_70, 0, None), *events]
        job = await job_of(store, job_id)
        assert (job.charge, job.reserved_micro) == (left, 0)
        untouched = await job_of(store, other)
        assert (untouched.charge, untouched.reserved_micro) == (None, CENTS_70)

    on_store(database_url, story)


async def closes(store: Store, job_id: str, charge: Charge, why: str | None = None) -> None:
    await store.database.write(lambda connection: close_tx(connection, job_id, charge, why))


@pytest.mark.parametrize("nano", [400_000_000, 0])
def test_fals_bill_stands(database_url: str, nano: int) -> None:
    """A step of the job that ends late knows less than the bill."""

    async def story(store: Store) -> None:
        job_id = await made(store, "m1")
        await closes(store, job_id, "possibly")
        await store.database.write(lambda connection: correct_tx(connection, job_id, nano, booked=NOON))
        await store.database.write(lambda c: c.execute(jobs.update().values(charge="possibly")))
        before = await events_of(store, job_id)
        await closes(store, job_id, "none")
        await closes(store, job_id, "yes")
        assert await events_of(store, job_id) == before
        assert (await job_of(store, job_id)).charge == "possibly"

    on_store(database_url, story)


def test_what_is_settled_counts_at_the_time_of_the_purchase(database_url: str) -> None:
    """The claim's; for one of 0.1.0 when its row was made; without a claim when the price was reserved."""

    async def story(store: Store) -> None:
        bought_, old = await bought(store, "m1"), await bought(store, "m2")
        unclaimed, offer = await made(store, "m3"), await offered(store)
        times = submits.update().values(created=NOON)
        await written(
            store,
            lambda c: c.execute(times.where(submits.c.job_id == bought_).values(claimed=NOON + 5)),
            lambda c: c.execute(times.where(submits.c.job_id == old).values(claimed=None)),
            lambda c: c.execute(ledger.update().where(ledger.c.job_id == unclaimed).values(at=NOON + 7)),
        )
        before = now_ms()
        for job_id in (bought_, old, unclaimed, offer):
            await closes(store, job_id, "possibly")
        for job_id, at in ((bought_, NOON + 5), (old, NOON), (unclaimed, NOON + 7)):
            row = (await rows_of(store, job_id))[-1]
            assert (row.event, row.at) == ("settle", at)
            assert before <= row.booked <= now_ms()
        assert before <= (await rows_of(store, offer))[-1].at <= now_ms()
        await closes(store, bought_, "none")
        row = (await rows_of(store, bought_))[-1]
        assert (row.event, row.at) == ("correct", NOON + 5)
        assert before <= row.booked <= now_ms()

    on_store(database_url, story)


def test_without_a_reason_the_charge_is_the_reason(database_url: str) -> None:
    async def story(store: Store) -> None:
        free, paid, offer = await made(store, "m1"), await made(store, "m2"), await offered(store)
        await closes(store, free, "none")
        await closes(store, paid, "possibly")
        await closes(store, offer, "none")
        assert (await events_of(store, free))[-1] == ("release", -CENTS_70, 0, None)
        assert (await events_of(store, paid))[-1] == ("settle", -CENTS_70, CENTS_70, "possibly")
        assert await events_of(store, offer) == []
        assert (await job_of(store, offer)).charge == "none"

    on_store(database_url, story)


def test_a_correction_says_what_fal_charged_at_the_time_of_the_purchase(database_url: str) -> None:
    async def story(store: Store) -> None:
        paid, other, unclosed = await made(store, "m1"), await made(store, "m2"), await offered(store)
        for job_id in (paid, other):
            await store.jobs.move(job_id, State.READY, charge="yes")
        at = (await rows_of(store, paid))[-1].at
        for nano in (650_000_500, 0):
            await store.database.write(
                lambda connection, nano=nano: correct_tx(connection, paid, nano, booked=NOON)  # type: ignore[misc]
            )
        first, second = (await rows_of(store, paid))[2:]
        assert (first.event, first.at, first.booked, first.reserved_micro) == ("correct", at, NOON, 0)
        assert (first.spent_micro, first.why) == (650_001 - CENTS_70, "fal charged 0.650000500")
        assert (second.spent_micro, second.why) == (-650_001, "fal charged nothing")
        job = await job_of(store, paid)
        assert (job.charge, job.billed_nano) == ("none", 0)
        assert (await job_of(store, other)).billed_nano is None
        await store.database.write(lambda connection: correct_tx(connection, unclosed, 2_000_000_000, booked=NOON))
        (row,) = await rows_of(store, unclosed)
        assert (row.at, row.booked, row.spent_micro) == (NOON, NOON, 2_000_000)
        assert row.why == "fal charged 2.000000000"
        assert (await job_of(store, unclosed)).charge == "yes"

    on_store(database_url, story)


@pytest.mark.usefixtures("in_shanghai")
def test_the_report_is_in_order(database_url: str) -> None:
    """The dearest first; days as they came. One that is over and whose bill nobody has shown is counted as such."""

    async def story(store: Store) -> None:
        day = NOON - NOON % DAY_MS
        await written(
            store,
            spent(10, at=day - 1, user="telegram:1", job="a"),
            spent(30, at=day, user="telegram:2", job="b"),
            spent(5, at=day + DAY_MS - 1, user="telegram:4", job="c"),
            spent(5, at=day + 1, user="telegram:3", job="d"),
        )
        backwards(store)
        assert [(line.key, line.spent_micro) for line in await store.spending.report("user")] == [
            ("telegram:2", 30), ("telegram:1", 10), ("telegram:4", 5), ("telegram:3", 5)
        ]  # fmt: skip
        days = await store.spending.report("day")
        assert [(line.key, line.jobs, line.spent_micro) for line in days] == [
            ("2026-11-23", 1, 10),
            ("2026-11-24", 3, 40),
        ]
        (model,) = await store.spending.report("model")
        assert model == Spending("m", 4, 50, 0, 0, 0, 0, 0, 0)

    on_store(database_url, story)


def test_a_line_of_the_report(database_url: str) -> None:
    async def story(store: Store) -> None:
        billed, possibly, free, open_, told = [await bought(store, f"m{number}") for number in range(5)]
        never = await made(store, "never")
        await store.jobs.finish(billed, FILM)
        await store.jobs.fail(possibly, JobError("generation_failed", {}), charge="possibly")
        await store.jobs.fail(free, JobError("generation_failed", {}), charge="none")
        await store.jobs.finish(told, FILM)
        await store.jobs.move(never, State.CANCELLED, charge="none")
        now = now_ms() + FIRST_MS
        for bill in await store.bills.due(now, most=9):
            if bill.job_id in {billed, told}:
                await store.bills.settle(bill, 650_000_000, now=now)
        assert await store.spending.report("user") == [
            Spending(
                "telegram:42",
                jobs=6,
                spent_micro=2 * 650_000 + CENTS_70,
                possibly_micro=CENTS_70,
                reserved_micro=CENTS_70,
                released_micro=2 * CENTS_70,
                quoted_micro=2 * CENTS_70,
                charged_micro=2 * 650_000,
                bills_unknown=2,  # the one of which nobody knows, and the free one: fal had it, and may say so
            )
        ]
        assert (await job_of(store, open_)).charge is None

    on_store(database_url, story)


def test_a_charge_without_a_request_has_a_bill_that_is_unknown(database_url: str) -> None:
    """A doubt that was settled as possible, and a claim from before requests were kept."""

    async def story(store: Store) -> None:
        for event, charge in (("m1", "possibly"), ("m2", "yes"), ("m3", "none")):
            job_id = await made(store, event)
            assert await store.submits.claim(job_id) == "yours"
            await store.jobs.move(job_id, State.FAILED, charge=charge)  # type: ignore[arg-type]  # a table
        (line,) = await store.spending.report("user")
        assert line.bills_unknown == 2

    on_store(database_url, story)


def test_two_reservations_take_turns_for_the_money(database_url: str) -> None:
    """On PostgreSQL a second one waits for the first one's end. SQLite has one writer."""

    async def story(store: Store) -> None:
        job_id = await made(store, "m1")

        def work(connection: Connection) -> list[str]:
            reserve_tx(connection, job_id, 0, WIDE)
            if store.database.is_sqlite:
                return ["advisory"]
            query = sa.text("SELECT locktype FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory'")
            return list(connection.execute(query).scalars())

        assert await store.database.write(work) == ["advisory"]

    on_store(database_url, story)
