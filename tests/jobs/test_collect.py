"""Only fal's own words end a paid job. Whatever else answers is asked again, then parked, and still comes home."""

import asyncio
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from bot.jobs.poller import PollerPauses
from bot.parts import Timing
from bot.store.database import Connection, now_ms
from bot.store.records import Job, State
from bot.store.tables import history, jobs, results
from core.fal.client import KEEP_S
from tests.bench import Bench

OnBench = Callable[..., None]
MINUTE_MS = 60_000
CENTS_70 = 700_000
FOREVER = 100_000
QUICK = Timing(watch=PollerPauses(scan_s=0.05))


async def in_state(made: Bench, state: State) -> Job:
    """The only job, once it is in this state."""
    return await made.settled(state)


async def change(made: Bench, job: Job, **values: Any) -> None:
    """As time alone would: nothing else is changed by hand here."""

    def work(connection: Connection) -> None:
        connection.execute(jobs.update().where(jobs.c.id == job.id).values(**values))

    await made.app.store.database.write(work)
    made.app.parts.reconciler.notify()


async def now(made: Bench, job: Job) -> Job:
    found = await made.app.store.jobs.get(job.id)
    assert found is not None
    return found


async def states_of(made: Bench, job: Job) -> list[str]:
    query = sa.select(history.c.state).where(history.c.job_id == job.id).order_by(history.c.id)
    return await made.app.store.database.read(lambda connection: list(connection.execute(query).scalars()))


async def until_odd(made: Bench) -> Job:
    """The only job, once fal's odd answers about it are noted."""
    async with asyncio.timeout(30):
        while True:
            for job in await made.jobs():
                if job.odd_since is not None:
                    return job
            await look_now(made)
            await asyncio.sleep(0.03)


async def look_now(made: Bench) -> None:
    """Have fal asked about every job, as after seconds or minutes."""
    for job in await made.jobs():
        await made.app.parts.poller.say_due(job.id)


async def parked(made: Bench) -> Job:
    """The only job, after ten minutes of odd answers."""
    job = await until_odd(made)
    await change(made, job, odd_since=now_ms() - 11 * MINUTE_MS)
    async with asyncio.timeout(30):
        while (await now(made, job)).state is not State.PARKED:
            await look_now(made)
            await asyncio.sleep(0.03)
    return await now(made, job)


ODD: tuple[dict[str, Any], ...] = (
    {"kind": "status_status", "status": 404},
    {"kind": "status_status", "status": 410, "body": {"status": "NOT_FOUND"}},
    {"kind": "status_status", "status": 200, "body": {"state": "fine"}},
    {"kind": "status_status", "status": 403, "body": {"detail": "User is locked. Reason: Exhausted balance."}},
    {"kind": "result_status", "status": 404},
    {"kind": "result_status", "status": 404, "body": {"detail": [{"loc": ["body"], "msg": "x", "type": "y"}]}},
    {"kind": "result_status", "status": 422},
    {"kind": "result_status", "status": 422, "body": {"detail": "no"}},
    {"kind": "result_status", "status": 200, "body": {"ok": True}},
    {"kind": "result_status", "status": 200, "body": []},
    {"kind": "result_status", "status": 200, "body": {"video": {"url": "https://example.org/film.mp4"}}},
    {"kind": "result_status", "status": 500, "body": {"error": "gateway"}},
)


def test_what_only_a_gateway_says_ends_no_paid_job(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        made.fal.faults.add("no_stream", times=FOREVER)
        for number, fault in enumerate(ODD):
            made.fal.faults.add(**fault, times=2, match=f"fox of kind {number}.")
            made.telegram.user_says(42, f"/video a fox of kind {number}.")
        async with asyncio.timeout(30):
            while len(made.films()) < len(ODD):
                await look_now(made)
                await asyncio.sleep(0.1)
        done = await made.all_settled(len(ODD), State.DELIVERED)
        for job in done:
            assert not {"failed", "parked"} & set(await states_of(made, job))
            assert (job.charge, job.odd_since, job.odd) == ("yes", None, None)
        assert made.submits() == len(made.films()) == len(ODD)

    on_bench(story, user_jobs=50, user_daily_usd=100, daily_usd=100)


def test_ten_minutes_of_odd_answers_park_a_job_and_it_comes_home(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        made.telegram.user_says(1, "/start")
        made.fal.faults.add("no_stream", times=FOREVER)
        made.fal.faults.add("status_status", times=FOREVER, status=404, match="a fox")
        made.telegram.user_says(42, "/video a fox")
        job = await parked(made)
        assert job.reserved_micro == CENTS_70
        assert job.charge is None
        await made.until(lambda: any("set it aside" in text for text in made.telegram.texts(42)))
        await made.until(lambda: any("nothing that can be understood" in text for text in made.telegram.texts(1)))
        assert any("404" in text for text in made.telegram.texts(1))
        made.telegram.user_says(42, "/video a hare")  # REELBOT_USER_JOBS is 1: the slot is free
        await made.until(lambda: len(made.films()) == 1)
        made.fal.faults.clear()
        await change(made, job, due=now_ms())
        await made.until(lambda: len(made.films()) == 2, 60)
        await made.all_settled(2, State.DELIVERED)
        home = await now(made, job)
        assert (home.charge, home.reserved_micro, home.odd_since) == ("yes", 0, None)
        assert (await made.app.store.ledger.standing()).spent_micro == 2 * CENTS_70
        assert made.submits() == 2

    on_bench(story, admins="telegram:1", user_jobs=1, timing=QUICK)


def test_a_parked_job_that_fal_ends_is_told_and_costs_what_fal_says(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        made.fal.faults.add("no_stream", times=FOREVER)
        made.fal.faults.add("result_error", body="downstream_service_error")
        made.fal.faults.add("result_status", times=FOREVER, status=404)
        made.telegram.user_says(42, "/video a fox")
        job = await parked(made)
        made.fal.faults.clear()
        await change(made, job, due=now_ms())
        failed = await in_state(made, State.FAILED)
        assert (failed.charge, failed.reserved_micro) == ("none", 0)
        await made.until(lambda: any("othing was charged" in text for text in made.telegram.texts(42)), 60)

    on_bench(story, timing=QUICK)


def test_a_parked_job_that_fal_still_works_on_is_waited_for(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        made.fal.faults.add("no_stream", times=FOREVER)
        made.fal.faults.add("status_status", times=FOREVER, status=404)
        made.telegram.user_says(42, "/video sandbox:until-cancelled fox")
        job = await parked(made)
        made.fal.faults.clear()
        await change(made, job, due=now_ms())
        again = await in_state(made, State.RENDERING)
        assert again.odd_since is None
        made.telegram.user_says(42, f"/cancel {job.id}")  # reaches fal
        await in_state(made, State.DELIVERED)
        assert made.submits() == len(made.films()) == 1

    on_bench(story, timing=QUICK)


def test_asking_ends_with_the_time_for_which_fal_keeps_the_file(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        made.fal.faults.add("no_stream", times=FOREVER)
        made.fal.faults.add("status_status", times=FOREVER, status=404)
        made.telegram.user_says(42, "/video a fox")
        job = await parked(made)
        await change(made, job, due=now_ms(), odd_since=now_ms() - 3 * 3600 * 1000)
        async with asyncio.timeout(30):
            while ((await now(made, job)).due or 0) < now_ms() + 50 * MINUTE_MS:
                await asyncio.sleep(0.05)
        week_ago = now_ms() - KEEP_S * 1000

        def age(connection: Connection) -> None:
            connection.execute(sa.text("UPDATE reelbot_submits SET claimed = :at").bindparams(at=week_ago))

        await made.app.store.database.write(age)
        await change(made, job, due=now_ms())
        async with asyncio.timeout(30):
            while (now_row := await now(made, job)).due is not None or now_row.owner is not None:
                await asyncio.sleep(0.05)
        assert (await now(made, job)).state is State.PARKED
        made.fal.faults.clear()
        made.telegram.user_says(42, f"/again {job.id}")  # its owner may still ask, and fal has it after all
        await in_state(made, State.DELIVERED)
        assert made.submits() == len(made.films()) == 1

    on_bench(story, timing=QUICK)


def test_every_result_is_kept_raw_before_it_is_read(on_bench: OnBench) -> None:
    """One that this version cannot read may be read by a later one."""

    async def story(made: Bench) -> None:
        made.fal.faults.add("result_status", status=200, body={"movie": {"where": "in a place of tomorrow"}})
        made.telegram.user_says(42, "/video a fox")
        job = await in_state(made, State.DELIVERED)
        query = sa.select(results).where(results.c.job_id == job.id).order_by(results.c.id)
        rows = await made.app.store.database.read(lambda connection: list(connection.execute(query)))
        assert len(rows) == 2
        assert b"a place of tomorrow" in rows[0].body
        assert b'"video"' in rows[1].body
        kept = [path for path in made.settings.receipts_dir.iterdir() if path.name.startswith(job.id)]
        assert len(kept) == 3  # the order's answer, and two results
        assert {path.stat().st_mode & 0o777 for path in kept} == {0o600}
        assert made.settings.receipts_dir.stat().st_mode & 0o777 == 0o700

    on_bench(story, timing=QUICK)
