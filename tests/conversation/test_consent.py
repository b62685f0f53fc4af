"""Money is spent only on an explicit order or a yes to an offer that named its price: the table of that law.

Every line is another person in a chat of their own, all at once; afterwards the ledger names exactly those who ordered.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa

from bot.store.records import Job, State
from bot.store.tables import ledger
from tests.bench import Bench
from tests.corpus import jpeg
from tests.fakes.botapi import buttons
from tests.flows.test_money import button

OnBench = Callable[..., None]
PHOTO = jpeg((640, 360))
SMALL_TALK = [
    "算了",
    "不要了",
    "取消吧",
    "取消 K 7",
    "好的",
    "谢谢",
    "怎么收费",
    "好了吗",
    "领取",
    "Ｋ７",
    "👍",
    "你好",
    "嗯。",
    "1",
    "①",
    "1。",
    "“确认 K7”",
    "多少钱？",
    "确认",
    "下单",
    "竖屏",
    "嗯嗯",
    "不用了谢谢",
    "太贵了",
    "收到",
    "在吗",
    "🙂🙂",
    "ok?",
    "hm",
    "no",
    "nah forget it",
    "how much is it?",
    "thanks!",
    "hello",
    "is it done",
    "stop",
    "cancel that",
    "lol",
    "...",
    "?",
    "K7",
    "yes",
    "ok",
    "10s",
    "premium",
    "test",
]
WORDS = [
    "a red fox in the snow",
    "让它动起来",
    "make the sky move",
    "一只猫在跑",
    "no people on an empty beach",
    "不要有人的海滩",
]


async def spent(made: Bench) -> set[str]:
    """Return whose orders the ledger knows."""
    query = sa.select(ledger.c.user).distinct()
    return set(await made.app.store.database.read(lambda tx: list(tx.execute(query).scalars())))


async def open_offers(made: Bench) -> dict[str, Any]:
    return {job.user: job for job in await made.jobs() if job.state is State.AWAITING_CONFIRMATION}


@pytest.mark.parametrize("photo_first", [True, False])
def test_no_small_talk_buys_or_becomes_a_prompt(on_bench: OnBench, photo_first: bool) -> None:
    """Alone, and after a photo: it is answered, and that is all."""

    async def story(made: Bench) -> None:
        people = dict(enumerate(SMALL_TALK, 1000))
        for person, text in people.items():
            if photo_first:
                made.telegram.user_says(person, "", photo=PHOTO)
            made.telegram.user_says(person, text)
        await made.at_rest()
        assert await made.jobs() == []
        assert await spent(made) == set()
        for person, text in people.items():
            assert made.telegram.texts(person), text

    on_bench(story, access="open")


@pytest.mark.parametrize("photo_first", [True, False, None])
def test_plain_words_are_offered_and_a_yes_buys_once(on_bench: OnBench, photo_first: bool | None) -> None:
    """Photo first, words first, or words alone: one offer with the price, then any number of yes buys one."""

    async def story(made: Bench) -> None:
        people = dict(enumerate(WORDS, 1000))
        for person, text in people.items():
            if photo_first is True:
                made.telegram.user_says(person, "", photo=PHOTO)
            made.telegram.user_says(person, text)
            if photo_first is False:
                made.telegram.user_says(person, "", photo=PHOTO)
        await made.at_rest()
        offers = await open_offers(made)
        assert set(offers) == {f"telegram:{person}" for person in people}
        assert await spent(made) == set()
        for offer in offers.values():
            assert (offer.incoming.attachment is None) == (photo_first is None)
        await made.until(lambda: all("$" in "".join(made.telegram.texts(person)) for person in people))
        for person in people:
            for _ in range(3):
                made.telegram.user_says(person, "yes" if person % 2 else "好的。")
        await made.at_rest()
        assert await spent(made) == set(offers)
        await made.until(lambda: all(len(made.films(person)) == 1 for person in people), 60)
        assert made.submits() == len(people)

    on_bench(story, access="open", jobs=20)


def test_what_is_ordered_at_once(on_bench: OnBench) -> None:
    """A command with own words, alone or with what was asked about last; a photo with an own caption."""

    async def story(made: Bench) -> None:
        chat = made.telegram
        chat.user_says(1, "/video a fox")
        chat.user_says(2, "let it snow", photo=PHOTO)
        chat.user_says(3, "", photo=PHOTO)
        chat.user_says(3, "/video make the sky move slowly, budget")
        chat.user_says(4, "图生视频 让猫跑起来")
        chat.user_says(4, "", photo=PHOTO)
        await made.at_rest()
        jobs = {job.user: job for job in await made.jobs()}
        assert await spent(made) == {f"telegram:{person}" for person in (1, 2, 3, 4)}
        assert [jobs[f"telegram:{person}"].incoming.attachment is None for person in (1, 2, 3, 4)] == [
            True, False, False, False,
        ]  # fmt: skip
        assert jobs["telegram:3"].request.prompt == "make the sky move slowly"
        assert jobs["telegram:4"].request.prompt == "让猫跑起来"
        await made.until(lambda: all(len(made.films(person)) == 1 for person in (1, 2, 3, 4)), 60)

    on_bench(story, access="open", jobs=20)


def test_words_replace_words_and_wishes_change_the_offer(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        async def offer() -> Any:
            await made.at_rest()
            (found,) = (await open_offers(made)).values()
            return found

        chat = made.telegram
        chat.user_says(42, "", photo=PHOTO)
        chat.user_says(42, "a fox")
        first = await offer()
        chat.user_says(42, "10s")
        second = await offer()
        assert (second.request.prompt, second.request.duration_s) == ("a fox", 10)
        assert second.usd > first.usd
        chat.user_says(42, "and snow falls")
        third = await offer()
        assert third.request.prompt == "a fox, and snow falls"
        assert third.request.duration_s == 10
        assert [way.key for way in third.ways] == ["last"]
        assert third.incoming.attachment is not None
        chat.user_says(42, f"/confirm {first.id}")  # void: it shows the newer one
        await made.at_rest()
        assert await spent(made) == set()
        await button(made, f"yes:{third.id}.1")
        await made.at_rest()
        bought = await made.app.store.jobs.get(third.id)
        assert bought is not None
        assert bought.request.prompt == "and snow falls"
        assert await spent(made) == {"telegram:42"}
        await made.until(lambda: len(made.films()) == 1, 60)

    on_bench(story, access="open")


def test_a_yes_in_reply_to_anything_else_shows_the_offer_again(on_bench: OnBench) -> None:
    """Another word of the bot is not the offer, whichever was the last."""

    async def story(made: Bench) -> None:
        made.telegram.user_says(42, "", photo=PHOTO)
        await made.at_rest()
        (question,) = made.telegram.said(42)
        made.telegram.user_says(42, "make it move")
        await made.at_rest()
        (offer,) = (await open_offers(made)).values()
        made.telegram.user_says(42, "yes", reply_to=question["message_id"])
        await made.until(lambda: f"yes:{offer.id}" in buttons(made.telegram.said(42)[-1]))
        await made.at_rest()
        assert await spent(made) == set()
        made.telegram.user_says(42, "yes", reply_to=made.telegram.said(42)[-1]["message_id"])
        await made.until(lambda: len(made.films()) == 1, 60)

    on_bench(story)


def test_an_offer_stands_in_one_message_however_often_it_is_asked_about(on_bench: OnBench) -> None:
    """A word that is no yes repeats it; what replaces it leaves no message with its buttons."""

    async def story(made: Bench) -> None:
        def standing() -> list[str]:
            found = [data for each in made.telegram.said(42) for data in buttons(each) if data.startswith("yes:")]
            return [data for data in found if "." not in data]

        def stands_alone(offer: Job) -> bool:
            return standing() == [f"yes:{offer.id}"]

        made.telegram.user_says(42, "a fox runs")
        for words in ("ok maybe", "ok maybe", "10s", "ok maybe"):
            made.telegram.user_says(42, words)
            await made.at_rest()
            (offer,) = (await open_offers(made)).values()
            await made.until(partial(stands_alone, offer))
        assert await spent(made) == set()
        await button(made, f"yes:{offer.id}")
        await made.until(lambda: len(made.films()) == 1, 60)
        await made.until(lambda: standing() == [])

    on_bench(story)


def test_a_no_drops_offer_and_draft(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        chat = made.telegram
        for word in ("不要", "算了", "取消", "no", "stop"):
            chat.user_says(42, "", photo=PHOTO)
            chat.user_says(42, "a fox")
            await made.at_rest()
            chat.user_says(42, word)
            chat.user_says(42, "yes")
            await made.at_rest()
            assert await open_offers(made) == {}, word
        assert await spent(made) == set()

    on_bench(story, access="open")


def test_an_album_is_one_question_with_two_priced_ways(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        chat = made.telegram
        for _ in range(3):
            chat.user_says(42, "", photo=PHOTO)
        chat.user_says(42, "let it snow")
        await made.at_rest()
        (offer,) = (await open_offers(made)).values()
        assert [(way.key, len(way.sources)) for way in offer.ways] == [("likeness", 3), ("each", 3)]
        questions = [text for text in chat.texts(42) if "Got 3 photos" in text]
        assert len(questions) <= 1
        await button(made, f"yes:{offer.id}.2")
        chat.presses(42, f"yes:{offer.id}.2")
        await made.until(lambda: len(made.films()) == 3, 60)
        assert made.submits() == 3

    on_bench(story, access="open", user_jobs=5)


def test_a_batch_beyond_the_cap_is_not_offered(on_bench: OnBench) -> None:
    """What a cap forbids is never offered: of three photos the first alone, and it is said why."""

    async def story(made: Bench) -> None:
        chat = made.telegram
        for _ in range(3):
            chat.user_says(42, "", photo=PHOTO)
        chat.user_says(42, "let it snow")
        await made.at_rest()
        (offer,) = (await open_offers(made)).values()
        assert [way.key for way in offer.ways] == ["likeness"]
        await made.until(lambda: any("one photo at a time" in text for text in chat.texts(42)))
        assert "One of each" not in str(chat.said(42))
        assert await spent(made) == set()
        await button(made, f"yes:{offer.id}")
        await made.until(lambda: len(made.films()) == 1)
        assert made.submits() == 1

    on_bench(story, access="open", user_daily_usd="1.50")


def test_a_batch_that_is_beyond_the_cap_by_its_yes_is_not_made(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        chat = made.telegram
        for _ in range(2):
            chat.user_says(42, "", photo=PHOTO)
        chat.user_says(42, "let it snow")
        await made.at_rest()
        (offer,) = (await open_offers(made)).values()
        chat.user_says(43, "/video a fox")
        await made.until(lambda: len(made.films(43)) == 1)
        await button(made, f"yes:{offer.id}.3")
        await made.at_rest()
        assert made.submits() == 1
        assert set(await open_offers(made)) == {"telegram:42"}
        chat.presses(42, f"yes:{offer.id}")
        await made.until(lambda: len(made.films(42)) == 1)
        assert made.submits() == 2

    on_bench(story, access="open", daily_usd="1.50")


@pytest.mark.parametrize(
    "text", ["/video a fox\n/video a cat", "视频 一只猫\n取消", "一只猫\n算了", "/video a fox /cancel"]
)
def test_a_second_command_in_the_message_is_said_before_anything_is_bought(on_bench: OnBench, text: str) -> None:
    async def story(made: Bench) -> None:
        made.telegram.user_says(42, text)
        await made.at_rest()
        (answer,) = made.telegram.texts(42)
        assert text.rpartition("\n")[2].rpartition("fox ")[2] in answer
        assert await made.jobs() == []

    on_bench(story)


def test_the_acknowledgement_names_the_photo(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        made.fal.faults.add("stuck")
        made.telegram.user_says(42, "", photo=PHOTO)
        made.telegram.user_says(42, "/video make the sky move")
        await made.until(lambda: any("With your photo." in text for text in made.telegram.texts(42)))
        made.telegram.user_says(42, "/video a fox")
        await made.until(lambda: sum("On it" in text for text in made.telegram.texts(42)) == 2)
        assert sum("With your photo." in text for text in made.telegram.texts(42)) == 1

    on_bench(story)


def test_a_yes_is_to_what_its_sender_could_see(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        chat = made.telegram
        chat.user_says(42, "a fox in the snow")
        await made.until(lambda: "$0.70" in chat.texts(42)[-1] if chat.said(42) else False)
        chat.user_says(42, "premium 10s")
        chat.user_says(42, "yes")  # meant the offer of before
        await made.at_rest()
        assert made.submits() == 0
        await made.until(lambda: "$2.42" in chat.texts(42)[-1])
        chat.fail("sendMessage", "status", status=500, description="no", times=1)  # the card of the next one
        chat.user_says(42, "a wolf")
        await made.at_rest()
        chat.user_says(42, "yes")
        await made.until(lambda: "a wolf" in chat.texts(42)[-1])
        assert made.submits() == 0
        chat.user_says(42, "yes")
        await made.until(lambda: made.submits() == 1)
        (job,) = [each for each in await made.jobs() if each.state is not State.CANCELLED]
        assert job.request.prompt.endswith("a wolf")

    on_bench(story)


def test_what_is_said_of_an_offer_or_too_early_is_no_prompt(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        chat = made.telegram
        chat.user_says(42, "一只狐狸")
        await made.at_rest()
        for words in ("改成竖屏", "换成海螺吧", "改为10秒"):
            chat.user_says(42, words)
            await made.at_rest()
        (offer,) = (await open_offers(made)).values()
        asked = offer.request
        assert (asked.prompt, asked.model, asked.duration_s) == ("一只狐狸", "hailuo-2.3", 10)
        for words in ("不要10秒", "别用海螺"):
            chat.user_says(42, words)
            await made.at_rest()
        (offer,) = (await open_offers(made)).values()
        asked = offer.request
        assert (asked.prompt, asked.model, asked.duration_s, asked.aspect_ratio) == (
            "一只狐狸",
            "happy-horse",
            5,
            "9:16",
        )
        chat.user_says(42, "不要")
        chat.user_says(42, "/video sandbox:slow-60 a fox", language="en")
        await made.until(lambda: any("On it" in text for text in chat.texts(42)))
        chat.user_says(42, "keep going")
        await made.until(lambda: "say that again when it is here" in chat.texts(42)[-1])
        chat.user_says(42, "/cancel")
        await made.at_rest()

    on_bench(story)


def test_another_model_is_offered_in_the_same_place(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        chat = made.telegram
        chat.user_says(42, "a fox in the snow")
        await made.at_rest()
        (offer,) = (await open_offers(made)).values()
        await button(made, f"other:{offer.id}")
        await made.at_rest()
        await button(made, f"pick:{offer.id}.wan-2.7")
        await made.at_rest()
        offers = await open_offers(made)
        assert len(offers) == 1
        assert await spent(made) == set()

    on_bench(story, access="open")


def test_a_yes_that_is_asked_heard_or_passed_on_buys_nothing(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        chat = made.telegram
        asked = ("yes?", "确认？", "ok?", "同意？", "好，再长一点", "yes but longer")
        people = dict(enumerate(asked, 1000))
        for person, text in people.items():
            chat.user_says(person, "a fox in the snow")
            chat.user_says(person, text)
        chat.user_says(1, "a fox in the snow")
        chat.user_says(1, "yes", extra={"forward_origin": {"type": "hidden_user", "sender_user_name": "x", "date": 1}})
        await made.at_rest()
        assert await spent(made) == set()
        assert {"telegram:1", "telegram:1000"} <= set(await open_offers(made))

    on_bench(story, access="open")


def test_a_caption_that_is_a_word_of_ours_keeps_its_photo_and_buys_nothing(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        chat = made.telegram
        for person, caption in enumerate(("确认", "yes", "多少钱", "取消 K7", "status", "谢谢", "10s"), 1000):
            chat.user_says(person, "a fox in the snow")
            chat.user_says(person, caption, photo=PHOTO)
        await made.at_rest()
        assert await spent(made) == set()
        for offer in (await open_offers(made)).values():
            assert offer.request.prompt == "a fox in the snow"
            assert offer.incoming.attachment is not None  # words and then a photo: one offer of both

    on_bench(story, access="open")


def test_wishes_add_up_and_words_keep_the_photo_of_a_dear_order(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        chat = made.telegram
        chat.user_says(1, "a fox, 10s")
        chat.user_says(1, "9:16")
        chat.user_says(2, "/video a fox, veo 3.1, 8s")
        chat.user_says(2, "9:16")
        chat.user_says(3, "let it snow, veo 3.1, 8s", photo=PHOTO)
        chat.user_says(3, "and slower")
        await made.at_rest()
        offers = await open_offers(made)
        assert await spent(made) == set()
        first, second, third = (offers[f"telegram:{person}"] for person in (1, 2, 3))
        assert (first.request.duration_s, first.request.aspect_ratio) == (10, "9:16")
        assert (second.request.model, second.request.duration_s, second.request.aspect_ratio) == ("veo-3.1", 8, "9:16")
        assert third.request.prompt == "let it snow, and slower"
        assert (third.request.model, third.incoming.attachment is None) == ("veo-3.1", False)

    on_bench(story, access="open")


def test_words_beside_a_command_that_waits_for_its_photo_are_asked_about(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        chat = made.telegram
        chat.user_says(42, "图生视频 让猫跑")
        chat.user_says(42, "再快一点")
        chat.user_says(42, "", photo=PHOTO)
        await made.at_rest()
        assert await spent(made) == set()
        (offer,) = (await open_offers(made)).values()
        assert offer.incoming.attachment is not None

    on_bench(story, access="open")
