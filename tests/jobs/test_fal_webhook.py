"""fal's completion calls: sooner than any look, never trusted alone, and what finds a request whose answer was lost."""

import asyncio
import json
from collections.abc import Callable

import httpx
import pytest

from bot.parts import Timing
from bot.store.records import State
from core.fal.webhooks import callback_token
from tests.bench import Bench

OnBench = Callable[..., None]


async def call(made: Bench, job_id: str, request_id: str, *, broken: bool = False, secret: bytes | None = None) -> int:
    """A completion call for this job that names this request, signed by the sandbox."""
    body = json.dumps({"request_id": request_id, "status": "OK"}).encode()
    headers = made.fal.renderer.signer.headers(request_id, body, broken=broken)
    token = callback_token(secret or await made.app.store.installation.secret(), job_id)
    url = f"http://127.0.0.1:{made.settings.port}/fal/webhook/{token}"
    async with httpx.AsyncClient(trust_env=False) as client:
        return (await client.post(url, content=body, headers=headers)).status_code


def webhooks(made: Bench) -> list[str]:
    return [request.webhook or "" for request in made.fal.memory.requests.values()]


@pytest.mark.parametrize("fault", [None, "webhook_repeat", "webhook_silent", "webhook_bad_signature", "no_stream"])
def test_however_the_call_comes_there_is_one_video(on_bench: OnBench, fault: str | None) -> None:
    async def story(made: Bench) -> None:
        if fault:
            made.fal.faults.add(fault, times=3)
        made.telegram.user_says(42, "/video a fox")
        job = await made.settled(State.DELIVERED)
        assert webhooks(made)[0].startswith(f"http://127.0.0.1:{made.settings.port}/fal/webhook/")
        assert job.id in webhooks(made)[0]
        assert made.submits() == len(made.films()) == 1

    on_bench(story, public=True)


def test_a_call_before_the_submits_own_answer(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        made.fal.faults.add("submit_slow", seconds=3.0)
        made.telegram.user_says(42, "/video a fox")
        job = await made.settled(State.SUBMITTING)
        async with asyncio.timeout(20):
            while (await made.app.store.submits.read(job.id)).hint is None:
                await asyncio.sleep(0.02)
        assert (await made.settled(State.SUBMITTING)).id == job.id  # only remembered: the answer is still on its way
        await made.settled(State.DELIVERED)
        assert made.submits() == len(made.films()) == 1

    on_bench(story, public=True)


def test_a_lost_answer_is_found_by_the_call(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        made.fal.faults.add("submit_lost_reply")
        made.fal.faults.add("list_status", times=1000, status=403, body={"detail": "no"})
        made.telegram.user_says(42, "/video a fox")
        job = await made.settled(State.DELIVERED)
        assert job.charge == "yes"
        assert made.submits() == len(made.films()) == 1
        standing = await made.app.store.ledger.standing()
        assert (standing.spent_micro, standing.reserved_micro) == (700_000, 0)

    on_bench(story, public=True, timing=Timing(resolve_looks_s=(0.05, 0.05)))


def test_a_call_that_names_a_request_fal_does_not_know_for_this_job(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        made.fal.faults.add("submit_lost_reply", match="lost")
        made.fal.faults.add("list_status", times=1000, status=403, body={"detail": "no"})
        made.fal.faults.add("webhook_silent", times=1000)
        made.telegram.user_says(42, "/video a fox")
        other = await made.settled(State.DELIVERED)
        bought = (await made.app.store.submits.read(other.id)).handle
        assert bought is not None
        made.telegram.user_says(42, "/video lost")
        async with asyncio.timeout(20):
            while not (lost := await made.app.store.jobs.find(states=[State.SUBMIT_UNCONFIRMED])):
                await asyncio.sleep(0.02)
        unknown = "00000000-0000-4000-8000-000000000000"
        for request_id in (unknown, bought.request_id, "../../etc"):
            assert await call(made, lost[0].id, request_id) == 200
            assert [job.id for job in await made.app.store.jobs.find(states=[State.SUBMIT_UNCONFIRMED])] == [lost[0].id]
        assert len(made.films()) == 1

    on_bench(story, public=True, timing=Timing(resolve_looks_s=(0.05, 0.05)))


def looks(made: Bench) -> list[str]:
    return [each["path"] for each in made.fal.log if each["path"].endswith("/status")]


def test_a_forged_call_changes_nothing(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        made.fal.faults.add("stuck")
        made.telegram.user_says(42, "/video a fox")
        job = await made.settled(State.RENDERING)
        request_id = next(iter(made.fal.memory.requests))
        assert await call(made, job.id, request_id, broken=True) == 401
        assert await call(made, job.id, request_id, secret=b"another installation's secret...") == 401
        assert await call(made, "NOTOURS", request_id) == 200  # signed, but no such job: nothing to repeat
        assert await call(made, job.id, request_id) == 200  # fal's own, and the only look is the one it causes
        await made.until(lambda: looks(made))
        assert len(looks(made)) == 1
        assert (await made.settled(State.RENDERING)).state is State.RENDERING

    on_bench(story, public=True)


def test_a_refusal_that_fal_knows_nothing_of_is_reopened_by_its_call(on_bench: OnBench) -> None:
    """A gateway said "forbidden" after fal had taken the order: told as free, and its film arrives all the same."""

    async def story(made: Bench) -> None:
        made.telegram.user_says(1, "/start")
        made.fal.faults.add("submit_refused_after", status=403, body={"detail": "Forbidden"})
        made.telegram.user_says(42, "/video sandbox:slow-2 fox")
        failed = await made.settled(State.FAILED)
        assert failed.charge == "none"
        job = await made.settled(State.DELIVERED)
        assert (job.charge, job.error) == ("yes", None)
        assert made.submits() == len(made.films()) == 1
        standing = await made.app.store.ledger.standing()
        assert (standing.spent_micro, standing.reserved_micro) == (700_000, 0)
        await made.until(lambda: any("taken to be free" in text for text in made.telegram.texts(1)))

    on_bench(story, public=True, admins="telegram:1")


def test_a_call_to_an_address_of_before_a_rotate_is_refused_and_the_video_comes_all_the_same(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        made.fal.faults.add("submit_slow", seconds=3.0)
        made.telegram.user_says(42, "/video a fox")
        job = await made.settled(State.SUBMITTING)
        old = await made.app.store.installation.secret()
        assert (await made.app.store.installation.rotate()).renderings == 1
        async with asyncio.timeout(10):
            while await call(made, job.id, "x", secret=old, broken=True) != 401 or made.app.secret.value == old:
                await asyncio.sleep(0.1)
        await made.settled(State.DELIVERED)
        assert made.submits() == len(made.films()) == 1

    on_bench(story, public=True)
