"""Status messages at the pace of many: what changed is looked at in each turn, everything only now and then."""

from collections.abc import Awaitable, Callable

import pytest

from bot.channels.types import SendError, SendOutcome
from bot.jobs.status_messages import StatusMessages
from bot.store import Store
from bot.store.database import now_ms
from bot.store.records import State
from tests.away import heal, refuse
from tests.fakes.clock import Clock
from tests.fakes.slate import Slate
from tests.rows import set_columns
from tests.store.test_store import accepted, on_store, said


def test_a_turn_looks_at_what_changed_and_at_what_was_held_back(database_url: str) -> None:
    async def story(store: Store) -> None:
        for number in range(40):
            await accepted(store, said(f"m{number}"))
        ids = await store.jobs.ids([State.QUEUED])

        async def long_ago() -> None:
            for job_id in ids:
                await set_columns(store, job_id, changed=now_ms() - 60_000)

        await long_ago()
        clock, slate = Clock(), Slate()
        progress = StatusMessages(store=store, channels={"telegram": slate}, clock=clock)

        async def looked_at() -> set[str]:
            return {job.id for job in await progress.to_show()}

        async def turned() -> None:
            await progress.turn()
            await progress.settle()

        await turned()  # the first turn of a process shows all
        assert {line.job_id for line in slate.lines} == set(ids)
        assert [await looked_at() for _ in ids[1:]] == [{job_id} for job_id in ids[1:]]
        await store.jobs.move(ids[7], State.PREPARING)
        assert await looked_at() == {ids[7], ids[0]}
        slate.refusals.append(SendError(SendOutcome.NOT_SENT, "no room", after_s=1.0))
        await store.jobs.move(ids[8], State.PREPARING)
        await turned()  # no room for an edit in that chat: all are held back
        assert len(slate.lines) == len(ids)
        await long_ago()
        assert await looked_at() >= {ids[7], ids[8], ids[2]}
        assert await looked_at() == {ids[3]}  # not held back for ever

    on_store(database_url, story)


def test_how_a_job_ended_is_shown_even_if_its_change_is_missed(database_url: str) -> None:
    """The clock of the worker that ended it may be far behind ours."""

    async def story(store: Store) -> None:
        ids = [await accepted(store, said(f"m{number}")) for number in range(2)]
        progress = StatusMessages(store=store, channels={})
        await progress.to_show()
        for job_id in ids:
            await store.jobs.move(job_id, State.CANCELLED)
            await set_columns(store, job_id, changed=now_ms() - 60_000)
        assert {job.id for job in await progress.to_show()} == set(ids)
        assert await progress.to_show() == []
        assert await progress.to_show() == []

    on_store(database_url, story)


class Chat:
    """One chat, and status messages by a clock of its own."""

    def __init__(self, store: Store, slate: Slate) -> None:
        self.store = store
        self.slate = slate
        self._clock = Clock()
        self._progress = StatusMessages(store=store, channels={"telegram": slate}, clock=self._clock)

    async def after(self, seconds: float) -> list[str | None]:
        """What each line that a turn shows then was put in place of; None: a new one."""
        self._clock.at_s += seconds
        before = len(self.slate.lines)
        await self._progress.turn()
        await self._progress.settle()
        return [line.edited for line in self.slate.lines[before:]]


def on_chat(url: str, story: Callable[[Chat], Awaitable[None]]) -> None:
    async def run(store: Store) -> None:
        await story(Chat(store, Slate()))

    on_store(url, run)


def test_an_edit_without_room_is_tried_later_with_what_is_so_by_then(database_url: str) -> None:
    async def story(chat: Chat) -> None:
        job_id = await accepted(chat.store, said())
        assert await chat.after(0) == [None]
        await chat.store.jobs.move(job_id, State.PREPARING)
        chat.slate.refusals.append(SendError(SendOutcome.NOT_SENT, "no room", after_s=3.0))
        assert await chat.after(0) == []
        await chat.store.jobs.move(job_id, State.SUBMITTING)
        assert await chat.after(2.75) == []
        assert await chat.after(0.25) == ["42:1"]  # once
        assert "Placing" in chat.slate.lines[-1].text
        assert await chat.after(10) == []  # nothing new

    on_chat(database_url, story)


def test_an_edit_without_room_delays_no_new_card_and_no_other_chat(database_url: str) -> None:
    async def story(chat: Chat) -> None:
        first, elsewhere = await accepted(chat.store, said("m1")), await accepted(chat.store, said("m2", chat="43"))
        for job_id in (first, elsewhere):  # no place in the line to show
            await chat.store.jobs.move(job_id, State.PREPARING)
        assert await chat.after(0) == [None, None]
        await chat.store.jobs.move(first, State.SUBMITTING)
        chat.slate.refusals.append(SendError(SendOutcome.NOT_SENT, "no room", after_s=3.0))
        assert await chat.after(0) == []
        await accepted(chat.store, said("m3"))
        await chat.store.jobs.move(elsewhere, State.SUBMITTING)
        assert set(await chat.after(1)) == {None, "43:1"}
        assert await chat.after(2) == ["42:1"]

    on_chat(database_url, story)


@pytest.mark.parametrize(
    ("refusal", "rest_s"),
    [
        (SendError(SendOutcome.NOT_SENT, "away"), 2.0),
        (SendError(SendOutcome.NOT_SENT, "flood", after_s=30.0), 30.0),
        (SendError(SendOutcome.UNCONFIRMED, "no answer"), 5.0),
    ],
)
def test_a_chat_that_does_not_take_an_edit_rests(database_url: str, refusal: SendError, rest_s: float) -> None:
    async def story(chat: Chat) -> None:
        job_id = await accepted(chat.store, said())
        assert await chat.after(0) == [None]
        await chat.store.jobs.move(job_id, State.PREPARING)
        chat.slate.refusals.append(refusal)
        assert await chat.after(3) == []
        assert chat.slate.asked == 2
        assert await chat.after(rest_s - 0.25) == []
        assert chat.slate.asked == 2
        assert await chat.after(0.25) == ["42:1"]

    on_chat(database_url, story)


@pytest.mark.parametrize("outcome", [SendOutcome.UNREACHABLE, SendOutcome.REJECTED, SendOutcome.UNCONFIRMED])
def test_a_message_that_is_refused_or_may_have_arrived_is_not_sent_again(
    database_url: str, outcome: SendOutcome
) -> None:
    async def story(chat: Chat) -> None:
        job_id = await accepted(chat.store, said())
        chat.slate.refusals.append(SendError(outcome, "no"))
        assert await chat.after(0) == []
        await chat.store.jobs.move(job_id, State.PREPARING)
        assert await chat.after(100) == []
        assert chat.slate.asked == 1

    on_chat(database_url, story)


def test_a_status_that_could_not_be_written_down_goes_on_when_that_works_again(database_url: str) -> None:
    """A full disk or a database that is away is no reason to leave a message behind for good."""

    async def story(store: Store) -> None:
        job_id = await accepted(store, said("m1"))
        clock, slate = Clock(), Slate()
        progress = StatusMessages(store=store, channels={"telegram": slate}, clock=clock)

        async def turned() -> str | None:
            clock.at_s += 60.0
            await progress.turn()
            await progress.settle()
            job = await store.jobs.get(job_id)
            assert job is not None
            return job.status_shown

        first = await turned()
        await refuse(store, "NEW.status_shown <> OLD.status_shown")
        await store.jobs.move(job_id, State.PREPARING)
        assert await turned() == first
        await heal(store)
        await store.jobs.move(job_id, State.SUBMITTING)
        assert await turned() != first

    on_store(database_url, story)
