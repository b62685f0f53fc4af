"""What a message holds beside its words, what it quotes, its newer versions, and what becomes of the bot in a chat."""

from pathlib import Path
from typing import Any

import pytest

from bot.channels.types import AttachmentRef, Membership, Quoted
from tests.channels.telegram_bench import jpeg
from tests.channels.test_telegram_parsing import GROUP, one, read
from tests.fakes.botapi import TelegramFake
from tests.fakes.botapi.world import Json, World

SOMEBODY = {"type": "hidden_user", "date": 1, "sender_user_name": "Somebody"}
THEIR_FILE = {"file_id": "BAAD9", "file_unique_id": "u9"}
THEIR_PHOTO = [{**THEIR_FILE, "width": 5, "height": 5}]
OTHERS: list[tuple[str, Json]] = [
    (
        "sticker",
        {
            "sticker": {
                **THEIR_FILE,
                "type": "regular",
                "width": 512,
                "height": 512,
                "is_animated": False,
                "is_video": False,
            }
        },
    ),
    ("location", {"location": {"longitude": 1.0, "latitude": 2.0}}),
    (
        "location",
        {
            "venue": {"location": {"longitude": 1.0, "latitude": 2.0}, "title": "Zoo", "address": "1"},
            "location": {"longitude": 1.0, "latitude": 2.0},
        },
    ),
    ("contact", {"contact": {"phone_number": "1", "first_name": "Ann"}}),
    ("dice", {"dice": {"value": 3, "emoji": "🎲"}}),
    ("story", {"story": {"id": 1, "chat": {"id": 5, "type": "private", "first_name": "Ann"}}}),
    ("paid", {"paid_media": {"star_count": 5, "paid_media": [{"type": "preview"}]}}),
    ("file", {"document": {**THEIR_FILE, "mime_type": "application/pdf", "file_name": "a.pdf"}}),
    ("unknown", {"game": {"title": "g", "description": "g", "photo": THEIR_PHOTO}}),
    ("unknown", {"rich_message": {"blocks": []}}),
    (
        "poll",
        {
            "poll": {
                "id": "1",
                "question": "?",
                "options": [],
                "total_voter_count": 0,
                "is_closed": False,
                "is_anonymous": True,
                "type": "regular",
                "allows_multiple_answers": False,
                "allows_revoting": False,
                "members_only": False,
            }
        },
    ),
]


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = TelegramFake(state=tmp_path).world
    made.group(GROUP)
    return made


@pytest.mark.parametrize(("other", "extra"), OTHERS, ids=lambda each: each if isinstance(each, str) else "")
def test_what_no_video_can_be_made_of_is_told(world: World, other: str, extra: Json) -> None:
    world.says(42, extra=extra)
    found = one(world)
    assert (found.other, found.attachment, found.text, found.direct) == (other, None, "", True)
    world.says(GROUP, sender=7, extra=extra)
    assert read(world) == [None]  # people talk like that


@pytest.mark.parametrize(
    ("caption", "other"), [("@reelbot animate", "file"), ("/video animate", "file"), ("listen", None)]
)
def test_in_a_group_it_counts_where_the_bot_is_addressed(world: World, caption: str, other: str | None) -> None:
    document = {**THEIR_FILE, "mime_type": "application/pdf", "file_name": "a.pdf"}
    world.says(GROUP, sender=7, extra={"caption": caption, "document": document})
    assert one(world).other == other


@pytest.mark.parametrize("field", ["voice", "audio"])
def test_a_voice_note_and_a_song_are_sounds_whose_length_is_measured_here(world: World, field: str) -> None:
    sound = {field: {**THEIR_FILE, "duration": 3}}
    number = world.says(42, extra=sound)
    assert one(world).attachment == AttachmentRef("audio", "BAAD9")
    world.updates.clear()
    world.says(42, "/video a singer", reply_to=number)
    assert one(world).quoted == Quoted(ref=str(number), attachment=AttachmentRef("audio", "BAAD9"))


@pytest.mark.parametrize(("other", "extra"), OTHERS, ids=lambda each: each if isinstance(each, str) else "")
def test_what_is_answered_may_be_something_else(world: World, other: str, extra: Json) -> None:
    sticker = world.says(42, extra=extra)
    world.updates.clear()
    world.says(42, "/video", reply_to=sticker)
    assert one(world).quoted == Quoted(ref=str(sticker), other=other)  # type: ignore[arg-type]


def test_a_photo_quoted_from_another_chat(world: World) -> None:
    elsewhere = {"chat": {"id": -100900, "type": "channel", "title": "News"}, "message_id": 77}
    world.says(42, "/video waves", extra={"external_reply": {"origin": SOMEBODY, "photo": THEIR_PHOTO, **elsewhere}})
    found = one(world)
    assert found.attachment is None
    assert found.quoted == Quoted(attachment=AttachmentRef("image", "BAAD9"))


def test_our_own_message_in_another_topic_is_ours_and_has_its_number(world: World) -> None:
    origin = {"type": "user", "date": 1, "sender_user": world.bot}
    here = {"chat": world.chats[GROUP].json(), "message_id": 77}
    video = {**THEIR_FILE, "width": 3, "height": 2, "duration": 5}
    world.says(GROUP, "/again", sender=7, extra={"external_reply": {"origin": origin, "video": video, **here}})
    attachment = AttachmentRef("video", "BAAD9", duration_s=5.0)
    assert one(world).quoted == Quoted(ref="77", attachment=attachment, ours=True)


@pytest.mark.parametrize("how", ["reply", "external", "alone"])
def test_a_quote_stands_for_the_message(world: World, how: str) -> None:
    quote = {"text": "the second half", "position": 10, "is_manual": True}
    answered = world.says(42, "the first half, the second half")
    world.updates.clear()
    external = {"external_reply": {"origin": SOMEBODY}} if how == "external" else {}
    world.says(42, "/video", reply_to=answered if how == "reply" else None, extra={"quote": quote, **external})
    assert one(world).quoted == Quoted(ref=str(answered) if how == "reply" else None, text="the second half")


def test_a_table_of_ours_may_be_answered(world: World) -> None:
    """A rich message holds words: those of others cannot be read, and our own need not be."""
    for sender, other in ((world.bot, None), (world.person(7, None), "unknown")):
        table = {"message_id": 9, "date": 1, "chat": world.private(42).json(), "from": sender}
        world.says(42, "/video a fox", extra={"reply_to_message": {**table, "rich_message": {"blocks": []}}})
        assert one(world).quoted == Quoted(ref="9", other=other, ours=other is None)  # type: ignore[arg-type]


def test_a_story_may_be_answered(world: World) -> None:
    world.says(42, "/video", extra={"reply_to_story": {"id": 1, "chat": world.private(42).json()}})
    assert one(world).quoted == Quoted(other="story")


# Whose words they are

CHANNEL = {"id": -100900, "type": "channel", "title": "News"}


@pytest.mark.parametrize(
    "extra",
    [
        {"forward_origin": SOMEBODY},
        {"forward_origin": {"type": "channel", "date": 1, "chat": CHANNEL, "message_id": 3}},
        {"via_bot": {"id": 5, "is_bot": True, "first_name": "Gif", "username": "gif"}},
    ],
)
def test_words_that_are_not_the_senders_own_say_so(world: World, extra: Json) -> None:
    world.says(42, "/video a fox", extra=extra)
    assert one(world).forwarded
    world.says(42, "in the paper", photo=jpeg(), extra=extra)
    assert one(world).forwarded
    world.says(42, "/video a fox")
    assert not one(world).forwarded


def test_a_channels_post_in_its_group_is_nobodys_order(world: World) -> None:
    copied = {"from": {"id": 777000, "is_bot": False, "first_name": "Telegram"}, "sender_chat": CHANNEL}
    world.says(GROUP, "/video a fox", extra={**copied, "is_automatic_forward": True})
    assert read(world) == [None]
    world.says(GROUP, "/video@reelbot a fox", extra={**copied, "is_automatic_forward": True})
    assert one(world).forwarded


def test_a_deep_link_keeps_its_payload(world: World) -> None:
    world.says(42, "/start K7QX2AB")
    assert one(world).text == "/start K7QX2AB"


@pytest.mark.parametrize("chat", [42, GROUP])
def test_private_is_where_nobody_else_reads(world: World, chat: int) -> None:
    world.says(chat, "/video@reelbot a fox", sender=42)
    found = one(world)
    assert (found.private, found.direct, found.name) == (chat == 42, True, "Person 42")


# Newer versions


def test_an_edit_is_a_newer_version(world: World) -> None:
    number = world.says(42, "/vidoe a fox")
    first = one(world)
    world.edits(42, number, "/video a fox", after_s=1800)
    edit = one(world)
    stamp = world.messages[42, number]["edit_date"]
    assert (edit.text, edit.event_id, edit.edits) == ("/video a fox", f"edit-{number}-{stamp}", first.event_id)
    assert (edit.at, edit.reply_to) == (stamp * 1000, str(number))
    world.edits(42, number, "/video a hare", after_s=1799)
    assert one(world).origin != edit.origin


def test_an_edit_that_comes_after_half_an_hour_is_silent(world: World) -> None:
    number = world.says(42, "/video a fox")
    world.updates.clear()
    world.edits(42, number, "/video a hare", after_s=1801)
    assert read(world) == [None]


@pytest.mark.parametrize(
    ("text", "taken"),
    [("/video a fox", True), ("/video@reelbot a fox", True), ("@reelbot a fox", False), ("hi", False)],
)
def test_an_edit_in_a_group_counts_with_a_command(world: World, text: str, taken: bool) -> None:
    number = world.says(GROUP, "hello", sender=7)
    world.updates.clear()
    world.edits(GROUP, number, text)
    assert (read(world)[0] is not None) == taken


def test_a_place_that_moves_is_no_edit(world: World) -> None:
    number = world.says(42, extra={"location": {"longitude": 1.0, "latitude": 2.0, "live_period": 900}})
    assert one(world).other == "location"
    world.update(
        {"edited_message": {**world.messages[42, number], "edit_date": world.messages[42, number]["date"] + 5}}
    )
    assert read(world) == [None]


def test_a_caption_may_be_edited(world: World) -> None:
    number = world.says(42, "she smlies", photo=jpeg())
    world.updates.clear()
    world.edits(42, number, "she smiles")
    found = one(world)
    assert (found.text, found.edits) == ("she smiles", str(number))
    assert found.attachment is not None


# What becomes of the bot


@pytest.mark.parametrize(
    ("chat", "blocked", "membership"),
    [(42, True, "removed"), (42, False, "unblocked"), (GROUP, True, "removed"), (GROUP, False, "added")],
)
def test_being_let_in_and_put_out_is_told(world: World, chat: int, blocked: bool, membership: Membership) -> None:
    world.private(42)
    world.blocks(chat, blocked=blocked)
    number = world.updates[0]["update_id"]
    found = one(world)
    assert (found.membership, found.text, found.other, found.pressed) == (membership, "", None, None)
    assert (found.event_id, found.sender_id, found.private) == (f"member-{number}", "42", chat == 42)
    assert found.address.chat_id == str(chat)
    assert found.at is not None


@pytest.mark.parametrize(
    ("old", "new", "kind", "membership"),
    [
        ({"status": "left"}, {"status": "member"}, "supergroup", "added"),
        ({"status": "member"}, {"status": "left"}, "supergroup", "removed"),
        ({"status": "restricted", "is_member": True}, {"status": "kicked", "until_date": 0}, "supergroup", "removed"),
        ({"status": "restricted", "is_member": False}, {"status": "member"}, "supergroup", "added"),
        ({"status": "member"}, {"status": "restricted", "is_member": True}, "supergroup", None),
        ({"status": "left"}, {"status": "member"}, "channel", None),
    ],
)
def test_other_rights_are_no_coming_and_going(
    world: World, old: Json, new: Json, kind: str, membership: str | None
) -> None:
    def member(standing: Json) -> Json:
        return {"user": world.bot, "until_date": 0, **(_rights() if "is_member" in standing else {}), **standing}

    chat: dict[str, Any] = {"id": GROUP, "type": kind, "title": "Group"}
    change = {"chat": chat, "from": world.person(7, "en"), "date": 5}
    world.update({"my_chat_member": {**change, "old_chat_member": member(old), "new_chat_member": member(new)}})
    (found,) = read(world)
    assert (found.membership if found else None) == membership


def _rights() -> Json:
    names = (
        "can_change_info can_invite_users can_pin_messages can_send_messages can_send_polls can_send_other_messages "
        "can_add_web_page_previews can_manage_topics can_send_audios can_send_documents can_send_photos "
        "can_send_videos can_send_video_notes can_send_voice_notes can_edit_tag can_react_to_messages"
    )
    return dict.fromkeys(names.split(), True)
