"""Runs `reelbot jobs`, `job` and `spend`: what was made, and what it cost."""

import argparse
import csv
import io
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bot import logs
from bot.cli import setting_problems
from bot.cli.console import DONE, Failure, is_terminal, note, out, out_json
from bot.cli.json_forms import dollars, job_form, moment
from bot.messages.i18n import admin_text
from bot.store import Store
from bot.store.database import Database
from bot.store.records import MICRO, Job, State
from bot.store.spending import Spending
from bot.store.stored import UnreadableJob
from core import pricing

_SQLITE = "sqlite:///"


class _NotThere(Failure):
    """What was asked for is not in the database that was read, which `opened` names."""


async def jobs(options: argparse.Namespace) -> int:
    """Print a list of jobs."""
    async with opened() as store:
        states = [State(options.state)] if options.state else None
        found = await store.jobs.find(user=options.user, states=states, newest=options.newest)
        unread = await store.unreadable.find()
    for row in unread:
        note(f"{row.id} cannot be read by this version ({row.what})")
    if options.json:
        out_json([job_form(job) for job in found])
    elif not found:
        note("no such jobs" if options.user or options.state else "no jobs yet")
    elif is_terminal(sys.stdout):
        rows = [
            (job.id, when(job.created), job.state, _usd(job), job.user, job.request.model, job.request.prompt)
            for job in found
        ]
        headings = ("id", "created (UTC)", "state", "price", "user", "model", "words")
        import_module("bot.cli.tables").out_table(headings, rows, least=("id", "state", "words"))
    else:
        for job in found:
            out(f"{job.id}  {when(job.created)}  {job.state:<21}  {_usd(job):>8}  {job.user:<20}  {job.request.model}")
    return DONE


async def job(options: argparse.Namespace) -> int:
    """Print one job's whole story, or cancel it."""
    async with opened() as store:
        found = await _job_named(store, options.id, options.user)
        verdict = await import_module("bot.cli.cancel").cancel(store, found) if options.cancel else None
        found = await store.jobs.get(found.id) or found
        result = await _facts(store, found, verdict) if options.json else await _story(store, found)
    if isinstance(result, list):
        for line in result:
            out(line)
    else:
        out_json(result)
    return DONE


async def _job_named(store: Store, name: str, user: str | None) -> Job:
    """Find the job by its id, or by the short code that its owner sees. Raises Failure."""
    found = await _readable_job(store, name)
    if found is not None and user in {None, found.user}:
        return found
    owners = {
        owner: job_id for owner, job_id in (await store.short_codes.jobs_of(name)).items() if user in {None, owner}
    }
    if len(owners) > 1:
        choice = ", ".join(f"{job_id} of {owner}" for owner, job_id in sorted(owners.items()))
        raise Failure(f"{name} is the code of several people's jobs: {choice}; name one of these ids, or add --user")
    found = await _readable_job(store, next(iter(owners.values()))) if owners else None
    if found is None:
        whose = f" of {user}" if user else ""
        raise _NotThere(f"there is no job {name}{whose}")
    return found


async def _readable_job(store: Store, job_id: str) -> Job | None:
    try:
        return await store.jobs.get(job_id)
    except UnreadableJob as error:
        raise Failure(
            f"the row of job {job_id} cannot be read by this version ({error.what}): run a newer version on this "
            "database, or restore the row from a backup"
        ) from None


async def spend(options: argparse.Namespace) -> int:
    """Print what was spent, reserved and released, with fal's own bill, by person, model or day (UTC)."""
    async with opened() as store:
        report = await store.spending.report(options.by)
    columns = (options.by, *_SPEND_COLUMNS)
    lines = [_spending(each) for each in report]
    if options.json:
        counts = {"jobs", "bills_unknown"}
        rows = [zip(columns, line, strict=True) for line in lines]
        out_json([{name: int(cell) if name in counts else cell for name, cell in row} for row in rows])
        return DONE
    if options.csv:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([columns, *lines])
        out(text.getvalue().removesuffix("\n"))
        return DONE
    if not lines:
        note("nothing has been spent yet")
    elif is_terminal(sys.stdout):
        least = (options.by, "jobs", "spent_usd", "reserved_usd", "released_usd")
        import_module("bot.cli.tables").out_table(columns, lines, least=least, whole="a wider terminal, or --csv,")
    else:
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
    """Return the cells of a line. Dollars are exact, so that the sum can be compared with fal's bill."""
    amounts = (each.spent_micro, each.possibly_micro, each.reserved_micro, each.released_micro)
    billed = (each.quoted_micro, each.charged_micro, each.charged_micro - each.quoted_micro)
    return (
        each.key,
        str(each.jobs),
        *(f"{amount / MICRO:.6f}" for amount in (*amounts, *billed)),
        str(each.bills_unknown),
    )


@asynccontextmanager
async def opened() -> AsyncIterator[Store]:
    """Open the tables for a look, and say which they are: where there are none yet, empty ones elsewhere.

    A look creates no file and no table. What it says stands on stderr, and not where the look fails: a failure is one
    line.
    """
    logs.configure(secrets=[], level="WARNING")
    url = setting_problems.load(writes=False).store_url
    with TemporaryDirectory(prefix="reelbot-look-") as folder:
        there, place = await _exists(url)
        if not there:
            url = f"{_SQLITE}{folder}/empty.db"
        await Store.prepare(url)
        store = await Store.open(url)
        try:
            yield store
        except _NotThere as error:
            where = f"in {place}" if there else f"and no database yet ({place})"
            raise Failure(f"{error} {where}: `reelbot jobs` lists them") from None
        finally:
            store.close()
    note(f"database: {place}" if there else f"database: none yet ({place})")


async def _exists(url: str) -> tuple[bool, str]:
    """Return whether there are tables, and where."""
    file = Path(url.removeprefix(_SQLITE))
    if url.startswith(_SQLITE) and not file.exists():
        return False, str(file)
    database = Database(url)
    try:
        return await database.has_tables(), database.place
    finally:
        database.close()


async def _facts(store: Store, found: Job, verdict: str | None) -> dict[str, Any]:
    """Return the story for scripts."""
    submit = await store.submits.find(found.id)
    story = [{"at": moment(at), "state": state, "why": why} for at, state, why in await store.jobs.story(found.id)]
    entries = [
        {"at": moment(at), "event": event, "reserved_usd": dollars(reserved), "spent_usd": dollars(spent), "why": why}
        for at, event, reserved, spent, why in await store.ledger.of_job(found.id)
    ]
    return job_form(found) | {
        "request_id": submit.handle.request_id if submit is not None and submit.handle is not None else None,
        "odd": found.odd,
        "odd_since": moment(found.odd_since),
        "due": moment(found.due),
        "history": story,
        "ledger": entries,
        "cancel": verdict,
    }


async def _story(store: Store, found: Job) -> list[str]:
    lines = [
        f"job {found.id}: {found.state}",
        f"  for     {found.user} in {found.address.channel}:{found.address.chat_id}",
        f"  model   {found.request.model} ({found.request.mode}), {_usd(found)}",
        f"  prompt  {found.request.prompt}",
    ]
    if found.video:
        gone = ", deleted by its owner" if found.state is State.DELETED else ""
        lines.append(f"  video   {found.video.name} ({found.video.size} bytes){gone}")
    if found.error:
        lines.append(f"  error   {admin_text(found.error.code, found.error.facts)}")
    if found.odd:
        asked = f", asked again {when(found.due)}" if found.due else ""
        lines.append(f"  odd     since {when(found.odd_since or found.changed)}: {found.odd}{asked}")
    if found.again_of:
        lines.append(f"  repeats {found.again_of}" + (f" ({found.fallback})" if found.fallback else ""))
    lines += [
        f"  {when(at)}  {state}" + (f"  ({why})" if why else "") for at, state, why in await store.jobs.story(found.id)
    ]
    return lines + [_money_line(*entry) for entry in await store.ledger.of_job(found.id)]


def _money_line(at: int, event: str, reserved: int, spent: int, why: str | None) -> str:
    if event == "correct":
        moved = f"spent {spent / MICRO:+.6f}"
        why = why if spent else f"{why}, no difference"
    else:
        moved = f"reserved {reserved / MICRO:+.6f}" + (f", spent {spent / MICRO:.6f}" if spent else "")
    return f"  {when(at)}  $ {event}: {moved}" + (f"  ({_CHARGES.get(why, why)})" if why else "")


_CHARGES = {"yes": "charged", "possibly": "possibly charged", "none": "nothing was charged"}


def _usd(found: Job) -> str:
    return pricing.usd_text(found.usd)


def when(ms: int) -> str:
    """Return the time in UTC, to the second."""
    return datetime.fromtimestamp(ms / 1000, tz=UTC).strftime("%Y-%m-%d %H:%M:%S")
