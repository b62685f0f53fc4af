"""A send button that shows the price of exactly this request is a yes: once, at that price, never for small talk."""

from collections.abc import Callable
from typing import Any

import pytest

from bot.channels.types import Address, AttachmentRef, Incoming
from bot.store.records import State
from tests.bench import Bench

OnBench = Callable[..., None]
PHOTO = AttachmentRef("image", "0" * 32, 1000)


def said(text: str, event: str = "m1", **more: Any) -> Incoming:
    return Incoming(Address("telegram", "42"), "77", event, "42", text=text, language="en", **more)


@pytest.mark.parametrize(
    ("text", "more", "price"),
    [
        ("a red fox runs through fresh snow", {}, "$0.70"),
        ("a red fox runs through fresh snow, budget", {}, "$0.25"),
        ("/video a red fox", {}, "$0.70"),
        ("let it snow", {"attachment": PHOTO}, "$0.70"),
        ("视频 一只红狐狸在雪里奔跑", {}, "$0.70"),
        # nothing that may be meant as something else
        *((text, {}, None) for text in ("thanks", "谢谢", "yes", "好的", "不要", "ok?", "👍", "怎么收费")),
        *((text, {}, None) for text in ("how much is it?", "/video thanks", "/video", "/help", "/status")),
        *((text, {}, None) for text in ("10s", "premium", "取消 K 7", "1", "")),
        ("wow", {"attachment": PHOTO}, None),
        ("can it snow?", {"attachment": PHOTO}, None),
        # what is dear, or not made as it was asked for
        ("a red fox, veo, 8s, 1080p", {}, None),
        ("a red fox, 99s", {}, None),
        ("a red fox", {"forwarded": True}, None),
        ("a red fox", {"transcript": True}, None),
    ],
)  # fmt: skip
def test_which_requests_have_a_price_on_the_button(
    on_bench: OnBench, text: str, more: dict[str, Any], price: str | None
) -> None:
    async def story(made: Bench) -> None:
        assert await made.app.parts.intake.quote(said(text, **more)) == price
        assert await made.jobs() == []
        assert await made.app.parts.intake.quote(said(text, **more)) == price  # it changes nothing
        assert made.telegram.calls("sendMessage") == []

    on_bench(story)


def test_a_stranger_is_told_no_price(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        assert await made.app.parts.intake.quote(said("a red fox runs")) is None

    on_bench(story, access="telegram:1")


@pytest.mark.parametrize(
    ("text", "agreed", "bought"),
    [
        ("a red fox runs through snow", "$0.70", True),
        ("a red fox runs through snow", "$0.69", False),
        ("a red fox runs through snow", None, False),
        ("/video a red fox", "$0.70", True),
        ("/video a red fox", "$0.25", False),
        ("/video thanks", "$0.70", False),
        ("a red fox, 99s", "$2.10", False),
    ],
)
def test_sent_with_its_price_it_is_ordered_at_once_only_at_that_price(
    on_bench: OnBench, text: str, agreed: str | None, bought: bool
) -> None:
    async def story(made: Bench) -> None:
        made.telegram.user_says(42, "/help")  # the chat exists
        for _ in range(2):  # the page sends again what it saw no answer to
            await made.app.parts.intake.put([said(text, agreed=agreed)])
        await made.settled(State.DELIVERED if bought else State.AWAITING_CONFIRMATION)
        assert made.submits() == int(bought)

    on_bench(story)


@pytest.mark.parametrize("talk", ["thanks", "yes", "wow nice!", "how much is it?"])
def test_small_talk_buys_nothing_whatever_price_comes_with_it(on_bench: OnBench, talk: str) -> None:
    async def story(made: Bench) -> None:
        made.telegram.user_says(42, "/help")
        await made.app.parts.intake.put([said(talk, agreed="$0.70")])
        await made.at_rest()
        assert [job for job in await made.jobs() if job.state is not State.AWAITING_CONFIRMATION] == []
        assert made.submits() == 0

    on_bench(story)


def test_beside_an_offer_or_a_photo_on_the_table_a_price_is_no_yes(on_bench: OnBench) -> None:
    """What is sent then may be joined to it: it is not exactly what the button showed."""

    async def story(made: Bench) -> None:
        made.telegram.user_says(42, "a little boat on a lake")
        await made.settled(State.AWAITING_CONFIRMATION)
        assert await made.app.parts.intake.quote(said("a red fox runs")) is None
        await made.app.parts.intake.put([said("a red fox runs", agreed="$0.70")])
        await made.at_rest()
        assert made.submits() == 0

    on_bench(story)


def test_the_same_once_more_while_it_is_made_is_asked_about(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        made.telegram.user_says(42, "/help")
        text = "sandbox:slow-3 a red fox runs"
        await made.app.parts.intake.put([said(text, agreed="$0.70")])
        await made.all_settled(1, State.RENDERING)
        assert await made.app.parts.intake.quote(said(text, "m2")) is None
        await made.app.parts.intake.put([said(text, "m2", agreed="$0.70")])
        await made.all_settled(2, State.RENDERING, State.AWAITING_CONFIRMATION)
        assert made.submits() == 1

    on_bench(story)
