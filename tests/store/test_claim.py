"""The claim, row by row: what each word of the one paid request leaves in the tables, and what it leaves alone."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.store import Store
from bot.store.billing import Bill
from bot.store.database import Connection, now_ms
from bot.store.evidence import RequestTaken
from bot.store.records import FREE, Job, JobError, State, Submit
from bot.store.submits import answered_at, claimed_at
from bot.store.tables import jobs, results, submits
from core.types import RawReply
from tests.store.test_store import HANDLE, accepted, backwards, on_store, said

BODY = '{"prompt": "a fox"}'
ANSWER = RawReply(200, {"x-fal-billable-units": "5"}, b'{"video": {}}')

Story = Callable[[Store], Awaitable[None]]


async def job_of(store: Store, job_id: str) -> Job:
    job = await store.jobs.get(job_id)
    assert job is not None
    return job


async def claimed(store: Store, event: str = "m1", *, body: str | None = BODY) -> str:
    job_id = await accepted(store, said(event))
    assert await store.submits.claim(job_id, body=body) == "yours"
    return job_id


async def story_of(store: Store, job_id: str) -> list[tuple[str, str | None]]:
    return [(state, why) for _, state, why in await store.jobs.story(job_id)]


async def changed(store: Store, job_id: str) -> int:
    query = sa.select(submits.c.changed).where(submits.c.job_id == job_id)
    return await store.database.read(lambda connection: int(connection.execute(query).scalar_one()))


async def earlier(store: Store, ms: int) -> None:
    """All that is written was written that much earlier."""

    def work(connection: Connection) -> None:
        for name in ("created", "changed", "claimed", "answered"):
            connection.execute(submits.update().values(**{name: submits.c[name] - ms}))
        connection.execute(results.update().values(at=results.c.at - ms))

    await store.database.write(work)


def test_a_claim_remembers_what_is_posted_and_when(database_url: str) -> None:
    async def story(store: Store) -> None:
        before = now_ms()
        job_id = await claimed(store)
        row = await store.submits.read(job_id)
        assert row == Submit(job_id, "sending", 1, None, None, row.created, BODY, row.claimed, None)
        assert before <= row.created == row.claimed == await changed(store, job_id) <= now_ms()
        times = sa.select(submits.c.claimed).where(submits.c.job_id == job_id)
        assert await store.database.read(lambda connection: connection.execute(times).scalar()) == row.claimed
        assert claimed_at(row) == datetime.fromtimestamp(row.claimed / 1000, tz=UTC)
        assert answered_at(row) is None
        assert await story_of(store, job_id) == [("queued", None), ("submitting", None)]
        assert await store.submits.claim(job_id, body="another") == "taken"
        assert await store.submits.read(job_id) == row
        assert (await store.submits.read(await claimed(store, "m2", body=None))).body is None

    on_store(database_url, story)


@pytest.mark.parametrize("state", [state for state in State if state not in FREE])
def test_only_a_free_job_is_claimed(database_url: str, state: State) -> None:
    async def story(store: Store) -> None:
        job_id = await accepted(store, said())
        await store.jobs.move(job_id, state)
        assert await store.submits.claim(job_id, body=BODY) == "cancelled"
        assert (await job_of(store, job_id)).state is state
        owned = await claimed(store, "m2")
        await store.jobs.move(owned, state)
        await store.submits.not_sent(owned)
        await store.jobs.move(owned, state)
        assert await store.submits.claim(owned, body=BODY) == "taken"
        assert (await store.submits.read(owned)).state == "not_sent"

    on_store(database_url, story)


@pytest.mark.parametrize("state", sorted(FREE))
def test_a_claim_that_may_be_under_way_is_nobody_elses(database_url: str, state: State) -> None:
    async def story(store: Store) -> None:
        job_id = await claimed(store)
        await store.jobs.move(job_id, state)
        assert await store.submits.claim(job_id, body="another") == "taken"
        assert (await store.submits.read(job_id)).body == BODY

    on_store(database_url, story)


@pytest.mark.parametrize("known", ["accepted", "refused", "of another version"])
@pytest.mark.parametrize("state", sorted(FREE))
def test_only_a_proven_non_delivery_is_claimed_again(database_url: str, state: State, known: str) -> None:
    """Whatever a job's state says, and whoever set it: the claim alone tells whether a POST may have gone out."""

    async def story(store: Store) -> None:
        job_id = await claimed(store)
        change = submits.update().where(submits.c.job_id == job_id)
        await store.database.write(lambda connection: connection.execute(change.values(state=known)))
        await store.jobs.move(job_id, state)
        before = await store.submits.read(job_id)
        assert await store.submits.claim(job_id, body="another") == "taken"
        assert await store.submits.read(job_id) == before
        assert (await job_of(store, job_id)).state is state
        await store.database.write(lambda connection: connection.execute(change.values(state="not_sent")))
        assert await store.submits.claim(job_id, body="another") == "yours"

    on_store(database_url, story)


@pytest.mark.parametrize("known", ["accepted", "refused", "not_sent"])
def test_a_claim_whose_end_is_known_becomes_no_non_delivery(database_url: str, known: str) -> None:
    async def story(store: Store) -> None:
        job_id = await claimed(store)
        change = submits.update().where(submits.c.job_id == job_id).values(state=known)
        await store.database.write(lambda connection: connection.execute(change))
        assert (await store.submits.not_sent(job_id)).state == known
        assert (await job_of(store, job_id)).state is State.SUBMITTING

    on_store(database_url, story)


def test_a_cancel_before_the_claim_ends_the_job_for_nothing(database_url: str) -> None:
    async def story(store: Store) -> None:
        job_id = await accepted(store, said())
        await store.jobs.move(job_id, State.PREPARING)
        await set_flag(store, job_id)
        assert await store.submits.claim(job_id, body=BODY) == "cancelled"
        job = await job_of(store, job_id)
        assert (job.state, job.charge, job.reserved_micro) == (State.CANCELLED, "none", 0)
        steps = [("queued", None), ("preparing", None), ("cancelled", "asked before the claim")]
        assert await story_of(store, job_id) == steps
        assert await store.submits.claim(job_id, body=BODY) == "cancelled"  # a step that runs twice
        assert await story_of(store, job_id) == steps
        assert [event for _, event, *_ in await store.ledger.of_job(job_id)] == ["reserve", "release"]

    on_store(database_url, story)


async def set_flag(store: Store, job_id: str) -> None:
    """As a cancel does that comes while the job is claimed: only the flag."""
    change = jobs.update().where(jobs.c.id == job_id).values(cancel_asked=True)
    await store.database.write(lambda connection: connection.execute(change))


async def told(store: Store, job_id: str) -> None:
    change = jobs.update().where(jobs.c.id == job_id).values(outcome_ref="doubt", due=None)
    await store.database.write(lambda connection: connection.execute(change))


def test_a_cancel_after_the_claim_leaves_it_as_it_is(database_url: str) -> None:
    async def story(store: Store) -> None:
        job_id = await claimed(store)
        await set_flag(store, job_id)
        assert await store.submits.claim(job_id, body=BODY) == "taken"
        assert (await job_of(store, job_id)).state is State.SUBMITTING
        await store.submits.not_sent(job_id)
        assert await store.submits.claim(job_id, body=BODY) == "cancelled"

    on_store(database_url, story)


def test_a_proven_non_delivery_begins_anew(database_url: str) -> None:
    async def story(store: Store) -> None:
        job_id, other = await claimed(store), await claimed(store, "other")
        await store.submits.hint(job_id, "r-hint")
        await store.submits.ended(job_id)
        first = await store.submits.read(job_id)
        assert first.answered is not None
        await earlier(store, 5000)
        before = now_ms()
        unsent = await store.submits.not_sent(job_id)
        assert unsent == await store.submits.read(job_id)
        assert await story_of(store, job_id) == [
            ("queued", None), ("submitting", None), ("preparing", "nothing reached fal")
        ]  # fmt: skip
        assert (await store.submits.read(job_id)).state == "not_sent"
        assert before <= await changed(store, job_id) <= now_ms()
        assert await store.submits.claim(job_id, body="again") == "yours"
        row = await store.submits.read(job_id)
        created = first.created - 5000
        assert row == Submit(job_id, "sending", 2, None, None, created, "again", row.claimed, None)
        assert before <= row.claimed == await changed(store, job_id) <= now_ms()
        assert (await job_of(store, job_id)).state is State.SUBMITTING
        assert await store.submits.claim(job_id, body="again") == "taken"
        assert (await store.submits.read(other)).attempt == 1

    on_store(database_url, story)


def test_what_fal_took_is_written_once(database_url: str) -> None:
    async def story(store: Store) -> None:
        job_id = await claimed(store)
        other = await claimed(store, "other")
        await earlier(store, 5000)
        before = now_ms()
        await store.submits.accepted(job_id, HANDLE)
        row = await store.submits.read(job_id)
        assert (row.state, row.handle, row.body) == ("accepted", HANDLE, BODY)
        assert row.answered is not None
        assert before <= row.answered == await changed(store, job_id) <= now_ms()
        assert answered_at(row) == datetime.fromtimestamp(row.answered / 1000, tz=UTC)
        job = await job_of(store, job_id)
        assert job.state is State.RENDERING
        assert before <= (job.rendering_since or 0) <= now_ms()
        steps = [("queued", None), ("submitting", None), ("rendering", "req-1")]
        assert await story_of(store, job_id) == steps
        late = replace(HANDLE, request_id="req-late")
        await store.submits.accepted(job_id, late)  # from a worker that was frozen meanwhile
        for later in (store.submits.ended(job_id), store.submits.hint(job_id, "x"), store.submits.not_sent(job_id)):
            await later
        await store.submits.refused(job_id, JobError("late", {}))
        assert await store.submits.read(job_id) == row
        assert await story_of(store, job_id) == steps
        assert await store.submits.job_of("req-1") == (job_id, HANDLE)
        assert await store.submits.job_of("req-late") is None
        assert await store.submits.owned(["req-1", "req-late", "x"]) == {"req-1"}
        assert (await store.submits.read(other)).state == "sending"

    on_store(database_url, story)


def test_a_second_request_for_one_order_is_not_silent(database_url: str, caplog: pytest.LogCaptureFixture) -> None:
    async def story(store: Store) -> None:
        job_id = await claimed(store)
        await store.submits.accepted(job_id, HANDLE)
        await store.submits.accepted(job_id, HANDLE)
        unsent = await claimed(store, "m2")
        await store.submits.not_sent(unsent)
        await store.submits.accepted(unsent, replace(HANDLE, request_id="req-9"))
        assert caplog.records == []
        await store.submits.accepted(job_id, replace(HANDLE, request_id="req-2"))
        (record,) = caplog.records
        facts = vars(record)
        assert (record.levelname, record.getMessage()) == ("ERROR", "a second request for one order")
        assert record.name == "bot.store.submits"
        assert (facts["job_id"], facts["first"], facts["request_id"]) == (job_id, "req-1", "req-2")

    on_store(database_url, story)


def test_what_a_proxy_took_is_the_price(database_url: str) -> None:
    async def story(store: Store) -> None:
        job_id, other = await claimed(store), await claimed(store, "m2")
        await store.submits.accepted(job_id, HANDLE, charged_usd=Decimal("0.6500001"))
        job = await job_of(store, job_id)
        assert (job.usd, job.reserved_micro) == (Decimal("0.650001"), 650_001)
        assert (await store.ledger.of_job(job_id))[-1][1:] == ("adjust", -49_999, 0, "charged by the proxy")
        await store.submits.accepted(job_id, HANDLE, charged_usd=Decimal(5))
        assert (await job_of(store, job_id)).reserved_micro == 650_001
        await store.submits.accepted(other, replace(HANDLE, request_id="req-2"), charged_usd=Decimal(0))
        assert (await job_of(store, other)).reserved_micro == 0

    on_store(database_url, story)


def test_which_claims_are_open(database_url: str) -> None:
    async def story(store: Store) -> None:
        sending, unsent, taken = [await claimed(store, f"m{number}") for number in range(3)]
        queued = await accepted(store, said("queued"))
        await store.submits.not_sent(unsent)
        await store.submits.accepted(taken, HANDLE)
        assert await store.submits.sending() == [await store.submits.read(sending)]
        for job_id in (sending, unsent, taken):
            assert await store.submits.find(job_id) == await store.submits.read(job_id)
        assert await store.submits.find(queued) is None

    on_store(database_url, story)


def test_an_answer_that_was_seen_to_end_keeps_its_time(database_url: str) -> None:
    async def story(store: Store) -> None:
        job_id, other = await claimed(store), await claimed(store, "other")
        before = now_ms()
        await store.submits.ended(job_id)
        ended = (await store.submits.read(job_id)).answered
        assert ended is not None
        assert before <= ended <= now_ms()
        await earlier(store, 5000)
        await store.submits.ended(job_id)
        await store.submits.accepted(job_id, HANDLE)
        assert (await store.submits.read(job_id)).answered == ended - 5000
        assert (await store.submits.read(other)).answered is None
        await store.submits.not_sent(other)
        await store.submits.ended(other)
        assert (await store.submits.read(other)).answered is None

    on_store(database_url, story)


@pytest.mark.parametrize("state", [State.SUBMIT_UNCONFIRMED, State.SUBMITTING])
def test_a_request_that_is_found_ends_a_doubt(database_url: str, state: State) -> None:
    async def story(store: Store) -> None:
        job_id = await claimed(store)
        await store.jobs.move(job_id, state)
        await store.submits.accepted(job_id, HANDLE)
        assert (await job_of(store, job_id)).state is State.RENDERING

    on_store(database_url, story)


@pytest.mark.parametrize("state", [State.READY, State.DELIVERED, State.FAILED, State.CANCELLED])
def test_a_job_that_went_on_is_not_moved_back(database_url: str, state: State) -> None:
    async def story(store: Store) -> None:
        job_id = await claimed(store)
        await store.jobs.move(job_id, state)
        await store.submits.accepted(job_id, HANDLE)
        assert (await job_of(store, job_id)).state is state
        assert (await store.submits.read(job_id)).state == "accepted"

    on_store(database_url, story)


def test_a_request_is_one_jobs_purchase(database_url: str) -> None:
    async def story(store: Store) -> None:
        first, second = await claimed(store, "m1"), await claimed(store, "m2")
        await store.submits.accepted(first, HANDLE)
        with pytest.raises(RequestTaken):
            await store.submits.accepted(second, HANDLE)
        assert (await store.submits.read(second)).state == "sending"
        assert (await job_of(store, second)).state is State.SUBMITTING
        await store.submits.accepted(first, HANDLE)  # its own again

    on_store(database_url, story)


def test_a_hint_is_only_remembered(database_url: str) -> None:
    async def story(store: Store) -> None:
        job_id, other = await claimed(store), await claimed(store, "other")
        before = await store.submits.read(job_id)
        await store.submits.hint(job_id, "r-hint")
        assert await store.submits.read(job_id) == replace(before, hint="r-hint")
        assert (await store.submits.read(other)).hint is None
        assert await store.submits.job_of("r-hint") is None

    on_store(database_url, story)


@pytest.mark.parametrize("stood_still", [False, True])
def test_a_refusal_ends_the_job_and_gives_the_price_back(database_url: str, stood_still: bool) -> None:
    error = JobError("content_policy_violation", {"field": "prompt"})

    async def story(store: Store) -> None:
        job_id, other = await claimed(store), await claimed(store, "other")
        if stood_still:
            assert await store.jobs.mark_unconfirmed(job_id, "no answer")
        await told(store, job_id)
        before = now_ms()
        await store.submits.refused(job_id, error)
        job = await job_of(store, job_id)
        assert (job.state, job.error, job.outcome_ref) == (State.FAILED, error, None)
        assert (job.charge, job.reserved_micro) == ("none", 0)
        assert before <= (job.due or 0) <= now_ms()  # its owner is to be told
        assert (await story_of(store, job_id))[-1] == ("failed", "content_policy_violation")
        assert (await store.submits.read(job_id)).state == "refused"
        assert await store.submits.claim(job_id, body=BODY) == "taken"
        await store.submits.refused(job_id, JobError("again", {}))
        assert (await job_of(store, job_id)).error == error
        assert (await store.submits.read(other)).state == "sending"

    on_store(database_url, story)


def test_a_refusal_that_was_a_gateways_is_reopened(database_url: str) -> None:
    async def story(store: Store) -> None:
        job_id, other, taken = [await claimed(store, f"m{number}") for number in range(3)]
        await store.submits.accepted(taken, replace(HANDLE, request_id="req-9"))
        for refused in (job_id, other):
            await store.submits.refused(refused, JobError("invalid_input", {}))
            await told(store, refused)
        await earlier(store, 5000)
        before = now_ms()
        assert (
            await store.submits.reopen(job_id, replace(HANDLE, request_id="req-9"), by="webhook") is False
        )  # another job's
        assert await store.submits.reopen(taken, HANDLE, by="webhook") is False  # was not refused
        assert (await store.submits.read(taken)).handle == replace(HANDLE, request_id="req-9")
        assert (await store.submits.read(job_id)).state == "refused"
        assert (await job_of(store, job_id)).state is State.FAILED
        assert await store.submits.reopen(job_id, HANDLE, by="webhook")
        row, job = await store.submits.read(job_id), await job_of(store, job_id)
        assert (row.state, row.handle) == ("accepted", HANDLE)
        assert await store.submits.job_of("req-1") == (job_id, HANDLE)
        assert before <= await changed(store, job_id) <= now_ms()
        assert (job.state, job.error, job.outcome_ref, job.charge) == (State.RENDERING, None, None, "none")
        assert (await story_of(store, job_id))[-1] == ("rendering", "req-1")
        without_error = sa.select(jobs.c.id).where(jobs.c.error.is_(sa.null()), jobs.c.id == job_id)
        assert await store.database.read(lambda connection: connection.execute(without_error).scalar()) == job_id
        assert not await store.submits.reopen(job_id, HANDLE, by="webhook")
        untouched = await job_of(store, other)
        assert (untouched.state, untouched.outcome_ref) == (State.FAILED, "doubt")
        assert untouched.error is not None

    on_store(database_url, story)


def test_only_a_job_that_failed_is_reopened(database_url: str) -> None:
    async def story(store: Store) -> None:
        job_id = await claimed(store)
        await store.submits.refused(job_id, JobError("invalid_input", {}))
        await store.jobs.move(job_id, State.DELIVERED)
        assert await store.submits.reopen(job_id, HANDLE, by="webhook") is False
        assert (await job_of(store, job_id)).state is State.DELIVERED

    on_store(database_url, story)


def test_which_requests_are_ours(database_url: str) -> None:
    async def story(store: Store) -> None:
        made = {}
        for number in range(3):
            job_id = await claimed(store, f"m{number}")
            made[job_id] = replace(HANDLE, request_id=f"r-{number}")
            await store.submits.accepted(job_id, made[job_id])
        await claimed(store, "without")
        for job_id, handle in made.items():
            assert await store.submits.job_of(handle.request_id) == (job_id, handle)
        assert await store.submits.owned(iter(["r-0", "r-2", "r-9"])) == {"r-0", "r-2"}
        assert await store.submits.owned([]) == set()

    on_store(database_url, story)


def test_results_are_kept_raw_and_in_their_order(database_url: str) -> None:
    async def story(store: Store) -> None:
        backwards(store)
        second = RawReply(206, {"content-type": "text/html"}, b"\xff\x00<html>")
        for reply in (ANSWER, second, ANSWER):
            await store.submits.keep_result("job-1", reply)
        await store.submits.keep_result("job-2", ANSWER)
        assert await store.submits.results("job-1") == [ANSWER, second]
        assert await store.submits.results("job-2") == [ANSWER]
        assert await store.submits.results("job-3") == []

    on_store(database_url, story)


def test_a_job_keeps_a_bounded_number_of_results(database_url: str) -> None:
    async def story(store: Store) -> None:
        await store.submits.keep_result("job-0", ANSWER)
        for number in range(10):
            await store.submits.keep_result("job-1", replace(ANSWER, body=b"%d" % number))
        kept = [reply.body for reply in await store.submits.results("job-1")]
        assert kept == [*(b"%d" % n for n in range(7)), b"9"]  # the first ones and the newest
        await store.submits.keep_result("job-1", replace(ANSWER, body=b"3"))
        assert [reply.body for reply in await store.submits.results("job-1")] == kept
        await store.submits.keep_result("job-2", ANSWER)
        assert len(await store.submits.results("job-2")) == 1
        assert len(await store.submits.results("job-0")) == 1

    on_store(database_url, story)


def test_results_are_forgotten_when_fal_keeps_their_files_no_more(database_url: str) -> None:
    async def story(store: Store) -> None:
        before = now_ms()
        await store.submits.keep_result("old", ANSWER)
        kept = await store.database.read(
            lambda connection: int(connection.execute(sa.select(results.c.at)).scalar_one())
        )
        assert before <= kept <= now_ms()
        await earlier(store, 60_000)
        await store.submits.keep_result("new", ANSWER)
        await store.submits.forget_results(before_s=120)
        assert len(await store.submits.results("old")) == 1
        await store.submits.forget_results(before_s=30)
        assert await store.submits.results("old") == []
        assert await store.submits.results("new") == [ANSWER]
        await earlier(store, 10_005_000)
        await store.submits.forget_results(before_s=10_000)
        assert await store.submits.results("new") == []

    on_store(database_url, story)


def test_two_doubts_that_find_one_request_take_turns(database_url: str) -> None:
    """On PostgreSQL the second waits until it can see what the first has written. SQLite has one writer."""

    async def story(store: Store) -> None:
        engine = store.database.engine
        seen: list[str] = []

        def executed(_c: object, _cursor: object, statement: str, *_more: object) -> None:
            seen.append(statement)

        job_id = await claimed(store)
        sa.event.listen(engine, "before_cursor_execute", executed)
        await store.submits.accepted(job_id, HANDLE)
        assert ("pg_advisory_xact_lock" in seen[0]) is not store.database.is_sqlite
        seen.clear()
        await store.submits.reopen(job_id, HANDLE, by="webhook")
        assert ("pg_advisory_xact_lock" in seen[0]) is not store.database.is_sqlite

    on_store(database_url, story)


def test_on_postgresql_each_decision_locks_the_row_it_reads(tmp_path: Path) -> None:
    """Two workers that decide about one job wait for each other. SQLite has one writer and no such words."""
    locked, postgresql = list[str](), sa.create_engine("postgresql+psycopg://").dialect

    def compiled(_c: object, statement: sa.ClauseElement, *_more: object) -> None:
        if isinstance(statement, sa.Select):
            text = str(statement.compile(dialect=postgresql))
            locked.extend([text] if text.endswith("FOR UPDATE") else [])

    async def story(store: Store) -> None:
        sa.event.listen(store.database.engine, "before_execute", compiled)
        job_id = await claimed(store)
        assert len(locked) == 1
        assert "cancel_asked" in locked[0]
        await store.submits.accepted(job_id, HANDLE)
        assert len(locked) == 3  # this claim, and whoever else holds the request
        assert all("known_by" in each for each in locked[1:])
        await store.jobs.move(job_id, State.READY, charge="yes")
        assert len(locked) == 4
        assert "reserved_micro" in locked[3]
        await store.bills.settle(Bill(job_id, "req-1", 0, 0), 5, now=now_ms())
        assert len(locked) == 5

    on_store(f"sqlite:///{tmp_path}/reelbot.db", story)
