"""Runs `reelbot generate`, `publish` and `poll`: one video, from the shell."""

import argparse
import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import core
from bot import logs
from bot.cli import setting_problems
from bot.cli.console import DONE, Failure, note, out
from bot.http.server import Server, bind, serve_assets
from bot.jobs.foreground import (
    ForegroundRunner,
    Interrupted,
    JobNotFinished,
    OrderedButNotFetched,
    OverTheCap,
    Troubles,
    left_behind,
)
from bot.messages import job_messages
from bot.messages.i18n import admin_text, translate
from bot.settings import OutputFolder, Settings
from bot.store import Store
from bot.store.records import Job, State
from bot.store.stored import UnreadableJob
from core import pricing
from core.fal.client import FalQueue
from core.generate import OnProgress
from core.pricing import SourceFacts
from core.types import Kind, Mode, Plan, Video


async def generate(options: argparse.Namespace) -> int:
    """Buy one video, or make it in the sandbox, and print its path."""
    logs.configure(secrets=[], level="ERROR")
    async with _fal(options) as settings:
        plan = await _plan(options, settings)
        note(_price_line(plan, sandbox=options.sandbox))
        for each in plan.adjustments:
            applied = each.applied or "nothing (the model has no such option)"
            note(f"adjusted: {each.field} {each.requested} becomes {applied}")
        if not (options.yes or options.sandbox) and not await _agreed():
            raise Failure("not bought: answer y, or pass --yes")
        show = None if options.json else _bar()
        video = await (_play(options, settings, show) if options.sandbox else _buy(options, settings, plan, show))
        _print_video(video, as_json=options.json)
    return DONE


async def _play(options: argparse.Namespace, settings: Settings, show: OnProgress | None) -> Video:
    """Make a video in the sandbox: no cost, so nothing is reserved or counted."""
    return await core.generate_video(
        options.prompt,
        model=options.model or settings.default_model,
        duration=options.duration,
        resolution=options.resolution,
        aspect_ratio=options.aspect,
        seed=options.seed,
        image=options.image,
        video=options.video,
        settings=settings,
        on_progress=show,
    )


async def _buy(options: argparse.Namespace, settings: Settings, plan: Plan, show: OnProgress | None) -> Video:
    """Buy a video with the same claims, reservations and caps as in a chat, in the same tables."""
    async with _shell(settings, show) as shell:
        return await shell.buy(plan, source=options.image or options.video)


@asynccontextmanager
async def _shell(settings: Settings, show: OnProgress | None) -> AsyncIterator[ForegroundRunner]:
    store, queue = await Store.open(settings.store_url), FalQueue.from_settings(settings)
    try:
        yield ForegroundRunner(store=store, queue=queue, settings=settings, on_progress=show or _silent, note=note)
    except OverTheCap as error:
        raise Failure(job_messages.over_cap("en", error.over)) from None
    except JobNotFinished as error:
        raise Failure(_unfinished(error)) from None
    except OrderedButNotFetched as error:
        raise Failure(str(error)) from None
    except Interrupted as error:
        raise Failure(_interrupted(error)) from None
    finally:
        await queue.close()
        store.close()


def _unfinished(error: JobNotFinished) -> str:
    job = error.job
    cost = {"yes": " It was charged.", "possibly": " It may have been charged.", "none": " Nothing was charged."}
    if job.state is State.SUBMIT_UNCONFIRMED:
        return f"{admin_text('submit_unknown', {})} (job {job.id})"
    if job.state is State.PARKED:
        return translate("en", "admin-parked", odd=job.odd or "", job=job.id, request_id=error.request_id)
    code, facts = (job.error.code, job.error.facts) if job.error else (str(job.state), {})
    return f"{admin_text(code, facts)}{cost.get(job.charge or '', '')} (job {job.id})"


def _interrupted(error: Interrupted) -> str:
    if not error.bought:
        return f"interrupted: nothing was bought (job {error.job_id})"
    fetch = f"`reelbot poll {error.request_id}`, or the next `reelbot run`," if error.request_id else "`reelbot run`"
    return f"interrupted, but ordered already: {fetch} fetches it (job {error.job_id})"


async def publish(options: argparse.Namespace) -> int:
    """Publish a file and print its address."""
    logs.configure(secrets=[], level="WARNING")
    settings = setting_problems.load(writes=True)
    async with serve_assets(settings):
        asset = await core.publish_asset(options.source, settings=settings)
    out(asset.url)
    return DONE


async def poll(options: argparse.Namespace) -> int:
    """Fetch the video of any fal request and print its path."""
    logs.configure(secrets=[], level="ERROR")
    settings = setting_problems.load(writes=True)
    show = None if options.json else _bar()
    store = await Store.open(settings.store_url)
    try:
        known = await store.submits.job_of(options.request_id)
        job = await _job_of(store, known[0]) if known else None
        stored = await store.submits.results(known[0]) if known else []
    finally:
        store.close()
    if job is not None and job.state is State.DELETED:
        raise Failure(f"job {job.id} was deleted by its owner: its film is not fetched again")
    video = None
    if job is not None and (job.state is State.PARKED or left_behind(job, settings.work_dir)):
        async with _shell(settings, show) as shell:
            video = await (shell.fetch_parked(job) if job.state is State.PARKED else shell.finish(job))
    if video is None:
        handle = known[1] if known else None
        video = await core.poll_video(
            options.request_id,
            handle=handle,
            stored=stored,
            settings=settings,
            on_progress=show,
            on_trouble=Troubles(note).asked_again,
        )
    _print_video(video, as_json=options.json)
    return DONE


async def _job_of(store: Store, job_id: str) -> Job | None:
    """Find the job; None where its row cannot be read: the film is fetched all the same, by its request."""
    with suppress(UnreadableJob):
        return await store.jobs.get(job_id)
    return None


@asynccontextmanager
async def _fal(options: argparse.Namespace) -> AsyncIterator[Settings]:
    """Yield the settings to buy with: the operator's, or those of a sandbox that lives as long as this command."""
    if not options.sandbox:
        settings, has_source = setting_problems.load(writes=True), options.image or options.video
        async with serve_assets(settings) if has_source else nullcontext():  # words need no port: a bot may start
            yield settings
        return
    from core.sandbox import create_app  # noqa: PLC0415 - heavy, and only --sandbox needs it

    played = OutputFolder().folder / "sandbox"  # its films and receipts are not among those that were bought
    setting_problems.require_folder(played)
    with TemporaryDirectory(prefix="reelbot-sandbox-") as folder:
        listener = bind("127.0.0.1", 0)
        server = Server(create_app(folder=Path(folder)), listener)
        await server.start()
        try:
            yield Settings.offline(
                fal_key="sandbox",
                fal_queue_url=f"http://127.0.0.1:{listener.getsockname()[1]}",
                asset_host="fal",
                output_dir=played,
            )
        finally:
            await server.stop()


async def _plan(options: argparse.Namespace, settings: Settings) -> Plan:
    """Plan the purchase before anything is sent. A video's seconds are measured, since edits are priced by them."""
    source, mode = None, Mode.TEXT_TO_VIDEO
    if options.image:
        source, mode = SourceFacts(Kind.IMAGE), Mode.IMAGE_TO_VIDEO
    elif options.video:
        probe = await core.probe(options.video)
        source, mode = SourceFacts(Kind.VIDEO, duration_s=probe.duration_s), Mode.VIDEO_TO_VIDEO
    return pricing.plan(
        options.prompt,
        model=options.model or settings.default_model,
        mode=mode,
        duration_s=options.duration,
        resolution=options.resolution,
        aspect_ratio=options.aspect,
        seed=options.seed,
        source=source,
    )


def _price_line(plan: Plan, *, sandbox: bool) -> str:
    request, quote = plan.request, plan.quote
    seconds = f", {request.duration_s} s" if request.duration_s else ""
    resolution = f", {request.resolution}" if request.resolution else ""
    price = f"{'up to ' if quote.up_to else ''}{pricing.usd_text(quote.usd)}"
    free = " (sandbox: nothing is charged)" if sandbox else ""
    return f"{pricing.find(request.model).name}{seconds}{resolution}: {price}{free}"


async def _agreed() -> bool:
    if not sys.stdin.isatty():
        return False
    answer = await asyncio.to_thread(input, "Buy it? [y/N] ")
    return answer.strip().lower() in {"y", "yes"}


def _silent(_progress: core.Progress) -> None:
    """Show no progress, for scripts."""


def _bar() -> OnProgress:
    def show(progress: core.Progress) -> None:
        place = f", place {progress.position + 1}" if progress.position is not None else ""
        line = f"{progress.phase}{place} {progress.elapsed_s:.0f} s"
        if sys.stderr.isatty():
            print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)  # noqa: T201 - this is the console

    return show


def _print_video(video: Video, *, as_json: bool) -> None:
    if sys.stderr.isatty() and not as_json:
        note("")
    if not as_json:
        out(str(video.local_path))
        return
    facts = {
        "local_path": str(video.local_path),
        "request_id": video.request_id,
        "cost_usd": pricing.usd_plain(video.cost_usd) if video.cost_usd is not None else None,
        "width": video.width,
        "height": video.height,
        "duration_s": video.duration_s,
        "size": video.size,
        "model": video.model,
    }
    out(json.dumps(facts))
