"""One person, one message or one bad row never stops the others; what one chat may have waiting is bounded and said."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from bot.channels.types import Address, Incoming, Message
from bot.conversation.command_parser import parse_message
from bot.conversation.inbox_limits import Floods, may_wait
from bot.conversation.refusals import Refusals
from bot.conversation.stranger_notices import StrangerNotices
from bot.messages.i18n import translate
from bot.store import Store
from bot.store.database import Connection, now_ms
from bot.store.inbox import MOST_WAITING, PRESSES_TOO, inbox_row
from bot.store.tables import inbox
from tests.bench import Bench
from tests.fakes.slate import Slate
from tests.fakes.wechat import WeChatFake
from tests.store.test_store import on_store

OnBench = Callable[..., None]
FOX = "oFox_0123456789abcdefghijkl"
SOON, LATE = 1, 10**14  # long ago, and never


def said(event: str, *, chat: str = "42", text: str = "/help", channel: str = "telegram", **more: Any) -> Incoming:
    return Incoming(Address(channel, chat), "77", event, chat, text, language="en", **more)


def limit(each: Incoming) -> int:
    return may_wait(parse_message(each))


async def stored(store: Store, rows: list[dict[str, Any]]) -> None:
    """As an earlier version left them: nothing was bounded then."""

    def work(connection: Connection) -> None:
        connection.execute(inbox.insert(), rows)

    await store.database.write(work)


def row(event: str, *, not_before: int = SOON, **more: Any) -> dict[str, Any]:
    return {**inbox_row(said(event, **more)), "not_before": not_before}


async def states(store: Store, *, chat: str = "") -> dict[str, int]:
    """Count the messages by state, of one chat or of all. One whose answer was seen may be new still for a moment."""
    query = sa.select(inbox.c.state, sa.func.count().label("number")).group_by(inbox.c.state)
    if chat:
        query = query.where(inbox.c.chat == chat)

    def work(connection: Connection) -> dict[str, int]:
        return {row.state: row.number for row in connection.execute(query)}

    return await store.database.read(work)


def test_the_first_that_is_due_of_each_chat(database_url: str) -> None:
    async def story(store: Store) -> None:
        await stored(store, [row("m0", chat="1", not_before=LATE), *(row(f"m{n}", chat="1") for n in range(1, 600))])
        await stored(store, [row(f"m{n}", chat=chat) for n in range(3) for chat in ("2", "3")])
        found = (await store.inbox.waiting()).messages
        assert [(each.incoming.user, each.incoming.event_id) for each in found] == [
            ("telegram:2", "m0"),
            ("telegram:3", "m0"),
        ]
        assert [each.chat for each in (await store.inbox.waiting(but_not={"telegram:2"})).messages] == ["telegram:3"]
        await store.inbox.done(found[0])
        (queued,) = (await store.inbox.next_of("telegram:2")).messages
        assert queued.incoming.event_id == "m1"
        assert (await store.inbox.next_of("telegram:1")).messages == []  # later ones of that chat wait for their turn

    on_store(database_url, story)


MANY = {
    "sqlite": """
        WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 100000)
        INSERT INTO reelbot_inbox (origin, chat, incoming, state, attempts, not_before, created)
        SELECT 'o' || n, 'telegram:' || (n % 1000), :incoming,
               CASE WHEN n % 2 THEN 'new' ELSE 'done' END, 0, 0, 0 FROM n
    """,
    "postgresql": """
        INSERT INTO reelbot_inbox (origin, chat, incoming, state, attempts, not_before, created)
        SELECT 'o' || n, 'telegram:' || (n % 1000), CAST(:incoming AS JSON),
               CASE WHEN n % 2 = 1 THEN 'new' ELSE 'done' END, 0, 0, 0 FROM generate_series(1, 100000) AS n
    """,
}


@contextmanager
def plans(store: Store) -> Iterator[list[str]]:
    """How the database reads for each look that is made meanwhile, in its own words."""
    planned: list[str] = []
    explain = "EXPLAIN QUERY PLAN" if store.database.is_sqlite else "EXPLAIN"

    def before(connection: Connection, _cursor: object, statement: str, parameters: Any, *_more: object) -> None:
        if statement.startswith("SELECT"):
            planned.append(
                "\n".join(str(row[-1]) for row in connection.exec_driver_sql(f"{explain} {statement}", parameters))
            )

    sa.event.listen(store.database.engine, "before_cursor_execute", before)
    try:
        yield planned
    finally:
        sa.event.remove(store.database.engine, "before_cursor_execute", before)


def test_a_hundred_thousand_rows_are_no_burden(database_url: str) -> None:
    async def story(store: Store) -> None:
        incoming = sa.bindparam("incoming", inbox_row(said("m"))["incoming"], sa.JSON)
        kind = store.database.engine.dialect.name
        await store.database.write(
            lambda connection: connection.execute(sa.text(MANY[kind]).bindparams(incoming)).close()
        )
        with plans(store) as planned:
            found = (await store.inbox.waiting(most=20)).messages
        assert len(planned) == 1  # one look over all chats, however many wait
        assert [each.chat for each in found] == [f"telegram:{n}" for n in range(1, 41, 2)]
        for letter in found:
            await store.inbox.done(letter)
            with plans(store) as planned:
                assert (await store.inbox.next_of(letter.chat)).messages[0].id == letter.id + 1000
            (plan,) = planned
            assert "ix_reelbot_inbox_waiting" in plan  # it reads what waits of this chat, and nothing else
            assert "SCAN reelbot_inbox" not in plan
            assert "Seq Scan on reelbot_inbox" not in plan

    on_store(database_url, story)


def test_what_one_chat_may_have_waiting_is_bounded(database_url: str) -> None:
    async def story(store: Store) -> None:
        wishes = [said(f"m{n}", text="/video a fox") for n in range(MOST_WAITING + 5)]
        refused = await store.inbox.put(wishes, most=limit)
        assert refused == wishes[MOST_WAITING:]
        assert await store.inbox.put(wishes[:3], most=limit) == []  # repeats of what waits already
        presses = [said(f"p{n}", text="", pressed="cancel:K7QX2AB") for n in range(PRESSES_TOO - 1)]
        cheap = said("c1", text="/status")
        assert await store.inbox.put([*presses, cheap], most=limit) == []
        assert await store.inbox.put([said("c2", text="/status")], most=limit) == [said("c2", text="/status")]
        assert await store.inbox.put([said("m0", chat="43", text="/video a hare")], most=limit) == []
        assert not await store.callback_replies.expect(said("w1"), most=MOST_WAITING)
        assert await store.callback_replies.asked_ms(said("w1").origin) is None
        assert await states(store) == {"new": MOST_WAITING + PRESSES_TOO + 1}

    on_store(database_url, story)


def test_a_flood_is_one_however_long_it_lasts() -> None:
    now = [0.0]
    floods = Floods(clock=lambda: now[0])
    wish, press, other = said("m", text="/video a fox"), said("p", text="", pressed="yes:K7QX2AB"), said("m", chat="43")
    assert [floods.begins(parse_message(each)) for each in (wish, wish, press, press, other)] == [
        True,
        False,
        True,
        False,
        True,
    ]
    for _ in range(9):
        now[0] += 29
        assert not floods.begins(parse_message(wish))
    now[0] += 31
    assert floods.begins(parse_message(wish))


async def answered(made: Bench, chat: int, text: str, words: str) -> None:
    """A person asks, and has the answer."""
    before = sum(words in each for each in made.telegram.texts(chat))
    made.telegram.user_says(chat, text)
    await made.until(lambda: sum(words in each for each in made.telegram.texts(chat)) > before)


def test_seven_hundred_messages_of_one_person_delay_nobody_else(on_bench: OnBench, database_url: str) -> None:
    async def story(made: Bench) -> None:
        await answered(made, 43, "/help", "premium")
        made.telegram.fail("sendMessage", "slow", times=10_000, delay_s=0.02)
        for _ in range(700):
            made.telegram.user_says(42, "/video a fox --model nonsense")
        await answered(made, 43, "/help", "premium")
        assert len(made.telegram.texts(42)) < MOST_WAITING  # most of those messages are still to be answered
        told = translate("en", "too-much-waits", count=MOST_WAITING)
        await made.until(lambda: told in made.telegram.texts(42))
        assert (await states(made.app.store, chat="telegram:42"))["new"] <= MOST_WAITING
        await made.until(lambda: made.telegram.pending == 0)
        assert made.telegram.texts(42).count(told) == 1

    on_bench(story, database_url=database_url, access="telegram:42,telegram:43")


def test_seven_hundred_that_wait_already_delay_nobody_else(on_bench: OnBench, database_url: str) -> None:
    """The oldest 500 of all were looked at, once; these cannot even be answered now."""

    async def story(made: Bench) -> None:
        await answered(made, 43, "/help", "premium")
        later = [row("m0", not_before=LATE), *(row(f"m{n}") for n in range(1, 700))]
        unanswerable = [row(f"m{n}", chat="45") for n in range(1, 700)]
        await stored(made.app.store, [*later, *unanswerable])
        for _ in range(3):
            await answered(made, 43, "/help", "premium")

    on_bench(story, database_url=database_url, access="telegram:42,telegram:43,telegram:45")


SPOILT = ['{"address": {"channel": "telegram"', '{"a_field_of": "tomorrow"}', '"no object"', "[1]"]


def test_rows_that_cannot_be_read_stop_no_chat(on_bench: OnBench, database_url: str) -> None:
    async def story(made: Bench) -> None:
        made.telegram.user_says(99, "hello")
        await answered(made, 43, "/help", "premium")
        sqlite = made.app.store.database.is_sqlite  # PostgreSQL takes no JSON that is none
        bad = [row(f"b{n}", chat=chat) for n in range(4) for chat in ("42", "44")]

        def spoil(connection: Connection) -> None:
            connection.execute(inbox.insert(), bad)
            for n, text in enumerate(SPOILT[0 if sqlite else 1 :]):
                value = ":text" if sqlite else "CAST(:text AS JSON)"
                change = sa.text(f"UPDATE reelbot_inbox SET incoming = {value} WHERE origin LIKE :origin")
                connection.execute(change, {"text": text, "origin": f"%:b{n}"})

        await made.app.store.database.write(spoil)
        made.app.parts.inbox.notify()
        await answered(made, 42, "/help", "premium")  # its bad rows are met one by one
        await answered(made, 43, "/help", "premium")
        async with asyncio.timeout(10):
            while (await states(made.app.store)).get("set_aside") != 2 * (4 if sqlite else 3):
                await asyncio.sleep(0.03)
        await made.until(lambda: any("cannot be read" in text for text in made.telegram.texts(99)))

    on_bench(story, database_url=database_url, access="telegram:42,telegram:43,telegram:44", admins="telegram:99")


def test_wechat_says_it_in_the_answer_itself(on_bench: OnBench) -> None:
    fake = WeChatFake()

    async def story(made: Bench) -> None:
        whole = await fake.caller.says(FOX, "帮助")
        assert whole is not None
        first = await made.app.store.database.read(lambda c: c.execute(sa.select(inbox)).mappings().one())
        rows = [{**first, "origin": f"o{n}", "state": "new", "not_before": LATE} for n in range(MOST_WAITING)]
        await stored(made.app.store, [{name: value for name, value in each.items() if name != "id"} for each in rows])
        started = now_ms()
        seen = await fake.caller.says(FOX, "视频 一只狐狸")
        assert seen is not None
        assert seen.text == translate("zh", "too-much-waits", count=MOST_WAITING)
        assert now_ms() - started < 2000
        assert made.submits() == 0

    on_bench(story, wechat=fake, access=f"wechat:{FOX}")


@pytest.mark.parametrize(
    ("incoming", "most"),
    [
        (said("m", text="/video a fox"), MOST_WAITING),
        (said("m", text="a fox"), MOST_WAITING),
        (said("m", text="/cancel"), MOST_WAITING + PRESSES_TOO),
        (said("m", text="状态"), MOST_WAITING + PRESSES_TOO),
        (said("m", text="", pressed="yes:K7QX2AB"), MOST_WAITING + PRESSES_TOO),
    ],
)
def test_presses_and_what_costs_nothing_find_room_beside_a_flood(incoming: Incoming, most: int) -> None:
    assert may_wait(parse_message(incoming)) == most


class Held(Slate):
    """A chat that takes what is said when it is told to. `most`: how much was said to it at once."""

    def __init__(self) -> None:
        super().__init__()
        self.takes, self.now, self.most = asyncio.Event(), 0, 0

    async def show(
        self, to: Address, message: Message, *, reply_to: str | None = None, replace: str | None = None
    ) -> str:
        self.now += 1
        self.most = max(self.most, self.now)
        await self.takes.wait()
        self.now -= 1
        return await super().show(to, message, reply_to=reply_to, replace=replace)


def test_a_crowd_of_strangers_waits_in_a_line_of_its_own(on_bench: OnBench) -> None:
    """A chat takes so much of a bot in a second: who may ask is not answered behind a thousand refusals."""

    async def story(made: Bench) -> None:
        chat, parts = Held(), made.app.parts
        strangers = StrangerNotices(store=made.app.store, alerts=parts.alerts)
        refusals = Refusals(handler=parts.handler, channels={"telegram": chat}, strangers=strangers)
        crowd = [said(f"m{number}", chat=str(7000 + number)) for number in range(400)]
        turned = [asyncio.create_task(refusals.turn_away(each)) for each in crowd]
        while chat.now < 5:
            await asyncio.sleep(0)
        chat.takes.set()
        await asyncio.gather(*turned)
        assert chat.most == 5
        assert len(chat.lines) == 300  # the others are answered when they write again
        await refusals.turn_away(crowd[-1])
        assert len(chat.lines) == 301

    on_bench(story)
