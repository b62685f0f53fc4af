"""What a group may read and change: nobody's dollars, and settings only by its admins. On a chat with private rooms."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from bot.channels.types import Address, Incoming, Message, SendError, SendOutcome, Toast
from bot.conversation.balance import BalanceHandler
from bot.conversation.planning import Planner
from bot.conversation.setting_fields import SettingsRequest
from bot.conversation.settings_handler import SettingsHandler
from bot.store import Store
from bot.store.ledger import Caps
from tests.fakes.slate import Line, Slate
from tests.store.test_people_and_groups import order
from tests.store.test_store import on_store

GROUP = "telegram:-100500"
CAPS = Caps(all_micro=20_000_000, user_micro=5_000_000, group_micro=2_000_000)
ADMIN, PERSON = "1", "42"
BUDGET = SettingsRequest((("model", "budget"),))


@dataclass
class Rooms(Slate):
    """A slate with a private room for each person, group admins, and toasts."""

    group_admins: set[str] = field(default_factory=set)
    toasts: list[tuple[str, str]] = field(default_factory=list)

    def private(self, sender_id: str) -> Address | None:
        return Address("telegram", sender_id)

    async def is_admin_of(self, to: Address, sender_id: str) -> bool:
        return to.chat_id == "-100500" and sender_id in self.group_admins

    async def toast(self, pressed: Incoming, toast: Toast) -> bool:
        self.toasts.append((pressed.sender_id, toast.text))
        return True


def incoming(sender: str, **more: Any) -> Incoming:
    return Incoming(Address("telegram", "-100500"), "77", "m1", sender, **more)


async def is_admin(user: str) -> bool:
    return user == f"telegram:{ADMIN}"


def balances(store: Store, chat: Slate) -> BalanceHandler:
    channels = {"telegram": chat}
    planner = Planner(store=store, channels=channels, default_model="balanced")
    return BalanceHandler(store=store, planner=planner, channels=channels, caps=CAPS, is_admin=is_admin)


def settings_of(store: Store, chat: Slate) -> SettingsHandler:
    channels = {"telegram": chat}
    planner = Planner(store=store, channels=channels, default_model="balanced")
    return SettingsHandler(store=store, planner=planner, channels=channels, default_model="balanced", is_admin=is_admin)


def with_purchases(story: Callable[[Store], Awaitable[None]]) -> Callable[[Store], Awaitable[None]]:
    """One of the person in the group, one of the person elsewhere, one of somebody else in the group."""

    async def run(store: Store) -> None:
        await order(store, "m1", caps=CAPS, user=PERSON, group=GROUP)
        await order(store, "m2", caps=CAPS, user=PERSON, group=None)
        await order(store, "m3", caps=CAPS, user="43", group=GROUP)
        await story(store)

    return run


def test_a_balance_asked_for_in_a_group_is_told_in_private(database_url: str) -> None:
    async def story(store: Store) -> None:
        chat = Rooms()
        answer = await balances(store, chat).handle(incoming(PERSON, private=False), "en")
        assert "this group has spent $0.00, and $1.40 is set aside" in answer.text
        assert "Your own balance I have sent to you in private." in answer.text
        (told,) = chat.lines
        assert told.chat_id == PERSON
        assert "$1.40 is set aside" in told.text
        assert "All together" not in told.text
        await balances(store, chat).handle(incoming(ADMIN, private=False), "en")
        assert "All together: spent $0.00, set aside $2.10" in chat.lines[-1].text

    on_store(database_url, with_purchases(story))


def test_who_cannot_be_written_to_is_asked_to_write_first(database_url: str) -> None:
    async def story(store: Store) -> None:
        chat = Rooms(refusals=[SendError(SendOutcome.UNREACHABLE, "never pressed Start")])
        answer = await balances(store, chat).handle(incoming(PERSON, private=False), "zh")
        assert "请私聊我发 /balance" in answer.text
        assert chat.lines == []

    on_store(database_url, with_purchases(story))


@pytest.mark.parametrize("who", [{"anonymous": True}, {}])
def test_who_speaks_for_the_group_hears_of_its_purse_alone(database_url: str, who: dict[str, Any]) -> None:
    async def story(store: Store) -> None:
        chat = Rooms()
        sender = "1087968824" if who else "-100500"
        answer = await balances(store, chat).handle(incoming(sender, private=False, **who), "en")
        assert answer.text.count("\n") == 0
        assert "this group has spent" in answer.text
        assert chat.lines == []

    on_store(database_url, with_purchases(story))


def test_a_group_of_a_chat_that_has_no_groups_is_private_by_its_message(database_url: str) -> None:
    """A conversation that others read, though its id does not tell."""

    async def story(store: Store) -> None:
        asked = Incoming(Address("telegram", "500"), "77", "m1", PERSON, private=False)
        answer = await balances(store, Slate()).handle(asked, "en")
        assert answer == Message("Your own balance I tell you in private: write /balance to me there.")

    on_store(database_url, with_purchases(story))


async def _press(store: Store, chat: Rooms, sender: str, **more: Any) -> Message | Toast | None:
    """Nothing is stored before what is decided is written."""
    pressed = incoming(sender, private=False, pressed="set:model:budget", reply_to="7", **more)
    decision = await settings_of(store, chat).handle(pressed, BUDGET, "en")
    assert await store.preferences.of(GROUP) == [{}]
    return (await store.database.write(decision.decided_tx)).say


def test_a_member_who_presses_sees_a_toast_and_nobody_else_sees_anything(database_url: str) -> None:
    async def story(store: Store) -> None:
        chat = Rooms()
        answer = await _press(store, chat, PERSON)
        assert isinstance(answer, Toast)
        assert answer.text.startswith("Only the admins of this group")
        assert chat.lines == []
        assert await store.preferences.of(GROUP) == [{}]

    on_store(database_url, story)


@pytest.mark.parametrize("who", ["admin of the group", "anonymous admin", "admin of the bot"])
def test_admins_of_the_group_change_its_settings(database_url: str, who: str) -> None:
    async def story(store: Store) -> None:
        chat = Rooms(group_admins={PERSON})
        sender = {"admin of the group": PERSON, "anonymous admin": "1087968824", "admin of the bot": ADMIN}[who]
        assert await _press(store, chat, sender, anonymous=who == "anonymous admin") is None
        assert await store.preferences.of(GROUP, f"telegram:{sender}") == [{"model": "budget"}, {}]
        ((_, text, _, edited),) = [(line.chat_id, line.text, line.job_id, line.edited) for line in chat.lines]
        assert edited == "7"
        assert "Settings of this group" in text
        assert "Wan 2.5 ✓" in text
        assert chat.toasts == []

    on_store(database_url, story)


def test_a_keyboard_that_cannot_be_changed_is_answered(database_url: str) -> None:
    async def story(store: Store) -> None:
        chat = Rooms(group_admins={PERSON}, refusals=[SendError(SendOutcome.REJECTED, "too old")])
        answer = await _press(store, chat, PERSON)
        assert isinstance(answer, Message)
        assert "Wan 2.5 ✓" in answer.text
        assert chat.lines == list[Line]()

    on_store(database_url, story)
