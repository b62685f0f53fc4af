"""What an update says to us: table-driven, without HTTP."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram import Update

from bot.channels.telegram.errors import Unreadable
from bot.channels.telegram.lengths import cut, split, units
from bot.channels.telegram.parsing import incoming_from
from bot.channels.telegram.request import readable
from bot.channels.types import Address, AttachmentRef, Incoming, Quoted
from tests.channels.telegram_bench import jpeg
from tests.fakes.botapi import TelegramFake
from tests.fakes.botapi.world import Json, World

GROUP = -100200


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = TelegramFake(state=tmp_path).world
    made.group(GROUP)
    return made


def read(world: World, *, username: str | None = "reelbot") -> list[Incoming | None]:
    """Everything that waits, as one batch."""
    updates = [Update.de_json(update, None) for update in world.updates]
    world.updates.clear()
    account = str(world.bot["id"])
    return [incoming_from(update, account=account, username=username) for update in updates]


def one(world: World, **more: Any) -> Incoming:
    (found,) = read(world, **more)
    assert found is not None
    return found


def own_video(world: World, chat: int) -> int:
    """A film that the bot has delivered."""
    video = {**world.keep(b"film", "videos.mp4").json(), "width": 3, "height": 2, "duration": 5}
    place = world.private(chat) if chat > 0 else world.chats[chat]
    return int(world.post(place, {"video": video}, thread=None, reply_to=None)["message_id"])


def test_words_in_a_private_chat(world: World) -> None:
    number = world.says(42, "/video a fox", language="zh-hans")
    assert one(world) == Incoming(
        address=Address("telegram", "42"),
        account=str(world.bot["id"]),
        event_id=str(number),
        sender_id="42",
        text="/video a fox",
        language="zh-hans",
        reply_to=str(number),
        at=world.messages[42, number]["date"] * 1000,
        name="Person 42",
    )


@pytest.mark.parametrize(
    ("text", "heard", "direct"),
    [
        ("/video a fox", "/video a fox", False),
        ("/video@reelbot a fox", "/video a fox", True),
        ("/VIDEO@ReelBot a fox", "/VIDEO a fox", True),
        ("/视频@reelbot 狐狸", "/视频 狐狸", True),
        ("@reelbot /video a fox", "/video a fox", True),
        ("/video a fox @ReelBot", "/video a fox", True),
        ("write to fox@reelbot.example", "write to fox@reelbot.example", False),
        ("@reelbot2 hello", "@reelbot2 hello", False),
        ("nice weather", "nice weather", False),
        ("/price a@b", "/price a@b", False),
    ],
)
def test_who_is_meant_in_a_group(world: World, text: str, heard: str, direct: bool) -> None:
    world.says(GROUP, text, sender=7)
    found = one(world)
    assert (found.text, found.direct, found.sender_id) == (heard, direct, "7")


def test_another_bots_command_is_not_for_us(world: World) -> None:
    world.says(GROUP, "/video@otherbot a fox", sender=7)
    assert read(world) == [None]
    world.says(42, "/video@otherbot a fox")
    assert one(world).text == "/video a fox"


@pytest.mark.parametrize(
    ("text", "direct"),
    [("and you?", False), ("wow nice!", False), ("/cancel", True), ("／视频 狐狸", True), ("@reelbot and you?", True)],
)
def test_a_reply_to_the_bot_in_a_group_is_for_it_with_a_command(world: World, text: str, direct: bool) -> None:
    """Whether it answers an offer is the conversation's to know, so it is handed in all the same."""
    ours = world.post(world.chats[GROUP], {"text": "hello"}, thread=None, reply_to=None)
    world.says(GROUP, text, sender=7, reply_to=ours["message_id"])
    found = one(world)
    assert found.direct == direct
    assert found.quoted == Quoted(ref=str(ours["message_id"]), text="hello", ours=True)


def test_a_bare_mention_is_for_the_bot(world: World) -> None:
    world.says(GROUP, "@ReelBot", sender=7)
    found = one(world)
    assert (found.text, found.direct, found.private) == ("", True, False)


def test_a_photo_with_its_caption_is_its_largest_size(world: World) -> None:
    photo = jpeg()
    world.says(42, "/video@reelbot she smiles", photo=photo)
    found = one(world)
    assert found.text == "/video she smiles"
    assert found.attachment is not None
    assert (found.attachment.kind, found.attachment.size) == ("image", len(photo))
    assert world.files[found.attachment.file_id].path.read_bytes() == photo


def test_a_photo_with_plain_words_in_a_group_is_talk(world: World) -> None:
    world.says(GROUP, "my dog", sender=7, photo=jpeg())
    assert not one(world).direct


def test_a_video_tells_its_seconds(world: World) -> None:
    world.says(42, "make it snow", video=b"film", seconds=9)
    attachment = one(world).attachment
    assert attachment is not None
    assert (attachment.kind, attachment.size, attachment.duration_s) == ("video", 4, 9.0)


@pytest.mark.parametrize(
    ("mime", "filename", "kind"),
    [
        ("image/png", "file", "image"),
        ("IMAGE/HEIC", "file", "image"),
        ("video/quicktime", "file", "video"),
        ("application/octet-stream", "IMG_1.JPG", "file"),
        ("application/octet-stream", "file", "file"),
        (None, "file", "file"),
        ("", "file", "file"),
        ("text/plain", "holiday.HEIC", "file"),
        ("application/x-matroska", "a.b.mkv", "file"),
        ("application/pdf", "scan.pdf", None),
        ("audio/mpeg", "song.mp3", "audio"),
        ("application/pdf", "jpg", None),
    ],
)
def test_files_are_what_they_call_themselves_or_what_their_bytes_tell(
    world: World, mime: str | None, filename: str, kind: str | None
) -> None:
    world.says(42, "animate", document=b"bytes", mime=mime, filename=filename)
    found = one(world)
    assert (found.attachment.kind if found.attachment else None) == kind
    assert found.other == ("file" if kind is None else None)


def test_an_animation_is_a_video_although_it_is_a_document_too(world: World) -> None:
    file = world.keep(b"gif", "animations.mp4").json()
    animation = {**file, "width": 10, "height": 10, "duration": 2}
    world.says(42, "more", extra={"animation": animation, "document": {**file, "mime_type": "video/mp4"}})
    assert one(world).attachment == AttachmentRef("video", file["file_id"], 3, 2.0)


def test_a_reply_tells_the_photo_it_answers(world: World) -> None:
    photo = world.says(42, "my cat", photo=jpeg())
    assert one(world).quoted is None
    world.says(42, "/video she waves", reply_to=photo)
    found = one(world)
    assert found.attachment is None
    assert found.quoted is not None
    assert (found.quoted.ref, found.quoted.text, found.quoted.ours) == (str(photo), "my cat", False)
    assert found.quoted.attachment is not None
    assert found.quoted.attachment.kind == "image"


def test_the_own_photo_is_not_the_answered_one(world: World) -> None:
    first = world.says(42, photo=jpeg((640, 400)))
    world.says(42, "/video this one", photo=jpeg((300, 300)), reply_to=first)
    found = read(world)[1]
    assert found is not None
    assert found.quoted is not None
    sizes = [each.size for each in (found.attachment, found.quoted.attachment) if each is not None]
    assert sizes == [len(jpeg((300, 300))), len(jpeg((640, 400)))]


def test_a_reply_to_our_own_video_says_so(world: World) -> None:
    world.says(42, "nice!", reply_to=own_video(world, world.private(42).id))
    found = one(world)
    assert found.direct
    assert found.attachment is None
    assert found.quoted is not None
    assert found.quoted.ours
    assert found.quoted.attachment is not None


def test_topics_are_kept_and_only_real_ones(world: World) -> None:
    world.group(-100300, topics={1, 7})
    world.says(-100300, "/video in a topic", sender=7, thread=7)
    world.says(-100300, "/video in General", sender=7, thread=1)
    world.says(GROUP, "/video in a reply thread", sender=7, thread=33)
    threads = [found.address.thread_id for found in read(world) if found is not None]
    assert threads == ["7", None, None]


def test_the_first_message_of_a_topic_is_not_what_is_answered(world: World) -> None:
    world.group(-100300, topics={7})
    opened = world.post(
        world.chats[-100300],
        {"forum_topic_created": {"name": "VideoFiles", "icon_color": 7322096}},
        thread=7,
        reply_to=None,
    )
    world.says(-100300, "good morning", sender=7, thread=7, reply_to=opened["message_id"])
    assert not one(world).direct


def test_anonymous_admins_speak_for_their_group(world: World) -> None:
    bot = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}
    world.says(GROUP, "/video a fox", extra={"from": bot, "sender_chat": world.chats[GROUP].json()})
    found = one(world)
    assert (found.user, found.anonymous, found.name) == (f"telegram:{GROUP}", True, f"Group {GROUP}")


def test_who_writes_as_a_channel_is_not_anonymous(world: World) -> None:
    channel = {"id": -100900, "type": "channel", "title": "News"}
    world.says(GROUP, "/video a fox", sender=7, extra={"sender_chat": channel})
    found = one(world)
    assert (found.user, found.anonymous, found.name) == ("telegram:-100900", False, "News")


def test_other_bots_and_copied_channel_posts_are_no_people(world: World) -> None:
    channel = {"id": -100900, "type": "channel", "title": "News"}
    world.says(GROUP, "/video a fox", extra={"sender_chat": channel, "is_automatic_forward": True})
    world.says(GROUP, "/video a fox", extra={"from": {"id": 5, "is_bot": True, "first_name": "Other"}})
    assert read(world) == [None, None]


def test_everything_else_is_nothing(world: World) -> None:
    world.says(GROUP, extra={"new_chat_title": "VideoFiles"})
    world.says(42, extra={"pinned_message": {"message_id": 1, "date": 0, "chat": world.private(42).json()}})
    world.update({})
    assert read(world) == [None, None, None]


def test_half_characters_and_nul_do_not_reach_the_database(world: World) -> None:
    world.says(42, "/video a \ud83d fox\x00 \U0001f98a")
    text = one(world).text
    text.encode()
    assert "\x00" not in text
    assert text.endswith("\U0001f98a")


def test_a_press(world: World) -> None:
    world.group(-100300, topics={7})
    row: Json = {"inline_keyboard": [[{"text": "Cancel", "callback_data": "cancel:K3X"}]]}
    body = {"text": "working", "reply_markup": row}
    shown = world.post(world.chats[-100300], body, thread=7, reply_to=None)
    query = world.press(-100300, "cancel:K3X", sender=9)
    found = one(world)
    assert found.address == Address("telegram", "-100300", "7")
    assert (found.pressed, found.text, found.sender_id, found.direct) == ("cancel:K3X", "", "9", True)
    assert (found.private, found.name) == (False, "Person 9")
    assert (found.reply_to, found.event_id) == (str(shown["message_id"]), f"press-{query}")


def test_a_press_on_a_message_too_old_to_be_shown(world: World) -> None:
    person = world.person(42, "en")
    gone = {"chat": world.private(42).json(), "message_id": 3, "date": 0}
    world.update(
        {"callback_query": {"id": "9", "from": person, "chat_instance": "1", "data": "lang:zh", "message": gone}}
    )
    world.update({"callback_query": {"id": "8", "from": person, "chat_instance": "1", "inline_message_id": "x"}})
    found, inline = read(world)
    assert found is not None
    assert (found.reply_to, found.private) == ("3", True)
    assert inline is None


def test_all_of_an_album_come_and_are_known_as_one(world: World) -> None:
    for caption in ("", "she smiles", ""):
        world.says(42, caption, photo=jpeg(), album="A")
    world.says(42, photo=jpeg())
    found = [(each.text, each.album, each.attachment is not None) for each in read(world) if each is not None]
    assert found == [("", "A", True), ("she smiles", "A", True), ("", "A", True), ("", None, True)]


# Answers that the library could not read


@pytest.mark.parametrize(
    ("method", "result", "kept"),
    [
        ("getMe", {"id": 7, "username": "reelbot"}, {"id": 7, "username": "reelbot"}),
        ("getFile", {"file_path": "photos/a.jpg"}, {"file_path": "photos/a.jpg"}),
        ("sendVideo", {"message_id": 5, "video": {"file_id": "x"}}, {"message_id": 5}),
        ("editMessageText", True, True),
        ("getUpdates", [{"update_id": 3, "message": 4}, {"update_id": "?"}, 5], [{"update_id": 3}]),
    ],
)
def test_answers_are_reduced_to_what_is_needed(method: str, result: Any, kept: Any) -> None:
    answer = {"ok": True, "result": result}
    read = json.loads(readable(method, answer, json.dumps(answer).encode()))["result"]
    assert read == kept if not isinstance(kept, dict) else kept.items() <= read.items()


@pytest.mark.parametrize(
    ("method", "result"),
    [
        ("getMe", True),
        ("sendMessage", {}),
        ("sendVideo", True),
        ("getUpdates", {}),
        ("sendVideo", {"message_id": None}),
    ],
)
def test_answers_without_what_is_needed_are_unreadable(method: str, result: Any) -> None:
    with pytest.raises(Unreadable):
        readable(method, {"ok": True, "result": result}, b"")


# Lengths

texts = st.text(st.sampled_from("ab \n🦊é漢"), max_size=400)


@given(texts, st.integers(min_value=8, max_value=60))
def test_parts_keep_every_word_and_the_limit(text: str, most: int) -> None:
    parts = split(text, most)
    assert all(0 < units(part) <= most and part.strip() for part in parts)
    if text.strip():
        assert "".join("".join(parts).split()) == "".join(text.split())


@given(st.text(max_size=200), st.integers(min_value=2, max_value=60))
def test_a_cut_text_fits(text: str, most: int) -> None:
    assert units(cut(text, most)) <= most


def test_cutting_says_so() -> None:
    assert cut("🦊" * 5, 10) == "🦊" * 5
    assert cut("🦊" * 6, 10) == "🦊" * 4 + "…"
    assert split("one two\nthree four", 12) == ["one two", "three four"]
    assert split(" \n ", 10) == ["…"]
    assert split("\ud83d" * 30, 10)
