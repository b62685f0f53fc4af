"""The console commands. Exit codes: 0 done, 1 failed (one line on stderr), 2 bad usage. The shell is the operator."""

import argparse
import asyncio
import csv
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext, suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import SecretStr, ValidationError

import core
from bot import logs
from bot.app import App, serve, serve_demo
from bot.channels import how_to_connect, manifests
from bot.channels.types import SendError
from bot.cli import doctor, setting_problems
from bot.http.server import Server, bind, serve_assets
from bot.jobs.engine import AlreadyRunning, Engine
from bot.jobs.foreground import (
    AlreadyOrdered,
    ForegroundRunner,
    Interrupted,
    JobNotFinished,
    OverTheCap,
    Troubles,
    left_behind,
)
from bot.jobs.job_lock import AlreadyHeld
from bot.jobs.workflows import TOPIC, collect_id
from bot.messages import job_messages
from bot.messages.i18n import admin_text, translate
from bot.settings import Settings
from bot.store import Store
from bot.store.database import now_ms
from bot.store.ledger import Spending
from bot.store.records import MICRO, Job, State
from bot.store.stored import UnreadableJob
from core import pricing
from core.config import EnvSettings, env
from core.errors import VideoError
from core.fal.client import FalQueue
from core.generate import OnProgress
from core.pricing import SourceFacts
from core.types import Kind, Mode, Plan, Video

DONE, FAILED, USAGE = 0, 1, 2

Run = Callable[[argparse.Namespace], Awaitable[int]]


class Failure(Exception):
    """A one-line reason to end with exit code 1."""


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    ended: list[int] = []
    try:
        asyncio.run(_ended(options, ended))
    except KeyboardInterrupt:  # a second one: what the command had still to say stands there
        return ended[0] if ended else _fail("interrupted")
    return ended[0]


async def _ended(options: argparse.Namespace, ended: list[int]) -> None:
    """Run the command, and note its exit code: when it is interrupted twice, nobody takes what it returns or raises."""
    try:
        ended.append(int(await options.run(options)))
    except Failure as error:
        ended.append(_fail(str(error)))
    except VideoError as error:
        ended.append(_fail(admin_text(error.code, error.facts)))
    except ValidationError as error:
        problems = setting_problems.problem_texts(error).items()
        ended.append(_fail("; ".join(f"{name}: {text}" for name, text in problems)))
    except BrokenPipeError:  # the reader of our output has had enough, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        ended.append(DONE)
    except (AlreadyRunning, AlreadyHeld, ValueError, OSError) as error:
        ended.append(_fail(logs.redact(str(error))))


def _fail(reason: str) -> int:
    print(f"reelbot: {' '.join(reason.split())}", file=sys.stderr)  # noqa: T201 - this is the console
    return FAILED


def out(line: str = "") -> None:
    print(line, flush=True)  # noqa: T201 - this is the console


def note(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - this is the console


# What each command does


async def run(_options: argparse.Namespace) -> int:
    settings = setting_problems.load(writes=True)
    logs.configure(secrets=_secrets(settings))
    for warning in setting_problems.warnings():
        note(f"reelbot: {warning}")

    async def ready(app: App, address: str) -> None:
        _say_what_is_served(app, settings, address)

    await serve(settings, on_ready=ready)
    return DONE


def _say_what_is_served(app: App, settings: Settings, address: str) -> None:
    """An address only where a page answers."""
    served = ", ".join(sorted(app.channels)) or "no chat yet"
    note(f"reelbot serves {served}" + (f"; the web chat is at {address}" if "web" in app.channels else ""))
    if not app.channels:
        note(f"{how_to_connect()}; `reelbot doctor` tells more")
    if settings.fal_key is None and settings.fal_proxy_url is None:
        note("FAL_KEY is not set: nothing can be ordered")


async def demo(options: argparse.Namespace) -> int:
    logs.configure(secrets=[])

    async def ready(_app: App, address: str) -> None:
        out(f"The demo is open at {address}")
        out("Write /video a red fox running through fresh snow, or add a photo with a caption. Ctrl+C ends it.")

    await serve_demo(
        output_dir=options.output or _Output().folder,
        port=options.port,
        on_ready=ready,
    )
    return DONE


async def generate(options: argparse.Namespace) -> int:
    logs.configure(secrets=[], level="ERROR")
    async with _fal(options) as settings:
        plan = await _plan(options, settings)
        note(_price_line(plan, sandbox=options.sandbox))
        for each in plan.adjustments:
            note(f"adjusted: {each.field} {each.asked} becomes {each.used or 'nothing (the model has no such option)'}")
        if not (options.yes or options.sandbox) and not await _agreed():
            raise Failure("not bought: answer y, or pass --yes")
        show = None if options.json else _bar()
        video = await (_play(options, settings, show) if options.sandbox else _buy(options, settings, plan, show))
        _print_video(video, as_json=options.json)
    return DONE


async def _play(options: argparse.Namespace, settings: Settings, show: OnProgress | None) -> Video:
    """From the sandbox: no cost, so nothing is held or counted."""
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
    """The same claims, reservations and caps as in a chat, in the same tables."""
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
    except AlreadyOrdered as error:
        raise Failure(str(error)) from None
    except Interrupted as error:
        raise Failure(_interrupted(error)) from None
    finally:
        await queue.close()
        store.close()


def _unfinished(error: JobNotFinished) -> str:
    job = error.job
    cost = {"yes": " It was charged.", "possibly": " It may have been charged.", "none": " Nothing was charged."}
    if job.state is State.DOUBT:
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
    logs.configure(secrets=[], level="WARNING")
    settings = setting_problems.load(writes=True)
    async with serve_assets(settings):
        asset = await core.publish_asset(options.source, settings=settings)
    out(asset.url)
    return DONE


async def poll(options: argparse.Namespace) -> int:
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
    """None where its row cannot be read: the film is fetched all the same, by its request."""
    with suppress(UnreadableJob):
        return await store.jobs.get(job_id)
    return None


async def list_models(_options: argparse.Namespace) -> int:
    for model in pricing.list_models():
        out(f"{model.name}  [{model.key}]" + (f"  tier: {model.tier}" if model.tier else ""))
        for line in pricing.describe(model):
            out(f"    {line}")
    return DONE


async def jobs(options: argparse.Namespace) -> int:
    store = await _store()
    try:
        states = [State(options.state)] if options.state else None
        found = await store.jobs.find(user=options.user, states=states, newest=options.newest)
        unread = await store.unreadable.find()
    finally:
        store.close()
    for job in found:
        out(f"{job.id}  {_when(job.created)}  {job.state:<14}  {_usd(job):>8}  {job.user:<20}  {job.request.model}")
    if not found:
        note("no such jobs" if options.user or options.state else "no jobs yet")
    for row in unread:
        note(f"{row.id} cannot be read by this version ({row.what})")
    return DONE


async def job(options: argparse.Namespace) -> int:
    store = await _store()
    try:
        found = await _readable_job(store, options.id.upper())
        if found is None:
            raise Failure(f"there is no job {options.id}: `reelbot jobs` lists them")
        if options.cancel:
            await _cancel(store, found)
        found = await store.jobs.get(found.id) or found
        for line in await _story(store, found):
            out(line)
    finally:
        store.close()
    return DONE


async def _readable_job(store: Store, job_id: str) -> Job | None:
    try:
        return await store.jobs.get(job_id)
    except UnreadableJob as error:
        raise Failure(
            f"the row of job {job_id} cannot be read by this version ({error.what}): run a newer version on this "
            "database, or restore the row from a backup"
        ) from None


async def _cancel(store: Store, found: Job) -> None:
    verdict = await store.jobs.ask_cancel(found.id)
    if verdict == "running":
        await store.jobs.ask_again(found.id, at=now_ms())  # one that is parked has no workflow to wake
        engine = Engine(store.database)
        await engine.wake(found.id, TOPIC, {"cancel": True})
        await engine.wake(collect_id(found.id, found.collects), TOPIC, {"cancel": True})
    note(
        {
            "free": "cancelled: nothing was bought",
            "running": "fal is asked to stop; it may still charge for it",
            "late": "too late to cancel: it has ended, or its video is on the way",
        }[verdict]
    )


async def channel_command(options: argparse.Namespace) -> int:
    """What a chat offers on the console, with that chat connected."""
    manifest, command = options.manifest, options.word
    logs.configure(secrets=[], level="WARNING")
    app = await App.build(Settings())
    try:
        channel = app.channels.get(manifest.name)
        if channel is None:
            raise Failure(f"{manifest.title} is not connected: set {manifest.hint}")
        said = await next(each.run for each in manifest.commands if each.word == command)(channel)
    except SendError as error:
        raise Failure(error.reason) from None
    finally:
        for each in app.channels.values():
            await each.stop()
        await app.close()
    out(said)
    return DONE


async def spend(options: argparse.Namespace) -> int:
    """What was spent, what is held for open jobs, what was given back, and fal's own bill beside the quotes; one line a
    person, model or day (UTC).
    """
    store = await _store()
    try:
        report = await store.ledger.report(options.by)
    finally:
        store.close()
    columns = (options.by, *_SPEND_COLUMNS)
    lines = [_spending(each) for each in report]
    if options.csv:
        writer = csv.writer(sys.stdout)
        writer.writerows([columns, *lines])
        return DONE
    for line in [columns, *lines]:
        out("  ".join(f"{text:<28}" if number == 0 else f"{text:>12}" for number, text in enumerate(line)).rstrip())
    return DONE


_SPEND_COLUMNS = (
    "jobs",
    "spent_usd",
    "of_that_possibly_usd",
    "reserved_usd",
    "released_usd",
    "quoted_usd",
    "charged_by_fal_usd",
    "difference_usd",
    "bills_unknown",
)
"""Scripts read these: new ones come last."""


def _spending(each: Spending) -> tuple[str, ...]:
    """Exact dollars, so that the sum can be held against fal's bill."""
    amounts = (each.spent_micro, each.possibly_micro, each.reserved_micro, each.released_micro)
    billed = (each.quoted_micro, each.charged_micro, each.charged_micro - each.quoted_micro)
    return (
        each.key,
        str(each.jobs),
        *(f"{amount / MICRO:.6f}" for amount in (*amounts, *billed)),
        str(each.bills_unknown),
    )


async def run_doctor(options: argparse.Namespace) -> int:
    logs.configure(secrets=[], level="CRITICAL")
    findings = await doctor.examine()
    if options.json:
        out(json.dumps([finding.as_json() for finding in findings], indent=2))
    else:
        for finding in findings:
            out(finding.line())
    return FAILED if any(finding.state == "wrong" for finding in findings) else DONE


# Their parts


async def _store() -> Store:
    logs.configure(secrets=[], level="WARNING")
    return await Store.open(setting_problems.load(writes=False).store_url)


def _secrets(settings: Settings) -> list[str]:
    """Everything that no log may show: each secret of our settings and of the channels'."""
    found = []
    for each in (settings, *(manifest.settings() for manifest in manifests().values())):
        values = [getattr(each, name) for name in type(each).model_fields]
        found += [value.get_secret_value() for value in values if isinstance(value, SecretStr)]
    return found


class _Output(EnvSettings):
    """The one setting that the demo reads: everything else in the environment is ignored, also when it is wrong."""

    folder: Path = env("REELBOT_OUTPUT_DIR", Path("output"))


@asynccontextmanager
async def _fal(options: argparse.Namespace) -> AsyncIterator[Settings]:
    """The settings to buy with: the operator's, or those of a sandbox that lives as long as this command."""
    if not options.sandbox:
        settings, has_source = setting_problems.load(writes=True), options.image or options.video
        async with serve_assets(settings) if has_source else nullcontext():  # words need no port: a bot may start
            yield settings
        return
    from core.sandbox import create_app  # noqa: PLC0415 - heavy, and only --sandbox needs it

    played = _Output().folder / "sandbox"  # its films and receipts are not among those that were bought
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
    """The price before anything is sent. A video's seconds are looked at, since edits are priced by them."""
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
    """For scripts."""


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


async def _story(store: Store, found: Job) -> list[str]:
    lines = [
        f"job {found.id}: {found.state}",
        f"  for     {found.user} in {found.address.channel}:{found.address.chat_id}",
        f"  model   {found.request.model} ({found.request.mode}), {_usd(found)}",
        f"  prompt  {found.request.prompt}",
    ]
    if found.video:
        lines.append(f"  video   {found.video.name} ({found.video.size} bytes)")
    if found.error:
        lines.append(f"  error   {admin_text(found.error.code, found.error.facts)}")
    if found.odd:
        asked = f", asked again {_when(found.ask_after)}" if found.ask_after else ""
        lines.append(f"  odd     since {_when(found.odd_since or found.changed)}: {found.odd}{asked}")
    if found.again_of:
        lines.append(f"  repeats {found.again_of}" + (f" ({found.remedy})" if found.remedy else ""))
    lines += [
        f"  {_when(at)}  {state}" + (f"  ({why})" if why else "") for at, state, why in await store.jobs.story(found.id)
    ]
    return lines + [_money_line(*entry) for entry in await store.ledger.of_job(found.id)]


def _money_line(at: int, event: str, reserved: int, spent: int, why: str | None) -> str:
    if event == "correct":
        moved = f"spent {spent / MICRO:+.6f}"
        why = why if spent else f"{why}, no difference"
    else:
        moved = f"reserved {reserved / MICRO:+.6f}" + (f", spent {spent / MICRO:.6f}" if spent else "")
    return f"  {_when(at)}  $ {event}: {moved}" + (f"  ({_CHARGES.get(why, why)})" if why else "")


_CHARGES = {"yes": "charged", "possibly": "possibly charged", "none": "nothing was charged"}


def _usd(found: Job) -> str:
    return pricing.usd_text(found.usd)


def _when(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, tz=UTC).strftime("%Y-%m-%d %H:%M:%S")


# The grammar


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="reelbot", description="AI video in your chats.")
    parser.add_argument("--version", action="version", version=f"reelbot {version('reelbot')}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def command(name: str, body: Run, words: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=words, description=words)
        added.set_defaults(run=body)
        return added

    demo_parser = command("demo", demo, "the whole product offline: no account, no key, no cost")
    demo_parser.add_argument("--port", type=int, default=8080, help="0: a free one")
    demo_parser.add_argument("--output", type=Path, help=argparse.SUPPRESS)
    command("run", run, "serve every chat that has its credentials; SIGTERM and Ctrl+C stop it cleanly")
    _generate_parser(command("generate", generate, "one video: price first, then progress, then the path of the file"))
    publish_parser = command("publish", publish, "put a photo or video where fal can fetch it, print its address")
    publish_parser.add_argument("source", metavar="FILE_OR_URL")
    poll_parser = command("poll", poll, "wait for any fal request, ours or not, and download its video; free")
    poll_parser.add_argument("request_id", metavar="REQUEST_ID")
    poll_parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    command("models", list_models, "tiers, models, what each accepts and costs")
    jobs_parser = command("jobs", jobs, "what is running, done, failed")
    jobs_parser.add_argument("--user", help="for example telegram:42")
    jobs_parser.add_argument("--state", choices=[str(state) for state in State])
    jobs_parser.add_argument("--newest", type=int, default=50, help="how many (50)")
    spend_parser = command(
        "spend",
        spend,
        "what was spent, is set aside, was given back, and fal's own bill beside the quotes, in exact dollars",
    )
    spend_parser.add_argument("--by", choices=["user", "model", "day"], default="day", help="one line each (day, UTC)")
    spend_parser.add_argument("--csv", action="store_true", help="for spreadsheets")
    job_parser = command("job", job, "one job's whole story")
    job_parser.add_argument("id", metavar="ID")
    job_parser.add_argument("--cancel", action="store_true", help="stop it")
    for manifest in manifests().values():
        if manifest.commands:
            words = "; ".join(f"{each.word}: {each.help}" for each in manifest.commands)
            channel_parser = command(manifest.name, channel_command, words)
            names = [each.word for each in manifest.commands]
            channel_parser.add_argument("word", metavar="|".join(names), choices=names)
            channel_parser.set_defaults(manifest=manifest)
    doctor_parser = command(
        "doctor", run_doctor, "check the whole chain and say how to fix what is wrong; exit code 1 if anything is"
    )
    doctor_parser.add_argument("--json", action="store_true", help="for scripts")
    return parser


def _generate_parser(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("prompt", metavar="PROMPT")
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--image", type=Path, metavar="FILE", help="animate this photo")
    source.add_argument("--video", type=Path, metavar="FILE", help="change this video")
    parser.add_argument("--model", help="a tier, a model or a full fal endpoint id (REELBOT_DEFAULT_MODEL)")
    parser.add_argument("--duration", type=int, metavar="N", help="seconds (5)")
    parser.add_argument("--resolution", metavar="R", help="480p, 720p, 1080p, 4k; the nearest that the model makes")
    parser.add_argument("--aspect", metavar="A", help="16:9, 9:16, 1:1")
    parser.add_argument("--seed", type=int, metavar="N", help="the same number varies less")
    parser.add_argument("--yes", action="store_true", help="buy without asking")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.add_argument(
        "--sandbox", action="store_true", help="an offline stand-in for fal: no cost, in output/sandbox"
    )
