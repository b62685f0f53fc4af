"""Status messages at the pace of many: what changed is looked at in each turn, everything only now and then."""

from bot.progress import Progress
from bot.store import Store
from bot.store.database import now_ms
from bot.store.records import State
from tests.bot.test_store import accepted, on_store, said


def test_a_turn_looks_at_what_changed_and_at_what_was_held_back(database_url: str) -> None:
    async def story(store: Store) -> None:
        ids = [await accepted(store, said(f"m{number}")) for number in range(40)]
        for job_id in ids:
            await store.jobs.note(job_id, changed=now_ms() - 60_000)
        progress = Progress(store=store, channels={})

        async def looked_at() -> set[str]:
            return {job.id for job in await progress._active(now_ms())}

        assert await looked_at() == set(ids)
        assert await looked_at() == set()
        await store.jobs.move(ids[0], State.PREPARING)
        assert await looked_at() == {ids[0]}
        progress._behind.add(ids[1])
        assert await looked_at() == {ids[0], ids[1]}
        await store.jobs.move(ids[1], State.CANCELLED)
        assert await looked_at() == {ids[0]}
        assert progress._behind == set()
        progress._all_at = 0.0
        assert await looked_at() == set(ids) - {ids[1]}

    on_store(database_url, story)
