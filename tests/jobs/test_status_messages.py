"""Status messages at the pace of many: what changed is looked at in each turn, everything only now and then."""

from bot.jobs.status_messages import StatusMessages
from bot.store import Store
from bot.store.database import now_ms
from bot.store.records import State
from tests.rows import set_columns
from tests.store.test_store import accepted, on_store, said


def test_a_turn_looks_at_what_changed_and_at_what_was_held_back(database_url: str) -> None:
    async def story(store: Store) -> None:
        for number in range(40):
            await accepted(store, said(f"m{number}"))
        ids = await store.jobs.ids([State.QUEUED])

        async def long_ago() -> None:
            for job_id in ids:
                await set_columns(store, job_id, changed=now_ms() - 60_000)

        await long_ago()
        progress = StatusMessages(store=store, channels={})

        async def looked_at() -> set[str]:
            return {job.id for job in await progress._to_show()}

        assert await looked_at() == set(ids)  # the first turn of a process
        assert [await looked_at() for _ in ids[1:]] == [{job_id} for job_id in ids[1:]]
        await store.jobs.move(ids[7], State.PREPARING)
        assert await looked_at() == {ids[7], ids[0]}
        progress._behind.add(ids[8])
        assert await looked_at() == {ids[7], ids[8], ids[1]}
        await store.jobs.move(ids[8], State.CANCELLED)
        assert await looked_at() == {ids[7], ids[8], ids[2]}
        assert progress._behind == set()

    on_store(database_url, story)


def test_how_a_job_ended_is_shown_even_if_its_change_is_missed(database_url: str) -> None:
    """The clock of the worker that ended it may be far behind ours."""

    async def story(store: Store) -> None:
        ids = [await accepted(store, said(f"m{number}")) for number in range(2)]
        progress = StatusMessages(store=store, channels={})
        await progress._to_show()
        for job_id in ids:
            await store.jobs.move(job_id, State.CANCELLED)
            await set_columns(store, job_id, changed=now_ms() - 60_000)
        assert {job.id for job in await progress._to_show()} == set(ids)
        assert await progress._to_show() == []
        assert await progress._to_show() == []

    on_store(database_url, story)
