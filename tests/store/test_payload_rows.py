"""Which requests are due to be deleted at fal: only what nobody here, and no search for a lost order, can need."""

from typing import Any

import pytest
import sqlalchemy as sa

from bot.store import Store
from bot.store.database import now_ms
from bot.store.payloads import payloads
from bot.store.records import JobError, State
from bot.store.tables import jobs, submits
from tests.store.test_account import FILM
from tests.store.test_ledger import bought, ordered
from tests.store.test_store import HANDLE, backwards, on_store

ENDED = {State.DELIVERED, State.SENT_AS_REPLY, State.FAILED, State.CANCELLED, State.DELETED}
HOUR_MS = 3600 * 1000
DAY_MS = 24 * HOUR_MS


async def ended(store: Store, event: str, *, ago_ms: int = 2 * HOUR_MS) -> str:
    """A film that its person has, since so long."""
    job_id = await bought(store, event)
    await store.jobs.finish(job_id, FILM)
    await put(store, job_id, state=State.DELIVERED, changed=now_ms() - ago_ms)
    return job_id


async def put(store: Store, job_id: str, **values: Any) -> None:
    await store.database.write(lambda tx: tx.execute(jobs.update().where(jobs.c.id == job_id).values(**values)))


async def put_claim(store: Store, job_id: str, **values: Any) -> None:
    change = submits.update().where(submits.c.job_id == job_id).values(**values)
    await store.database.write(lambda tx: tx.execute(change))


async def due(store: Store, **more: Any) -> list[str]:
    found = await store.payloads.due(now_ms(), **({"after_ms": HOUR_MS, "most": 9} | more))
    return [each.request_id for each in found]


def test_an_hour_after_the_end_and_the_oldest_first(database_url: str) -> None:
    async def story(store: Store) -> None:
        await ended(store, "m1", ago_ms=HOUR_MS - 60_000)
        await ended(store, "m2", ago_ms=2 * HOUR_MS)
        await ended(store, "m3", ago_ms=3 * HOUR_MS)
        backwards(store)
        assert await due(store) == ["req-m3", "req-m2"]
        assert await due(store, most=1) == ["req-m3"]
        (first, _) = await store.payloads.due(now_ms(), after_ms=HOUR_MS, most=9)
        assert (first.film, first.tries) == (FILM.name, 0)
        assert await due(store, may_go=lambda each: each.request_id != "req-m3") == ["req-m2"]

    on_store(database_url, story)


def test_what_was_deleted_goes_at_once_and_first(database_url: str) -> None:
    async def story(store: Store) -> None:
        await ended(store, "m1")
        job_id = await ended(store, "m2", ago_ms=0)
        await put(store, job_id, state=State.DELETED)
        assert await due(store) == ["req-m2", "req-m1"]

    on_store(database_url, story)


@pytest.mark.parametrize(
    "values",
    [
        {"charge": None},
        {"reserved_micro": 1},
        {"changed": 0},  # fal keeps nothing of it any more
        *({"state": state} for state in State if state not in ENDED),
    ],
    ids=str,
)
def test_what_is_not_at_its_end_stays(database_url: str, values: dict[str, Any]) -> None:
    async def story(store: Store) -> None:
        job_id = await ended(store, "m1")
        assert await due(store) == ["req-m1"]
        await put(store, job_id, **values)
        assert await due(store) == []

    on_store(database_url, story)


def test_all_of_an_endpoint_stays_while_an_order_of_it_is_looked_for(database_url: str) -> None:
    """The search compares words; what was found by it may be another's."""

    async def story(store: Store) -> None:
        await ended(store, "m1")
        other = await ended(store, "m2")
        handle = {"endpoint": "other/app", "request_id": "req-m2", "status_url": "s", "response_url": "r"}
        await put_claim(store, other, handle=handle)
        lost = await ordered(store, "m3")
        assert isinstance(lost, str)
        assert await store.submits.claim(lost, body="{}") == "yours"
        await put(store, lost, request={"endpoint": HANDLE.endpoint})
        assert await due(store) == ["req-m2"]
        await put(store, lost, request={"odd": True})  # nobody can tell where it is looked for
        assert await due(store) == []
        await put(store, lost, request={"endpoint": "other/app"})
        assert await due(store) == ["req-m1"]
        await put_claim(store, lost, claimed=now_ms() - 2 * DAY_MS - 1000)  # over
        assert await due(store) == ["req-m1", "req-m2"]

    on_store(database_url, story)


def test_a_refusal_that_may_be_a_gateways_is_looked_for_too(database_url: str) -> None:
    async def story(store: Store) -> None:
        await ended(store, "m1")
        refused = await ordered(store, "m2")
        assert isinstance(refused, str)
        assert await store.submits.claim(refused, body="{}") == "yours"
        await put(store, refused, request={"endpoint": HANDLE.endpoint})
        await store.submits.refused(refused, JobError("provider_error"), search_until=now_ms() + 1000)
        assert await due(store) == []
        await store.submits.searched_in_vain([refused], began=now_ms() + 2000)
        assert await due(store) == ["req-m1"]

    on_store(database_url, story)


def test_a_try_in_vain_comes_again_at_growing_gaps_and_what_is_gone_does_not(database_url: str) -> None:
    async def story(store: Store) -> None:
        job_id = await ended(store, "m1")
        gaps = []
        now = now_ms()
        for _ in range(7):
            (each,) = await store.payloads.due(now, after_ms=0, most=9)
            await store.payloads.later(each, now=now)
            assert await store.payloads.due(now, after_ms=0, most=9) == []
            after = await store.database.read(lambda tx: tx.execute(sa.select(payloads.c.after)).scalar_one())
            gaps.append((after - now) // 1000)
            now = after
        assert gaps == [60, 600, 3600, 21600, 86400, 86400, 86400]
        await store.payloads.gone("req-m1")
        assert await store.payloads.due(now + DAY_MS, after_ms=0, most=9) == []
        await store.payloads.forget()
        assert await store.database.read(lambda tx: tx.execute(sa.select(payloads.c.gone)).scalar_one())
        await put(store, job_id, changed=now_ms() - 36 * DAY_MS)
        await store.payloads.forget()
        assert await store.database.read(lambda tx: tx.execute(sa.select(payloads)).all()) == []

    on_store(database_url, story)


def test_a_request_that_became_anothers_is_due_by_that_job(database_url: str) -> None:
    async def story(store: Store) -> None:
        job_id = await ended(store, "m1")
        await store.payloads.gone("req-m1")
        await put_claim(store, job_id, request_id="req-own")
        assert await due(store) == ["req-own"]
        await put_claim(store, job_id, request_id=None)
        assert await due(store) == []

    on_store(database_url, story)
