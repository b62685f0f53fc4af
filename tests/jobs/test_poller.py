"""The poller's looks: placed by what our own rows teach, few while webhooks come, and as before when they do not."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.jobs.poller import PollerPauses, StatusPoller
from bot.parts import Timing
from bot.settings import Settings
from bot.store import Store
from bot.store.database import now_ms
from bot.store.records import State, VideoFile
from bot.store.tables import jobs
from core import pricing
from core.fal.client import FalQueue
from core.types import RequestHandle
from tests.bench import Bench, bench
from tests.fakes.botapi import TelegramFake
from tests.rows import set_columns
from tests.serving import served
from tests.store.test_store import CAPS, HANDLE, accepted, new_job, on_store, opened, said

REQUEST = new_job(said()).plan.request
FILM = VideoFile("film.mp4", 1, 320, 180, 1.0)


def nobody() -> None:
    """No job is worked on here."""


async def rendered(store: Store, number: int, seconds: float, *, good: bool = True) -> None:
    """A job that fal took `seconds` for."""
    job_id = await accepted(store, said(f"m{number}"))
    await store.submits.claim(job_id)
    handle = RequestHandle(f"req-{number}", HANDLE.endpoint, "s", "r", "c")
    await store.submits.accepted(job_id, handle)
    await set_columns(store, job_id, rendering_since=now_ms() - round(seconds * 1000))
    await store.jobs.move(job_id, State.DOWNLOADING)
    if good:
        await store.jobs.finish(job_id, FILM)
    else:
        await store.jobs.move(job_id, State.FAILED, charge="none")
    await set_columns(store, job_id, due=None, outcome_ref="")  # over


def test_the_usual_time_is_the_median_of_our_own_films(database_url: str) -> None:
    async def story(store: Store) -> None:
        assert await store.render_times.usual_render_s(REQUEST) is None
        for number, seconds in enumerate([40, 50, 4000]):
            await rendered(store, number, seconds)
        await rendered(store, 9, 1, good=False)
        await rendered(store, 10, 1, good=False)
        usual = await store.render_times.usual_render_s(REQUEST)
        assert usual is not None
        assert 50 <= usual <= 51
        for other in (
            replace(REQUEST, model="wan-2.5"),
            replace(REQUEST, duration_s=10),
            replace(REQUEST, resolution="1080p"),
            replace(REQUEST, resolution=None),
        ):
            assert await store.render_times.usual_render_s(other) is None

    on_store(database_url, story)


def test_only_the_newest_films_count(database_url: str) -> None:
    async def story(store: Store) -> None:
        for number in range(3):
            await rendered(store, number, 500)
        for number in range(3, 34):
            await rendered(store, number, 20)
        usual = await store.render_times.usual_render_s(REQUEST)
        assert usual is not None
        assert usual < 25

    on_store(database_url, story)


def test_the_catalogue_guesses_until_there_are_films_and_webhooks_count_while_they_come(
    database_url: str,
) -> None:
    async def story(store: Store) -> None:
        settings = Settings.offline()
        queue = FalQueue.from_settings(settings)
        poller, other, deaf = (
            StatusPoller(store=store, queue=queue, webhooks=webhooks, due=nobody) for webhooks in (True, True, False)
        )
        assert await poller.usual_s(REQUEST) == pricing.find("happy-horse").usual_render_s
        assert await poller.usual_s(replace(REQUEST, model="of another day")) is None
        for number in range(3):
            await rendered(store, number, 40)
        usual_s = await other.usual_s(REQUEST)
        assert usual_s is not None
        assert 40 <= usual_s <= 41
        assert not await poller.webhook_works()
        await poller.webhook_seen()
        assert await other.webhook_works()
        assert not await deaf.webhook_works()  # its public address has been taken away
        await store.installation.put("webhook-heard", str(now_ms() - 2 * 3600 * 1000))
        assert not await other.webhook_works()
        await queue.close()

    on_store(database_url, story)


def test_where_streams_are_refused_the_looks_alone_bring_the_video(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(made: Bench) -> None:
        made.fal.faults.add("no_stream", times=9)
        made.telegram.user_says(42, "/video a fox 5s 720p")
        await made.until(made.films)
        looks = [call for call in made.fal.log if call["path"].endswith("/status")]
        assert 1 <= len(looks) <= 4

    async def quick_here(settings: Settings, _telegram: TelegramFake) -> None:
        async with opened(settings.store_url) as store:
            for number in range(3):  # whatever the catalogue says of this model
                await rendered(store, number, 1.0)

    async def whole() -> None:
        async with bench(tmp_path, monkeypatch, before=quick_here) as made:
            await story(made)

    asyncio.run(whole())


def test_what_renders_is_watched_also_while_it_is_worked_on_but_for_what_a_command_watches_itself(
    database_url: str,
) -> None:
    async def story(store: Store) -> None:
        idle, held, of_shell = [await accepted(store, said(name)) for name in ("idle", "held", "shell")]
        for number, job_id in enumerate((idle, held, of_shell)):
            await store.submits.claim(job_id)
            await store.submits.accepted(job_id, RequestHandle(f"req-{number}", HANDLE.endpoint, "s", "r", "c"))
        assert await store.leases.take_one("run:a", held) is not None
        assert await store.leases.take_one("shell:a", of_shell) is not None
        assert await store.jobs.at_fal() == {idle, held}

    on_store(database_url, story)


def test_a_render_that_nobody_waits_for_is_collected(on_bench: Callable[..., None]) -> None:
    """What a crash leaves between "the lost request is found" and "it is watched"."""

    async def story(made: Bench) -> None:
        store, queue = made.app.store, made.app.parts.queue
        made.telegram.user_says(42, "/start")

        def not_due(tx: sa.Connection, new: str) -> None:
            tx.execute(jobs.update().where(jobs.c.id == new).values(due=None))  # the bot here shall not order it, too

        job_id = await store.jobs.accept(new_job(said()), inbox_id=None, caps=CAPS, within=not_due)
        assert isinstance(job_id, str)
        await store.submits.claim(job_id)
        request = pricing.plan("a fox", model="happy-horse").request
        await store.submits.accepted(job_id, (await queue.submit(request)).handle)
        await made.settled(State.DELIVERED)
        assert len(made.films()) == 1

    on_bench(story, timing=Timing(watch=PollerPauses(scan_s=0.2, again_s=0.2)))


def test_what_rendered_when_the_role_was_lost_is_watched_when_it_comes_back(on_bench: Callable[..., None]) -> None:
    """Nothing of an earlier time stands in the way: its streams have ended."""

    async def story(made: Bench) -> None:
        poller = made.app.parts.poller
        made.telegram.user_says(42, "/video sandbox:slow-2 fox")
        await made.settled(State.RENDERING)
        await made.until(lambda: any(call["path"].endswith("/status/stream") for call in made.fal.log))
        (task,) = [each for each in asyncio.all_tasks() if each.get_name() == "poller"]
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        again = asyncio.create_task(poller.run())
        await made.settled(State.DELIVERED)
        again.cancel()
        await asyncio.gather(again, return_exceptions=True)

    on_bench(story)


class SilentFal:
    """A fal that has no streams, and answers no question about a status until it is `open`."""

    def __init__(self) -> None:
        self.asked: set[str] = set()
        self.open = asyncio.Event()

    def app(self) -> Starlette:
        async def stream(_request: Request) -> Response:
            return PlainTextResponse("no such page", 404)

        async def status(request: Request) -> Response:
            self.asked.add(request.path_params["id"])
            await self.open.wait()
            return JSONResponse({"status": "IN_PROGRESS", "request_id": request.path_params["id"]})

        place = "/{app:path}/requests/{id}/status"
        return Starlette(routes=[Route(f"{place}/stream", stream), Route(place, status)])


def test_looks_that_wait_for_a_place_begin_when_one_is_free_and_not_in_vain_before(database_url: str) -> None:
    """A silent fal and thousands of jobs must not keep the processor busy."""

    async def story(store: Store) -> None:
        fal = SilentFal()
        async with served(fal.app()) as url:
            queue = FalQueue.from_settings(Settings.offline(fal_key="key", fal_queue_url=url))
            for number in range(3):  # so the first look is a second after the start
                await rendered(store, number, 1.0)
            ids = {f"req-{number}" for number in (10, 11, 12)}
            for request_id in ids:
                job_id = await accepted(store, said(request_id))
                await store.submits.claim(job_id)
                await store.submits.accepted(job_id, queue.handle_for(REQUEST.endpoint, request_id))
            scans = 0

            def count(*call: object) -> None:
                nonlocal scans
                scans += "reelbot_jobs.owner NOT LIKE" in str(call[2])

            sa.event.listen(store.database.engine, "before_cursor_execute", count)
            pauses = PollerPauses(scan_s=0.2)
            poller = StatusPoller(
                store=store, queue=queue, webhooks=False, due=nobody, pauses=pauses, most_streams=1, most_looks=1
            )
            running = asyncio.create_task(poller.run())
            async with asyncio.timeout(20):
                while len(fal.asked) < 2:
                    await asyncio.sleep(0.01)
                scans_before, turns_before = scans, poller.loop.turns
                while scans < scans_before + 8:
                    await asyncio.sleep(0.01)
                assert len(fal.asked) == 2
                assert poller.loop.turns - turns_before <= scans - scans_before + 4
                fal.open.set()
                while fal.asked != ids:
                    await asyncio.sleep(0.01)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await queue.close()

    on_store(database_url, story)
