"""What a message is about: the job, offer, photo or wish that its sender means, and no other of theirs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.store.records import ACTIVE, State, record
from tests.bench import Bench
from tests.conversation.test_consent import open_offers, spent
from tests.conversation.test_sequences import PHOTO, PIC, play
from tests.corpus import clip
from tests.flows.test_money import button
from tests.rows import set_columns

OnBench = Callable[..., None]
MENTION = {"entities": [{"type": "mention", "offset": 0, "length": 8}]}


def card(made: Bench, chat: int, words: str) -> int | None:
    """The bot's message in a chat with these words."""
    found = [each["message_id"] for each in made.telegram.said(chat) if words in each.get("text", "")]
    return found[-1] if found else None


@pytest.mark.parametrize("said", ["@reelbot {}", "@reelbot 确认 {}", "/确认 {}", "/cancel {}", "@reelbot 怎么样了 {}"])
def test_a_code_of_another_chat_tells_a_group_nothing(on_bench: OnBench, said: str) -> None:
    async def story(made: Bench) -> None:
        made.telegram.group(-100)
        await play(made, 1, [("SECRET fox", {})])
        (offer,) = await made.jobs()
        extra = MENTION if said.startswith("@") else {}
        made.telegram.user_says(-100, said.format(offer.id), sender=1, extra=extra)
        await made.at_rest()
        said_there = "".join(made.telegram.texts(-100))
        assert f"cannot find a job {offer.id}" in said_there
        assert "SECRET" not in said_there
        assert await spent(made) == set()
        assert [job.state for job in await made.jobs()] == [State.AWAITING_CONFIRMATION]

    on_bench(story, access="open")


def test_a_command_in_reply_to_anothers_card_is_not_about_ones_own(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        chat = made.telegram
        chat.group(-100)
        chat.world.chats[-100].admins.append(7)
        made.fal.faults.add("stuck", times=2)
        chat.user_says(-100, "/video a fox", sender=1)
        chat.user_says(-100, "/video a dog", sender=2)
        await made.until(lambda: card(made, -100, "a fox") and card(made, -100, "a dog"))
        for said in ("/cancel", "/again", "/status"):
            chat.user_says(-100, said, sender=2, reply_to=card(made, -100, "a fox"))
        await made.until(lambda: sum("belongs to somebody else" in text for text in chat.texts(-100)) == 3)
        assert len(await made.app.store.jobs.find(states=ACTIVE)) == 2
        chat.user_says(-100, "/cancel", sender=7, reply_to=card(made, -100, "a fox"))
        await made.until(lambda: any("ancel" in text and "/cancel" not in text for text in chat.texts(-100)))
        (fox,) = await made.app.store.jobs.find(user="telegram:1")
        assert fox.cancel_asked
        (dog,) = await made.app.store.jobs.find(user="telegram:2")
        assert not dog.cancel_asked
        chat.user_says(-100, "/cancel", sender=2, reply_to=card(made, -100, "a dog"))
        await made.at_rest()

    on_bench(story, access="open")


def test_words_in_reply_to_an_offer_change_that_one(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        await play(made, 42, [("/video a fox, veo 3.1, 8s", {}), ("/video a cat, veo 3.1, 8s", {})])
        await made.until(lambda: card(made, 42, "a fox") and card(made, 42, "a cat"))
        made.telegram.user_says(42, "and snow falls", reply_to=card(made, 42, "a fox"))
        await made.at_rest()
        offers = [job for job in await made.jobs() if job.state is State.AWAITING_CONFIRMATION]
        assert sorted(job.request.prompt for job in offers) == ["a cat", "a fox, and snow falls"]
        assert {(job.request.model, job.request.duration_s) for job in offers} == {("veo-3.1", 8)}

    on_bench(story, access="open")


def test_a_photo_on_the_table_outlives_a_purchase_that_is_not_made_of_it(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        chat = made.telegram
        made.fal.faults.add("result_error", body="downstream_service_error")
        chat.user_says(42, "/video a fox")
        first = await made.settled(State.FAILED)
        await play(made, 42, [("/history", {}), ("", PIC)])
        assert any(f"{first.id}, " in text and ", free: " in text for text in chat.texts(42))
        await button(made, f"again:{first.id}")
        await made.until(lambda: len(made.films()) == 1)
        await play(made, 42, [("", {}), ("make it dance", {})])
        (offer,) = (await open_offers(made)).values()
        assert offer.incoming.attachment is not None

    on_bench(story, access="open")


def test_a_photo_on_the_table_outlives_another_with_its_own_words(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        await play(made, 42, [("", PIC), ("let it snow", PIC)])
        await made.until(lambda: len(made.films()) == 1)
        await play(made, 42, [("make it dance", {})])
        (job,) = [job for job in await made.jobs() if job.request.prompt == "let it snow"]
        (offer,) = (await open_offers(made)).values()
        assert offer.incoming.attachment is not None
        assert offer.incoming.attachment != job.incoming.attachment

    on_bench(story, access="open")


@pytest.mark.parametrize("beside", [{}, PIC])
def test_wishes_that_came_before_a_command_are_kept_for_it(on_bench: OnBench, beside: dict[str, Any]) -> None:
    async def story(made: Bench) -> None:
        await play(made, 42, [("10s", beside), ("/video make it move", {})])
        (job,) = await made.jobs()
        assert (job.request.duration_s, job.incoming.attachment is not None) == (10, bool(beside))
        await made.until(lambda: len(made.films()) == 1)
        await play(made, 42, [("/video a fox", {})])
        assert [job.request.duration_s for job in await made.jobs() if job.request.prompt == "a fox"] == [5]

    on_bench(story, access="open", confirm_usd="100")


def test_of_several_videos_nothing_is_named_that_cannot_be_had(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        chat = made.telegram
        for _ in range(2):
            chat.user_says(42, "", photo=PHOTO, album="x")
        chat.user_says(42, "", video=b"film", album="x")
        chat.user_says(42, "let it snow")
        await made.at_rest()
        (offer,) = (await open_offers(made)).values()
        assert offer.question is not None
        assert (offer.question.why, offer.ways) == ("one", ())
        await made.until(lambda: any("from the first alone" in text for text in chat.texts(42)))
        assert not any("a video of each" in text for text in chat.texts(42))

    on_bench(story, access="open")


def test_an_alert_between_an_offer_and_an_ok_makes_that_no_yes(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        await play(made, 42, [("a fox", {})])
        made.telegram.user_says(7, "hello")
        await made.until(lambda: any("telegram:7" in text for text in made.telegram.texts(42)))
        await play(made, 42, [("ok", {})])
        assert await spent(made) == set()
        await play(made, 42, [("ok", {})])  # to the offer, which was repeated
        assert await spent(made) == {"telegram:42"}

    on_bench(story, access=None, admins="telegram:42")


def test_a_yes_to_an_offer_of_a_model_that_is_gone_buys_nothing(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        await play(made, 42, [("a fox", {})])
        (offer,) = await made.jobs()
        request = {**record(offer.request), "model": "gone-1"}
        await set_columns(made.app.store, offer.id, request=request)
        await button(made, f"yes:{offer.id}")
        await made.until(lambda: any("no model “gone-1”" in text for text in made.telegram.texts(42)))
        assert await spent(made) == set()
        assert made.submits() == 0

    on_bench(story, access="open")


@pytest.mark.parametrize("said", ["", "10s", "thanks"])
def test_a_question_for_words_opens_the_keyboard_also_where_it_is_asked_again(on_bench: OnBench, said: str) -> None:
    async def story(made: Bench) -> None:
        await play(made, 42, [("", PIC)] + ([(said, {})] if said else []))
        (sent, *_) = reversed(made.telegram.calls("sendMessage"))
        assert "Say how it should move" in sent.params["text"]
        assert "force_reply" in str(sent.params["reply_markup"])

    on_bench(story, access="open")


def test_words_that_a_command_replies_to_are_not_left_out_in_silence(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        made.telegram.group(-100300)
        said = made.telegram.user_says(-100300, "a lighthouse in a storm", sender=8)
        made.telegram.user_says(-100300, "/video in the style of a woodcut", sender=42, reply_to=said)
        offer = await made.settled(State.AWAITING_CONFIRMATION)
        await made.until(lambda: "is not part of this" in "".join(made.telegram.texts(-100300)))
        assert made.submits() == 0
        assert offer.request.prompt == "in the style of a woodcut"
        made.telegram.presses(-100300, f"yes:{offer.id}.1", sender=42)
        job = await made.settled(State.DELIVERED)
        assert job.request.prompt == "in the style of a woodcut\na lighthouse in a storm"
        assert made.submits() == 1

    on_bench(story, access="open")


@pytest.mark.parametrize("words", ["@reelbot in the style of a woodcut", "/video in the style of a woodcut"])
def test_it_is_so_for_plain_words_and_where_the_other_message_is_a_command(on_bench: OnBench, words: str) -> None:
    async def story(made: Bench) -> None:
        made.telegram.group(-100300)
        said = made.telegram.user_says(-100300, "/video a lighthouse in a storm --model nonsense", sender=8)
        await made.until(lambda: made.telegram.texts(-100300))
        extra = MENTION if words.startswith("@") else {}
        made.telegram.user_says(-100300, words, sender=42, reply_to=said, extra=extra)
        await made.until(lambda: any("Together with that message" in label for label in labels(made, -100300)))
        assert made.submits() == 0

    on_bench(story, access="open")


def labels(made: Bench, chat: int) -> list[str]:
    """What stands on all buttons of a chat."""
    rows = [row for each in made.telegram.said(chat) for row in each.get("reply_markup", {}).get("inline_keyboard", [])]
    return [key["text"] for row in rows for key in row]


def test_what_is_no_description_is_not_offered_along(on_bench: OnBench) -> None:
    """A thanks, a command of another kind, and the caption of the photo that is animated."""

    async def story(made: Bench) -> None:
        made.telegram.group(-100300)
        for number, text in enumerate(("thanks!", "/status"), 1):
            said = made.telegram.user_says(-100300, text, sender=8)
            made.telegram.user_says(-100300, f"/video fox {number}", sender=42, reply_to=said)
            await made.until(lambda number=number: len(made.films(-100300)) == number)  # type: ignore[misc]
        photo = made.telegram.user_says(-100300, "my cat at the window", sender=8, **PIC)
        made.telegram.user_says(-100300, "/video make it dance", sender=42, reply_to=photo)
        await made.until(lambda: len(made.films(-100300)) == 3)
        assert made.submits() == 3

    on_bench(story, access="open")


def test_a_clip_longer_than_announced_is_offered_at_its_true_price(on_bench: OnBench, tmp_path: Path) -> None:
    async def story(made: Bench) -> None:
        film = clip(tmp_path / "clip.mp4", seconds=5).read_bytes()
        made.telegram.user_says(42, "make it snow", video=film, seconds=3)
        job = await made.settled(State.FAILED)
        await made.until(lambda: "longer than it seemed" in "".join(made.telegram.texts(42)))
        label = next(
            key["text"]
            for message in made.telegram.said(42)
            for row in message.get("reply_markup", {}).get("inline_keyboard", [])
            for key in row
            if key.get("callback_data") == f"again:{job.id}"
        )
        assert label == "Offer it by its true length"
        assert made.submits() == 0
        made.telegram.presses(42, f"again:{job.id}")
        await made.until(lambda: any("A new try costs" in text for text in made.telegram.texts(42)))
        (offer,) = await made.app.store.jobs.find(states=[State.AWAITING_CONFIRMATION])
        assert offer.usd > job.usd
        made.telegram.presses(42, f"yes:{offer.id}")
        await made.until(lambda: len(made.films()) == 1)
        assert made.submits() == 1

    on_bench(story, access="open", confirm_usd="20")
