"""The ledger settles to fal's own bill: once per request, at the time of the purchase, however often it is asked."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.jobs.billing import drifts, needed_micro
from bot.store import Store
from bot.store.billing import DAY_MS, FIRST_MS, LIMIT_MS, STOP_MS, Bill, Compared, next_look
from bot.store.database import Connection, now_ms
from bot.store.ledger import Caps, OverCap, Standing, micro_of
from bot.store.records import Charge, JobError, State, VideoFile
from bot.store.tables import jobs, ledger
from tests.store.test_ledger import CENTS_70, WIDE, age, bought, ordered, sums_are_right
from tests.store.test_store import on_store, opened

NANO_70 = 700_000_000
MINUTE_MS = 60_000
FILM = VideoFile("a.mp4", 1, 2, 2, 5.0)


async def closed(store: Store, event: str, charge: Charge, *, user: str = "42") -> str:
    job_id = await bought(store, event, user=user)
    if charge == "yes":
        await store.jobs.finish(job_id, FILM)
    else:
        await store.jobs.fail(job_id, JobError("generation_failed", {}), charge=charge)
    return job_id


async def due(store: Store, now: int, *, most: int = 50) -> list[Bill]:
    return await store.bills.due(now, most=most)


async def billed(store: Store, amounts: dict[str, int], *, now: int) -> None:
    """A turn, as fal would answer it: these jobs' bills, nothing of the others."""
    asked = await due(store, now)
    await store.bills.later([bill for bill in asked if bill.job_id not in amounts], now=now)
    for bill in asked:
        if bill.job_id in amounts:
            await store.bills.settle(bill, amounts[bill.job_id], now=now)


async def charge_of(store: Store, job_id: str) -> tuple[Charge | None, int | None]:
    job = await store.jobs.get(job_id)
    assert job is not None
    return job.charge, job.billed_nano


@pytest.mark.parametrize(
    ("before", "nano", "after", "micro"),
    [
        ("yes", NANO_70, "yes", CENTS_70),
        ("yes", 735_000_000, "yes", 735_000),
        ("yes", 0, "none", 0),
        ("possibly", NANO_70, "yes", CENTS_70),
        ("possibly", 123_456_500, "yes", 123_457),  # half a micro-dollar is rounded up
        ("possibly", 0, "none", 0),
        ("none", 250_000_499, "yes", 250_000),
        ("none", 0, "none", 0),
        ("possibly", 400, "yes", 0),
    ],
)
def test_the_account_says_what_fal_charged(
    database_url: str, before: Charge, nano: int, after: Charge, micro: int
) -> None:
    async def story(store: Store) -> None:
        job_id = await closed(store, "m1", before)
        settled_at = (await store.ledger.of_job(job_id))[-1][0]
        now = settled_at + FIRST_MS
        await billed(store, {job_id: nano}, now=now)
        assert await charge_of(store, job_id) == (after, nano)
        assert await store.ledger.standing() == Standing(micro, 0)
        job = await store.jobs.get(job_id)
        assert job is not None
        assert job.usd == Decimal("0.70")  # the price that was named stays
        rows = await store.database.read(lambda c: list(c.execute(sa.select(ledger).order_by(ledger.c.id))))
        assert [row.event for row in rows][-1] == "correct"
        assert (rows[-1].at, rows[-1].booked, rows[-1].reserved_micro) == (settled_at, now, 0)
        (line,) = await store.spending.report("model")
        assert (line.spent_micro, line.possibly_micro, line.bills_unknown) == (micro, 0, 0)
        assert (line.quoted_micro, line.charged_micro) == (CENTS_70, micro)
        await sums_are_right(store)

    on_store(database_url, story)


def test_twice_and_on_two_workers_changes_nothing_more(database_url: str) -> None:
    async def story(store: Store) -> None:
        job_id = await closed(store, "m1", "possibly")
        now = now_ms() + FIRST_MS
        (bill,) = await due(store, now)
        async with opened(database_url) as other:
            turns = [each.bills.settle(bill, 735_000_000, now=now) for each in (store, other) * 4]
            settled = [each for each in await asyncio.gather(*turns) if each is not None]
        assert [(each.was, each.charged_micro) for each in settled] == [("possibly", 735_000)]
        assert [event for _, event, *_ in await store.ledger.of_job(job_id)] == ["reserve", "settle", "correct"]
        assert await store.ledger.standing() == Standing(735_000, 0)
        await store.jobs.move(job_id, State.READY, charge="yes")  # a late step of the job
        await store.jobs.settle_old_unconfirmed()
        assert await store.ledger.standing() == Standing(735_000, 0)

    on_store(database_url, story)


def test_an_open_account_and_one_without_a_request_are_never_touched(database_url: str) -> None:
    async def story(store: Store) -> None:
        running = await bought(store, "m1")
        lost = await ordered(store, "m2")
        assert isinstance(lost, str)
        assert await store.submits.claim(lost) == "yours"
        await store.jobs.mark_unconfirmed(lost, "no answer")
        later = now_ms() + DAY_MS
        assert await due(store, later) == []
        assert await store.bills.settle(Bill(running, "req-m1", 0, 0), 5, now=later) is None
        assert await charge_of(store, running) == (None, None)
        await age(store, DAY_MS + 1000)
        await store.jobs.settle_old_unconfirmed()
        assert await due(store, later) == []  # settled as possible, but fal cannot be asked about it
        (line,) = await store.spending.report("user")
        assert (line.possibly_micro, line.bills_unknown) == (CENTS_70, 1)
        assert await store.ledger.standing() == Standing(CENTS_70, CENTS_70)
        await sums_are_right(store)

    on_store(database_url, story)


def test_a_late_bill_counts_in_the_day_of_the_purchase(database_url: str) -> None:
    caps = Caps(all_micro=10_000_000, user_micro=2 * CENTS_70)

    async def story(store: Store) -> None:
        job_id = await closed(store, "m1", "yes")
        await billed(store, {job_id: 2 * NANO_70}, now=now_ms() + FIRST_MS)
        over = await ordered(store, "m2", caps=caps)
        assert isinstance(over, OverCap)
        settled_at = next(at for at, event, *_ in await store.ledger.of_job(job_id) if event == "settle")
        assert (over.left_micro, over.frees_at) == (0, settled_at + DAY_MS)
        await age(store, DAY_MS + 1)
        other = await closed(store, "m3", "yes")
        await billed(store, {other: NANO_70 // 2}, now=now_ms() + FIRST_MS)
        over = await ordered(store, "m4", caps=Caps(all_micro=10_000_000, user_micro=CENTS_70))
        assert isinstance(over, OverCap)  # less was charged, so there is half of the price left; all of it a day later
        assert over.left_micro == CENTS_70 // 2
        await age(store, DAY_MS - 1000)
        await billed(store, {}, now=now_ms() + FIRST_MS)
        assert (await store.ledger.standing()).spent_micro == CENTS_70 // 2

    on_store(database_url, story)


def test_an_old_purchase_whose_bill_comes_late_does_not_fill_todays_caps(database_url: str) -> None:
    async def story(store: Store) -> None:
        job_id = await closed(store, "m1", "none")
        await age(store, DAY_MS + 1000)
        await billed(store, {job_id: 5 * NANO_70}, now=now_ms())
        assert await store.ledger.standing() == Standing(0, 0)
        assert sum(line.spent_micro for line in await store.spending.report("day")) == 5 * CENTS_70
        assert len(await store.spending.report("day")) == 1
        assert isinstance(await ordered(store, "m2", caps=Caps(CENTS_70, CENTS_70)), str)

    on_store(database_url, story)


def test_it_is_asked_after_two_minutes_then_ever_more_rarely_and_is_unknown_after_thirty_days(
    database_url: str,
) -> None:
    async def story(store: Store) -> None:
        job_id = await closed(store, "m1", "possibly")
        settled_at = (await store.ledger.of_job(job_id))[-1][0]
        assert await due(store, settled_at + FIRST_MS - 1) == []
        now, looks = settled_at + FIRST_MS, 0
        while bills := await due(store, now):
            looks += 1
            await store.bills.later(bills, now=now)
            at = (await store.jobs.find())[0].bill_after
            assert at is not None
            assert await due(store, at - 1) == []
            now = at
        assert now > settled_at + LIMIT_MS
        assert 30 < looks < 60
        assert await charge_of(store, job_id) == ("possibly", None)
        assert (await store.spending.report("user"))[0].bills_unknown == 1

    on_store(database_url, story)


@given(age_ms=st.integers(FIRST_MS, 89 * DAY_MS))
def test_the_gaps_grow_from_two_minutes_to_a_day(age_ms: int) -> None:
    bill, now = Bill("j", "r", 0, 1000), 1000 + age_ms
    after = next_look(bill, now=now)
    if age_ms < STOP_MS:
        assert 0 < after - now <= DAY_MS
        assert after <= bill.closed + STOP_MS
        assert after - now >= min(FIRST_MS, bill.closed + STOP_MS - now)
    else:
        assert after > bill.closed + LIMIT_MS
    assert next_look(replace(bill), now=now) == after


def test_a_known_bill_is_looked_at_once_more_a_day_later(database_url: str) -> None:
    """Fal may add an event. The later look may also find nothing: that takes nothing back, and is repeated."""

    async def story(store: Store) -> None:
        grown, gone = await closed(store, "m1", "yes"), await closed(store, "m2", "yes")
        now = now_ms() + FIRST_MS
        await billed(store, {grown: NANO_70 // 2, gone: NANO_70}, now=now)
        assert await due(store, now + DAY_MS // 2) == []
        assert {bill.job_id for bill in await due(store, now + DAY_MS)} == {grown, gone}
        await billed(store, {grown: NANO_70}, now=now + DAY_MS)
        assert await charge_of(store, gone) == ("yes", NANO_70)
        assert [bill.job_id for bill in await due(store, now + 2 * DAY_MS)] == [gone]
        await billed(store, {gone: NANO_70}, now=now + 2 * DAY_MS)
        assert await due(store, now + 60 * DAY_MS) == []
        for job_id in (grown, gone):
            assert await charge_of(store, job_id) == ("yes", NANO_70)
        (line,) = await store.spending.report("model")
        assert (line.jobs, line.spent_micro, line.charged_micro) == (2, 2 * CENTS_70, 2 * CENTS_70)
        (compared,) = await store.bills.compared(now)
        assert (compared.jobs, compared.charged_micro) == (1, CENTS_70)
        await sums_are_right(store)

    on_store(database_url, story)


def test_bills_of_before_the_key_was_set_are_asked_for_once_and_not_beyond_fals_ninety_days(database_url: str) -> None:
    async def story(store: Store) -> None:
        ancient = await closed(store, "m1", "yes")
        await age(store, 30 * DAY_MS)
        old = await closed(store, "m2", "yes")
        await age(store, 60 * DAY_MS)
        now = now_ms()
        assert [bill.job_id for bill in await due(store, now)] == [old]
        await billed(store, {}, now=now)
        assert await due(store, now + MINUTE_MS) == []
        assert await charge_of(store, ancient) == ("yes", None)

    on_store(database_url, story)


def test_bills_are_asked_for_in_batches(database_url: str) -> None:
    async def story(store: Store) -> None:
        made = [await closed(store, f"m{number}", "yes") for number in range(5)]
        now = now_ms() + FIRST_MS
        seen: list[str] = []
        while bills := await due(store, now, most=2):
            assert len(bills) <= 2
            seen += [bill.job_id for bill in bills]
            await store.bills.later(bills, now=now)
        assert sorted(seen) == sorted(made)

    on_store(database_url, story)


@given(st.lists(st.integers(0, 10**10), max_size=20))
def test_each_request_is_rounded_once_half_up(amounts: list[int]) -> None:
    for nano in amounts:
        exact = Decimal(nano) / 1000
        assert micro_of(nano) == int(exact.to_integral_value(rounding="ROUND_HALF_UP"))
    assert micro_of(1499) + micro_of(1500) == 1 + 2


@pytest.mark.parametrize(
    ("jobs_", "quoted", "charged", "told"),
    [
        (3, 750_000, 750_000, False),
        (3, 750_000, 765_000, False),
        (3, 750_000, 765_001, True),
        (3, 750_000, 734_999, True),
        (2, 500_000, 700_000, False),
        (1, 1_000_000, 1_100_000, True),
        (1, 999_999, 1_500_000, False),
        (3, 0, 5, False),
    ],
)
def test_what_counts_as_another_price(jobs_: int, quoted: int, charged: int, told: bool) -> None:
    assert drifts(Compared("m", jobs_, quoted, charged)) is told


def test_what_counts_as_low_credit() -> None:
    assert needed_micro(20_000_000, 3_000_000) == 20_000_000
    assert needed_micro(0, 3_000_000) == 3_000_000


def test_a_failure_that_cost_nothing_is_no_sign_of_another_price(database_url: str) -> None:
    async def story(store: Store) -> None:
        film, free = await closed(store, "m1", "yes"), await closed(store, "m2", "possibly")
        gift = await closed(store, "m3", "yes")
        now = now_ms() + FIRST_MS
        await billed(store, {film: NANO_70, free: 0, gift: 0}, now=now)
        assert await store.bills.compared(now - 1) == [Compared("happy-horse", 2, 2 * CENTS_70, CENTS_70)]
        assert await store.bills.compared(now) == []

    on_store(database_url, story)


CHARGES = st.lists(
    st.tuples(
        st.sampled_from(["1", "2"]),
        st.sampled_from(["none", "yes", "possibly"]),
        st.none() | st.integers(0, 2_000_000_000),
    ),
    max_size=6,
)


@settings(max_examples=12)
@given(outcomes=CHARGES, turns=st.integers(1, 3))
def test_however_bills_come_the_ledger_is_what_fal_charged(
    tmp_path_factory: Any, outcomes: list[tuple[str, Charge, int | None]], turns: int
) -> None:
    async def story(store: Store) -> None:
        amounts: dict[str, int] = {}
        expected = dict.fromkeys(("telegram:1", "telegram:2"), 0)
        for number, (user, charge, nano) in enumerate(outcomes):
            job_id = await closed(store, f"m{number}", charge, user=user)
            if nano is not None:
                amounts[job_id] = nano
            quoted = 0 if charge == "none" else CENTS_70
            expected[f"telegram:{user}"] += quoted if nano is None else (nano + 500) // 1000
        for turn in range(turns):
            await billed(store, amounts, now=now_ms() + FIRST_MS + turn * DAY_MS)
        for user, micro in expected.items():
            assert await store.ledger.standing(user) == Standing(micro, 0)
        await sums_are_right(store)

    on_store(f"sqlite:///{tmp_path_factory.mktemp('bills')}/reelbot.db", story)


def test_a_bill_shows_in_nobody_elses_line(database_url: str) -> None:
    async def story(store: Store) -> None:
        mine, theirs = await closed(store, "m1", "yes", user="1"), await closed(store, "m2", "none", user="2")
        waiting = await ordered(store, "m3", user="2", caps=WIDE)
        await billed(store, {mine: 800_000_000, theirs: 5_000}, now=now_ms() + FIRST_MS)
        lines = {line.key: line for line in await store.spending.report("user")}
        one, two = lines["telegram:1"], lines["telegram:2"]
        assert (one.quoted_micro, one.charged_micro, one.bills_unknown) == (CENTS_70, 800_000, 0)
        assert (two.quoted_micro, two.charged_micro, two.reserved_micro) == (CENTS_70, 5, CENTS_70)
        assert isinstance(waiting, str)

    on_store(database_url, story)


def test_reading_the_report_needs_no_job_row(database_url: str) -> None:
    async def story(store: Store) -> None:
        job_id = await closed(store, "m1", "yes")

        def forget(connection: Connection) -> None:
            connection.execute(jobs.delete().where(jobs.c.id == job_id))

        await store.database.write(forget)
        (line,) = await store.spending.report("user")
        assert (line.spent_micro, line.charged_micro) == (CENTS_70, 0)

    on_store(database_url, story)
