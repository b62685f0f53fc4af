"""A group has another id: what is stored of it follows in one transaction, once, however often and by whomever told."""

import asyncio
from dataclasses import replace

from bot.channels.types import Address, Incoming
from bot.store import Store
from bot.store.dialogues import Draft, write_dialogue_tx
from bot.store.ledger import Caps, OverCap
from bot.store.records import Confirmation, Destination, State
from tests.store.test_people_and_groups import draft, order
from tests.store.test_store import on_store

OLD, NEW = "telegram:-5", "telegram:-100777"
CAPS = Caps(all_micro=20_000_000, user_micro=20_000_000, group_micro=1_500_000)


def in_group(event: str, sender: str = "42", **more: object) -> Incoming:
    said = Incoming(Address("telegram", "-5"), "77", event, sender, private=False, reply_to=event)
    return replace(said, **more)  # type: ignore[arg-type]


async def move(store: Store) -> bool:
    return await store.moves.move("telegram", "-5", "-100777")


def test_settings_admission_and_language_follow_and_what_the_new_id_has_stays(database_url: str) -> None:
    async def story(store: Store) -> None:
        await store.preferences.change(OLD, {"model": "budget", "seconds": "8"})
        await store.preferences.change(NEW, {"seconds": "5"})
        await store.people.choose_language(OLD, "zh")
        await store.admissions.allow(OLD, by="telegram:1")
        await store.admissions.set_cap(OLD, 700_000)
        assert await move(store)
        assert await store.preferences.of(OLD, NEW) == [{}, {"model": "budget", "seconds": "5"}]
        assert await store.people.language(NEW) == "zh"
        assert await store.people.language(OLD) is None
        assert await store.admissions.allowed([OLD, NEW]) == {NEW}
        ((ident, cap),) = [(each.id, each.cap_micro) for each in await store.admissions.all()]
        assert (ident, cap) == (NEW, 700_000)
        await store.preferences.change(NEW, {"model": "veo-3.1"})
        assert not await move(store)  # told again
        assert await store.preferences.of(NEW) == [{"model": "veo-3.1", "seconds": "5"}]
        assert await store.moves.former([NEW, OLD]) == {NEW: {OLD}}

    on_store(database_url, story)


def test_what_the_group_spent_counts_on(database_url: str) -> None:
    async def story(store: Store) -> None:
        made = await order(store, "m1", caps=CAPS, user="42", group=OLD)
        assert isinstance(made, str)
        await store.jobs.drop(made, "not wanted")
        await order(store, "m2", caps=CAPS, user="42", group=OLD)
        await move(store)
        standing, cap = await store.ledger.group_standing(NEW, CAPS)
        assert (standing.used_micro, cap) == (700_000, 1_500_000)
        await order(store, "m3", caps=CAPS, user="43", group=NEW)
        over = await order(store, "m4", caps=CAPS, user="44", group=NEW)
        assert isinstance(over, OverCap)
        assert (over.whose, over.left_micro) == ("group", 100_000)

    on_store(database_url, story)


def test_jobs_dialogues_and_waiting_messages_follow(database_url: str) -> None:
    async def story(store: Store) -> None:
        asked = in_group("12")
        new = replace(draft("12", group=OLD, question=Confirmation("words")), incoming=asked)
        offer = await store.jobs.accept(new, inbox_id=None, caps=CAPS)
        assert isinstance(offer, str)
        await store.jobs.shown(offer, ref="13", as_text="offer")
        await store.jobs.redirect(offer, Destination(asked.address, "12"))
        dialogue = replace(await store.dialogues.of(asked), draft=Draft(words="a fox", at=asked.at or 10**13))
        await store.database.write(lambda tx: write_dialogue_tx(tx, dialogue))
        await store.inbox.put([in_group("14", text="/status")], most=lambda _each: 50)
        await move(store)
        job = await store.jobs.get(offer)
        assert job is not None
        assert (job.chat, job.group_chat, job.address.chat_id) == (NEW, NEW, "-100777")
        assert job.state is State.AWAITING_CONFIRMATION
        assert job.destination == Destination(Address("telegram", "-100777"))  # its question has no number there
        assert job.status_ref is None  # so that nobody edits the message 13 of the new chat
        there = replace(asked, address=Address("telegram", "-100777"))
        assert (await store.dialogues.of(there)).draft.words == "a fox"
        assert await store.message_map.job_of(there.address, "13") is None
        assert await store.message_map.job_of(there.address, "-5/13") == offer
        (waiting,) = (await store.inbox.waiting()).messages
        assert (waiting.chat, waiting.incoming.text, waiting.incoming.reply_to) == (NEW, "/status", None)
        await store.inbox.put([replace(there, event_id="14", text="/help")], most=lambda _each: 50)
        assert (await store.inbox.after(waiting)) is not None  # the new chat's own message 14
        pressed = await store.moves.present(in_group("press-9", pressed=f"yes:{offer}"))
        assert (pressed.address.chat_id, pressed.event_id, pressed.reply_to) == ("-100777", "press-9", None)
        assert await store.moves.present(there) == there

    on_store(database_url, story)


def test_both_notices_at_once_are_one_move(database_url: str) -> None:
    async def story(store: Store) -> None:
        await store.preferences.change(OLD, {"model": "budget"})
        assert sorted(await asyncio.gather(*(move(store) for _ in range(4)))) == [False, False, False, True]
        assert await store.preferences.of(NEW) == [{"model": "budget"}]
        assert await store.moves.all() == [(OLD, NEW)]

    on_store(database_url, story)
