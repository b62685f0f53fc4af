"""Words for one member of a group: to nobody else where the server and the bot's standing allow it, else to all."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.channels.types import Message
from bot.store.records import State
from tests.bench import Bench as Whole
from tests.channels.telegram_bench import ME, Bench
from tests.channels.test_telegram_buttons import GROUP, OLD, on_the_bench
from tests.flows.test_settings_flow import GROUP as CHAT
from tests.flows.test_settings_flow import MEMBER

ADMIN = {"status": "administrator"}
TEXT = "That is somebody else’s button."
FOR_ONE = Message(TEXT, only_for="43")


def test_an_admin_of_the_group_shows_it_to_that_person_alone(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        on.telegram.world.chats[-100300].member = ADMIN
        await on.channel.show(GROUP, FOR_ONE, reply_to="1")
        assert on.telegram.world.whispers == [(-100300, 43, TEXT)]
        assert on.telegram.said(-100300) == []

    on_the_bench(tmp_path, story)


@pytest.mark.parametrize(
    "server",
    [{"version": (10, 3), "unknown": "ignored"}, *OLD],
    ids=lambda each: f"{each['version']} {each['unknown']}",
)
def test_elsewhere_all_read_it_once(tmp_path: Path, server: dict[str, Any]) -> None:
    """The bot is no admin there, or the server is older: it may ignore what it does not know, or refuse the call."""

    async def story(on: Bench) -> None:
        for _ in range(2):
            await on.channel.show(GROUP, FOR_ONE)
        assert on.telegram.texts(-100300) == [TEXT, TEXT]
        assert on.telegram.world.whispers == []
        await on.channel.show(ME, Message(TEXT, only_for="42"))  # alone anyway
        assert on.telegram.texts(42) == [TEXT]

    on_the_bench(tmp_path, story, **server)


@pytest.mark.parametrize("sender", ["-100300", "-1009001"])
def test_who_speaks_as_a_chat_is_answered_in_it(tmp_path: Path, sender: str) -> None:
    async def story(on: Bench) -> None:
        on.telegram.world.chats[-100300].member = ADMIN
        await on.channel.show(GROUP, Message(TEXT, only_for=sender))
        assert on.telegram.texts(-100300) == [TEXT]

    on_the_bench(tmp_path, story)


def test_a_wrong_press_that_is_too_old_for_a_toast_is_answered_alone(on_bench: Callable[..., None]) -> None:
    async def story(made: Whole) -> None:
        fake = made.telegram
        fake.group(CHAT)
        fake.world.chats[CHAT].member = ADMIN
        fake.user_says(CHAT, "@reelbot a fox in the snow", sender=42)
        offer = await made.settled(State.AWAITING_CONFIRMATION)
        await made.until(lambda: fake.said(CHAT))
        before = len(fake.said(CHAT))
        query = "Bad Request: query is too old and response timeout expired or query ID is invalid"
        fake.fail("answerCallbackQuery", "status", status=400, description=query)
        fake.presses(CHAT, f"yes:{offer.id}", sender=MEMBER)
        await made.until(lambda: fake.world.whispers)
        ((where, who, _),) = fake.world.whispers
        assert (where, who) == (CHAT, MEMBER)
        assert len(fake.said(CHAT)) == before
        assert made.submits() == 0

    on_bench(story, access=f"telegram:42,telegram:{CHAT}")
