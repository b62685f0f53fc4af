"""The one paid request: no receipt, no POST; an answer is never lost; a silent fal is told of."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.jobs.collect import Collector
from bot.jobs.prepare import Preparer
from bot.jobs.submit import Submitter, receipt_name
from bot.jobs.submit_reconciliation import SubmitReconciler
from bot.jobs.works import Works
from bot.messages.admin_alerts import Alerts
from bot.settings import Settings
from bot.store import Store
from bot.store.records import Job, JobDraft, State, record
from core.fal.client import FalQueue
from core.fal.protocol import request_text
from core.fal.receipts import FolderReceipts
from core.pricing import plan
from core.sandbox import Sandbox, create_app
from core.types import RawReply
from tests.films import STUDIO
from tests.rows import set_columns
from tests.serving import served
from tests.store.test_claim import earlier
from tests.store.test_store import CAPS, said

KEY = "fal-key-of-the-submits-0123456789"


async def no_webhook(_job_id: str) -> str | None:
    return None


@dataclass
class Post:
    """A Submitter on a real store, a real queue and the sandbox."""

    store: Store
    fal: Sandbox
    queue: FalQueue
    receipts: FolderReceipts
    submitter: Submitter
    settings: Settings
    alerts: Alerts
    silent: list[str] = field(default_factory=list)
    queues: list[FalQueue] = field(default_factory=list)

    async def job(self, prompt: str, *, event: str | None = None) -> Job:
        """An accepted job whose turn has come."""
        request = plan(prompt, model="balanced", duration=5)
        new = JobDraft(said(event or prompt), "en", request)
        made = await self.store.jobs.accept(new, inbox_id=None, caps=CAPS)
        assert isinstance(made, str)
        await self.store.jobs.move(made, State.PREPARING)
        return await self.now(made)

    async def now(self, job_id: str) -> Job:
        job = await self.store.jobs.get(job_id)
        assert job is not None
        return job

    def collector(self, **settings: object) -> Collector:
        """With the settings of another start."""
        changed = self.settings.model_copy(update=settings)
        queue = FalQueue.from_settings(changed)
        self.queues.append(queue)
        return Collector(store=self.store, queue=queue, receipts=self.receipts, settings=changed, alerts=self.alerts)

    def posts(self) -> int:
        return sum(call["method"] == "POST" for call in self.fal.log)

    def lost_orders(self) -> SubmitReconciler:
        return SubmitReconciler(
            store=self.store,
            queue=self.queue,
            receipts=self.receipts,
            settings=self.settings,
            alerts=self.alerts,
            watch=lambda: None,
        )

    async def work(self, job: Job, *, collector: Collector | None = None) -> State:
        """Do one work on the job, as its row asks for it; gives the state that it leads to."""
        works = Works(
            store=self.store,
            preparer=Preparer(
                store=self.store, channels={}, settings=self.settings, alerts=self.alerts, room=lambda _folder: 2**40
            ),
            submitter=self.submitter,
            lost_orders=self.lost_orders(),
            collector=collector or self.collector(),
            delivery=None,
            alerts=self.alerts,
        )
        taken = await self.store.leases.take_one("test", job.id)
        assert taken is not None
        verdict = await works.bodies[taken.work](taken)
        await self.store.leases.conclude(taken.lease, due_in_s=verdict.after_s, progress=verdict.progress)
        return (await self.now(job.id)).state


@asynccontextmanager
async def post(folder: Path, database_url: str, *, unconfirmed_after_s: float = 28.0) -> AsyncIterator[Post]:
    sandbox = create_app(folder=folder / "fal", key=KEY, studio=STUDIO)
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(served(sandbox))
        settings = Settings.offline(fal_key=KEY, fal_queue_url=url, output_dir=folder / "out")
        store, queue = await Store.open(database_url), FalQueue.from_settings(settings)
        receipts, silent = FolderReceipts(settings.receipts_dir), list[str]()
        alerts = Alerts(store=store, channels={}, admins=(), caps=CAPS)

        async def unconfirmed(job: Job) -> None:
            silent.append(job.id)

        submitter = Submitter(
            store=store,
            queue=queue,
            receipts=receipts,
            settings=settings,
            alerts=alerts,
            webhook_url=no_webhook,
            watch=lambda: None,
            unconfirmed=unconfirmed,
            unconfirmed_after_s=unconfirmed_after_s,
        )
        made = Post(store, sandbox.state.sandbox, queue, receipts, submitter, settings, alerts, silent)
        try:
            yield made
        finally:
            await alerts.close()
            for each in (queue, *made.queues):
                await each.close()
            store.close()


Story = Callable[[Post], Awaitable[None]]


@pytest.fixture
def posting(tmp_path: Path, database_url: str) -> Callable[..., None]:
    def run(story: Story, **more: float) -> None:
        async def whole() -> None:
            async with post(tmp_path, database_url, **more) as made:
                await story(made)

        asyncio.run(whole())

    return run


def test_the_claim_keeps_exactly_what_is_posted(posting: Callable[..., None]) -> None:
    async def story(made: Post) -> None:
        job = await made.job("a fox, 狐狸 \u2028 “quoted”")
        assert await made.work(job) is State.RENDERING
        submit = await made.store.submits.read(job.id)
        assert submit.body is not None
        (request,) = made.fal.memory.requests.values()
        assert json.loads(submit.body) == request.body
        assert submit.answered is not None
        assert submit.claimed <= submit.answered

    posting(story)


def test_no_receipt_no_post(posting: Callable[..., None]) -> None:
    async def story(made: Post) -> None:
        made.settings.receipts_dir.parent.mkdir(parents=True, exist_ok=True)
        made.settings.receipts_dir.write_text("in the way")  # no folder can be made there
        job = await made.job("a fox")
        assert await made.work(job) is State.PREPARING
        assert made.posts() == 0
        assert (await made.store.submits.read(job.id)).state == "not_sent"
        assert (await made.now(job.id)).state is State.PREPARING
        made.settings.receipts_dir.unlink()
        assert await made.work(job) is State.RENDERING
        assert made.posts() == 1

    posting(story)


def test_a_silent_fal_is_told_of_and_waited_for(posting: Callable[..., None]) -> None:
    async def story(made: Post) -> None:
        made.fal.faults.add("submit_slow", match="a slow fox", seconds=2.5)
        slow, quick = await made.job("a slow fox"), await made.job("a quick fox")
        assert await made.work(quick) is State.RENDERING
        assert await made.work(slow) is State.RENDERING
        assert made.silent == [slow.id]
        assert made.posts() == 2

    posting(story, unconfirmed_after_s=1.5)  # the quick one takes less, also on a busy machine


def test_an_answer_that_no_row_holds_is_read_from_its_receipt(posting: Callable[..., None]) -> None:
    """The process died, or the database was away, between the answer and its row."""

    async def story(made: Post) -> None:
        job = await made.job("a fox")
        assert await made.store.submits.claim(job.id, body="{}") == "yours"
        name = receipt_name(job.id, 1)
        assert await made.receipts.reserve(name)
        await made.receipts.fill(name, RawReply(200, {}, b'{"request_id": "req-of-the-fox", "status": "IN_QUEUE"}'))
        assert await made.work(job) is State.RENDERING
        assert made.posts() == 0
        submit = await made.store.submits.read(job.id)
        assert submit.handle is not None
        assert submit.handle.request_id == "req-of-the-fox"
        assert (await made.now(job.id)).state is State.RENDERING

    posting(story)


def test_a_job_in_doubt_is_found_by_its_receipt_too(posting: Callable[..., None]) -> None:
    async def story(made: Post) -> None:
        found, refused, lost = [await made.job(f"fox {number}") for number in range(3)]
        replies = {
            found.id: RawReply(200, {}, b'{"request_id": "req-found"}'),
            refused.id: RawReply(403, {}, b'{"detail": "User is locked. Reason: Exhausted balance."}'),
        }
        for job in (found, refused, lost):
            assert await made.store.submits.claim(job.id, body="{}") == "yours"
            assert await made.receipts.reserve(receipt_name(job.id, 1))
            assert await made.store.jobs.mark_unconfirmed(job.id, "no answer")
            if job.id in replies:
                await made.receipts.fill(receipt_name(job.id, 1), replies[job.id])
        jobs = [await made.now(job.id) for job in (found, refused, lost)]
        assert await made.lost_orders().resolve(jobs) == {found.id}
        states = {job.id: (await made.now(job.id)).state for job in jobs}
        assert states == {found.id: State.RENDERING, refused.id: State.FAILED, lost.id: State.SUBMIT_UNCONFIRMED}
        assert (await made.now(refused.id)).charge == "none"
        assert (await made.now(refused.id)).due is not None  # its owner is to be told
        assert made.posts() == 0

    posting(story)


def test_a_database_older_than_the_receipt_buys_nothing(posting: Callable[..., None]) -> None:
    """A backup was restored: the job waits for its turn in it, and was bought long ago."""

    async def story(made: Post) -> None:
        answered, silent = await made.job("fox 1"), await made.job("fox 2")
        for job in (answered, silent):
            assert await made.receipts.reserve(receipt_name(job.id, 1))
        await made.receipts.fill(receipt_name(answered.id, 1), RawReply(200, {}, b'{"request_id": "req-1"}'))
        assert await made.work(answered) is State.RENDERING
        assert await made.work(silent) is State.SUBMITTING
        assert made.posts() == 0

    posting(story)


def test_a_request_of_another_job_is_not_taken_for_ours(posting: Callable[..., None]) -> None:
    """A gateway repeats an old answer: it is doubt at once, not after half a minute of tries."""

    async def story(made: Post) -> None:
        first, second = await made.job("fox 1"), await made.job("fox 2")
        assert await made.work(first) is State.RENDERING
        bought = (await made.store.submits.read(first.id)).handle
        assert bought is not None
        made.fal.faults.add("submit_status", match="fox 2", status=200, body={"request_id": bought.request_id})
        async with asyncio.timeout(5):
            assert await made.work(second) is State.SUBMITTING
        submit = await made.store.submits.read(second.id)
        assert (submit.state, submit.handle) == ("sending", None)
        assert submit.answered is not None

    posting(story)


def test_a_late_answer_moves_no_job_that_is_further(posting: Callable[..., None]) -> None:
    """A worker was frozen in its POST; another has found the request and delivered the film meanwhile."""

    async def story(made: Post) -> None:
        job = await made.job("a fox")
        assert await made.store.submits.claim(job.id, body="{}") == "yours"
        handle = made.queue.handle_for(job.request.endpoint, "req-1")
        await made.store.submits.accepted(job.id, handle)
        await made.store.jobs.move(job.id, State.DELIVERED, outcome_ref="7")
        await made.store.submits.accepted(job.id, replace(handle))
        assert (await made.now(job.id)).state is State.DELIVERED

    posting(story)


def test_a_model_that_left_the_catalogue_is_not_ordered(posting: Callable[..., None]) -> None:
    async def story(made: Post) -> None:
        job = await made.job("a fox")
        await set_columns(made.store, job.id, request=record(replace(job.request, model="sora-2")))
        assert await made.work(job) is State.FAILED
        now = await made.now(job.id)
        assert (now.state, now.charge) == (State.FAILED, "none")
        assert made.posts() == 0

    posting(story)


def test_a_claimed_job_whose_model_left_the_catalogue_is_not_forgotten(posting: Callable[..., None]) -> None:
    """It was bought by an earlier version: the answer lies in its receipt."""

    async def story(made: Post) -> None:
        job = await made.job("a fox")
        assert await made.store.submits.claim(job.id, body="{}") == "yours"
        assert await made.receipts.reserve(receipt_name(job.id, 1))
        await set_columns(made.store, job.id, request=record(replace(job.request, model="sora-2")))
        assert await made.work(job) is State.SUBMITTING
        await made.receipts.fill(receipt_name(job.id, 1), RawReply(200, {}, b'{"request_id": "req-1"}'))
        assert await made.work(job) is State.RENDERING
        assert (await made.now(job.id)).state is State.RENDERING
        assert made.posts() == 0

    posting(story)


def test_what_a_proxy_took_is_the_price_also_from_a_receipt(posting: Callable[..., None]) -> None:
    async def story(made: Post) -> None:
        job = await made.job("a fox")
        assert await made.store.submits.claim(job.id, body="{}") == "yours"
        assert await made.receipts.reserve(receipt_name(job.id, 1))
        charged = RawReply(200, {"x-credits-used": "3"}, b'{"request_id": "req-1"}')
        await made.receipts.fill(receipt_name(job.id, 1), charged)
        assert await made.store.jobs.mark_unconfirmed(job.id, "no answer")
        assert await made.lost_orders().resolve([await made.now(job.id)]) == {job.id}
        now = await made.now(job.id)
        assert (now.usd, now.reserved_micro) == (Decimal(3), 3_000_000)

    posting(story)


def test_an_order_on_its_way_keeps_its_row_in_the_list(posting: Callable[..., None]) -> None:
    """Its owner has ordered a doubt anew: fal lists the new request before its answer is here, and it says the same."""

    async def story(made: Post) -> None:
        lost, anew = await made.job("a fox", event="1"), await made.job("a fox", event="2")
        body = request_text(lost.request)
        assert await made.store.submits.claim(lost.id, body=body) == "yours"
        await earlier(made.store, 50)
        assert await made.store.submits.claim(anew.id, body=body) == "yours"
        submission = await made.queue.submit(anew.request, body=body)  # and its answer is not written down yet
        assert await made.lost_orders().resolve([await made.now(lost.id)]) == set()
        assert await made.lost_orders().resolve([await made.now(anew.id)]) == set()  # the other one's may come, too
        await made.store.submits.ended(lost.id)
        assert await made.lost_orders().resolve([await made.now(anew.id)]) == {anew.id}
        assert (await made.store.submits.read(anew.id)).handle == submission.handle
        assert (await made.now(lost.id)).state is State.SUBMITTING

    posting(story)


def test_the_order_of_a_job_that_cannot_be_read_keeps_its_row_in_the_list(posting: Callable[..., None]) -> None:
    async def story(made: Post) -> None:
        lost, unread = await made.job("a fox", event="1"), await made.job("a fox", event="2")
        body = request_text(lost.request)
        assert await made.store.submits.claim(lost.id, body=body) == "yours"
        await earlier(made.store, 50)
        assert await made.store.submits.claim(unread.id, body=body) == "yours"
        await made.queue.submit(unread.request, body=body)
        await set_columns(made.store, unread.id, request={"of": "a newer version"})
        assert await made.lost_orders().resolve([await made.now(lost.id)]) == set()
        assert (await made.now(lost.id)).state is State.SUBMITTING

    posting(story)


@pytest.mark.parametrize("key", [None, SecretStr("a–key–with–dashes")])
def test_a_missing_key_of_ours_ends_no_paid_job(posting: Callable[..., None], key: SecretStr | None) -> None:
    async def story(made: Post) -> None:
        job = await made.job("a fox")
        assert await made.work(job) is State.RENDERING
        collector = made.collector(fal_key=key)
        assert await made.work(job, collector=collector) in {State.RENDERING, State.DOWNLOADING}
        assert await made.store.jobs.park(job.id, "odd")
        assert await made.work(job, collector=collector) is State.PARKED
        parked = await made.now(job.id)
        assert (parked.charge, parked.odd is not None) == (None, True)
        while await made.work(job) is not State.READY:
            await asyncio.sleep(0.1)

    posting(story)


def test_many_unreadable_results_hide_no_readable_one(posting: Callable[..., None]) -> None:
    async def story(made: Post) -> None:
        job = await made.job("a fox")
        assert await made.work(job) is State.RENDERING
        for number in range(20):
            await made.store.submits.keep_result(job.id, RawReply(200, {}, b'{"trace": %d}' % number))
        film = RawReply(200, {}, b'{"video": {"url": "https://v3.fal.media/files/b/a.mp4"}}')
        await made.store.submits.keep_result(job.id, film)
        kept = await made.store.submits.results(job.id)
        assert len(kept) == 8
        assert (kept[0].body, kept[-1]) == (b'{"trace": 0}', film)
        in_receipt = RawReply(200, {}, b'{"only": "in the receipt"}')
        await made.receipts.keep_result(receipt_name(job.id, 1), in_receipt)
        stored = await made.collector().stored_results(await made.now(job.id), await made.store.submits.read(job.id))
        assert in_receipt in stored

    posting(story)


def test_completed_and_still_in_progress_is_odd(posting: Callable[..., None]) -> None:
    """Both at once is no word that ends the wait: after ten minutes of it the job holds no slot any more."""

    async def story(made: Post) -> None:
        job = await made.job("a fox")
        assert await made.work(job) is State.RENDERING
        too_early = {"detail": "Request is still in progress"}
        made.fal.faults.add("result_status", times=2, status=400, body=too_early)
        while await made.work(job) is State.RENDERING:
            await asyncio.sleep(0.05)
        now = await made.now(job.id)
        assert (now.state, now.odd_since is not None) == (State.DOWNLOADING, True)
        assert await made.work(job) is State.DOWNLOADING
        assert await made.work(job) is State.READY

    posting(story)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (429, None),
        (429, {"message": "slow down"}),
        (429, {"detail": "Too many requests"}),
        (429, {"detail": [{"loc": ["body"], "msg": "slow down", "type": "value_error"}]}),
        (403, {"message": "Forbidden"}),
        (403, None),
        (404, {"error": "no"}),
    ],
)
def test_a_gateways_refusal_is_no_word_on_an_order(posting: Callable[..., None], status: int, body: object) -> None:
    """It may have been written after fal took the order: posted again it would be paid again."""

    async def story(made: Post) -> None:
        made.fal.faults.add("submit_status", status=status, body=body)
        job = await made.job("a fox")
        assert await made.work(job) is State.SUBMITTING
        assert (await made.store.submits.read(job.id)).state == "sending"

    posting(story)


def test_a_call_names_the_request_that_an_answer_mixed_up(posting: Callable[..., None]) -> None:
    """The answer in the receipt names another job's request: fal's own call is believed instead."""

    async def story(made: Post) -> None:
        first, second = await made.job("fox 1"), await made.job("fox 2")
        assert await made.work(first) is State.RENDERING
        made.fal.faults.add("submit_repeats_id", match="fox 2")
        assert await made.work(second) is State.SUBMITTING
        (named,) = [each.id for each in made.fal.memory.requests.values() if each.body["prompt"] == "fox 2"]
        await made.store.submits.hint(second.id, named)
        made.fal.faults.add("list_status", times=100, status=403)
        assert await made.lost_orders().resolve([await made.now(second.id)]) == {second.id}
        handle = (await made.store.submits.read(second.id)).handle
        assert handle is not None
        assert handle.request_id == named

    posting(story)


def test_the_word_comes_also_while_a_lost_order_is_looked_for(posting: Callable[..., None]) -> None:
    async def story(made: Post) -> None:
        made.fal.faults.add("submit_lost_reply", times=2, match="lost")
        lost, quick, later = await made.job("a lost fox"), await made.job("a quick fox"), await made.job("lost, too")
        assert await made.work(lost) is State.SUBMITTING
        assert await made.work(quick) is State.RENDERING
        assert await made.work(later) is State.SUBMITTING
        async with asyncio.timeout(10):
            while later.id not in made.silent:  # the quick one's would have come before
                await asyncio.sleep(0.02)
        assert made.silent == [lost.id, later.id]

    posting(story, unconfirmed_after_s=2.0)
