"""Updates, messages and frames as no chat sends them: nothing raises, nothing of them is kept on top of the others.

After each odd one comes a right one, of another person: it is answered.
"""

import asyncio
import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from bot.channels.telegram.intake import webhook_secret
from bot.channels.types import Address, Incoming
from bot.settings import Settings
from tests.bench import Bench
from tests.fakes.botapi import TOKEN, TelegramFake
from tests.fresh import fresh_sqlite

OnBench = Callable[..., None]
PERSON, OTHER = 42, 43
LONG = "很长 " * 5000
HALF = "\ud800"
SENDER = {"id": PERSON, "is_bot": False, "first_name": "Fox"}
CHAT = {"id": PERSON, "type": "private", "first_name": "Fox"}
MESSAGE = {"message_id": 5, "date": 1_700_000_000, "chat": CHAT, "from": SENDER, "text": "hello"}
PHOTO = {"file_id": "photo", "file_unique_id": "u", "width": 9, "height": 9, "file_size": 99}
REAL: dict[str, dict[str, Any]] = {
    "message": MESSAGE,
    "edited_message": MESSAGE | {"edit_date": 1_700_000_001},
    "photo": MESSAGE | {"text": None, "photo": [PHOTO], "caption": "it blinks"},
    "video": MESSAGE | {"video": PHOTO | {"duration": 5}, "caption": "it blinks"},
    "reply": MESSAGE | {"reply_to_message": MESSAGE | {"message_id": 4}},
    "forward": MESSAGE | {"forward_origin": {"type": "user", "date": 1, "sender_user": SENDER}},
    "group": MESSAGE | {"chat": {"id": -1001, "type": "supergroup", "title": "Foxes"}, "text": "/help"},
    "moved": MESSAGE | {"migrate_to_chat_id": -1002},
    "entities": MESSAGE | {"entities": [{"type": "bot_command", "offset": 0, "length": 5}], "text": "/help"},
    "callback_query": {"id": "1", "from": SENDER, "chat_instance": "1", "data": "x", "message": MESSAGE},
    "my_chat_member": {
        "chat": CHAT,
        "from": SENDER,
        "date": 1,
        "old_chat_member": {"status": "member", "user": SENDER},
        "new_chat_member": {"status": "kicked", "user": SENDER, "until_date": 0},
    },
}
KINDS = {"photo": "message", "video": "message", "reply": "message", "forward": "message", "group": "message"}
KINDS |= {"moved": "message", "entities": "message"}
ODD: list[Any] = [None, True, -1, 2**63, 10**400, 1.5, "", HALF, "\0", LONG, [], {}, [[]], {"id": HALF}]


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The ways to each part of an update."""
    if path:
        yield path
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in parts:
        yield from leaves(part, (*path, name))


def bent(value: Any, path: tuple[Any, ...], odd: Any) -> Any:
    """The update with one part replaced."""
    changed = copy.deepcopy(value)
    place = changed
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = odd
    return changed


def updates() -> Iterator[Any]:
    """Each part of each kind odd, in turn, or left out; kinds that nobody knows; and shapes that are none."""
    turn = 0
    for name, real in REAL.items():
        for path in leaves(real):
            turn += 1
            for odd in (ODD[turn % len(ODD)], ODD[(turn * 5 + 3) % len(ODD)]):
                yield {KINDS.get(name, name): bent(real, path, odd)}
    deep: Any = MESSAGE
    for _ in range(300):
        deep = MESSAGE | {"reply_to_message": deep}
    yield {"message": deep}
    yield from ({kind: MESSAGE} for kind in ("channel_post", "guest_message", "no_kind_of_ours"))
    yield from ({"message": MESSAGE | {"chat": CHAT | {"id": 2**62}, "from": SENDER | {"id": 2**62}}}, {})
    yield {"message": {}}
    yield from ({"message": MESSAGE | {"chat": each}} for each in ODD)
    yield {"message": MESSAGE | {"text": LONG}}


def hooked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    async def before(settings: Settings, _telegram: TelegramFake) -> None:
        fresh_sqlite(settings.database_file)
        monkeypatch.setenv("TELEGRAM_WEBHOOK", "true")

    return {"public": True, "before": before}


def test_no_odd_update_is_refused_or_holds_up_another(monkeypatch: pytest.MonkeyPatch, on_bench: OnBench) -> None:
    """By webhook, where anything but a 200 makes Telegram send it again, for ever."""

    async def story(made: Bench) -> None:
        await made.until(lambda: made.telegram.methods.webhook)
        secret = webhook_secret(made.app.secret.value, account=TOKEN.partition(":")[0])
        told = {"X-Telegram-Bot-Api-Secret-Token": secret, "Content-Type": "application/json"}
        url = f"http://127.0.0.1:{made.settings.port}/telegram"
        async with httpx.AsyncClient(headers=told, trust_env=False, timeout=30) as client:
            for number, update in enumerate(updates(), 10**6):
                answer = await client.post(url, content=json.dumps({"update_id": number} | update))
                assert answer.status_code in {200, 413}, json.dumps(update)[:500]
            for body in (b"", b"[]", b"null", b"7", b"[" * 100_000, b'{"update_id": "7"}', b'{"update_id": 1e999}'):
                assert (await client.post(url, content=body)).status_code == 200
        await still_answers(made)

    on_bench(story, access=f"telegram:{PERSON},telegram:{OTHER}", **hooked(monkeypatch))


def test_the_same_by_polling_in_batches_with_a_right_one(on_bench: OnBench) -> None:
    """What cannot be stored is not asked for again and again: the offset goes on."""

    async def story(made: Bench) -> None:
        for update in [*updates()][::4]:
            if "ud800" not in json.dumps(update):  # the fake's own answers cannot hold it
                made.telegram.world.update(update)
        await still_answers(made, seconds=90)
        await made.until(lambda: made.telegram.pending == 0)

    on_bench(story, access=f"telegram:{PERSON},telegram:{OTHER}")


async def still_answers(made: Bench, *, seconds: float = 30) -> None:
    made.telegram.user_says(OTHER, "/help")  # not behind the answers to the odd ones, in their own chat
    if made.telegram.methods.webhook.get("url"):
        await asyncio.to_thread(made.telegram.push)
    await made.until(lambda: any("/video" in str(each.get("text")) for each in made.telegram.said(OTHER)), seconds)


@pytest.mark.parametrize("odd", [HALF, "\0", "x" * 5000])
def test_ids_that_no_database_takes_are_left_out_and_the_rest_is_kept(odd: str, on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        await still_answers(made)
        strange = []
        for place in ("chat_id", "sender_id", "event_id"):
            ids = {"chat_id": "42", "sender_id": "42", "event_id": "1", place: odd}
            address = Address("telegram", ids["chat_id"])
            strange.append(Incoming(address, "7", ids["event_id"], ids["sender_id"], text="/help"))
        before = made.newest(OTHER)
        right = Incoming(Address("telegram", str(OTHER)), "7", "2", str(OTHER), text="/help", private=True)
        await made.app.parts.intake.put([*strange, right])
        await made.until(lambda: made.newest(OTHER) > before)

    on_bench(story, access=f"telegram:{PERSON},telegram:{OTHER}")
