"""Further sequences of messages: what once bought another offer than the named one, or lost what somebody had sent."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from bot.channels.types import Address, Incoming
from bot.store.database import Connection
from bot.store.dialogue_tables import dialogues
from bot.store.dialogues import DRAFT_MS
from bot.store.records import Job, State
from tests.bench import Bench
from tests.conversation.test_consent import PHOTO, open_offers, spent
from tests.conversation.test_films import files_of, film, press
from tests.fakes.wechat import WeChatFake
from tests.flows.test_group_senders import as_channel
from tests.flows.test_settings_flow import ANONYMOUS
from tests.flows.test_settings_flow import GROUP as ANONYMOUS_GROUP
from tests.flows.test_wechat_flow import FOX, on_wechat

__all__ = ["on_wechat"]

OnBench = Callable[..., None]
GROUP = -100300
MENTION = {"entities": [{"type": "mention", "offset": 0, "length": 8}]}


async def says(made: Bench, *texts: str, chat: int = 42, **more: Any) -> None:
    for text in texts:
        made.telegram.user_says(chat, text, **more)
        await made.at_rest()


def _wide(text: str) -> str:
    return "".join(chr(ord(sign) + 0xFEE0) for sign in text)


async def newest(made: Bench) -> Job:
    return max(await made.jobs(), key=lambda job: job.created)


@pytest.mark.parametrize(
    "words", ["/yes?", "/yes but longer", "/confirm maybe later", "/confirm {old}.", "/确认 “{old}”", "/yes {old}!"]
)
def test_a_yes_with_a_slash_is_as_strict_as_any(on_bench: OnBench, words: str) -> None:
    """With more than a yes it is none, and with a code, however written, it is about no other offer than that one."""

    async def story(made: Bench) -> None:
        await says(made, "a fox")
        (old,) = (await open_offers(made)).values()
        await says(made, "no", "a dear wolf")
        await says(made, words.format(old=old.id))
        assert await spent(made) == set()
        assert [job.request.prompt for job in (await open_offers(made)).values()] == ["a dear wolf"]
        await says(made, "/confirm.", "/confirm.")  # if something else was said last, the first one shows it
        assert await spent(made) == {"telegram:42"}

    on_bench(story)


def test_a_code_with_a_slash_and_a_way_takes_that_way(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        await says(made, "", "", photo=PHOTO)
        await says(made, "let it snow")
        (offer,) = (await open_offers(made)).values()
        assert [way.key for way in offer.ways] == ["frames", "likeness", "each"]
        await says(made, f"/确认 {offer.id}-4")
        assert len([job for job in await made.jobs() if job.state is not State.CANCELLED]) == 2
        await made.until(lambda: len(made.films()) == 2)

    on_bench(story)


@pytest.mark.parametrize("form", ["{code}.", "“{code}”", "{wide}", "{code}!"])
def test_a_cancel_is_about_the_code_that_it_names(on_bench: OnBench, form: str) -> None:
    async def story(made: Bench) -> None:
        await says(made, "a fox")
        (first,) = (await open_offers(made)).values()
        made.fal.faults.add("stuck")
        made.telegram.user_says(42, "/video a wolf")
        await made.all_settled(2, State.AWAITING_CONFIRMATION, State.RENDERING)
        made.telegram.user_says(42, f"/cancel {form.format(code=first.id, wide=_wide(first.id))}")
        await made.all_settled(2, State.CANCELLED, State.RENDERING)
        (kept,) = [job for job in await made.jobs() if job.request.prompt == "a wolf"]
        assert not kept.cancel_asked
        made.telegram.user_says(42, f"/cancel {form.format(code=kept.id, wide=_wide(kept.id))}")
        async with asyncio.timeout(20):
            while not any(job.cancel_asked for job in await made.jobs()):
                await asyncio.sleep(0.02)

    on_bench(story)


@pytest.mark.parametrize("words", ["/cancel", "取消", "stop"])
def test_an_order_that_is_edited_into_a_cancel_is_cancelled(on_bench: OnBench, words: str) -> None:
    async def story(made: Bench) -> None:
        made.fal.faults.add("stuck")
        number = made.telegram.user_says(42, "/video a fox")
        await made.settled(State.RENDERING)
        before = len(made.telegram.texts(42))
        made.telegram.world.edits(42, number, words)
        await made.until(lambda: len(made.telegram.texts(42)) > before)

    on_bench(story)


def test_another_take_leaves_what_lies_on_the_table(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        job = await film(made)
        await says(made, "", photo=PHOTO)
        await press(made, f"take:{job.id}")
        await made.all_settled(2, State.DELIVERED)
        await made.at_rest()
        await says(made, "let it snow")
        offer = await newest(made)
        assert (offer.request.prompt, offer.state) == ("let it snow", State.AWAITING_CONFIRMATION)
        assert offer.incoming.attachment is not None

    on_bench(story)


@pytest.mark.parametrize(
    ("words", "prompt", "seconds"),
    [
        ("/reword {code} a boat in the rain", "a boat in the rain", 5),
        ("换词 {code} 雨中的纸船", "雨中的纸船", 5),
        ("reword {code}: a boat, 10s", "a boat", 10),
        ("新版 {code}，再慢一点", "a fox, 再慢一点", 5),
        ("/retake {code} 10s", "a fox", 10),
        ("/swap {code} wan 2.7 10s", "a fox", 10),
        ("换模型 {code} wan 2.7", "a fox", 5),
    ],
)
def test_words_beside_a_typed_button_are_used(on_bench: OnBench, words: str, prompt: str, seconds: int) -> None:
    async def story(made: Bench) -> None:
        job = await film(made)
        await says(made, words.format(code=job.id))
        offer = await newest(made)
        assert offer.id != job.id
        assert offer.state is State.AWAITING_CONFIRMATION
        assert (offer.request.prompt, offer.request.duration_s) == (prompt, seconds)
        assert (offer.request.model == job.request.model) is ("wan" not in words)
        await says(made, "9:16")  # a later wish keeps the others
        offer = await newest(made)
        assert (offer.request.prompt, offer.request.duration_s, offer.request.aspect_ratio) == (prompt, seconds, "9:16")
        assert made.submits() == 1

    on_bench(story)


def test_words_in_reply_to_a_film_are_used(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        await film(made)
        (shown,) = made.films()
        await says(made, "/reword a boat in the rain", reply_to=shown["message_id"])
        offer = await newest(made)
        assert (offer.request.prompt, offer.request.model) == ("a boat in the rain", "wan-2.5")
        assert offer.state is State.AWAITING_CONFIRMATION

    on_bench(story)


def test_what_is_asked_for_again_is_the_latest_offer(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        job = await film(made)
        await says(made, f"/retake {job.id}", "/balance", f"/retake {job.id}", "yes")
        await made.until(lambda: len(made.films()) == 2)
        assert made.submits() == 2

    on_bench(story)


@pytest.mark.parametrize("words", ["/delete {code}", "/retake {code}", "/original {code}", "/reword {code}"])
def test_what_has_no_film_yet_says_how_it_stands(on_bench: OnBench, words: str) -> None:
    async def story(made: Bench) -> None:
        made.fal.faults.add("stuck")
        made.telegram.user_says(42, "/video a fox")
        job = await made.settled(State.RENDERING)
        made.telegram.user_says(42, words.format(code=job.id))
        await made.until(lambda: any("still being made" in text for text in made.telegram.texts(42)))

    on_bench(story)


def test_a_deleted_offer_is_declined(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        await says(made, "a fox")
        (offer,) = (await open_offers(made)).values()
        await says(made, f"/delete {offer.id}", "yes")
        assert await open_offers(made) == {}
        assert await spent(made) == set()

    on_bench(story)


@pytest.mark.parametrize("words_first", [True, False])
def test_an_album_of_a_group_that_comes_one_by_one_is_whole(on_bench: OnBench, words_first: bool) -> None:
    async def story(made: Bench) -> None:
        made.telegram.group(GROUP)
        for number in range(3):
            caption = "/video let it snow" if number == (0 if words_first else 2) else ""
            made.telegram.user_says(GROUP, caption, sender=42, photo=PHOTO, album="x")
            await made.until(lambda: not made.telegram.pending)
        await made.at_rest()
        (offer,) = await made.jobs()
        ways = [(way.key, len(way.sources)) for way in offer.ways]
        assert (offer.state, ways) == (State.AWAITING_CONFIRMATION, [("likeness", 3), ("each", 3)])
        made.telegram.user_says(GROUP, "look at that", sender=42, photo=PHOTO, album="y")
        made.telegram.user_says(GROUP, "", sender=42, photo=PHOTO, album="y")
        await made.at_rest()
        assert len(await made.jobs()) == 1

    on_bench(story, access="open")


def test_a_question_in_a_group_is_not_answered_by_talk_of_another_day(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        made.telegram.group(GROUP)
        await says(made, "/video", chat=GROUP, sender=42)
        (asked,) = made.telegram.said(GROUP)

        def a_day_later(tx: Connection) -> None:
            tx.execute(dialogues.update().values(changed=dialogues.c.changed - DRAFT_MS - 1))

        await made.app.store.database.write(a_day_later)
        await says(made, "what a tiny dragon", chat=GROUP, sender=42, reply_to=asked["message_id"])
        assert await made.jobs() == []
        assert len(made.telegram.said(GROUP)) == 1

    on_bench(story, access="open")


@pytest.mark.parametrize("text", ["a lego castle / stop motion", "day / night / history of a street"])
def test_a_slash_between_words_is_no_second_command(on_bench: OnBench, text: str) -> None:
    async def story(made: Bench) -> None:
        await says(made, text)
        (offer,) = (await open_offers(made)).values()
        assert offer.request.prompt == text

    on_bench(story)


def test_no_price_stands_on_the_button_for_two_commands(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        incoming = Incoming(Address("telegram", "42"), "77", "m1", "42", text="/video a fox\n/video a cat")
        assert await made.app.parts.intake.quote(incoming) is None

    on_bench(story)


def test_in_wechat_the_words_behind_a_typed_button_are_used(on_wechat: Callable[..., None]) -> None:
    async def story(made: Bench, fake: WeChatFake) -> None:
        await fake.caller.says(FOX, "视频 一只狐狸")
        await made.settled(State.DELIVERED)
        await made.at_rest()
        for words, prompt in (
            ("换词 K7 雨中的纸船", "雨中的纸船"),
            ("換詞 Ｋ７：雨中的紙船", "雨中的紙船"),
            ("新版 K7，慢一点", "一只狐狸，慢一点"),
        ):
            seen = await fake.caller.says(FOX, words)
            assert seen is not None
            assert "$0.70" in seen.text
            assert (await newest(made)).request.prompt == prompt
        assert made.submits() == 1
        await fake.caller.says(FOX, "/确认 K7-2")
        assert made.submits() == 1

    on_wechat(story)


def test_a_wish_after_another_take_keeps_what_the_film_was_made_with(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        job = await film(made, "/video a fox, wan-2.7, 9:16")
        await says(made, f"/retake {job.id}", "10s")
        offer = await newest(made)
        assert offer.state is State.AWAITING_CONFIRMATION
        request = offer.request
        assert (request.prompt, request.model, request.duration_s) == ("a fox", "wan-2.7", 10)
        assert request.aspect_ratio == "9:16"

    on_bench(story)


def test_the_same_text_edited_after_another_take_is_silence(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        number = made.telegram.user_says(42, "/video a fox, budget")
        job = await made.settled(State.DELIVERED)
        await made.at_rest()
        await press(made, f"take:{job.id}")
        await made.all_settled(2, State.DELIVERED)
        await made.at_rest()
        made.telegram.world.edits(42, number, "/video  a fox,  budget")
        await made.at_rest()
        assert len(await made.jobs()) == 2
        made.telegram.world.edits(42, number, "/video a wolf, budget", after_s=9)
        await made.at_rest()
        offer = await newest(made)
        assert (offer.request.prompt, offer.state) == ("a wolf", State.AWAITING_CONFIRMATION)

    on_bench(story)


def test_a_group_order_that_is_edited_into_a_cancel_is_answered(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        made.telegram.group(GROUP)
        made.fal.faults.add("stuck")
        number = made.telegram.user_says(GROUP, "/video a fox", sender=42)
        await made.settled(State.RENDERING)
        made.telegram.world.edits(GROUP, number, "/cancel")
        await made.until(lambda: any("cancel" in text.lower() for text in made.telegram.texts(GROUP)))
        async with asyncio.timeout(20):
            while not (await made.jobs())[0].cancel_asked:
                await asyncio.sleep(0.02)

    on_bench(story, access="open")


def test_a_film_that_is_deleted_while_its_original_is_sent_leaves_none(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        chat = made.telegram
        job = await film(made)
        await press(made, f"delete:{job.id}")
        chat.fail("sendDocument", "slow", times=1, delay_s=1.5)
        chat.presses(42, f"file:{job.id}")
        await made.until(lambda: chat.calls("sendDocument"))
        await press(made, f"erase:{job.id}")
        await made.settled(State.DELETED)
        await made.until(lambda: not any("document" in each or "video" in each for each in chat.said(42)))
        await made.at_rest()
        assert files_of(made, job) == []
        assert not any("document" in each for each in chat.said(42))

    on_bench(story)


def test_a_film_is_deleted_in_reply_to_its_original(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        job = await film(made)
        await press(made, f"file:{job.id}")
        await made.until(lambda: made.telegram.calls("sendDocument"))
        await made.at_rest()
        (document,) = [each for each in made.telegram.said(42) if "document" in each]
        await says(made, "/delete", reply_to=document["message_id"])
        await says(made, "/erase", reply_to=document["message_id"])
        await made.settled(State.DELETED)

    on_bench(story)


def test_what_an_anonymous_admin_ordered_is_any_admins_to_delete(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        chat = made.telegram
        chat.group(ANONYMOUS_GROUP)
        chat.world.chats[ANONYMOUS_GROUP].admins.append(7)
        chat.user_says(ANONYMOUS_GROUP, "/video a fox, budget", extra=ANONYMOUS)
        job = await made.settled(State.DELIVERED)
        await made.at_rest()
        await press(made, f"more:{job.id}", chat=ANONYMOUS_GROUP, sender=7)
        assert "somebody else" in (await press(made, f"delete:{job.id}", chat=ANONYMOUS_GROUP, sender=8) or "")
        await press(made, f"delete:{job.id}", chat=ANONYMOUS_GROUP, sender=7)
        assert "somebody else" in (await press(made, f"erase:{job.id}", chat=ANONYMOUS_GROUP, sender=8) or "")
        await press(made, f"erase:{job.id}", chat=ANONYMOUS_GROUP, sender=7)
        await made.settled(State.DELETED)

    on_bench(story, access="open")


def test_who_writes_as_a_channel_deletes_by_words(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        made.telegram.group(ANONYMOUS_GROUP)
        channel = as_channel(-1009001)
        made.telegram.user_says(ANONYMOUS_GROUP, "/video a fox, budget", extra=channel)
        job = await made.settled(State.DELIVERED)
        await made.at_rest()
        for who in (as_channel(-1009002), {}):
            await says(made, f"/delete {job.id}", f"/erase {job.id}", chat=ANONYMOUS_GROUP, extra=who)
            assert (await made.settled(State.DELIVERED)).delete_asked is None
        await says(made, f"/delete {job.id}", f"/erase {job.id}", chat=ANONYMOUS_GROUP, extra=channel)
        await made.settled(State.DELETED)

    on_bench(story, access="open")


@pytest.mark.parametrize("words", ["/settings zone UTC+8", "设置 时区 东八区", "設置 時區 台北"])
def test_a_zone_is_named_as_people_name_it(on_bench: OnBench, words: str) -> None:
    async def story(made: Bench) -> None:
        await says(made, words)
        (stored,) = await made.app.store.preferences.of("telegram:42")
        assert stored["zone"] in {"Asia/Shanghai", "Asia/Taipei"}

    on_bench(story)


def test_in_traditional_chinese_what_is_shown_can_be_typed(on_wechat: Callable[..., None]) -> None:
    async def story(made: Bench, fake: WeChatFake) -> None:
        async def says_there(text: str) -> str:
            seen = await fake.caller.says(FOX, text)
            assert seen is not None
            return str(seen.text)

        await says_there("/language 繁體")
        await says_there("影片 一隻狐狸")
        await made.settled(State.DELIVERED)
        await made.at_rest()
        (video,) = fake.person(FOX).videos
        line = video.text.splitlines()[-1]
        for form in ("新版", "更多", "刪除"):
            assert form in line, line
        more = await says_there("更多 K7")
        for form in ("換詞", "換模型"):
            assert form in more, more
        assert "換模型 K7 wan-2.7" in await says_there("換模型 Ｋ７")
        assert "$" in await says_there("換模型 K7 wan-2.7")
        assert "$" in await says_there("新版 K7")
        assert "確認刪除 K7" in await says_there("刪除 Ｋ 7")
        assert "已刪除" in await says_there("確認刪除 Ｋ７")
        assert made.submits() == 1

    on_wechat(story)
