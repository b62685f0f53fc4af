"""Calls that all processes count together: never more than the limit, whoever takes, and room again in time."""

import asyncio

import sqlalchemy as sa

from bot.store import Store
from bot.store.call_counts import CallCounts
from bot.store.passive_tables import memory
from tests.store.test_store import on_store

RATES = {"video+text": (5, 60.0), "text": (3, 60.0)}


def test_who_takes_at_once_takes_no_more_than_there_is(database_url: str) -> None:
    async def story(store: Store) -> None:
        both = [CallCounts(store.database, processes=lambda: 2) for _ in range(2)]
        taken = await asyncio.gather(*(both[number % 2].take("t:pace:-1", RATES) for number in range(12)))
        assert taken.count(0.0) == 3
        assert all(60 < pause <= 61 for pause in taken if pause)
        videos = [await both[0].take("t:pace:-1", {"video+text": RATES["video+text"]}) for _ in range(4)]
        assert [not pause for pause in videos] == [True, True, False, False]
        assert await both[1].take("t:pace:-2", RATES) == 0.0  # another chat's

    on_store(database_url, story)


def test_a_window_that_is_over_has_room_again(database_url: str) -> None:
    async def story(store: Store) -> None:
        counts = CallCounts(store.database, processes=lambda: 2)
        for _ in range(3):
            await counts.take("t:pace:-1", {"text": (3, 60.0)})
        assert await counts.take("t:pace:-1", {"text": (3, 60.0)}) > 60
        over = sa.update(memory).values(value='{"text": [1000, 2000, 3000]}')
        await store.database.write(lambda tx: tx.execute(over))
        assert await counts.take("t:pace:-1", {"text": (3, 60.0)}) == 0.0
        await store.database.write(lambda tx: tx.execute(sa.update(memory).values(until=0)))
        await store.key_values.sweep()
        assert await store.database.read(lambda tx: tx.execute(sa.select(memory.c.key)).first()) is None

    on_store(database_url, story)
