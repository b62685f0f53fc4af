"""The ledger: nothing is bought beyond the caps, however many ask at once; every cent held is given back or spent."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal
from itertools import accumulate
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.settings import Settings
from bot.store import Store
from bot.store.database import Connection
from bot.store.leases import SlotLimits
from bot.store.ledger import Caps, OverCap, Standing, caps_of, close_tx, model_of
from bot.store.records import FREE, Charge, Confirmation, JobError, State, VideoFile
from bot.store.tables import jobs, ledger, submits
from tests.store.test_store import HANDLE, new_job, on_store, said

CENTS_70 = 700_000
WIDE = Caps(all_micro=1_000_000_000, user_micro=1_000_000_000)
DAY_MS = 24 * 3600 * 1000

Story = Callable[[Store], Awaitable[None]]


async def ordered(store: Store, event: str, *, user: str = "42", caps: Caps = WIDE) -> str | OverCap | None:
    return await store.jobs.accept(new_job(said(event, chat=user)), inbox_id=None, caps=caps)


async def bought(store: Store, event: str, *, user: str = "42") -> str:
    job_id = await ordered(store, event, user=user)
    assert isinstance(job_id, str)
    assert await store.submits.claim(job_id) == "yours"
    await store.submits.accepted(job_id, replace(HANDLE, request_id=f"req-{event}"))
    return job_id


async def age(store: Store, ms: int) -> None:
    """All that was written so far was written that much earlier."""

    def work(connection: Connection) -> None:
        connection.execute(ledger.update().values(at=ledger.c.at - ms))
        connection.execute(jobs.update().values(created=jobs.c.created - ms, changed=jobs.c.changed - ms))

    await store.database.write(work)


async def sums_are_right(store: Store) -> None:
    """What the jobs say they hold is what the ledger's rows add up to; nobody holds less than nothing."""

    def work(connection: Connection) -> list[tuple[int, int]]:
        rows = sa.select(jobs.c.reserved_micro, sa.func.coalesce(sa.func.sum(ledger.c.reserved_micro), 0))
        query = rows.select_from(jobs.outerjoin(ledger, ledger.c.job_id == jobs.c.id)).group_by(jobs.c.id)
        return [(held, int(total)) for held, total in connection.execute(query)]

    for held, total in await store.database.read(work):
        assert held == total >= 0


def test_a_job_holds_its_price_until_it_ends(database_url: str) -> None:
    async def story(store: Store) -> None:
        job_id = await bought(store, "m1")
        assert await store.ledger.standing("telegram:42") == Standing(0, CENTS_70)
        assert await store.ledger.standing() == Standing(0, CENTS_70)
        assert await store.ledger.standing("telegram:43") == Standing(0, 0)
        await store.jobs.move(job_id, State.READY, charge="yes")
        assert await store.ledger.standing() == Standing(CENTS_70, 0)
        events = [(event, reserved, spent) for _, event, reserved, spent, _ in await store.ledger.of_job(job_id)]
        assert events == [("reserve", CENTS_70, 0), ("settle", -CENTS_70, CENTS_70)]
        await sums_are_right(store)

    on_store(database_url, story)


def test_a_refusal_gives_the_price_back_and_a_doubt_holds_it(database_url: str) -> None:
    async def story(store: Store) -> None:
        refused, lost = await ordered(store, "m1"), await ordered(store, "m2")
        assert isinstance(refused, str)
        assert isinstance(lost, str)
        for job_id in (refused, lost):
            assert await store.submits.claim(job_id) == "yours"
        await store.submits.refused(refused, JobError("out_of_credits", {}))
        job = await store.jobs.get(refused)
        assert job is not None
        assert (job.state, job.charge, job.reserved_micro) == (State.FAILED, "none", 0)
        assert await store.jobs.mark_unconfirmed(lost, "no answer")
        assert await store.ledger.standing() == Standing(0, CENTS_70)
        await age(store, DAY_MS + 1000)
        await store.jobs.settle_old_unconfirmed()
        job = await store.jobs.get(lost)
        assert job is not None
        assert (job.state, job.charge) == (State.SUBMIT_UNCONFIRMED, "possibly")
        assert await store.ledger.standing() == Standing(CENTS_70, 0)
        await store.jobs.settle_old_unconfirmed()
        assert await store.ledger.standing() == Standing(CENTS_70, 0)

    on_store(database_url, story)


def test_what_was_possibly_charged_and_then_turns_up_is_counted_once(database_url: str) -> None:
    async def story(store: Store) -> None:
        job_id = await bought(store, "m1")
        await store.jobs.move(job_id, State.SUBMIT_UNCONFIRMED, charge="possibly")
        await store.jobs.move(job_id, State.READY, charge="yes")
        await store.jobs.move(job_id, State.READY, charge="yes")
        assert await store.ledger.standing() == Standing(CENTS_70, 0)
        job = await store.jobs.get(job_id)
        assert job is not None
        assert job.charge == "yes"

    on_store(database_url, story)


def test_nothing_goes_over_the_caps(database_url: str) -> None:
    caps = Caps(all_micro=4 * CENTS_70, user_micro=2 * CENTS_70)

    async def story(store: Store) -> None:
        asked = [ordered(store, f"{user}-{n}", user=user, caps=caps) for user in ("1", "2", "3") for n in range(5)]
        answers = await asyncio.gather(*asked)
        taken = [each for each in answers if isinstance(each, str)]
        refused = [each for each in answers if isinstance(each, OverCap)]
        assert (len(taken), len(refused)) == (4, 11)
        assert (await store.ledger.standing()).used_micro == caps.all_micro
        for user in ("1", "2", "3"):
            assert (await store.ledger.standing(f"telegram:{user}")).used_micro <= caps.user_micro
        assert len(await store.jobs.find()) == 4
        await sums_are_right(store)

    on_store(database_url, story)


def test_a_job_that_is_settled_between_two_sums_is_in_one_of_them(database_url: str) -> None:
    """A settle commits as soon as the cap's first SELECT is answered: on PostgreSQL the next one would see it."""
    caps = Caps(all_micro=10 * CENTS_70, user_micro=CENTS_70 + CENTS_70 // 2)

    async def story(store: Store) -> None:
        running = await bought(store, "m1")
        engine = store.database.engine
        settling = threading.Thread(target=settle, args=(engine, running))

        def answered(_c: object, _cursor: object, statement: str, *_more: object) -> None:
            if "sum(" in statement and settling.ident is None:
                settling.start()
                if not store.database.is_sqlite:  # there it has to wait for the one writer, which is us
                    settling.join()

        sa.event.listen(engine, "after_cursor_execute", answered)
        assert isinstance(await ordered(store, "m2", caps=caps), OverCap)
        sa.event.remove(engine, "after_cursor_execute", answered)
        settling.join()
        assert await store.ledger.standing() == Standing(CENTS_70, 0)
        await sums_are_right(store)

    on_store(database_url, story)


def settle(engine: sa.Engine, job_id: str) -> None:
    with engine.begin() as connection:
        close_tx(connection, job_id, "yes")


def test_caps_are_never_passed_while_jobs_end(database_url: str) -> None:
    """Orders and ends of all kinds at once; then the ledger is replayed row by row: no sum was ever above its cap."""
    caps = Caps(all_micro=5 * CENTS_70, user_micro=3 * CENTS_70)

    async def story(store: Store) -> None:
        async def customer(user: str, number: int) -> None:
            made = await ordered(store, f"{user}-{number}", user=user, caps=caps)
            if isinstance(made, str):
                await store.jobs.move(made, State.FAILED, charge="yes" if number % 3 == 1 else "none")

        await asyncio.gather(*(customer(user, number) for number in range(12) for user in ("1", "2", "3")))
        rows = await store.database.read(lambda c: list(c.execute(sa.select(ledger).order_by(ledger.c.id))))
        for owner, cap in ((None, caps.all_micro), *((f"telegram:{n}", caps.user_micro) for n in (1, 2, 3))):
            sums = accumulate(r.reserved_micro + r.spent_micro for r in rows if owner in {None, r.user})
            assert 0 < max(sums) <= cap
        await sums_are_right(store)

    on_store(database_url, story)


def test_over_the_cap_one_is_told_when_there_is_room_again(database_url: str) -> None:
    caps = Caps(all_micro=10_000_000, user_micro=2 * CENTS_70 - 1)

    async def story(store: Store) -> None:
        held = await ordered(store, "m1", caps=caps)
        assert isinstance(held, str)
        over = await ordered(store, "m2", caps=caps)
        assert over == OverCap("user", caps.user_micro, CENTS_70 - 1, CENTS_70, None)  # depends on the open job
        await store.jobs.move(held, State.READY, charge="yes")
        over = await ordered(store, "m2", caps=caps)
        assert isinstance(over, OverCap)
        spent_at = (await store.ledger.of_job(held))[-1][0]
        assert over.frees_at == spent_at + DAY_MS
        await age(store, DAY_MS + 1)
        assert isinstance(await ordered(store, "m2", caps=caps), str)
        dear = await ordered(store, "m3", caps=Caps(all_micro=1, user_micro=1))
        assert isinstance(dear, OverCap)
        assert dear.frees_at is None

    on_store(database_url, story)


def test_an_offer_holds_nothing_and_is_taken_up_once(database_url: str) -> None:
    async def story(store: Store) -> None:
        new = replace(new_job(said()), question=Confirmation("price"))
        job_id = await store.jobs.accept(new, inbox_id=None, caps=WIDE)
        assert isinstance(job_id, str)
        assert await store.ledger.standing() == Standing(0, 0)

        async def yes(price: str = "0.70", caps: Caps = WIDE) -> object:
            return await store.jobs.confirm(job_id, price=Decimal(price), caps=caps)

        assert await yes("0.71") == "price"
        assert isinstance(await yes(caps=Caps(1, 1)), OverCap)
        assert await store.ledger.standing() == Standing(0, 0)
        assert sorted(map(str, await asyncio.gather(*(yes() for _ in range(5))))) == ["late"] * 4 + ["started"]
        begun = await store.leases.take("run:a", most=5, limits=SlotLimits(all_jobs=5, user_jobs=5))
        assert [each.lease.job_id for each in begun] == [job_id]
        assert await store.ledger.standing() == Standing(0, CENTS_70)

    on_store(database_url, story)


def test_an_offer_lapses(database_url: str) -> None:
    async def story(store: Store) -> None:
        new = replace(new_job(said()), question=Confirmation("price"))
        job_id = await store.jobs.accept(new, inbox_id=None, caps=WIDE)
        assert isinstance(job_id, str)
        await age(store, 31 * 60 * 1000)
        assert await store.jobs.confirm(job_id, price=Decimal("0.70"), caps=WIDE) == "lapsed"
        await store.jobs.lapse()
        job = await store.jobs.get(job_id)
        assert job is not None
        assert (job.state, job.error) == (State.CANCELLED, JobError("offer_lapsed", {}))
        assert await store.jobs.confirm(job_id, price=Decimal("0.70"), caps=WIDE) == "late"
        assert await store.ledger.of_job(job_id) == []

    on_store(database_url, story)


def test_the_report_adds_up_exactly(database_url: str) -> None:
    async def story(store: Store) -> None:
        for number, (user, charge) in enumerate([("1", "yes"), ("1", "none"), ("2", "possibly"), ("2", None)]):
            job_id = await bought(store, f"m{number}", user=user)
            if charge is not None:
                await store.jobs.move(job_id, State.FAILED, charge=charge)  # type: ignore[arg-type]  # a table
        by_user = {each.key: each for each in await store.spending.report("user")}
        one, two = by_user["telegram:1"], by_user["telegram:2"]
        assert (one.jobs, one.spent_micro, one.possibly_micro, one.reserved_micro) == (2, CENTS_70, 0, 0)
        assert one.released_micro == CENTS_70
        assert (two.jobs, two.spent_micro, two.possibly_micro, two.reserved_micro) == (2, CENTS_70, CENTS_70, CENTS_70)
        for by in ("user", "model", "day"):
            report = await store.spending.report(by)
            assert sum(each.spent_micro for each in report) == 2 * CENTS_70

    on_store(database_url, story)


def test_people_take_turns_in_the_queue(database_url: str) -> None:
    async def story(store: Store) -> None:
        many = [await ordered(store, f"m{number}", user="1") for number in range(4)]
        late = await ordered(store, "other", user="2")
        places = {}
        for job in await store.jobs.find():
            places[job.id] = await store.jobs.place(job)
        assert [places[str(each)] for each in [many[0], late, *many[1:]]] == [1, 2, 3, 4, 5]

    on_store(database_url, story)


CHARGES: st.SearchStrategy[list[tuple[str, Charge]]] = st.lists(
    st.tuples(st.sampled_from(["1", "2"]), st.sampled_from(["none", "yes", "possibly"])), max_size=6
)


@settings(max_examples=15)
@given(outcomes=CHARGES, repeats=st.integers(1, 3))
def test_however_jobs_end_the_sums_are_right(
    tmp_path_factory: object, outcomes: list[tuple[str, Charge]], repeats: int
) -> None:
    folder: Path = tmp_path_factory.mktemp("ledger")  # type: ignore[attr-defined]

    async def story(store: Store) -> None:
        for number, (user, charge) in enumerate(outcomes):
            job_id = await bought(store, f"m{number}", user=user)
            for _ in range(repeats):  # a step that runs twice counts once
                await store.jobs.move(job_id, State.FAILED, charge=charge)
        spent = sum(CENTS_70 for _, charge in outcomes if charge != "none")
        assert await store.ledger.standing() == Standing(spent, 0)
        await sums_are_right(store)

    on_store(f"sqlite:///{folder}/reelbot.db", story)


def test_a_job_of_a_killed_command_is_dropped_only_before_the_claim(database_url: str) -> None:
    async def story(store: Store) -> None:
        waiting, claimed = await ordered(store, "m1"), await bought(store, "m2")
        assert isinstance(waiting, str)
        assert await store.jobs.drop(waiting, why="gone")
        assert not await store.jobs.drop(claimed, why="gone")
        assert await store.submits.claim(waiting) == "cancelled"  # a process that slept through it buys nothing
        assert await store.ledger.standing() == Standing(0, CENTS_70)
        assert State.CANCELLED not in FREE

    on_store(database_url, story)


def test_what_was_possibly_charged_may_turn_out_to_be_nothing(database_url: str) -> None:
    """A parked job counts as possibly charged after a day; then fal itself says that it billed nothing."""

    async def story(store: Store) -> None:
        job_id = await bought(store, "m1")
        assert await store.jobs.park(job_id, "odd")
        await age(store, DAY_MS + 1000)
        await store.jobs.settle_old_unconfirmed()
        assert await store.jobs.fail(job_id, JobError("generation_failed", {}), charge="none")
        job = await store.jobs.get(job_id)
        assert job is not None
        assert (job.charge, job.reserved_micro) == ("none", 0)
        entries = await store.ledger.of_job(job_id)
        assert sum(spent for _, _, _, spent, _ in entries) == 0
        assert await store.ledger.standing() == Standing(0, 0)
        await sums_are_right(store)

    on_store(database_url, story)


def test_a_late_settle_counts_at_the_time_of_the_purchase(database_url: str) -> None:
    """A doubt of two days ago takes nothing of today's caps, whenever it is settled."""

    async def story(store: Store) -> None:
        job_id = await bought(store, "m1")

        def two_days_ago(connection: Connection) -> None:
            connection.execute(submits.update().values(claimed=submits.c.claimed - 2 * DAY_MS))

        await store.database.write(two_days_ago)
        assert await store.ledger.standing() == Standing(0, CENTS_70)
        await store.jobs.finish(job_id, VideoFile("a.mp4", 1, 1, 1, 1.0))
        assert await store.ledger.standing() == Standing(0, 0)
        (settled,) = [at for at, event, *_ in await store.ledger.of_job(job_id) if event == "settle"]
        assert settled == (await store.submits.read(job_id)).claimed

    on_store(database_url, story)


def test_the_caps_are_the_budget_in_whole_micro_dollars() -> None:
    budget = Settings.offline(daily_usd="20.0000001", user_daily_usd="5")
    assert caps_of(budget) == Caps(all_micro=20_000_001, user_micro=5_000_000)


@pytest.mark.parametrize(
    ("request_", "model"), [({"model": "wan-2.5"}, "wan-2.5"), ({"model": 7}, "?"), ({}, "?"), ("no", "?"), (None, "?")]
)
def test_the_account_of_a_job_that_cannot_be_read_has_a_name(request_: object, model: str) -> None:
    assert model_of(request_) == model
