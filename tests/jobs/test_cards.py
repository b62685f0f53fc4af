"""Each job has one card: sent once, whatever dies or runs beside it; not sent again; gone when the outcome is there."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import sqlalchemy as sa

from bot.channels import wecom
from bot.channels.types import Address, Message, SendError, SendOutcome
from bot.jobs.status_messages import StatusMessages
from bot.store import Store
from bot.store.database import now_ms
from bot.store.job_orders import drop_offers_tx
from bot.store.records import Confirmation, Job, State
from bot.store.tables import jobs
from tests.away import heal, refuse
from tests.fakes.clock import Clock
from tests.fakes.slate import Slate
from tests.rows import set_columns
from tests.store.test_store import CAPS, accepted, new_job, on_store, said


@dataclass
class Slow(Slate):
    """Telegram, where a card waits for its turn and its answer as long as the test wants."""

    turns: asyncio.Event = field(default_factory=asyncio.Event)
    answers: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: int = 0

    @asynccontextmanager
    async def turn(self, to: Address) -> AsyncIterator[None]:
        self.waiting += 1
        await self.turns.wait()
        yield

    async def show(
        self, to: Address, message: Message, *, reply_to: str | None = None, replace: str | None = None
    ) -> str:
        reference = await super().show(to, message, reply_to=reply_to, replace=replace)
        await self.answers.wait()
        return reference


@dataclass
class Site:
    store: Store
    slate: Slate
    clock: Clock = field(default_factory=Clock)
    cards: StatusMessages = field(init=False)

    def __post_init__(self) -> None:
        self.cards = self.process()

    def process(self) -> StatusMessages:
        """Another process of the same installation, or the same after a restart."""
        return StatusMessages(store=self.store, channels={"telegram": self.slate}, clock=self.clock)

    async def turned(self, by: StatusMessages | None = None, *, after_s: float = 10.0) -> list[str]:
        """The texts that are shown in a turn."""
        self.clock.at_s += after_s
        before = len(self.slate.lines)
        await (by or self.cards).turn()
        await (by or self.cards).settle()
        return [line.text for line in self.slate.lines[before:]]

    async def job(self, job_id: str) -> Job:
        found = await self.store.jobs.get(job_id)
        assert found is not None
        return found


def on_site(url: str, story: Callable[[Site], Awaitable[None]], slate: Slate | None = None) -> None:
    async def run(store: Store) -> None:
        await story(Site(store, slate or Slate()))

    on_store(url, run)


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0.01)


# One


def test_a_card_that_takes_its_time_is_sent_once(database_url: str) -> None:
    """Turns go on while a chat is slow, and look at rows that know nothing of the card yet."""

    async def story(store: Store) -> None:
        slate = Slow()
        site = Site(store, slate)
        slate.turns.set()
        ids = [await accepted(store, said(f"m{number}")) for number in range(3)]
        await site.cards.turn()
        await until(lambda: slate.lines)
        await site.cards.turn()
        await store.jobs.move(ids[0], State.PREPARING)
        slate.answers.set()
        await site.cards.turn()
        await site.cards.settle()
        await site.turned()
        sent = [line.job_id for line in slate.lines if line.edited is None]
        assert sorted(filter(None, sent)) == sorted(ids)

    on_store(database_url, story)


def test_two_processes_send_it_once(database_url: str) -> None:
    async def story(store: Store) -> None:
        slate = Slow()
        site = Site(store, slate)
        other = site.process()
        await accepted(store, said())
        await asyncio.gather(site.cards.turn(), other.turn())
        await until(lambda: slate.waiting == 2)  # both want to
        slate.turns.set()
        slate.answers.set()
        await asyncio.gather(site.cards.settle(), other.settle())
        assert len(slate.lines) == 1

    on_store(database_url, story)


def test_a_process_that_is_killed_while_it_sends_leaves_no_second_card(database_url: str) -> None:
    """The chat has it, and its reference was never written: nobody can tell, so it is not sent again."""

    async def story(site: Site) -> None:
        job_id = await accepted(site.store, said())
        assert await site.store.jobs.claim_card(job_id, by="one")  # the last thing that it wrote
        after = site.process()
        assert await site.turned(after) == []
        await site.store.jobs.move(job_id, State.PREPARING)
        assert await site.turned(after) == []
        assert not await site.store.jobs.claim_card(job_id, by="another")

    on_site(database_url, story)


def test_an_offer_whose_sender_was_killed_is_sent_once_more(database_url: str) -> None:
    """Nobody could answer one that has not arrived; and whichever of two is taken, it buys once."""

    async def story(site: Site) -> None:
        offer = replace(new_job(said()), question=Confirmation("words"))
        job_id = await site.store.jobs.accept(offer, inbox_id=None, caps=CAPS)
        assert isinstance(job_id, str)
        assert await site.store.jobs.claim_card(job_id, by="one")
        assert not await site.store.jobs.claim_card(job_id, by="one")  # its own, in doubt
        after = site.process()
        assert len(await site.turned(after)) == 1
        assert await site.turned(after) == []
        assert await site.turned(site.process()) == []

    on_site(database_url, story)


def test_a_process_that_is_killed_before_it_sends_loses_no_card(database_url: str) -> None:
    """While it waits for its turn nothing is written."""

    async def story(store: Store) -> None:
        slate = Slow()
        site = Site(store, slate)
        await accepted(store, said())
        running = asyncio.create_task(site.cards.run())
        await until(lambda: slate.waiting)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert slate.lines == []
        slate.turns.set()
        slate.answers.set()
        assert len(await site.turned(site.process())) == 1

    on_store(database_url, story)


def test_a_process_that_ends_as_told_writes_down_what_it_has_sent(database_url: str) -> None:
    async def story(store: Store) -> None:
        slate = Slow()
        site = Site(store, slate)
        slate.turns.set()
        job_id = await accepted(store, said())
        running = asyncio.create_task(site.cards.run())
        await until(lambda: slate.lines)
        running.cancel()
        asyncio.get_running_loop().call_later(0.05, slate.answers.set)
        await asyncio.gather(running, return_exceptions=True)
        assert (await site.job(job_id)).status_ref == "42:1"
        await store.jobs.move(job_id, State.PREPARING)
        await site.turned(site.process())
        assert [line.edited for line in slate.lines] == [None, "42:1"]

    on_store(database_url, story)


def test_a_card_that_was_certainly_not_sent_is_sent_later(database_url: str) -> None:
    async def story(site: Site) -> None:
        await accepted(site.store, said())
        site.slate.refusals.append(SendError(SendOutcome.NOT_SENT, "away", after_s=3.0))
        assert await site.turned() == []
        assert await site.turned(after_s=2.0) == []
        assert len(await site.turned(after_s=1.0)) == 1

    on_site(database_url, story)


@pytest.mark.parametrize("outcome", [SendOutcome.UNCONFIRMED, SendOutcome.REJECTED])
def test_a_card_in_doubt_is_not_sent_again_after_a_restart(database_url: str, outcome: SendOutcome) -> None:
    async def story(site: Site) -> None:
        await accepted(site.store, said())
        site.slate.refusals.append(SendError(outcome, "no answer"))
        assert await site.turned() == []
        assert await site.turned(site.process()) == []

    on_site(database_url, story)


def test_a_reference_that_could_not_be_written_is_written_later(database_url: str) -> None:
    async def story(site: Site) -> None:
        job_id = await accepted(site.store, said())
        await refuse(site.store, "NEW.status_ref IS NOT NULL")
        assert len(await site.turned()) == 1
        await heal(site.store)
        await site.store.jobs.move(job_id, State.PREPARING)
        await site.turned()
        assert (await site.job(job_id)).status_ref == "42:1"
        await site.turned()
        assert [line.edited for line in site.slate.lines] == [None, "42:1"]

    on_site(database_url, story)


def test_a_card_that_somebody_deleted_is_not_sent_again(database_url: str) -> None:
    async def story(site: Site) -> None:
        job_id = await accepted(site.store, said())
        await site.turned()
        await site.store.jobs.move(job_id, State.PREPARING)
        site.slate.refusals.append(SendError(SendOutcome.REJECTED, "message to edit not found"))
        assert await site.turned() == []
        assert await site.store.message_map.job_of(said().address, "42:1") == job_id  # a reply to it is about the job
        for state in (State.SUBMITTING, State.RENDERING):
            await site.store.jobs.move(job_id, state)
            assert await site.turned() == []
            assert await site.turned(site.process()) == []

    on_site(database_url, story)


def test_an_offer_that_was_to_take_the_place_of_a_deleted_one_gets_its_own(database_url: str) -> None:
    async def story(site: Site) -> None:
        offer = replace(new_job(said("m1")), question=Confirmation("words"))
        first = await site.store.jobs.accept(offer, inbox_id=None, caps=CAPS)
        await site.turned()
        newer = replace(offer, incoming=said("m2"), replaces=str(first), takes_card=True)
        assert isinstance(await site.store.jobs.accept(newer, inbox_id=None, caps=CAPS), str)
        site.slate.refusals.append(SendError(SendOutcome.REJECTED, "message to edit not found"))
        await site.turned()
        await site.turned()
        assert [line.edited for line in site.slate.lines] == [None, None]

    on_site(database_url, story)


async def offered(site: Site, event: str, **more: Any) -> str:
    offer = replace(new_job(said(event)), question=Confirmation("words"), **more)
    made = await site.store.jobs.accept(offer, inbox_id=None, caps=CAPS)
    assert isinstance(made, str)
    return made


def test_an_offer_that_is_repeated_stands_only_where_it_was_said_last(database_url: str) -> None:
    async def story(site: Site) -> None:
        job_id = await offered(site, "m1")
        await site.turned()
        for ref in ("42:7", "42:8"):  # twice before there is a turn
            await site.store.jobs.shown(job_id, ref=ref, as_text="the same", in_chat="telegram:42")
        await site.store.jobs.shown(job_id, ref="42:7", as_text="an edit that was under way", in_chat="telegram:42")
        assert (await site.job(job_id)).replaced_refs == ("42:1", "42:8")
        await site.store.jobs.shown(job_id, ref="42:8", as_text="the same", in_chat="telegram:42")
        await site.turned()
        assert site.slate.deleted == ["42:1", "42:7"]
        assert (await site.job(job_id)).replaced_refs == ()
        await site.store.jobs.move(job_id, State.QUEUED)
        await site.turned()
        assert {line.edited for line in site.slate.lines[1:]} == {"42:8"}

    on_site(database_url, story, Slate(deletes=True))


def test_the_older_message_of_a_repeated_offer_goes_at_once_among_many_offers(database_url: str) -> None:
    async def story(site: Site) -> None:
        offers = [await offered(site, f"m{number}") for number in range(25)]
        await site.turned()
        before = sa.update(jobs).values(changed=jobs.c.changed - 60_000)  # they do not come as new
        await site.store.database.write(lambda tx: tx.execute(before))
        await site.turned()
        old = (await site.job(offers[-1])).status_ref
        await site.store.jobs.shown(offers[-1], ref="42:99", as_text="the same", in_chat="telegram:42")
        await site.turned()
        assert site.slate.deleted == [old]

    on_site(database_url, story, Slate(deletes=True))


def test_an_offer_that_is_repeated_in_another_chat_stands_in_its_own(database_url: str) -> None:
    async def story(site: Site) -> None:
        job_id = await offered(site, "m1")
        await site.turned()
        await site.store.jobs.shown(job_id, ref="7:1", as_text="the same", in_chat="telegram:7")
        job = await site.job(job_id)
        assert (job.status_ref, job.replaced_refs) == ("42:1", ())
        assert await site.store.message_map.job_of(Address("telegram", "7"), "7:1") == job_id

    on_site(database_url, story)


def test_the_message_of_each_replaced_offer_goes(database_url: str) -> None:
    """Also of one that was repeated, and of one whose follower was replaced before it was shown."""

    async def story(site: Site) -> None:
        first = await offered(site, "m1")
        await site.turned()
        await site.store.jobs.shown(first, ref="42:7", as_text="the same", in_chat="telegram:42")
        second = await offered(site, "m2", replaces=first)
        third = await offered(site, "m3", replaces=second)
        await site.turned()
        await site.turned()
        assert sorted(site.slate.deleted) == ["42:1", "42:7"]
        assert [line.job_id for line in site.slate.lines] == [first, third]

    on_site(database_url, story, Slate(deletes=True))


def test_where_nothing_is_edited_an_older_message_stays_and_is_not_looked_at_for_ever(database_url: str) -> None:
    async def story(site: Site) -> None:
        first = await offered(site, "m1")
        await site.turned()
        second = await offered(site, "m2", replaces=first)
        await site.turned()
        await site.turned()
        assert (await site.job(second)).replaced_refs == ()
        assert site.slate.deleted == []
        assert second not in await site.store.jobs.changed_since(now_ms() + 1000)

    on_site(database_url, story, Slate(deletes=True, limits=wecom.MANIFEST.limits))


def test_an_offer_that_is_declined_before_it_is_shown_takes_the_older_one_along(database_url: str) -> None:
    async def story(site: Site) -> None:
        first = await offered(site, "m1")
        await site.turned()
        second = await offered(site, "m2", replaces=first)
        await site.store.database.write(lambda tx: drop_offers_tx(tx, [second]))
        await site.turned()
        assert site.slate.deleted == ["42:1"]

    on_site(database_url, story, Slate(deletes=True))


# Its end


async def delivered(site: Site) -> str:
    job_id = await accepted(site.store, said())
    await site.turned()
    await site.store.jobs.move(job_id, State.DELIVERED, outcome_ref="99")
    return job_id


def test_the_card_goes_when_the_video_is_there(database_url: str) -> None:
    async def story(site: Site) -> None:
        job_id = await delivered(site)
        assert await site.turned() == []
        assert site.slate.deleted == ["42:1"]
        assert await site.turned() == []
        assert await site.turned(site.process()) == []
        assert site.slate.deleted == ["42:1"]  # once
        assert await site.store.message_map.job_of(said().address, "42:1") == job_id
        await site.store.jobs.send_again(job_id)
        assert await site.turned() == []  # no new card for another sending

    on_site(database_url, story, Slate(deletes=True))


def test_a_card_that_cannot_be_deleted_is_folded_to_one_line(database_url: str) -> None:
    async def story(site: Site) -> None:
        job_id = await delivered(site)
        assert await site.turned() == [f"Job {job_id}: Done."]
        assert await site.turned() == []
        assert await site.turned(site.process()) == []

    on_site(database_url, story)


def test_a_failed_jobs_outcome_comes_before_its_card_goes(database_url: str) -> None:
    async def story(site: Site) -> None:
        job_id = await accepted(site.store, said())
        await site.turned()
        await site.store.jobs.move(job_id, State.FAILED)
        assert await site.turned() == []
        assert site.slate.deleted == []
        await set_columns(site.store, job_id, changed=now_ms() - 60_000)
        await site.store.jobs.tell(job_id, State.FAILED, "99")
        assert await site.turned() == []
        assert site.slate.deleted == ["42:1"]

    on_site(database_url, story, Slate(deletes=True))


def test_a_cancelled_jobs_card_says_so_in_one_line(database_url: str) -> None:
    async def story(site: Site) -> None:
        job_id = await accepted(site.store, said())
        await site.turned()
        assert await site.store.jobs.ask_cancel(job_id) == "free"
        assert await site.turned() == [f"Job {job_id}: Cancelled. Nothing was charged."]
        assert site.slate.deleted == []

    on_site(database_url, story, Slate(deletes=True))


def test_a_job_that_ends_before_its_card_gets_none(database_url: str) -> None:
    async def story(site: Site) -> None:
        job_id = await accepted(site.store, said())
        await site.store.jobs.move(job_id, State.DELIVERED, outcome_ref="99")
        assert await site.turned() == []

    on_site(database_url, story)


def test_a_job_that_fails_at_once_has_its_card_until_its_outcome_is_there(database_url: str) -> None:
    async def story(site: Site) -> None:
        job_id = await accepted(site.store, said())
        await site.store.jobs.move(job_id, State.FAILED)
        assert len(await site.turned()) == 1
        await site.store.jobs.tell(job_id, State.FAILED, "99")
        assert await site.turned() == []
        assert site.slate.deleted == ["42:1"]

    on_site(database_url, story, Slate(deletes=True))


# In a group


def test_a_groups_card_waits_a_moment_and_does_not_say_that_it_waits(database_url: str) -> None:
    async def story(site: Site) -> None:
        job_id = await accepted(site.store, said(chat="-100"))
        assert await site.turned() == []
        await site.store.jobs.move(job_id, State.PREPARING)
        (text,) = await site.turned()
        assert "Being made" in text
        for state in (State.SUBMITTING, State.RENDERING, State.DOWNLOADING, State.READY, State.UPLOADING):
            await site.store.jobs.move(job_id, state)
            assert await site.turned() == []  # no clock, and nothing that the video does not say better

    on_site(database_url, story)


def test_a_groups_card_says_that_it_waits_when_it_does(database_url: str) -> None:
    async def story(site: Site) -> None:
        ids = [await accepted(site.store, said(f"m{number}", chat="-100")) for number in range(2)]
        for job_id in ids:
            await set_columns(site.store, job_id, created=now_ms() - 3000)
        texts = await site.turned()
        assert ["Waiting for its turn." in text for text in texts] == [True, True]
        await site.store.jobs.move(ids[0], State.PREPARING)
        (text,) = await site.turned()  # the other's place in the line is no news here
        assert "Being made" in text

    on_site(database_url, story)
