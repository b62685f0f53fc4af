"""Clean-up: what has had its time goes; what a job, its owner or fal still needs stays, however old it is."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot.channels.types import Address, AttachmentRef, Incoming
from bot.jobs.engine import Engine
from bot.jobs.job_lock import mark_of
from bot.settings import Settings
from bot.store import Store
from bot.store.database import Connection, now_ms
from bot.store.leases import Assignment
from bot.store.ledger import Caps
from bot.store.records import JobDraft, State, VideoFile, record
from bot.store.tables import inbox, submits
from bot.store.work import Lease
from bot.workers.cleanup import Cleanup
from core import pricing
from core.types import Mode
from tests.bench import Bench
from tests.rows import set_columns

HOUR_S, DAY_S = 3600.0, 24 * 3600.0
CAPS = Caps(all_micro=10**9, user_micro=10**9)
NEEDS_PHOTO = {
    State.AWAITING_CONFIRMATION, State.QUEUED, State.PREPARING, State.SUBMITTING, State.RENDERING, State.DOWNLOADING,
    State.SUBMIT_UNCONFIRMED, State.PARKED,
}  # fmt: skip
WAITS = {State.READY, State.UPLOADING, State.UNDELIVERED, State.DELIVERY_UNCONFIRMED}


@dataclass
class Site:
    """A store, a launched engine and folders, with nobody who works on the jobs."""

    store: Store
    engine: Engine
    settings: Settings

    async def tidy(self) -> None:
        await Cleanup(store=self.store, engine=self.engine, settings=self.settings).turn()

    async def change(self, change: sa.Executable, **values: Any) -> None:
        def work(connection: Connection) -> None:
            connection.execute(change, values)

        await self.store.database.write(work)

    async def column(self, query: sa.Executable, **values: Any) -> list[Any]:
        def work(connection: Connection) -> list[Any]:
            return list(connection.execute(query, values).scalars())

        return await self.store.database.read(work)

    def file(self, folder: Path, name: str, *, age_s: float) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / name
        path.write_bytes(b"x")
        return aged(path, age_s)

    async def job(self, state: State, *, file_id: str | None = None, **facts: Any) -> str:
        """A job in this state. `facts` are columns of its row."""
        attachment = AttachmentRef("image", file_id) if file_id else None
        incoming = Incoming(Address("web", "42"), "77", os.urandom(4).hex(), "42", "a fox", attachment=attachment)
        made = await self.store.jobs.accept(JobDraft(incoming, "en", pricing.plan("a fox")), inbox_id=None, caps=CAPS)
        assert isinstance(made, str)
        await self.store.jobs.move(made, state, **facts)
        return made


def aged(path: Path, age_s: float) -> Path:
    os.utime(path, (time.time() - age_s, time.time() - age_s))
    return path


def on_site(folder: Path, story: Callable[[Site], Awaitable[None]], **settings: Any) -> None:
    async def run() -> None:
        made = Settings.offline(output_dir=folder / "out", fal_queue_url="http://127.0.0.1:1", **settings)
        store = await Store.open(made.store_url)
        engine = Engine(store.database)
        engine.register(_nothing)
        await engine.start(owner="tests")
        try:
            await story(Site(store, engine, made))
        finally:
            await engine.stop()
            store.close()

    asyncio.run(run())


async def _nothing(_taken: Assignment) -> None:
    """A work that ends at once."""


def test_published_photos_go_after_their_time_but_never_while_fal_may_fetch_them(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        folder, old = site.settings.assets_dir, 3 * HOUR_S
        index = site.file(folder, "index.html", age_s=1000 * DAY_S)
        gone = {site.file(folder, "nobodys.jpg", age_s=old), site.file(folder, ".draft.jpg", age_s=old)}
        kept = {index, site.file(folder, "fresh.jpg", age_s=HOUR_S)}
        for state in State:
            photo = site.file(folder, f"{state}.jpg", age_s=old)
            request = pricing.plan("a fox", mode=Mode.IMAGE_TO_VIDEO).request.published(
                f"https://bot.example/fal-assets/{photo.name}"
            )
            await site.job(state, request=record(request))
            (kept if state in NEEDS_PHOTO else gone).add(photo)
        await site.tidy()
        assert set(folder.iterdir()) == kept
        assert not any(path.exists() for path in gone)

    on_site(tmp_path, story, asset_ttl_hours=2)


def test_the_photo_of_a_job_at_its_end_is_published_no_more(tmp_path: Path) -> None:
    """However young it is; one that fal may still fetch stays, also of an order that fal seemed to refuse."""

    async def story(site: Site) -> None:
        folder = site.settings.assets_dir
        gone, kept = set[Path](), {site.file(folder, "index.html", age_s=0), site.file(folder, "shell.jpg", age_s=0)}
        settled = now_ms() - 120_000
        for name, state, changed in (
            *((f"{state}.jpg", state, settled) for state in State),
            ("just-now.jpg", State.FAILED, now_ms()),
            ("looked-for.jpg", State.FAILED, settled),
        ):
            photo = site.file(folder, name, age_s=0)
            request = pricing.plan("a fox", mode=Mode.IMAGE_TO_VIDEO).request.published(
                f"https://bot.example/fal-assets/{name}"
            )
            job_id = await site.job(state, request=record(request))
            await set_columns(site.store, job_id, changed=changed)
            if name == "looked-for.jpg":
                row = {"state": "refused", "attempt": 1, "created": 1, "changed": 1, "search_until": now_ms()}
                await site.change(submits.insert(), job_id=job_id, **row)
            (gone if state not in NEEDS_PHOTO and changed == settled and "for" not in name else kept).add(photo)
        await site.tidy()
        assert set(folder.iterdir()) == kept
        assert len(gone) == len(State) - len(NEEDS_PHOTO)

    on_site(tmp_path, story, asset_ttl_hours=24)


def test_videos_go_after_their_time_but_never_before_their_owner_had_them(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        folder, old = site.settings.videos_dir, 8 * DAY_S
        kept = {
            site.file(folder, "fresh.mp4", age_s=6 * DAY_S),
            site.file(folder, "coming.mp4.part", age_s=HOUR_S),
            site.file(folder, "somebody-elses.txt", age_s=1000 * DAY_S),
        }
        site.file(folder, "stuck.mp4.part", age_s=2 * DAY_S)
        for state in (*WAITS, State.DELIVERED, State.FAILED, State.CANCELLED):
            film = site.file(folder, f"{state}.mp4", age_s=old)
            await site.job(state, video=record(VideoFile(film.name, 1, 320, 180, 1.0)))
            if state in WAITS:
                kept.add(film)
        await site.tidy()
        assert set(folder.iterdir()) == kept

    on_site(tmp_path, story, video_ttl_days=7)


def test_what_lies_around_goes_unless_a_job_works_with_it(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        work, uploads, output = site.settings.work_dir, site.settings.uploads_dir, site.settings.output_dir
        busy = [await site.job(state, file_id=f"{state}.jpg") for state in (*NEEDS_PHOTO, *WAITS)]
        over = [await site.job(state, file_id=f"{state}.jpg") for state in (State.DELIVERED, State.FAILED)]
        jobs = {job.id: job for job in await site.store.jobs.find()}
        for job_id in (*busy, *over):
            photo = jobs[job_id].incoming.attachment
            assert photo is not None
            site.file(work / job_id, "source.jpg", age_s=2 * DAY_S)
            site.file(work, mark_of(work, jobs[job_id].incoming).name, age_s=2 * DAY_S)
            site.file(uploads, photo.file_id, age_s=8 * DAY_S)
            site.file(uploads, f"{photo.file_id}.owner", age_s=8 * DAY_S)
            aged(work / job_id, 2 * DAY_S)
        await site.tidy()
        marks = {mark_of(work, jobs[job_id].incoming).name for job_id in busy}
        assert {path.name for path in work.iterdir()} == set(busy) | marks
        photos = {f"{state}.jpg" for state in (*NEEDS_PHOTO, *WAITS)}
        assert {path.name for path in uploads.iterdir()} == photos | {f"{name}.owner" for name in photos}
        assert (output / "reelbot.db").exists()

    on_site(tmp_path, story, video_ttl_days=7)


def test_messages_that_were_handled_long_ago_are_forgotten(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        for event in ("done and old", "done and fresh", "new and old", "aside and old"):
            await site.store.inbox.put([Incoming(Address("web", event), "77", event, "42", "hello")])
        queued_by_event = {queued.incoming.event_id: queued for queued in (await site.store.inbox.waiting()).messages}
        for event in ("done and old", "done and fresh"):
            await site.store.inbox.done(queued_by_event[event])
        await site.store.inbox.dead_letter(queued_by_event["aside and old"])
        back = inbox.update().values(created=now_ms() - int(31 * DAY_S * 1000))
        ids = [queued.id for event, queued in queued_by_event.items() if event.endswith("old")]
        await site.change(back.where(inbox.c.id.in_(ids)))
        await site.tidy()
        rows = await site.column(sa.select(inbox.c.incoming))
        assert {row["event_id"] for row in rows} == {"done and fresh", "new and old", "aside and old"}

    on_site(tmp_path, story)


def test_the_engine_forgets_what_ended_long_ago_and_only_that(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        for name in ("old", "fresh", "open"):
            await site.engine.begin(Assignment(Lease(name, "tests", 1), "submit", 1, 0))
        await until(lambda: workflows(site, "SUCCESS"), {"old:1:submit", "fresh:1:submit", "open:1:submit"})
        long_ago = now_ms() - int(31 * DAY_S * 1000)
        ended = sa.text("UPDATE workflow_status SET completed_at = :at WHERE workflow_uuid != 'fresh:1:submit'")
        await site.change(ended, at=long_ago)
        pending = "UPDATE workflow_status SET status = 'PENDING' WHERE workflow_uuid = 'open:1:submit'"
        await site.change(sa.text(pending))
        await site.tidy()
        assert await workflows(site, "SUCCESS") == {"fresh:1:submit"}
        assert await workflows(site, "PENDING") == {"open:1:submit"}
        await site.change(sa.text("UPDATE workflow_status SET created_at = :at"), at=long_ago)
        await site.tidy()  # its worker has ended long ago
        assert await workflows(site, "PENDING") == set()

    on_site(tmp_path, story)


async def workflows(site: Site, status: str) -> set[str]:
    query = sa.text("SELECT workflow_uuid FROM workflow_status WHERE status = :status")
    return set(await site.column(query, status=status))


async def until(question: Callable[[], Awaitable[Any]], answer: Any) -> None:
    async with asyncio.timeout(20):
        while await question() != answer:
            await asyncio.sleep(0.02)


def test_a_video_that_was_cleared_away_is_said_to_be_gone_and_not_bought_again(
    on_bench: Callable[..., None],
) -> None:
    async def story(made: Bench) -> None:
        made.telegram.user_says(42, "/video a fox")
        job = await made.settled(State.DELIVERED)
        assert job.video is not None
        film = aged(made.settings.videos_dir / job.video.name, 8 * DAY_S)
        await set_columns(
            made.app.store, job.id, rendering_since=now_ms() - int(8 * DAY_S * 1000)
        )  # fal keeps it 7 days
        await made.app.parts.cleanup.turn()
        assert not film.exists()
        for text in ("/again", f"/again {job.id}"):
            before = made.newest()
            made.telegram.user_says(42, text)
            await made.until(lambda before=before: made.newest() > before)  # type: ignore[misc]
            assert "cleared away" in made.telegram.texts(42)[-1]
            assert job.id in made.telegram.texts(42)[-1]
        assert made.submits() == 1
        assert len(await made.jobs()) == 1
        assert len(made.films()) == 1

    on_bench(story, video_ttl_days=7)


def test_folders_that_are_not_there_are_no_trouble(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        assert not site.settings.videos_dir.exists()
        await site.tidy()

    on_site(tmp_path, story)


def test_an_upload_of_which_nothing_came_goes_soon(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        uploads = site.settings.uploads_dir
        used, unused, fresh = "a" * 32, "b" * 32, "c" * 32
        await site.job(State.DELIVERED, file_id=used)
        for name, age_s in ((used, 2 * HOUR_S), (unused, 2 * HOUR_S), (fresh, 0.0)):
            site.file(uploads, name, age_s=age_s)
            site.file(uploads, f"{name}.owner", age_s=age_s)
        await site.tidy()
        assert {path.name for path in uploads.iterdir()} == {used, f"{used}.owner", fresh, f"{fresh}.owner"}

    on_site(tmp_path, story)
