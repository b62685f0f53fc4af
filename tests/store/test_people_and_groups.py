"""What people and groups set, whom admins let in, who asked; a group's cap; and the pause of all new orders."""

import asyncio
import threading
from dataclasses import replace

import pytest
import sqlalchemy as sa

from bot.store import Store
from bot.store.database import Connection, Database, now_ms
from bot.store.leases import SlotLimits
from bot.store.ledger import Caps, OverCap, Standing
from bot.store.pause import OrdersPaused
from bot.store.people_tables import strangers
from bot.store.records import SHELL, Confirmation, JobDraft, State
from bot.store.strangers import MOST_A_DAY
from bot.store.tables import inbox, jobs, ledger
from bot.store.work import PAUSED
from tests.store.test_ledger import CENTS_70, DAY_MS, WIDE, age, sums_are_right
from tests.store.test_store import new_job, on_store, said

GROUP, OTHER = "telegram:-100500", "telegram:-100501"
SLOTS = SlotLimits(50, 50)


def draft(event: str, *, user: str = "42", group: str | None = GROUP, question: Confirmation | None = None) -> JobDraft:
    return replace(new_job(said(event, chat=user)), group=group, question=question)


async def order(store: Store, event: str, *, caps: Caps, user: str = "42", group: str | None = GROUP) -> str | OverCap:
    made = await store.jobs.accept(draft(event, user=user, group=group), inbox_id=None, caps=caps)
    assert made is not None
    return made


# Preferences


def test_each_owner_has_settings_of_its_own(database_url: str) -> None:
    async def story(store: Store) -> None:
        await store.preferences.change("telegram:42", {"model": "veo-3.1", "seconds": "8"})
        await store.preferences.change(GROUP, {"model": "budget"})
        assert await store.preferences.of("telegram:42", GROUP, "telegram:43") == [
            {"model": "veo-3.1", "seconds": "8"},
            {"model": "budget"},
            {},
        ]
        await store.preferences.change("telegram:42", {"model": None, "seconds": "10", "shape": None})
        assert await store.preferences.of("telegram:42") == [{"seconds": "10"}]
        assert await store.preferences.of(GROUP) == [{"model": "budget"}]

    on_store(database_url, story)


def test_a_language_is_a_persons_or_else_the_groups(database_url: str) -> None:
    async def story(store: Store) -> None:
        assert await store.people.language("telegram:42", GROUP) is None
        await store.people.choose_language(GROUP, "zh")
        assert await store.people.language("telegram:42", GROUP) == "zh"
        await store.people.choose_language("telegram:42", "en")
        assert await store.people.language("telegram:42", GROUP) == "en"
        await store.people.choose_language("telegram:42", None)
        assert await store.people.language("telegram:42", GROUP) == "zh"
        assert await store.people.language("telegram:42") is None

    on_store(database_url, story)


# Admissions and strangers


def test_who_is_let_in_and_out_again(database_url: str) -> None:
    async def story(store: Store) -> None:
        await store.strangers.note("telegram:7", name="Ann", group=None)
        assert await store.admissions.allow("telegram:7", by="telegram:1")
        assert not await store.admissions.allow("telegram:7", by="telegram:1")
        assert await store.strangers.waiting(newest=5) == ([], 0)
        assert await store.admissions.allowed(["telegram:7", GROUP]) == {"telegram:7"}
        await store.admissions.set_cap(GROUP, 5_000_000)  # a cap alone lets nobody in
        assert await store.admissions.allowed(["telegram:7", GROUP]) == {"telegram:7"}
        assert await store.admissions.allow(GROUP, by="telegram:1")
        assert await store.admissions.remove(GROUP)
        assert not await store.admissions.remove(GROUP)
        assert await store.admissions.remove("telegram:7")
        assert not await store.admissions.remove("telegram:8")
        assert await store.admissions.allowed(["telegram:7", GROUP]) == frozenset()
        rows = {row.id: (row.allowed, row.allowed_by, row.cap_micro) for row in await store.admissions.all()}
        assert rows == {GROUP: (None, None, 5_000_000), "telegram:7": (None, None, None)}

    on_store(database_url, story)


def test_of_a_stranger_the_admins_are_told_once_and_of_five_a_day(database_url: str) -> None:
    async def story(store: Store) -> None:
        async def note(number: int) -> str:
            return await store.strangers.note(f"telegram:{number}", name=f"Person {number}", group=None)

        assert [await note(number) for number in range(MOST_A_DAY)] == ["each"] * MOST_A_DAY
        assert [await note(number) for number in range(MOST_A_DAY)] == ["none"] * MOST_A_DAY
        assert [await note(number) for number in (10, 11, 12, 10)] == ["summary", "none", "none", "none"]
        found, count = await store.strangers.waiting(newest=2)
        assert (len(found), count) == (2, MOST_A_DAY + 3)

        def yesterday(tx: Connection) -> None:
            tx.execute(strangers.update().values(at=strangers.c.at - DAY_MS, announced=strangers.c.announced - DAY_MS))

        await store.database.write(yesterday)
        assert [await note(number) for number in (1, 10, 13, 14)] == ["none", "none", "each", "each"]
        await store.strangers.forget(before_s=DAY_MS / 2000)
        found, count = await store.strangers.waiting(newest=5)
        assert sorted(each.id for each in found) == ["telegram:13", "telegram:14"]
        assert count == 2

    on_store(database_url, story)


def test_of_a_stranger_nothing_is_kept_but_id_name_group_and_time(database_url: str) -> None:
    async def story(store: Store) -> None:
        before = now_ms()
        await store.strangers.note("telegram:7", name="Ann", group=GROUP)
        (row,) = await store.database.read(lambda tx: tx.execute(sa.select(strangers)).all())
        assert (row.id, row.name, row.group_chat) == ("telegram:7", "Ann", GROUP)
        assert before <= row.at <= now_ms()
        assert {column.name for column in strangers.columns} == {"id", "name", "group_chat", "at", "announced"}

    on_store(database_url, story)


# A group's cap


def test_a_groups_cap_counts_for_everybody_in_it_and_nobody_else(database_url: str) -> None:
    async def story(store: Store) -> None:
        caps = replace(WIDE, group_micro=2 * CENTS_70)
        first = await order(store, "m1", caps=caps)
        assert isinstance(await order(store, "m2", caps=caps, user="43"), str)
        over = await order(store, "m3", caps=caps, user="44")
        assert over == OverCap("group", 2 * CENTS_70, 0, CENTS_70, None)
        assert isinstance(await order(store, "m4", caps=caps, user="44", group=OTHER), str)
        assert isinstance(await order(store, "m5", caps=caps, user="44", group=None), str)
        assert await store.ledger.group_standing(GROUP, caps) == (Standing(0, 2 * CENTS_70), 2 * CENTS_70)
        assert isinstance(first, str)
        await store.jobs.move(first, State.CANCELLED, charge="none")
        assert isinstance(await order(store, "m6", caps=caps, user="44"), str)  # what is given back is there again
        await sums_are_right(store)

    on_store(database_url, story)


def test_a_cap_of_its_own_wins_over_the_settings(database_url: str) -> None:
    async def story(store: Store) -> None:
        await store.admissions.set_cap(GROUP, CENTS_70)
        assert isinstance(await order(store, "m1", caps=WIDE), str)  # no setting at all
        assert isinstance(await order(store, "m2", caps=WIDE), OverCap)
        wide = replace(WIDE, group_micro=10 * CENTS_70)
        assert isinstance(await order(store, "m3", caps=wide), OverCap)
        await store.admissions.set_cap(GROUP, 3 * CENTS_70)
        assert isinstance(await order(store, "m4", caps=replace(WIDE, group_micro=1)), str)
        await store.admissions.set_cap(GROUP, 0)
        assert await order(store, "m5", caps=wide) == OverCap("group", 0, 0, CENTS_70, None)
        await store.admissions.set_cap(GROUP, None)
        assert isinstance(await order(store, "m6", caps=wide), str)
        assert (await store.ledger.group_standing(GROUP, WIDE))[1] is None

    on_store(database_url, story)


def test_what_a_group_spent_is_free_again_a_day_later(database_url: str) -> None:
    async def story(store: Store) -> None:
        caps = replace(WIDE, group_micro=CENTS_70)
        job_id = await order(store, "m1", caps=caps)
        assert isinstance(job_id, str)
        await store.jobs.move(job_id, State.READY, charge="yes")
        rows = await store.database.read(lambda tx: tx.execute(sa.select(ledger)).all())
        assert {row.group_chat for row in rows} == {GROUP}
        settled = next(row.at for row in rows if row.event == "settle")
        over = await order(store, "m2", caps=caps)
        assert over == OverCap("group", CENTS_70, 0, CENTS_70, settled + DAY_MS)
        await age(store, DAY_MS + 1)
        assert isinstance(await order(store, "m3", caps=caps), str)

    on_store(database_url, story)


def test_the_persons_cap_is_named_first_and_the_whole_bots_last(database_url: str) -> None:
    async def story(store: Store) -> None:
        for caps, whose in (
            (Caps(1, 1, 1), "user"),
            (Caps(1, 10**9, 1), "group"),
            (Caps(1, 10**9, 10**9), "all"),
            (Caps(1, 10**9, None), "all"),
        ):
            over = await order(store, "m1", caps=caps)
            assert isinstance(over, OverCap)
            assert over.whose == whose

    on_store(database_url, story)


def test_many_at_once_do_not_pass_a_groups_cap(database_url: str) -> None:
    caps = replace(WIDE, group_micro=3 * CENTS_70)
    made: list[str | OverCap | None] = []

    async def story(store: Store) -> None:
        together = threading.Barrier(5)

        def one(number: int) -> None:
            async def buy() -> None:
                other = Store.over(Database(database_url))
                try:
                    together.wait(20)
                    made.append(await order(other, f"m{number}", caps=caps, user=str(number)))
                finally:
                    other.close()

            asyncio.run(buy())

        await asyncio.gather(*(asyncio.to_thread(one, number) for number in range(5)))
        assert sum(isinstance(each, str) for each in made) == 3
        assert (await store.ledger.group_standing(GROUP, caps))[0] == Standing(0, 3 * CENTS_70)

    on_store(database_url, story)


def test_an_offer_is_held_to_the_groups_cap_when_it_is_accepted(database_url: str) -> None:
    async def story(store: Store) -> None:
        caps = replace(WIDE, group_micro=CENTS_70)
        offer = await store.jobs.accept(draft("m1", question=Confirmation("price")), inbox_id=None, caps=caps)
        assert isinstance(offer, str)
        assert isinstance(await order(store, "m2", caps=caps, user="43"), str)
        price = new_job(said()).plan.quote.usd
        over = await store.jobs.confirm(offer, price=price, caps=caps)
        assert isinstance(over, OverCap)
        assert over.whose == "group"

    on_store(database_url, story)


def test_the_standings_of_all_who_spent_lately(database_url: str) -> None:
    async def story(store: Store) -> None:
        first = await order(store, "m1", caps=WIDE)
        await order(store, "m2", caps=WIDE, user="43", group=None)
        await order(store, "m3", caps=WIDE, user="43")
        assert isinstance(first, str)
        await store.jobs.move(first, State.READY, charge="yes")
        assert await store.ledger.spent_lately() == [
            ("telegram:43", Standing(0, 2 * CENTS_70)),
            ("telegram:42", Standing(CENTS_70, 0)),
        ]
        await age(store, DAY_MS + 1)
        assert await store.ledger.spent_lately() == [("telegram:43", Standing(0, 2 * CENTS_70))]

    on_store(database_url, story)


# The pause


def test_while_paused_nothing_new_is_ordered_and_nothing_is_half_done(database_url: str) -> None:
    async def story(store: Store) -> None:
        offer = await store.jobs.accept(draft("m0", question=Confirmation("price")), inbox_id=None, caps=WIDE)
        assert isinstance(offer, str)
        assert await store.pause.begin("telegram:1")
        assert not await store.pause.begin("telegram:2")
        assert await store.pause.by() == "telegram:1"
        await store.inbox.put([said("m1")])
        (queued,) = (await store.inbox.waiting()).messages
        for question in (None, Confirmation("price")):
            with pytest.raises(OrdersPaused):
                await store.jobs.accept(draft("m1", question=question), inbox_id=queued.id, caps=WIDE)
        with pytest.raises(OrdersPaused):
            await store.jobs.confirm(offer, price=new_job(said()).plan.quote.usd, caps=WIDE)
        states = await store.database.read(lambda tx: list(tx.execute(sa.select(inbox.c.state)).scalars()))
        assert states == ["new"]
        assert [each.state for each in await store.jobs.find()] == [State.AWAITING_CONFIRMATION]
        assert await store.ledger.standing() == Standing(0, 0)
        of_shell = replace(draft("m2"), owner=f"{SHELL}1")
        assert isinstance(await store.jobs.accept(of_shell, inbox_id=None, caps=WIDE), str)  # the operator's own
        assert await store.pause.end()
        assert not await store.pause.end()
        assert await store.pause.by() is None
        assert isinstance(await store.jobs.accept(draft("m1"), inbox_id=queued.id, caps=WIDE), str)

    on_store(database_url, story)


def test_while_paused_the_queue_waits_and_what_has_left_it_goes_on(database_url: str) -> None:
    async def story(store: Store) -> None:
        first = await order(store, "m1", caps=WIDE)
        (taken,) = await store.leases.take("run:1", most=5, limits=SLOTS)
        second = await order(store, "m2", caps=WIDE, user="43")
        await store.pause.begin("telegram:1")
        assert {each.id: each.odd for each in await store.jobs.find()} == {first: None, second: PAUSED}
        assert await store.leases.take("run:1", most=5, limits=SLOTS) == []
        await store.leases.conclude(taken.lease, due_in_s=0.0)
        again = await store.leases.take("run:1", most=5, limits=SLOTS)
        assert [each.lease.job_id for each in again] == [first]

        def back_to_the_queue(tx: Connection) -> None:
            tx.execute(jobs.update().where(jobs.c.id == second).values(odd=None))

        await store.database.write(back_to_the_queue)  # as one that comes there later
        assert await store.leases.take("run:1", most=5, limits=SLOTS) == []
        assert {each.id: each.odd for each in await store.jobs.find()}[str(second)] == PAUSED
        await store.pause.end()
        assert {each.odd for each in await store.jobs.find()} == {None}
        next_one = await store.leases.take("run:1", most=5, limits=SLOTS)
        assert [each.lease.job_id for each in next_one] == [second]

    on_store(database_url, story)


def test_the_jobs_of_each_person_are_counted(database_url: str) -> None:
    async def story(store: Store) -> None:
        for number, user in enumerate(("42", "43", "43")):
            await order(store, f"m{number}", caps=WIDE, user=user)
        assert await store.jobs.count_by_user([State.QUEUED]) == {"telegram:42": 1, "telegram:43": 2}
        assert await store.jobs.count_by_user([State.QUEUED], since=now_ms() + DAY_MS) == {}
        assert await store.jobs.count_by_user([State.FAILED]) == {}

    on_store(database_url, story)
