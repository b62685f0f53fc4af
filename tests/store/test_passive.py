"""The tables of passive replies: codes that come round, answers that stay the same, and what waits for whom."""

import asyncio
from dataclasses import replace

import pytest

from bot.channels.types import Address, AttachmentRef, Incoming, Reply
from bot.channels.wechat.channel import WeChat
from bot.messages.i18n import translate
from bot.store import Store
from bot.store.callback_replies import give_tx
from bot.store.database import now_ms
from bot.store.dialogues import DRAFT_MS, Dialogues, Draft, DraftSource, Last, write_dialogue_tx
from bot.store.outbox import hand_over_tx
from bot.store.records import State, VideoFile
from bot.store.short_codes import CODES, code_tx
from tests.rows import set_columns
from tests.store.test_store import accepted, on_store

ME = "wechat:oFox"


def said(event: str) -> Incoming:
    return Incoming(Address("wechat", "oFox"), "wx1", event, "oFox", "/video a fox", language="zh")


async def ordered(store: Store, event: str) -> str:
    return await accepted(store, said(event))


def test_an_answer_stays_the_same_for_each_repeat(database_url: str) -> None:
    async def story(store: Store) -> None:
        await asyncio.gather(*(store.callback_replies.expect(said("m1")) for _ in range(3)))
        (queued,) = (await store.inbox.waiting()).messages
        assert await store.callback_replies.answer(said("m1").origin) is None
        assert await store.callback_replies.asked_ms(said("m1").origin) is not None
        reply = Reply("好", "media-1", "题")
        await store.callback_replies.settle(
            queued.id, lambda connection: give_tx(connection, queued.incoming.origin, reply)
        )
        await store.callback_replies.expect(said("m1"))
        assert await store.callback_replies.answer(said("m1").origin) == reply
        assert (await store.inbox.waiting()).messages == []
        assert await store.callback_replies.asked_ms("never asked") is None

    on_store(database_url, story)


def test_a_decision_that_breaks_leaves_the_letter_open(database_url: str) -> None:
    async def story(store: Store) -> None:
        await store.callback_replies.expect(said("m1"))
        (queued,) = (await store.inbox.waiting()).messages

        def breaks(connection: object) -> None:
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await store.callback_replies.settle(queued.id, breaks)
        assert (await store.inbox.waiting()).messages == [queued]

    on_store(database_url, story)


def test_codes_are_short_and_come_round_past_what_is_unfinished(database_url: str) -> None:
    async def story(store: Store) -> None:
        first = await ordered(store, "m1")

        def many(connection: object) -> list[str]:
            return [code_tx(connection, ME, job_id) for job_id in [first, *(f"J{n}" for n in range(200))]]  # type: ignore[arg-type]

        codes = await store.database.write(many)
        assert codes[:3] == ["K7", "R4", "V9"]
        assert len(set(codes[:184])) == len(CODES) == 184
        assert codes[184] == "R4"  # K7 still names an unfinished job
        assert await store.short_codes.job_of(ME, "k7") == first
        assert await store.short_codes.job_of("wechat:oOther", "K7") is None
        assert await store.short_codes.job_of(ME, "R4") == "J183"

    on_store(database_url, story)


def test_what_waits_is_given_once_and_a_new_upload_waits_again(database_url: str) -> None:
    async def story(store: Store) -> None:
        job_id = await ordered(store, "m1")
        await store.jobs.move(job_id, State.RENDERING)
        await store.jobs.finish(job_id, VideoFile("a.mp4", 1000, 320, 180, 1.0))
        job = await store.jobs.get(job_id)
        assert job is not None
        await store.outbox.hold(job, ref="media-1", for_s=-1)
        (item,) = await store.outbox.waiting(ME)
        assert item.ref is None  # the chat has forgotten it
        await store.outbox.hold(job, ref="media-2", for_s=100)
        (item,) = await store.outbox.waiting(ME)
        assert (item.ref, item.is_video) == ("media-2", True)
        await store.database.write(lambda connection: hand_over_tx(connection, item, "origin-9"))
        over = await store.jobs.get(job_id)
        assert over is not None
        assert (over.state, over.outcome_ref) == (State.SENT_AS_REPLY, "origin-9")
        assert await store.outbox.waiting(ME) == []
        held = await store.outbox.video_of(job_id)
        assert held is not None
        assert held.ref == "media-2"
        await store.outbox.hold_text(ME, "来晚了")
        (late,) = await store.outbox.waiting(ME)
        assert (late.text, late.is_video) == ("来晚了", False)

    on_store(database_url, story)


def test_a_video_that_is_made_and_not_handed_over_is_known_wherever_it_is(database_url: str) -> None:
    """Also while it is being sent, or tried again: nobody is told that there is none."""

    async def story(store: Store) -> None:
        async def known() -> list[str]:
            return [job.id for job in await store.outbox.undelivered(ME)]

        first, second = await ordered(store, "m1"), await ordered(store, "m2")
        for job_id in (first, second):
            await store.jobs.move(job_id, State.RENDERING)
            await store.jobs.move(job_id, State.DOWNLOADING)
            assert job_id not in await known()
            await store.jobs.finish(job_id, VideoFile("a.mp4", 1000, 320, 180, 1.0))
        for state in (State.UPLOADING, State.UNDELIVERED, State.UPLOADING):
            assert await known() == [first, second]
            await store.jobs.move(first, state)
        job = await store.jobs.get(first)
        assert job is not None
        await store.outbox.hold(job, ref="media-1", for_s=100)
        assert await known() == [first, second]
        (item,) = await store.outbox.waiting(ME)
        await store.database.write(lambda connection: hand_over_tx(connection, item, "origin-9"))
        assert await known() == [second]
        await store.jobs.send_again(first)  # asked for once more
        assert await known() == [first, second]
        await set_columns(store, first, request={"odd": True})
        assert await known() == [second]  # a row that nobody can read stops no other
        await store.jobs.move(second, State.DELIVERED, outcome_ref="pushed")
        assert await known() == []
        assert await store.outbox.undelivered("wechat:oOther") == []

    on_store(database_url, story)


def test_fal_is_still_asked_after_a_parked_job_whose_word_was_handed_over(database_url: str) -> None:
    """The word was held when its order was in doubt; since then the request was found, and parked."""

    async def story(store: Store) -> None:
        job_id = await ordered(store, "m1")
        await store.jobs.move(job_id, State.SUBMIT_UNCONFIRMED)
        job = await store.jobs.get(job_id)
        assert job is not None
        await store.outbox.hold(job, ref=None, for_s=100)
        await store.jobs.move(job_id, State.RENDERING)
        (stale,) = await store.outbox.waiting(ME)
        await store.jobs.park(job_id, "html")
        await store.database.write(lambda connection: hand_over_tx(connection, stale, "origin-8"))
        parked = await store.jobs.get(job_id)
        assert parked is not None
        assert parked.outcome_ref is None  # that was not the word on it
        await store.outbox.hold(parked, ref=None, for_s=100)
        (item,) = await store.outbox.waiting(ME)
        await store.database.write(lambda connection: hand_over_tx(connection, item, "origin-9"))
        parked = await store.jobs.get(job_id)
        assert parked is not None
        assert (parked.state, parked.outcome_ref) == (State.PARKED, "origin-9")
        assert parked.due is not None

    on_store(database_url, story)


def test_what_is_over_is_forgotten_and_what_waits_is_not(database_url: str) -> None:
    async def story(store: Store) -> None:
        await store.callback_replies.expect(said("m1"))
        await store.callback_replies.expect(said("m2"))
        await store.callback_replies.give(said("m1").origin, Reply("好"))
        await store.outbox.hold_text(ME, "等着")
        await store.callback_replies.forget(before_s=-10)
        await store.outbox.forget(before_s=-10)
        assert await store.callback_replies.asked_ms(said("m1").origin) is None
        assert await store.callback_replies.asked_ms(said("m2").origin) is not None
        assert len(await store.outbox.waiting(ME)) == 1

    on_store(database_url, story)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_help_goes_into_one_message(language: str) -> None:
    for key in ("passive-help", "passive-start"):
        assert len(translate(language, key).encode()) <= WeChat.limits.text_bytes


def test_what_lies_on_the_table_lapses_and_is_a_persons_own(database_url: str) -> None:
    async def story(store: Store) -> None:
        clock = [now_ms()]
        dialogues = Dialogues(store.database, now=lambda: clock[0])
        asked = Incoming(Address("wechat", "oMe"), "app", "m1", "oMe")
        sources = tuple(DraftSource(AttachmentRef("video", name), name) for name in ("one", "two"))
        draft = Draft(words="a fox", sources=sources, at=clock[0], words_at=clock[0])
        dialogue = replace(await dialogues.of(asked), draft=draft, last=Last("source"))
        await store.database.write(lambda tx: write_dialogue_tx(tx, dialogue))
        await dialogues.measured("wechat:oMe", AttachmentRef("video", "two", duration_s=3.5))
        found = await dialogues.of(asked)
        assert [each.attachment.duration_s for each in found.draft.sources] == [None, 3.5]
        assert (found.draft.words, found.last) == ("a fox", Last("source"))
        assert (await dialogues.of(replace(asked, sender_id="oOther"))).draft.is_empty
        clock[0] += DRAFT_MS
        assert (await dialogues.of(asked)).draft.is_empty

    on_store(database_url, story)
