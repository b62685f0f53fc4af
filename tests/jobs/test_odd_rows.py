"""Rows that a newer version wrote, or that are broken: each harms nobody else, and what was paid is found."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from bot.channels.types import Address, Incoming
from bot.conversation.intake import MessageIntake
from bot.messages import job_messages
from bot.parts import Timing
from bot.store import Store
from bot.store.database import Connection, now_ms
from bot.store.records import State
from bot.store.stored import NotJson, UnreadableJob, loads
from core.types import Adjustment
from tests.bench import Bench
from tests.rows import set_columns
from tests.store.test_store import accepted, on_store, said

DEEP = "[" * 60_000 + "]" * 60_000


def test_whatever_stands_in_a_json_column_is_read_without_an_error() -> None:
    assert loads('{"a": 1}') == {"a": 1}
    assert isinstance(loads(DEEP), NotJson)
    assert isinstance(loads("{half"), NotJson)
    assert loads('{"n": NaN, "i": -Infinity}') == {"n": None, "i": None}
    whole = loads('{"text": "a fox \\ud83d", "smile": "\\ud83d\\ude00", "name": "\\\\ud83d"}')
    assert whole == {"text": "a fox ?", "smile": "😀", "name": "\\ud83d"}
    json.dumps(whole, ensure_ascii=False).encode()


ODD: list[dict[str, Any]] = [
    {"price_micro": "abc"},
    {"price_micro": 0.5},
    {"created": 2**62},
    {"rendering_since": "x"},
    {"usual_render_s": "x"},
]


@pytest.mark.parametrize("columns", ODD)
def test_an_odd_column_makes_one_row_unreadable_and_no_other(tmp_path: Any, columns: dict[str, Any]) -> None:
    """SQLite takes anything for any column."""

    async def story(store: Store) -> None:
        spoilt, whole = await accepted(store, said("m1")), await accepted(store, said("m2"))

        def spoil(tx: Connection) -> None:
            for name, value in columns.items():
                tx.execute(sa.text(f"UPDATE reelbot_jobs SET {name} = :v WHERE id = :id"), {"v": value, "id": spoilt})

        await store.database.write(spoil)
        assert [job.id for job in await store.jobs.find()] == [whole]
        with pytest.raises(UnreadableJob):
            await store.jobs.get(spoilt)
        (row,) = await store.unreadable.find()
        assert row.id == spoilt
        assert await store.unreadable.set_aside(row) == "failed"  # nothing was bought

    on_store(f"sqlite:///{tmp_path}/reelbot.db", story)


def test_bytes_that_are_no_text_end_no_query(tmp_path: Any) -> None:
    async def story(store: Store) -> None:
        spoilt, whole = await accepted(store, said("m1")), await accepted(store, said("m2"))

        def spoil(tx: Connection) -> None:
            tx.execute(
                sa.text("UPDATE reelbot_jobs SET request = CAST(x'7b22ff' AS TEXT) WHERE id = :id"), {"id": spoilt}
            )

        await store.database.write(spoil)
        assert [job.id for job in await store.jobs.find()] == [whole]
        assert [row.id for row in await store.unreadable.find()] == [spoilt]

    on_store(f"sqlite:///{tmp_path}/reelbot.db", story)


def test_a_claim_that_cannot_be_read_keeps_nobodys_lost_order_from_being_found(
    on_bench: Callable[..., None], database_url: str
) -> None:
    async def story(made: Bench) -> None:
        made.fal.faults.add("list_status", times=100_000, status=403)
        made.fal.faults.add("submit_lost_reply", times=2)
        made.telegram.user_says(43, "/start")
        made.telegram.user_says(43, "/video a bad fox")
        (bad,) = await made.all_settled(1, State.SUBMIT_UNCONFIRMED)
        made.telegram.user_says(42, "/video a good fox")
        await made.all_settled(2, State.SUBMIT_UNCONFIRMED)

        def spoil(tx: Connection) -> None:
            tx.execute(
                sa.text("UPDATE reelbot_submits SET handle = :half WHERE job_id = :id"),
                {"half": '"no handle"', "id": bad.id},
            )

        await made.app.store.database.write(spoil)
        made.fal.faults.clear()
        await made.until(lambda: len(made.films()) == 1)
        assert made.submits() == 2

    timing = Timing(resolve_looks_s=(0.05,), search_s=0.2)
    on_bench(story, database_url=database_url, access="telegram:42,telegram:43", timing=timing)


def test_a_row_that_stands_aside_already_is_told_of_once(database_url: str) -> None:
    async def story(store: Store) -> None:
        job_id = await accepted(store, said())
        await store.submits.claim(job_id, body="{}")
        assert await store.jobs.mark_unconfirmed(job_id, "no answer")
        await set_columns(store, job_id, request={"of": "tomorrow"})
        (row,) = await store.unreadable.find()
        assert await store.unreadable.set_aside(row) == "doubt"
        assert await store.unreadable.set_aside(row) is None

    on_store(database_url, story)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_words_of_a_newer_version_are_told_in_a_general_sentence(database_url: str, language: str) -> None:
    async def story(store: Store) -> None:
        job_id = await accepted(store, said())
        mood = {"field": "mood", "requested": "gay", "applied": "grave"}
        await set_columns(store, job_id, fallback="sharper", language=language, adjustments=[mood])
        job = await store.jobs.get(job_id)
        assert job is not None
        assert job.adjustments == (Adjustment("mood", "gay", "grave"),)
        text = job_messages.status(job, place=0, now_ms=now_ms()).text
        assert "grave" in text

    on_store(database_url, story)


def test_half_a_character_in_a_message_harms_nobody(database_url: str, on_bench: Callable[..., None]) -> None:
    async def story(made: Bench) -> None:
        made.telegram.user_says(42, "/help")  # Telegram knows the chat by that
        await made.until(lambda: made.telegram.texts(42))
        intake: MessageIntake = made.app.parts.intake
        await intake.put([Incoming(Address("telegram", "42"), "77", "m1", "42", "/video a fox \ud83d")])
        job = await made.settled(State.DELIVERED)
        assert job.request.prompt == "a fox ?"

    on_bench(story, database_url=database_url)
