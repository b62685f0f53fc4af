"""Orders in the same words, on their way at once: each gets what fal took for it, over real HTTP, on both databases."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.jobs.poller import PollerPauses
from bot.jobs.submit import receipt_name
from bot.parts import Timing
from bot.store.database import now_ms
from bot.store.records import Job, State
from bot.store.tables import submits
from core.fal.protocol import request_text
from core.types import RawReply
from tests.bench import Bench
from tests.jobs.test_submit import Post, post
from tests.store.test_claim import earlier

Equal = Callable[[Callable[[Post, Job, Job], Awaitable[None]]], None]
FOX = "a fox"


@pytest.fixture
def equal(tmp_path: Path, database_url: str) -> Equal:
    """`first`'s POST is cut before fal takes it; `second` is in the same words."""

    def run(story: Callable[[Post, Job, Job], Awaitable[None]]) -> None:
        async def whole() -> None:
            async with post(tmp_path, database_url) as made:
                first, second = await made.job(FOX, event="1"), await made.job(FOX, event="2")
                made.fal.faults.add("submit_drop")
                assert await made.work(first) is State.SUBMITTING
                await story(made, await made.now(first.id), second)

        asyncio.run(whole())

    return run


async def told(caplog: pytest.LogCaptureFixture, words: str) -> None:
    """Wait for an alert: the log holds it, where there are no admins."""
    async with asyncio.timeout(10):
        while not any(words in str(vars(record).get("text")) for record in caplog.records):
            await asyncio.sleep(0.01)


async def taken(made: Post) -> str:
    """The id of the one request, once fal has it."""
    async with asyncio.timeout(10):
        while not made.fal.memory.requests:
            await asyncio.sleep(0.01)
    (request_id,) = made.fal.memory.requests
    return request_id


async def guessed(made: Post, first: Job, second: Job) -> tuple[asyncio.Task[State], str]:
    """The second's answer is slow; the first has found its request in the list meanwhile."""
    made.fal.faults.add("submit_slow", seconds=1.0)
    posting = asyncio.create_task(made.work(second))
    request_id = await taken(made)
    handle = made.queue.handle_for(second.request.endpoint, request_id)
    assert await made.store.submits.accepted(first.id, handle, by="list") is None
    return posting, request_id


async def fetched(made: Post, job: Job) -> Job:
    """Its film is on this disk."""
    async with asyncio.timeout(20):
        while await made.work(job) is not State.READY:
            await asyncio.sleep(0.05)
    now = await made.now(job.id)
    assert now.video is not None
    assert (made.settings.videos_dir / now.video.name).stat().st_size > 0
    return now


async def in_sum(made: Post) -> int:
    return sum(line.spent_micro for line in await made.store.spending.report("user"))


def test_an_order_that_is_claimed_during_the_walk_keeps_its_request(equal: Equal) -> None:
    async def story(made: Post, first: Job, second: Job) -> None:
        made.fal.faults.add("list_slow", seconds=0.7)
        made.fal.faults.add("submit_slow", seconds=1.5)
        walk = asyncio.create_task(made.lost_orders().resolve([first]))
        async with asyncio.timeout(10):
            while not any(call["path"].endswith("by-endpoint") for call in made.fal.log):
                await asyncio.sleep(0.01)
        posting = asyncio.create_task(made.work(second))
        assert await walk == set()
        assert not posting.done()
        assert await posting is State.RENDERING
        assert (await made.now(first.id)).state is State.SUBMITTING
        assert (await made.now(second.id)).state is State.RENDERING

    equal(story)


@pytest.mark.parametrize("behind_s", [-50.0, 0.0, 50.0])
def test_clocks_that_are_apart_do_not_decide_while_an_answer_may_come(equal: Equal, behind_s: float) -> None:
    async def story(made: Post, first: Job, second: Job) -> None:
        made.fal.faults.add("submit_slow", seconds=0.8)
        posting = asyncio.create_task(made.work(second))
        request = made.fal.memory.requests[await taken(made)]
        made.fal.memory.requests[request.id] = replace(request, created=request.created - behind_s)
        assert await made.lost_orders().resolve([first]) == set()
        assert await posting is State.RENDERING
        handle = (await made.store.submits.read(second.id)).handle
        assert handle is not None
        assert handle.request_id == request.id

    equal(story)


def test_two_that_both_lost_their_answers_for_good_go_by_the_nearest_time(equal: Equal) -> None:
    async def story(made: Post, first: Job, second: Job) -> None:
        await earlier(made.store, 200)
        made.fal.faults.add("submit_lost_reply")
        assert await made.work(second) is State.SUBMITTING
        jobs = [first, await made.now(second.id)]
        assert await made.lost_orders().resolve(jobs) == {second.id}
        claim = await made.store.submits.read(second.id)
        assert claim.handle is not None
        assert claim.known_by == "list"

    equal(story)


def test_a_row_that_fals_call_has_named_is_no_others(equal: Equal) -> None:
    """Its own look has failed for a moment, and the other job is nearer by the clocks."""

    async def story(made: Post, first: Job, second: Job) -> None:
        made.fal.faults.add("submit_lost_reply")
        assert await made.work(second) is State.SUBMITTING
        request = made.fal.memory.requests[await taken(made)]
        claim = await made.store.submits.read(first.id)
        made.fal.memory.requests[request.id] = replace(request, created=claim.claimed / 1000)
        await made.store.submits.hint(second.id, request.id)
        made.fal.faults.add("status_status", status=502, times=2)
        assert await made.lost_orders().resolve([first]) == set()
        assert await made.lost_orders().resolve([await made.now(second.id)]) == {second.id}

    equal(story)


def test_the_answer_takes_its_request_back_from_a_guess(equal: Equal) -> None:
    async def story(made: Post, first: Job, second: Job) -> None:
        posting, request_id = await guessed(made, first, second)
        assert (await made.now(first.id)).state is State.RENDERING
        assert await posting is State.RENDERING
        assert (await made.now(first.id)).state is State.SUBMIT_UNCONFIRMED
        claim = await made.store.submits.read(second.id)
        assert (claim.known_by, claim.handle) == (
            "answer",
            made.queue.handle_for(second.request.endpoint, request_id),
        )
        assert (await fetched(made, second)).charge == "yes"
        assert await in_sum(made) == 700_000
        assert made.posts() == 2  # the first never arrived

    equal(story)


def test_a_receipt_and_a_call_of_fals_take_it_back_too(equal: Equal) -> None:
    async def story(made: Post, first: Job, second: Job) -> None:
        third = await made.job(FOX, event="3")
        body = request_text(first.request)
        for job, request_id in ((second, "req-2"), (third, None)):
            assert await made.store.submits.claim(job.id, body=body) == "yours"
            assert await made.receipts.reserve(receipt_name(job.id, 1))
            if request_id:
                answer = b'{"request_id": "%s"}' % request_id.encode()
                await made.receipts.fill(receipt_name(job.id, 1), RawReply(200, {}, answer))
        handle = made.queue.handle_for(first.request.endpoint, "req-2")
        await made.store.submits.accepted(first.id, handle, by="list")
        assert await made.lost_orders().resolve([await made.now(second.id)]) == {second.id}
        assert (await made.now(first.id)).state is State.SUBMIT_UNCONFIRMED
        named = await made.queue.submit(third.request, body=body)  # its answer died with its process
        await made.store.submits.accepted(first.id, named.handle, by="list")
        await made.store.submits.hint(third.id, named.handle.request_id)
        assert await made.lost_orders().resolve([await made.now(third.id)]) == {third.id}
        assert (await made.store.submits.read(third.id)).known_by == "webhook"
        assert (await made.now(first.id)).state is State.SUBMIT_UNCONFIRMED

    equal(story)


def test_a_film_that_was_delivered_is_the_answered_ones_purchase(
    equal: Equal, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(made: Post, first: Job, second: Job) -> None:
        made.fal.faults.add("submit_slow", seconds=6.0)
        posting = asyncio.create_task(made.work(second))
        handle = made.queue.handle_for(second.request.endpoint, await taken(made))
        await made.store.submits.accepted(first.id, handle, by="list")
        await fetched(made, first)
        await made.store.jobs.move(first.id, State.DELIVERED, outcome_ref="17")
        assert not posting.done()
        assert await posting is State.RENDERING
        made.fal.faults.add("result_status", times=99, status=404, body={"detail": "gone"})  # the kept one is used
        assert (await fetched(made, second)).charge == "yes"
        delivered = await made.now(first.id)
        assert (delivered.state, delivered.charge) == (State.DELIVERED, "possibly")
        assert await in_sum(made) == 700_000
        await told(caplog, "in the same words")

    equal(story)


def test_a_list_in_a_circle_adopts_nothing_until_it_can_be_read(equal: Equal) -> None:
    async def story(made: Post, first: Job, second: Job) -> None:
        made.fal.faults.add("submit_lost_reply")
        assert await made.work(second) is State.SUBMITTING
        made.fal.faults.add("list_circle", times=2)
        assert await made.lost_orders().resolve([await made.now(second.id)]) == set()
        assert await made.lost_orders().resolve([await made.now(second.id)]) == {second.id}

    equal(story)


def test_an_old_claim_that_nobody_saw_end_keeps_no_row_back(equal: Equal) -> None:
    """Its process died: no answer of its own can come any more. Nearest in time is nearest in time."""

    async def story(made: Post, first: Job, second: Job) -> None:
        body = request_text(second.request)
        assert await made.store.submits.claim(second.id, body=body) == "yours"
        assert await made.lost_orders().resolve([first]) == set()
        submission = await made.queue.submit(second.request, body=body)
        request = made.fal.memory.requests[submission.handle.request_id]
        assert await made.lost_orders().resolve([first]) == set()
        ago = timedelta(minutes=4)
        old = submits.update().values(claimed=now_ms() - int(ago.total_seconds() * 1000))
        await made.store.database.write(lambda connection: connection.execute(old))
        made.fal.memory.requests[request.id] = replace(request, created=request.created - ago.total_seconds())
        assert len(await made.lost_orders().resolve([first, await made.now(second.id)])) == 1

    equal(story)


# What a gateway or a proxy says after fal took the order.

SLOW_DOWN: dict[str, Any] = {"status": 429, "body": {"detail": "Too many requests"}, "headers": {"Retry-After": "1"}}
FORBIDDEN: dict[str, Any] = {"status": 403, "body": {"detail": "Forbidden"}}
LISTED = {"detail": [{"loc": ["body", "prompt"], "msg": "no", "type": "value_error"}]}


@pytest.mark.parametrize(
    "fault",
    [
        SLOW_DOWN,
        SLOW_DOWN | {"headers": {"Retry-After": "1", "X-Credits-Used": "0.7"}},
        {"status": 429, "body": LISTED},
        FORBIDDEN | {"headers": {"X-Credits-Used": "0.7"}},
        {"status": 422, "body": LISTED, "headers": {"X-Credits-Used": "0.7"}},
        {"status": 422, "body": LISTED, "headers": {"X-Credits-Used": "a lot"}},
    ],
)
def test_what_fal_took_is_found_whatever_a_gateway_said(
    tmp_path: Path, database_url: str, fault: dict[str, Any]
) -> None:
    async def story() -> None:
        async with post(tmp_path, database_url) as made:
            made.fal.faults.add("submit_refused_after", **fault)
            job = await made.job(FOX)
            assert await made.work(job) is State.SUBMITTING
            assert await made.lost_orders().resolve([await made.now(job.id)]) == {job.id}
            assert (await fetched(made, job)).charge == "yes"
            assert made.posts() == 1
            assert await in_sum(made) == 700_000

    asyncio.run(story())


@pytest.mark.parametrize(
    ("used", "charge", "micro"),
    [("0.65", "yes", 650_000), ("1e30", "possibly", 700_000), ("NaN", "possibly", 700_000)],
)
def test_a_refusal_that_a_proxy_charged_for_says_so(
    tmp_path: Path, database_url: str, used: str, charge: str, micro: int
) -> None:
    """fal itself said no; nobody knows such a request; and the proxy's word on the money stands."""

    async def story() -> None:
        async with post(tmp_path, database_url) as made:
            made.fal.faults.add("submit_status", status=422, body=LISTED, headers={"X-Credits-Used": used})
            job = await made.job(FOX)
            assert await made.work(job) is State.SUBMITTING
            assert await made.lost_orders().resolve([await made.now(job.id)]) == set()
            assert await made.lost_orders().close_refused(await made.now(job.id))
            now = await made.now(job.id)
            assert now.error is not None
            assert (now.state, now.error.code, now.charge) == (State.FAILED, "invalid_input", charge)
            assert await in_sum(made) == micro
            assert [claim.job_id for claim in await made.store.submits.to_search()] == [job.id]
            assert not await made.lost_orders().close_refused(await made.now(job.id))
            assert made.posts() == 1

    asyncio.run(story())


def test_words_that_may_be_a_gateways_close_nothing(tmp_path: Path, database_url: str) -> None:
    async def story() -> None:
        async with post(tmp_path, database_url) as made:
            made.fal.faults.add("submit_status", match="1", **(FORBIDDEN | {"headers": {"X-Credits-Used": "0.7"}}))
            made.fal.faults.add("submit_status", match="2", status=502)
            for prompt in ("fox 1", "fox 2", "fox 3"):
                job = await made.job(prompt)
                assert await made.work(job) is (State.RENDERING if prompt == "fox 3" else State.SUBMITTING)
                assert not await made.lost_orders().close_refused(await made.now(job.id))
                assert (await made.now(job.id)).error is None

    asyncio.run(story())


def test_a_refusal_in_a_gateways_words_is_looked_for_and_found(tmp_path: Path, database_url: str) -> None:
    """Without a webhook: its owner was told that nothing was charged, and gets the film all the same."""

    async def story() -> None:
        async with post(tmp_path, database_url) as made:
            made.fal.faults.add("submit_refused_after", match="taken", **FORBIDDEN)
            made.fal.faults.add("submit_status", match="not", **FORBIDDEN)
            found, lost, certain = [await made.job(f"{word} fox") for word in ("a taken", "a not", "a certain")]
            made.fal.faults.add("submit_status", match="certain", status=422, body=LISTED)
            for job in (found, lost, certain):
                assert await made.work(job) is State.FAILED
                assert (await made.now(job.id)).charge == "none"
            assert {claim.job_id for claim in await made.store.submits.to_search()} == {found.id, lost.id}
            jobs = [await made.now(job.id) for job in (found, lost, certain)]
            made.fal.faults.add("list_status", status=502)
            assert await made.lost_orders().resolve(jobs) == set()
            assert await made.lost_orders().resolve(jobs) == {found.id}
            now = await made.now(found.id)
            assert (now.state, now.error) == (State.RENDERING, None)
            assert (await fetched(made, found)).charge == "yes"
            assert await in_sum(made) == 700_000
            assert [claim.job_id for claim in await made.store.submits.to_search()] == [lost.id]
            over = submits.update().where(submits.c.job_id == lost.id).values(search_until=now_ms())
            await made.store.database.write(lambda connection: connection.execute(over))
            assert await made.lost_orders().resolve([await made.now(lost.id)]) == set()
            assert await made.store.submits.to_search() == []
            assert (await made.now(lost.id)).state is State.FAILED

    asyncio.run(story())


@pytest.mark.parametrize("used", ["1e30", "9e12", "-0.7", "NaN", "Infinity", "1e999999", "free"])
def test_an_absurd_charge_is_left_out_and_the_order_kept(
    tmp_path: Path, database_url: str, used: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        async with post(tmp_path, database_url) as made:
            made.fal.faults.add("submit_headers", headers={"X-Credits-Used": used})
            job = await made.job(FOX)
            assert await made.work(job) is State.RENDERING
            now, claim = await made.now(job.id), await made.store.submits.read(job.id)
            assert claim.handle is not None
            assert claim.handle.request_id in made.fal.memory.requests
            assert (now.usd, now.reserved_micro) == (job.usd, 700_000)
            await told(caplog, "is no price")

    asyncio.run(story())


# The whole bot


def test_a_refusal_without_a_webhook_is_delivered_all_the_same(on_bench: Callable[..., None]) -> None:
    async def story(made: Bench) -> None:
        made.telegram.user_says(1, "/start")
        made.fal.faults.add("list_status", times=2, status=502)
        made.fal.faults.add("submit_refused_after", **FORBIDDEN)
        made.telegram.user_says(42, "/video a fox")
        job = await made.settled(State.DELIVERED)
        assert (job.charge, job.error) == ("yes", None)
        assert made.submits() == len(made.films()) == 1
        await made.until(lambda: any("taken to be free" in text for text in made.telegram.texts(1)))

    on_bench(story, admins="telegram:1", timing=Timing(search_s=0.2, watch=PollerPauses(scan_s=0.1)))


def test_what_a_proxy_took_for_a_refused_order_is_told(on_bench: Callable[..., None]) -> None:
    async def story(made: Bench) -> None:
        made.fal.faults.add("submit_status", status=422, body=LISTED, headers={"X-Credits-Used": "0.65"})
        made.telegram.user_says(42, "/video a fox")
        job = await made.settled(State.FAILED)
        assert (job.charge, job.reserved_micro) == ("yes", 0)
        await made.until(lambda: any("It was charged ($0.65)." in text for text in made.telegram.texts(42)))
        assert made.submits() == 1

    on_bench(story, timing=Timing(resolve_looks_s=(0.05, 0.05)))


def test_the_wrong_one_of_two_hears_of_its_doubt_and_both_get_what_is_theirs(on_bench: Callable[..., None]) -> None:
    async def story(made: Bench) -> None:
        made.telegram.user_says(43, "/start")
        made.fal.faults.add("submit_drop")
        made.fal.faults.add("stuck")
        made.fal.faults.add("submit_slow", seconds=2.0)
        made.telegram.user_says(42, "/video a fox")
        first = await made.settled(State.SUBMIT_UNCONFIRMED)
        made.telegram.user_says(43, "/video a fox")
        await made.until(lambda: made.fal.memory.requests)
        (request,) = made.fal.memory.requests.values()
        handle = made.app.parts.queue.handle_for(request.endpoint, request.id)
        await made.app.store.submits.accepted(first.id, handle, by="list")
        said = len(made.telegram.texts(42))
        async with asyncio.timeout(20):
            while {job.state for job in await made.jobs()} != {State.SUBMIT_UNCONFIRMED, State.RENDERING}:
                await asyncio.sleep(0.02)
        await made.until(lambda: len(made.telegram.texts(42)) > said)  # at once, not after the longest wait
        assert (await made.app.store.jobs.get(first.id)).state is State.SUBMIT_UNCONFIRMED  # type: ignore[union-attr]
        assert made.submits() == 2

    on_bench(story, access="telegram:42,telegram:43", timing=Timing(resolve_looks_s=(0.05,)))
