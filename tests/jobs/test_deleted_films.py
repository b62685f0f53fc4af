"""A deletion that is interrupted is finished, and what was deleted is not fetched again: after a crash, from a copy."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.jobs.erasure import is_marked
from bot.store.records import State
from bot.store.tables import history, jobs, ledger
from tests.jobs.test_crash import World, delivered, world
from tests.postgres import Cluster
from tests.restoring import OnStage, Stage, job_in, on_stage

__all__ = ["on_stage"]


def files_of(made: World, job_id: str) -> list[Path]:
    out = made.folder / "out"
    return [path for path in out.rglob(f"*{job_id}*") if path.parent != out / "receipts"]


def a_film(made: World) -> str:
    made.start_bot()
    made.telegram("says", chat=42, text="/video a fox")
    made.until(lambda: delivered(made))
    (row,) = made.read(sa.select(jobs.c.id, jobs.c.owner))
    made.until(lambda: files_of(made, row.id))
    return str(row.id)


def spent(made: World) -> Any:
    return made.read(sa.select(sa.func.sum(ledger.c.spent_micro)))[0][0]


def finished(made: World, job_id: str) -> bool:
    rows = made.read(sa.select(history.c.why).where(history.c.job_id == job_id, history.c.state == "deleted"))
    return any("removed" in row.why for row in rows)


@pytest.mark.parametrize("moment", ["before anything was removed", "while a message was removed"])
def test_killed_while_a_film_is_deleted(tmp_path: Path, database_url: str, moment: str) -> None:
    with world(tmp_path, database_url) as made:
        job_id = a_film(made)
        paid = spent(made)
        if moment == "before anything was removed":
            made.kill_bot()
            made.write(jobs.update().where(jobs.c.id == job_id).values(state="deleted", due=1))
            assert files_of(made, job_id)
        else:
            made.telegram("fail", method="deleteMessage", kind="status", times=100, status=500, description="no")
            made.telegram("says", chat=42, text=f"/delete {job_id}")
            made.until(
                lambda: any("for good?" in message.get("text", "") for message in made.telegram("said", chat=42))
            )
            made.telegram("says", chat=42, text=f"/erase {job_id}")
            made.until(lambda: made.telegram("calls", method="deleteMessage"))
            made.kill_bot()
            made.telegram("heal")
            assert len(made.films()) == 1
        made.start_bot()
        made.until(lambda: finished(made, job_id))
        made.until(lambda: not made.films())
        assert files_of(made, job_id) == []
        assert made.states() == {"a fox": "deleted"}
        assert made.posts() == 1
        assert spent(made) == paid


def test_one_worker_sends_what_another_deletes(tmp_path: Path, postgres: Cluster) -> None:
    with world(tmp_path, postgres.database()) as made:
        job_id = a_film(made)
        made.start_second()
        made.telegram("says", chat=42, text=f"/delete {job_id}")
        made.until(lambda: any("for good?" in message.get("text", "") for message in made.telegram("said", chat=42)))
        made.telegram("fail", method="sendVideo", kind="slow", times=10, delay_s=1.0)
        for words in (f"/again {job_id}", f"/erase {job_id}", f"/again {job_id}", f"/erase {job_id}"):
            made.telegram("says", chat=42, text=words)
        made.until(lambda: finished(made, job_id))
        made.until(lambda: not made.films())
        made.until(lambda: made.read(sa.select(jobs.c.owner, jobs.c.due)) == [(None, None)])
        assert files_of(made, job_id) == []
        assert made.films() == []
        assert made.states() == {"a fox": "deleted"}
        assert made.posts() == 1


def test_a_copy_of_before_the_deletion_does_not_bring_it_back(on_stage: OnStage) -> None:
    async def story(stage: Stage) -> None:
        async with stage.bot() as app:
            stage.telegram.user_says(42, "/video a fox")
            job = await job_in(app.store, "a fox", State.DELIVERED)
            copy = await stage.backup()
            await app.store.jobs.ask_delete(job.id)
            assert await app.store.jobs.delete(job.id) == "deleted"
            app.parts.reconciler.notify()
            await stage.telegram.until(lambda: is_marked(stage.out / "receipts", job.id))
            await stage.telegram.until(lambda: not stage.telegram.videos(42))
        stage.put_back(copy)
        async with stage.bot() as app:
            job = await job_in(app.store, "a fox", State.DELETED)
            stage.telegram.user_says(42, f"/again {job.id}")
            await stage.telegram.until(lambda: any("You deleted" in text for text in stage.telegram.texts(42)))
            assert not list(stage.out.glob("videos/*.mp4"))
            assert stage.buys() == 1

    on_stage(story)


def test_one_that_the_copy_had_not_finished_is_not_fetched_either(on_stage: OnStage) -> None:
    async def story(stage: Stage) -> None:
        async with stage.bot() as app:
            stage.fal.faults.add("status_drop", times=10_000, match="a fox")
            stage.telegram.user_says(42, "/video a fox")
            await job_in(app.store, "a fox", State.RENDERING)
            copy = await stage.backup()
            stage.fal.faults.clear()
            job = await job_in(app.store, "a fox", State.DELIVERED)
            await app.store.jobs.ask_delete(job.id)
            await app.store.jobs.delete(job.id)
            app.parts.reconciler.notify()
            await stage.telegram.until(lambda: not stage.telegram.videos(42))
        stage.put_back(copy)
        async with stage.bot() as app:
            job = await job_in(app.store, "a fox", State.DELETED)
            assert job.charge == "yes"
            assert not list(stage.out.glob("videos/*.mp4"))
            assert not stage.telegram.videos(42)
            assert stage.buys() == 1

    on_stage(story)


def test_a_film_that_came_back_is_cleared_away(on_stage: OnStage) -> None:
    """A worker that was frozen while it fetched the film again writes it after the deletion."""

    async def story(stage: Stage) -> None:
        async with stage.bot() as app:
            stage.telegram.user_says(42, "/video a fox")
            stage.telegram.user_says(42, "/video a hare")
            job, other = [await job_in(app.store, prompt, State.DELIVERED) for prompt in ("a fox", "a hare")]
            assert job.video is not None
            assert other.video is not None
            path = stage.out / "videos" / job.video.name
            kept = shutil.copy(path, stage.out / "kept.mp4")
            await app.store.jobs.ask_delete(job.id)
            await app.store.jobs.delete(job.id)
            app.parts.reconciler.notify()
            await stage.telegram.until(lambda: len(stage.telegram.videos(42)) == 1, within_s=40.0)
            shutil.copy(kept, path)
            await app.parts.cleanup.turn()
            assert not path.exists()
            assert (stage.out / "videos" / other.video.name).exists()

    on_stage(story)
