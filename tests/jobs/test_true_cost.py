"""Stories with fal's books: what the ledger, `spend` and the admins say is what an independent sum over the sandbox's
billing events says.
"""

import asyncio
import csv
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from bot.cli.main import main
from bot.jobs.billing import BillSync
from bot.store.billing import DAY_MS, FIRST_MS
from bot.store.database import now_ms
from bot.store.records import Job, State
from bot.store.tables import submits
from core.fal.billing import Billing
from tests.bench import ADMIN_KEY, Bench
from tests.flows.test_money import said

OnBench = Callable[..., None]
ENDED = {State.DELIVERED, State.FAILED}
MANY: dict[str, Any] = {
    "fal_admin_key": ADMIN_KEY,
    "admins": "telegram:1",
    "access": "telegram:42,telegram:43",
    "user_jobs": 10,
    "user_daily_usd": 100,
    "daily_usd": 50,
}
"""Room for whole stories; the balance of the sandbox, $100, is above what a day may cost."""


@asynccontextmanager
async def bookkeeping(made: Bench) -> AsyncIterator[BillSync]:
    """A worker that asks for the bills, at times that a test chooses."""
    async with books_of(made) as books:
        daily_micro = int(made.settings.daily_usd * 10**6)
        yield BillSync(store=made.app.store, books=books, alerts=made.app.parts.alerts, daily_micro=daily_micro)


@asynccontextmanager
async def books_of(made: Bench) -> AsyncIterator[Billing]:
    books = Billing.from_settings(made.settings)
    assert books is not None
    try:
        yield books
    finally:
        await books.close()


async def ended(made: Bench, prompts: list[str], *, seconds: float = 40) -> dict[str, Job]:
    """The jobs by prompt, once all have ended."""
    async with asyncio.timeout(seconds):
        while True:
            found = {job.request.prompt: job for job in await made.jobs()}
            if set(found) == set(prompts) and all(job.state in ENDED for job in found.values()):
                return found
            await asyncio.sleep(0.05)


async def events_of(made: Bench) -> dict[str, Decimal]:
    """The checker's own reading of fal's books: dollars by prompt; what has no event is not in it."""
    start = (datetime.now(UTC) - timedelta(days=2)).isoformat()
    async with httpx.AsyncClient(trust_env=False) as client:
        reply = await client.get(
            f"{made.fal_url}/models/billing-events",
            params={"start": start},
            headers={"Authorization": f"Key {ADMIN_KEY}"},
        )
    found: dict[str, Decimal] = defaultdict(Decimal)
    for event in reply.json(parse_float=Decimal)["billing_events"]:
        prompt = made.fal.memory.requests[event["request_id"]].body["prompt"]
        found[prompt] += Decimal(event["cost_estimate_nano_usd"]) / 10**9
    return dict(found)


def to_micro(usd: Decimal) -> Decimal:
    return (usd * 10**6).quantize(Decimal(1), ROUND_HALF_UP) / 10**6


Line = dict[str, Decimal]


async def checked(made: Bench, events: dict[str, Decimal], believed: dict[str, str]) -> None:
    """Each user's, each model's and all days' lines, recomputed: fal's word where there is one, else the bot's."""
    jobs = await made.jobs()
    for by in ("user", "model", "day"):
        expected: dict[str, Line] = defaultdict(lambda: defaultdict(Decimal))
        for job in jobs:
            key = {"user": job.user, "model": job.request.model, "day": "all"}[by]
            for column, amount in _line(job, events.get(job.request.prompt), believed[job.request.prompt]).items():
                expected[key][column] += amount
        found: dict[str, Line] = defaultdict(lambda: defaultdict(Decimal))
        for row in await spent(made, by):
            for column in row.keys() - {by, "released_usd"} - ({"jobs"} if by == "day" else set()):
                found["all" if by == "day" else row[by]][column] += Decimal(row[column])
        assert {key: dict(line) for key, line in found.items()} == {
            key: {column: line[column] for column in found[key]} for key, line in expected.items()
        }


def _line(job: Job, charged: Decimal | None, believed: str) -> Line:
    if charged is not None:
        exact = to_micro(charged)
        known = {"quoted_usd": job.usd, "charged_by_fal_usd": exact, "difference_usd": exact - job.usd}
        return {"jobs": Decimal(1), "spent_usd": exact, **known}
    spent_usd = Decimal(0) if believed == "none" else job.usd
    possibly = job.usd if believed == "possibly" else Decimal(0)
    return {"jobs": Decimal(1), "spent_usd": spent_usd, "of_that_possibly_usd": possibly, "bills_unknown": Decimal(1)}


async def spent(made: Bench, by: str) -> list[dict[str, str]]:
    """`reelbot spend --csv`, on this bot's database."""
    url = made.settings.database_url
    place = {"REELBOT_DATABASE_URL": url.get_secret_value()} if url else {}
    return await asyncio.to_thread(_spend, by, {"REELBOT_OUTPUT_DIR": str(made.settings.output_dir), **place})


def _spend(by: str, environment: dict[str, str]) -> list[dict[str, str]]:
    written = StringIO()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.setattr("sys.stdout", written)
        assert main(["spend", "--by", by, "--csv"]) == 0
    return list(csv.DictReader(StringIO(written.getvalue())))


def test_after_a_whole_story_every_line_is_fals_own(on_bench: OnBench, database_url: str) -> None:
    async def story(made: Bench) -> None:
        made.telegram.user_says(1, "/start")
        faults = made.fal.faults
        faults.add("result_error", match="charged failure", headers={"units": "5"})
        faults.add("result_error", match="free failure")
        faults.add("result_error", match="perhaps", times=3, headers={"units": ""})
        faults.add("submit_lost_reply", match="lost")
        faults.add("bill_zero", match="perhaps free")
        faults.add("bill_missing", match="perhaps forever")
        faults.add("bill_drift", match="dearer", body=7.77777)
        faults.add("bill_split", match="dearer", body=3)
        faults.add("bill_late", match="late", seconds=3600.0)
        faults.add("bill_extra", match="free failure", body="0.1234565")
        told = {
            42: ["plain", "charged failure", "free failure", "perhaps free", "perhaps forever", "perhaps charged"],
            43: ["lost", "dearer", "late", "small one"],
        }
        for chat, prompts in told.items():
            for prompt in prompts:
                made.telegram.user_says(chat, f"/video {prompt}" + (", budget" if "one" in prompt else ""))
        jobs = await ended(made, [*told[42], *told[43]])
        believed = {prompt: str(job.charge) for prompt, job in jobs.items()}
        assert Counter(believed.values()) == {"yes": 6, "possibly": 3, "none": 1}
        now = now_ms()
        async with bookkeeping(made) as books, bookkeeping(made) as other:
            await books.turn(now)  # too early: nothing is asked
            assert {job.billed_nano for job in await made.jobs()} == {None}
            await asyncio.gather(books.turn(now + FIRST_MS), other.turn(now + FIRST_MS))  # two workers
            events = await events_of(made)
            assert set(jobs) - set(events) == {"late", "perhaps forever"}
            await checked(made, events, believed)
            made.fal.books.now = lambda: datetime.now(UTC).timestamp() + 3601
            await books.turn(now + DAY_MS // 2)
            events = await events_of(made)
            assert set(jobs) - set(events) == {"perhaps forever"}
            await checked(made, events, believed)
            await books.turn(now + 2 * DAY_MS)
            await checked(made, events, believed)
            by_prompt = {job.request.prompt: job for job in await made.jobs()}
            charges = {
                prompt: job.charge for prompt, job in by_prompt.items() if prompt.startswith(("perhaps", "free"))
            }
            assert charges == {
                "perhaps free": "none",
                "perhaps charged": "yes",
                "perhaps forever": "possibly",
                "free failure": "yes",
            }
            async with books_of(made) as own:
                assert sum(events.values()) == 100 - await own.balance()
            await made.until(lambda: said(made, f"Job {by_prompt['free failure'].id} of telegram:42 was taken", chat=1))
            assert (await made.app.store.ledger.standing()).reserved_micro == 0
            owned = await made.app.store.database.read(
                lambda c: list(c.execute(sa.select(submits.c.request_id)).scalars())
            )
            assert set(owned) == set(made.fal.memory.requests)  # whatever fal bills is a job of ours, and each once

    on_bench(story, **(MANY | {"database_url": database_url}))


def test_another_price_is_an_alert_once_a_day_with_known_bills_only(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        made.telegram.user_says(1, "/language en")
        prompts = [f"fox {number}" for number in range(3)]
        made.fal.faults.add("bill_drift", times=3, match="fox", body=10)
        for prompt in prompts:
            made.telegram.user_says(42, f"/video {prompt}, budget")
        await ended(made, prompts)
        now = now_ms()
        async with bookkeeping(made) as books:
            for turn in range(3):
                await books.turn(now + FIRST_MS + turn * 60_000)
            words = "3 jobs in 24 hours were quoted $0.75, and fal charged $0.83 (+10.0 %)"
            await made.until(lambda: said(made, words, chat=1))
            assert sum("another price" in text for text in made.telegram.texts(1)) == 1
            assert said(made, "for wan-2.5 than", chat=1)

    on_bench(story, **MANY)


def test_the_same_prices_and_plenty_of_credit_are_no_alert_low_credit_is_one(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        made.telegram.user_says(1, "/language zh")
        await made.until(lambda: made.telegram.texts(1))
        made.telegram.user_says(42, "/video a fox")
        await ended(made, ["a fox"])
        now = now_ms()
        async with bookkeeping(made) as books:
            await books.turn(now + FIRST_MS)
            assert (await made.jobs())[0].billed_nano == 700_000_000
            made.fal.books.credit_usd = Decimal("50.69")  # $49.99 are left
            for minutes in (15, 30, 45):
                await books.turn(now + FIRST_MS + minutes * 60_000)
            await made.until(lambda: said(made, "fal 账户还剩 $49.99，少于 $50.00", chat=1))
            assert len([text for text in made.telegram.texts(1) if "fal 账户还剩" in text]) == 1
            assert not said(made, "收费与机器人的报价不同", chat=1)

    on_bench(story, **MANY)


def test_a_refused_admin_key_is_told_and_holds_nothing_up(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        made.telegram.user_says(1, "/language en")
        made.telegram.user_says(42, "/video a fox")
        await ended(made, ["a fox"])
        now = now_ms()
        async with bookkeeping(made) as books:
            for turn in range(2):
                await books.turn(now + FIRST_MS + turn)
            await made.until(lambda: said(made, "refuses FAL_ADMIN_KEY", chat=1))
            assert (await made.jobs())[0].billed_nano is None
            made.fal.books.admin_key = "another-admin-key"
            await books.turn(now + FIRST_MS + 10)
            assert (await made.jobs())[0].billed_nano == 700_000_000
            assert sum("FAL_ADMIN_KEY" in text for text in made.telegram.texts(1)) == 1

    on_bench(story, **(MANY | {"fal_admin_key": "another-admin-key"}))


def test_fals_books_out_of_reach_change_nothing(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        made.telegram.user_says(42, "/video a fox")
        await ended(made, ["a fox"])
        made.fal.faults.add("billing_status", times=2, status=503, body={"detail": "no"})
        now = now_ms()
        async with bookkeeping(made) as books:
            await books.turn(now + FIRST_MS)
            await books.turn(now + FIRST_MS)
            assert (await made.jobs())[0].bill_after is None
            await books.turn(now + FIRST_MS)
            assert (await made.jobs())[0].billed_nano == 700_000_000

    on_bench(story, **MANY)


def test_the_bot_reads_the_books_by_itself_with_the_key_and_not_without(on_bench: OnBench, tmp_path: Path) -> None:
    def asked(made: Bench) -> int:
        return sum(call["path"] == "/account/billing" for call in made.fal.log)

    async def with_key(made: Bench) -> None:
        await made.until(lambda: asked(made) == 1)

    async def without(made: Bench) -> None:
        made.telegram.user_says(42, "/video a fox")
        await ended(made, ["a fox"])
        assert asked(made) == 0

    on_bench(with_key, **MANY)
    on_bench(without, output_dir=tmp_path / "other")
