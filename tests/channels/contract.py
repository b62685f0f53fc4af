"""What every channel keeps, whatever its chat is like. test_contract.py runs each rule against each channel's fake.

RULES hold for all; SERVER_RULES where the chat has a server of its own; AWAY_RULES where nobody answers at that
server's address.
"""

import asyncio
import dataclasses
import json
from collections.abc import Awaitable, Callable

from bot.channels import manifests
from bot.channels.protocol import ChannelManifest
from bot.channels.types import Action, Activity, Address, AttachmentRef, Message, SendOutcome, Toast
from bot.conversation.access import Access
from tests.channels.connecting import Connected, StandTerminal
from tests.corpus import jpeg

Rule = Callable[[Connected], Awaitable[None]]

ACTIVITIES: tuple[Activity, ...] = ("rendering", "uploading")
CANCEL = (Action("Cancel", "cancel:K3X9Q2A", danger=True),)
GONE = AttachmentRef("image", "0" * 32)
JOB = "K3X9Q2A"
WORDS = "a paper boat in the rain"


# What people send


async def a_text_arrives_with_its_ids(on: Connected) -> None:
    await on.stand.says(WORDS)
    (incoming,) = on.box.all
    assert incoming.text == WORDS
    assert (incoming.address.channel, incoming.address.chat_id) == (on.manifest.name, on.stand.person)
    assert incoming.account == on.stand.account
    assert incoming.direct
    assert incoming.event_id
    assert incoming.user == f"{on.manifest.name}:{incoming.sender_id}"
    json.dumps(dataclasses.asdict(incoming))


async def what_could_not_be_stored_is_not_confirmed(on: Connected) -> None:
    """So the chat brings it again."""
    on.box.broken = 1
    await on.stand.says(WORDS)
    assert on.box.broken == 0
    assert {incoming.text for incoming in on.box.all} == {WORDS}


async def a_repeat_is_known_by_its_origin(on: Connected) -> None:
    await on.stand.says(WORDS)
    await on.stand.repeats()
    assert len({incoming.origin for incoming in on.box.all}) == 1
    await on.stand.says(WORDS)
    assert len({incoming.origin for incoming in on.box.all}) == 2


async def its_ids_may_be_listed(on: Connected) -> None:
    await on.stand.says(WORDS)
    (incoming,) = on.box.all
    for ident in (incoming.sender_id, incoming.address.chat_id, on.stand.group):
        if ident is not None:
            assert on.manifest.id_problem(ident) is None
            listed = f"{on.manifest.name}:{ident}"
            chats = {**manifests(), on.manifest.name: on.manifest}
            assert Access.from_settings(listed, listed, chats=chats).allows(incoming.user, listed)


async def a_group_is_told_by_its_id(on: Connected) -> None:
    """What is said to nobody is said in a group, and a chat of two is none."""
    await on.stand.says(WORDS)
    if on.stand.group is not None:
        await on.stand.says("talk among people", group=True)
        assert on.box.all[-1].address.chat_id == on.stand.group
        assert not on.box.all[-1].direct
    told = {incoming.address.chat_id: on.manifest.is_group(incoming.address.chat_id) for incoming in on.box.all}
    assert told == {on.stand.person: False} | ({on.stand.group: True} if on.stand.group else {})


async def a_photo_is_fetched_whole(on: Connected) -> None:
    ref, into = await photo_of(on), on.folder / "fetched"
    assert ref.kind == "image"
    await on.channel.fetch(ref, into)
    assert into.read_bytes() == jpeg()


async def a_file_that_is_gone_leaves_nothing(on: Connected) -> None:
    into = on.folder / "fetched"
    error = await on.refused(on.channel.fetch(GONE, into))
    assert error.outcome is SendOutcome.REJECTED
    assert not into.exists()


async def photo_of(on: Connected) -> AttachmentRef:
    await on.stand.says("", photo=jpeg())
    ref = on.box.all[-1].attachment
    assert ref is not None
    return ref


# What the bot says


async def a_text_gets_a_reference(on: Connected) -> None:
    reference = await on.channel.show(on.person, Message("On it", CANCEL, job_id=JOB, progress=0.4))
    assert isinstance(reference, str)
    assert reference
    assert await on.stand.texts() == ["On it"]


async def a_text_is_changed_where_the_chat_can_do_that(on: Connected) -> None:
    first = await on.channel.show(on.person, Message("On it", CANCEL, job_id=JOB))
    again = await on.channel.show(on.person, Message("Done", job_id=JOB), replace=first)
    if on.manifest.limits.edits:
        assert (again, await on.stand.texts()) == (first, ["Done"])
    else:
        assert await on.stand.texts() == ["On it", "Done"]


async def a_question_that_is_not_there_stops_no_answer(on: Connected) -> None:
    await on.channel.show(on.person, Message("On it", job_id=JOB), reply_to="999999")
    await on.channel.send_video(on.person, on.film(), reply_to="999999")
    assert await on.stand.texts() == ["On it"]
    assert len(await on.stand.videos()) == 1


async def a_long_text_comes_whole_or_cut_within_the_limits(on: Connected) -> None:
    limits = on.manifest.limits
    most = max(limits.text_chars, limits.text_bytes)
    text = " ".join(f"{number:06d}🦊" for number in range(most // 7))
    await on.channel.show(on.person, Message(text, job_id=JOB))
    seen = await on.stand.texts()
    if joined(*seen) == joined(text):
        return
    (part,) = seen
    assert part.endswith("…")
    assert joined(text).startswith(joined(part).removesuffix("…"))
    assert len(part) <= limits.text_chars
    assert len(part.encode()) <= limits.text_bytes
    assert len(part) > limits.text_chars // 2 or len(part.encode()) > limits.text_bytes // 2


def joined(*texts: str) -> str:
    return "".join("".join(texts).split())


async def a_video_is_the_file_itself(on: Connected) -> None:
    video = on.film(actions=CANCEL)
    reference = await on.channel.send_video(on.person, video)
    assert isinstance(reference, str)
    assert reference
    assert await on.stand.videos() == [video.path.read_bytes()]


async def a_long_caption_and_a_missing_still_stop_no_video(on: Connected) -> None:
    video = on.film(caption="🦊" * 5000, thumbnail=None)
    await on.channel.send_video(on.person, video)
    assert await on.stand.videos() == [video.path.read_bytes()]


async def signs_of_activity_never_raise(on: Connected) -> None:
    await on.channel.show(on.person, Message("On it", job_id=JOB))
    for activity in ACTIVITIES:
        await on.stand.says(WORDS)
        on.key_values.away = True
        await on.channel.busy(on.person, activity)
        on.key_values.away = False
        await on.channel.busy(on.person, activity)


async def what_is_deleted_is_gone_and_what_is_not_says_so(on: Connected) -> None:
    shown = await on.channel.show(on.person, Message("On it", CANCEL, job_id=JOB))
    await on.channel.show(on.person, Message("Done", job_id=JOB))
    removed = await on.channel.remove(on.person, shown)
    assert await on.stand.texts() == (["Done"] if removed else ["On it", "Done"])
    assert not await on.channel.remove(on.person, "no such reference")


async def a_chat_of_two_has_no_admins_and_nothing_in_its_way(on: Connected) -> None:
    await on.stand.says(WORDS)
    (incoming,) = on.box.all
    assert incoming.private
    assert not await on.channel.is_admin_of(on.person, incoming.sender_id)
    assert await on.channel.obstacle(on.person) is None
    assert not await on.channel.toast(incoming, Toast("only for presses"))
    own = on.channel.private(incoming.sender_id)
    assert own is None or own == on.person


async def questions_about_a_group_never_raise(on: Connected) -> None:
    if on.stand.group is None:
        return
    group = Address(on.manifest.name, on.stand.group)
    for away in (False, True):
        on.key_values.away = away
        assert await on.channel.obstacle(group) is None
        assert not await on.channel.is_admin_of(group, on.stand.person)
    on.key_values.away = False


# Its life


async def it_is_alive_and_knows_itself(on: Connected) -> None:
    assert on.channel.alive()
    assert (on.channel.name, on.channel.limits) == (on.manifest.name, on.manifest.limits)
    assert on.channel.manifest is on.manifest
    assert await on.channel.check()
    await on.stand.says(WORDS)
    assert on.channel.alive()


async def its_routes_are_those_it_names(on: Connected) -> None:
    paths = [str(getattr(route, "path")) for route in on.channel.routes()]  # noqa: B009 - the protocol knows no path
    assert [path for path in paths if not any(covers(claim, path) for claim in on.manifest.routes)] == []


def covers(claim: str, path: str) -> bool:
    """`/chat/` stands for all below it, `/` and `/telegram` for themselves."""
    return path == claim or (claim != "/" and claim.endswith("/") and path.startswith(claim))


async def after_the_intake_stops_nothing_is_taken_and_it_still_sends(on: Connected) -> None:
    await on.stand.says(WORDS)
    await on.channel.stop_intake()
    late = asyncio.create_task(on.stand.says("too late"))
    for _ in range(3):
        await on.channel.show(on.person, Message("Nearly done", job_id=JOB))
    await on.channel.send_video(on.person, on.film())
    assert len(await on.stand.videos()) == 1
    assert [incoming.text for incoming in on.box.all] == [WORDS]
    late.cancel()
    assert isinstance((await asyncio.gather(late, return_exceptions=True))[0], BaseException)


async def its_console_commands_say_a_line(on: Connected) -> None:
    words = [command.word for command in on.manifest.commands]
    assert len(set(words)) == len(words)
    for command in on.manifest.commands:
        assert command.word.isidentifier()
        assert command.help
        assert (await command.run(on.channel, StandTerminal(on.stand))).strip()


RULES: tuple[Rule, ...] = (
    a_text_arrives_with_its_ids,
    what_could_not_be_stored_is_not_confirmed,
    a_repeat_is_known_by_its_origin,
    its_ids_may_be_listed,
    a_group_is_told_by_its_id,
    a_photo_is_fetched_whole,
    a_file_that_is_gone_leaves_nothing,
    a_text_gets_a_reference,
    a_text_is_changed_where_the_chat_can_do_that,
    a_question_that_is_not_there_stops_no_answer,
    a_long_text_comes_whole_or_cut_within_the_limits,
    a_video_is_the_file_itself,
    a_long_caption_and_a_missing_still_stop_no_video,
    signs_of_activity_never_raise,
    what_is_deleted_is_gone_and_what_is_not_says_so,
    a_chat_of_two_has_no_admins_and_nothing_in_its_way,
    questions_about_a_group_never_raise,
    it_is_alive_and_knows_itself,
    its_routes_are_those_it_names,
    after_the_intake_stops_nothing_is_taken_and_it_still_sends,
    its_console_commands_say_a_line,
)


# Where the chat has a server


async def a_lost_answer_leaves_it_unconfirmed(on: Connected) -> None:
    """It has arrived, and nobody knows: sent again by itself it would come twice."""
    on.server.loses_answers()
    shown = await on.refused(on.channel.show(on.person, Message("On it", job_id=JOB)))
    sent = await on.refused(on.channel.send_video(on.person, on.film()))
    assert (shown.outcome, sent.outcome) == (SendOutcome.UNCONFIRMED, SendOutcome.UNCONFIRMED)
    assert await on.stand.texts() == ["On it"]
    assert await on.stand.videos() == [on.film().path.read_bytes()]


async def who_has_blocked_the_bot_is_not_reached(on: Connected) -> None:
    """Gone; or, where the bot may not speak first, it waits until they write."""
    on.server.blocks()
    expected = SendOutcome.MUST_WAIT if on.manifest.limits.passive_replies else SendOutcome.UNREACHABLE
    assert (await on.refused(on.channel.show(on.person, Message("On it", job_id=JOB)))).outcome is expected
    assert (await on.refused(on.channel.send_video(on.person, on.film()))).outcome is expected
    for activity in ACTIVITIES:
        await on.channel.busy(on.person, activity)
    assert await on.stand.videos() == []


async def half_a_file_is_no_file(on: Connected) -> None:
    ref, into = await photo_of(on), on.folder / "fetched"
    on.server.cuts_files()
    assert (await on.refused(on.channel.fetch(ref, into))).outcome is SendOutcome.NOT_SENT
    assert not into.exists()


SERVER_RULES: tuple[Rule, ...] = (
    a_lost_answer_leaves_it_unconfirmed,
    who_has_blocked_the_bot_is_not_reached,
    half_a_file_is_no_file,
)


async def what_never_left_may_be_sent_again(on: Connected) -> None:
    assert (await on.refused(on.channel.show(on.person, Message("On it", job_id=JOB)))).outcome is SendOutcome.NOT_SENT
    assert (await on.refused(on.channel.send_video(on.person, on.film()))).outcome is SendOutcome.NOT_SENT
    into = on.folder / "fetched"
    assert (await on.refused(on.channel.fetch(GONE, into))).outcome is SendOutcome.NOT_SENT
    assert not into.exists()


async def a_chat_that_is_away_keeps_nothing_from_starting(on: Connected) -> None:
    assert on.channel.alive()
    await on.refused(on.channel.check())
    for activity in ACTIVITIES:
        await on.channel.busy(on.person, activity)
    await questions_about_a_group_never_raise(on)


AWAY_RULES: tuple[Rule, ...] = (what_never_left_may_be_sent_again, a_chat_that_is_away_keeps_nothing_from_starting)


# Before anything is connected


def limits_are_sane(manifest: ChannelManifest) -> None:
    limits = manifest.limits
    assert 1_000_000 <= limits.video_bytes <= 2_000_000_000
    assert 100_000 <= limits.image_bytes <= limits.source_video_bytes
    assert 0 < limits.caption_chars <= limits.text_chars
    assert 0 < limits.text_bytes <= 4 * limits.text_chars
    for allowed in (limits.per_message, limits.per_tap):
        assert allowed is None or (allowed[0] > 0 and allowed[1] > 0)
    assert limits.per_tap is None or limits.per_message is not None


def two_claim_the_same(one: ChannelManifest, other: ChannelManifest) -> list[tuple[str, str]]:
    return [(a, b) for a in one.routes for b in other.routes if covers(a, b) or covers(b, a)]
