"""Runs `reelbot generate`, `publish` and `poll`: one video, from the shell."""

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

import core
from bot import logs
from bot.cli import setting_problems, source_check, standard_input
from bot.cli.console import DONE, BadUsage, Failure, is_terminal, note, out, out_json
from bot.cli.json_forms import adjustments_form, video_form
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
from core.assets.continuing import going_on, joined, work_folder
from core.assets.sources import read_sources
from core.errors import BadReference, BadRequest, MediaError
from core.fal.client import FalQueue
from core.fal.protocol import is_request_id
from core.generate import UPSCALER, OnProgress
from core.media.ai_label import label_of
from core.types import Adjustment, Mode, Plan, RawReply, RequestHandle, Video


async def generate(options: argparse.Namespace) -> int:
    """Buy one video, or make it in the sandbox, and print its path."""
    logs.configure(secrets=[], level="ERROR")
    if options.last_image and not options.image:
        raise BadUsage("--last-image goes beside --image, the photo that the film begins with")
    if options.audio and (options.last_image or options.reference or options.video or options.extend):
        raise BadUsage("--audio goes alone, or beside --image, the photo that speaks it")
    options.prompt = await standard_input.words() if options.prompt == ["-"] else " ".join(options.prompt)
    async with _fal(options) as settings:
        if not options.sandbox and (settings.database_url is not None or settings.database_file.exists()):
            await import_module("bot.cli.model_check").hold_back(settings)
        with work_folder(settings) if options.extend else nullcontext() as folder:
            sources = await _sources(options, settings, folder)
            plan = await _plan(options, settings, sources)
            await _ask(options, plan)
            with _progress(options, plan.request.model) as show:
                if options.sandbox:
                    video = await _play(options, settings, show)
                else:
                    video = await _buy(sources.files, settings, plan, show)
                    if sources.before is not None:
                        video = await joined(sources.before, video, plan.request, label_of(settings))
        await _print_video(video, as_json=options.json, plan=plan)
    return DONE


async def upscale(options: argparse.Namespace) -> int:
    """Buy a copy of a film with more pixels, or make it in the sandbox, and print its path."""
    logs.configure(secrets=[], level="ERROR")
    options.image = options.last_image = options.extend = options.audio = None
    options.reference = []
    async with _fal(options) as settings:
        mode = Mode.UPSCALE_VIDEO
        facts = await source_check.facts_of(options.video, mode, model=UPSCALER)
        try:
            plan = pricing.plan("", model=UPSCALER, mode=mode, resolution=options.resolution, source=facts)
        except BadRequest as error:
            raise BadUsage(admin_text(error.code, error.facts)) from None
        await _ask(options, plan)
        with _progress(options, UPSCALER) as show:
            if options.sandbox:
                made = core.upscale_video(
                    options.video, resolution=options.resolution, settings=settings, on_progress=show
                )
                video = await made
            else:
                video = await _buy([options.video], settings, plan, show)
        await _print_video(video, as_json=options.json, plan=plan)
    return DONE


async def _ask(options: argparse.Namespace, plan: Plan) -> None:
    """Name the price, and what became of the options, and ask. Raises Failure."""
    note(_price_line(plan, sandbox=options.sandbox))
    for each in plan.adjustments:
        applied = each.applied or "nothing (the model has no such option)"
        note(f"adjusted: {each.field} {each.requested} becomes {applied}")
    if not (options.yes or options.sandbox) and not await _agreed():
        raise Failure("not bought: answer y, or pass --yes")


@dataclass(frozen=True, slots=True)
class _Sources:
    """What a video is made from: files, and how. `before`: the film that it goes on from."""

    files: tuple[Path, ...]
    mode: Mode
    before: Path | None = None


async def _sources(options: argparse.Namespace, settings: Settings, folder: Path | None) -> _Sources:
    """Return what it is made from; of a film that goes on its last frame, where the model takes no films."""
    if options.extend is None or folder is None:
        for each in _files(options):
            await asyncio.to_thread(source_check.require_file, each)
        sources = read_sources(
            image=options.image,
            last_image=options.last_image,
            references=options.reference,
            video=options.video,
            audio=options.audio,
        )
        return _Sources(tuple(_files(options)), sources.mode)
    film = Path(options.extend)
    if not film.exists() and is_request_id(options.extend):
        film = (await core.poll_video(options.extend, settings=settings)).local_path
    await asyncio.to_thread(source_check.require_file, film)
    model = options.model or settings.default_model
    try:
        found = await going_on(film, model=model, folder=folder)
    except MediaError as error:
        raise Failure(f"{film}: {admin_text(error.code, error.facts)}") from None
    except BadRequest as error:
        raise BadUsage(admin_text(error.code, error.facts)) from None
    (file,) = found.files
    return _Sources((Path(str(file)),), found.mode, film)


def _progress(options: argparse.Namespace, model: str) -> AbstractContextManager[OnProgress]:
    if options.json or not is_terminal(sys.stderr):
        return nullcontext(_silent)
    usual_s = None
    with suppress(BadRequest):  # of a model that the catalogue does not know
        usual_s = None if getattr(options, "sandbox", False) else pricing.find(model).usual_render_s
    shown: AbstractContextManager[OnProgress] = import_module("bot.cli.progress").shown(usual_s=usual_s)
    return shown


async def _play(options: argparse.Namespace, settings: Settings, show: OnProgress) -> Video:
    """Make a video in the sandbox: no cost, so nothing is reserved or counted."""
    return await core.generate_video(
        options.prompt,
        model=options.model or settings.default_model,
        duration=options.duration,
        resolution=options.resolution,
        aspect_ratio=options.aspect,
        seed=options.seed,
        sound=_sound(options),
        image=options.image,
        last_image=options.last_image,
        references=options.reference,
        video=options.video,
        settings=settings,
        on_progress=show,
        extend=options.extend,
        audio=options.audio,
    )


async def _buy(sources: Sequence[Path], settings: Settings, plan: Plan, show: OnProgress) -> Video:
    """Buy a video with the same claims, reservations and caps as in a chat, in the same tables."""
    async with _shell(settings, show, usd=plan.quote.usd) as shell:
        return await shell.buy(plan, sources=sources)


@asynccontextmanager
async def _shell(
    settings: Settings, show: OnProgress, *, usd: Decimal | None = None
) -> AsyncIterator[ForegroundRunner]:
    store, queue = await Store.open(settings.store_url), FalQueue.from_settings(settings)
    try:
        yield ForegroundRunner(store=store, queue=queue, settings=settings, on_progress=show, note=note)
    except OverTheCap as error:
        raise Failure(job_messages.over_cap("en", error.over)) from None
    except JobNotFinished as error:
        raise Failure(_unfinished(error)) from None
    except OrderedButNotFetched as error:
        raise Failure(str(error)) from None
    except Interrupted as error:
        raise Failure(_interrupted(error, usd)) from None
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


def _interrupted(error: Interrupted, usd: Decimal | None) -> str:
    if not error.bought:
        return f"interrupted: nothing was bought (job {error.job_id})"
    price = f"; it costs {pricing.usd_text(usd)}, fetching it costs nothing" if usd else ""
    fetch = f"`reelbot poll {error.request_id}`, or the next `reelbot run`," if error.request_id else "`reelbot run`"
    return f"interrupted, but ordered already: {fetch} fetches it (job {error.job_id}){price}"


async def publish(options: argparse.Namespace) -> int:
    """Publish a file and print its address."""
    logs.configure(secrets=[], level="WARNING")
    settings = setting_problems.load(writes=True)
    is_url = options.source.lower().startswith(("http://", "https://"))
    if not is_url:
        source_check.require_file(Path(options.source))
    try:
        async with serve_assets(settings):
            asset = await core.publish_asset(options.source, settings=settings)
    except (BadReference, MediaError) as error:
        raise Failure(f"{options.source}: {admin_text(error.code, error.facts)}") from None
    if options.json:
        names = ("filename", "url", "size", "width", "height", "duration_s")
        out_json({name: getattr(asset, name) for name in names} | {"kind": str(asset.kind)})
    else:
        out(asset.url)
    return DONE


async def poll(options: argparse.Namespace) -> int:
    """Fetch the video of any fal request and print its path."""
    logs.configure(secrets=[], level="ERROR")
    settings = setting_problems.load(writes=True)
    store = await Store.open(settings.store_url)
    try:
        known = await store.submits.job_of(options.request_id)
        job = await _job_of(store, known[0]) if known else None
        stored = await store.submits.results(known[0]) if known else []
    finally:
        store.close()
    if job is not None and job.state is State.DELETED:
        raise Failure(f"job {job.id} was deleted by its owner: its film is not fetched again")
    with _progress(options, job.request.model if job is not None else "") as show:
        video = await _fetched(
            options.request_id,
            job=job,
            handle=known[1] if known else None,
            stored=stored,
            settings=settings,
            show=show,
        )
    await _print_video(video, as_json=options.json)
    return DONE


async def _fetched(
    request_id: str,
    *,
    job: Job | None,
    handle: RequestHandle | None,
    stored: Sequence[RawReply],
    settings: Settings,
    show: OnProgress,
) -> Video:
    if job is not None and (job.state is State.PARKED or left_behind(job, settings.work_dir)):
        async with _shell(settings, show) as shell:
            video = await (shell.fetch_parked(job) if job.state is State.PARKED else shell.finish(job))
        if video is not None:
            return video
    return await core.poll_video(
        request_id,
        handle=handle,
        stored=stored,
        settings=settings,
        on_progress=show,
        on_trouble=Troubles(note).asked_again,
    )


async def _job_of(store: Store, job_id: str) -> Job | None:
    """Find the job; None where its row cannot be read: the film is fetched all the same, by its request."""
    with suppress(UnreadableJob):
        return await store.jobs.get(job_id)
    return None


@asynccontextmanager
async def _fal(options: argparse.Namespace) -> AsyncIterator[Settings]:
    """Yield the settings to buy with: the operator's, or those of a sandbox that lives as long as this command."""
    if not options.sandbox:
        settings = setting_problems.load(writes=True)
        has_source = bool(_files(options)) or options.extend is not None
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


async def _plan(options: argparse.Namespace, settings: Settings, sources: _Sources) -> Plan:
    """Plan the purchase before anything is sent, and look at its photo or video. Raises Failure, BadUsage."""
    model = options.model or settings.default_model
    other = None
    if sources.mode is Mode.AUDIO_TO_VIDEO and (options.model is None or pricing.is_tier(options.model)):
        has_photo = len(sources.files) > 1
        other = None if pricing.takes_sound(model, has_photo=has_photo) else pricing.sound_model()
    instead = () if other is None else (Adjustment("model", pricing.find(model).name, other.name),)
    if other is not None:
        model = options.model = other.key
    roles = pricing.roles_of(sources.mode, references=len(sources.files))
    try:
        each_with_role = zip(sources.files, roles, strict=True)
        facts = [
            await source_check.facts_of(file, sources.mode, model=model, kind=role.kind)
            for file, role in each_with_role
        ]
        plan = pricing.plan(
            options.prompt,
            model=model,
            mode=sources.mode,
            duration=options.duration,
            resolution=options.resolution,
            aspect_ratio=options.aspect,
            seed=options.seed,
            sound=_sound(options),
            source=facts[0] if facts else None,
            references=max(1, len(facts)),
        )
        return replace(plan, adjustments=(*instead, *plan.adjustments))
    except BadRequest as error:
        raise BadUsage(admin_text(error.code, error.facts)) from None


def _files(options: argparse.Namespace) -> list[Path]:
    """Return the files that it is made of, in their order."""
    alone = (options.audio, options.image, options.last_image, options.video)
    return [*(file for file in alone if file is not None), *options.reference]


def _sound(options: argparse.Namespace) -> bool | None:
    return None if options.sound is None else options.sound == "on"


def _price_line(plan: Plan, *, sandbox: bool) -> str:
    request, quote = plan.request, plan.quote
    seconds = f", {request.duration_s} s" if request.duration_s else ""
    resolution = f", {request.resolution}" if request.resolution else ""
    sound = "" if request.sound is None else ", with sound" if request.sound else ", silent"
    price = f"{'up to ' if quote.up_to else ''}{pricing.usd_text(quote.usd)}"
    free = " (sandbox: nothing is charged)" if sandbox else ""
    return f"{pricing.find(request.model).name}{seconds}{resolution}{sound}: {price}{free}"


async def _agreed() -> bool:
    """Ask on standard error: standard output may be a file or another program."""
    if not is_terminal(sys.stdin, sys.stderr):
        return False
    print("Buy it? [y/N] ", end="", file=sys.stderr, flush=True)  # noqa: T201 - this is the console
    try:
        answer = await standard_input.line()
    except asyncio.CancelledError:
        note("")
        raise Failure("interrupted: nothing was bought") from None
    if not answer.endswith("\n"):  # Ctrl+D leaves the cursor where it is
        note("")
    return answer.strip().lower() in {"y", "yes"}


def _silent(_progress: core.Progress) -> None:
    """Show no progress, for scripts."""


async def _print_video(video: Video, *, as_json: bool, plan: Plan | None = None) -> None:
    if as_json:
        out_json(video_form(video) | ({"adjustments": adjustments_form(plan)} if plan is not None else {}))
        return
    if is_terminal(sys.stdout, sys.stderr):
        await import_module("bot.cli.stills").show(video.local_path)
    out(str(video.local_path))
