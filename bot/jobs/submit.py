"""Submits the one paid request of a job: claimed, receipted, posted once, its answer recorded before anything else.

A claim is committed and an empty receipt synced to the disk before the POST; the answer fills the receipt as soon as
its bytes are here. Whoever meets the claim again reads the receipt first, and never posts.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from decimal import Decimal
from functools import partial
from typing import Any

from bot.jobs.lease_holder import UNTIL_WRITTEN
from bot.jobs.verdicts import NEXT, Verdict, retry
from bot.messages.admin_alerts import Alerts
from bot.settings import Settings
from bot.store import Store
from bot.store.database import now_ms
from bot.store.evidence import Evidence, RequestTaken, TakenBack
from bot.store.records import FREE, MICRO, Job, JobError, State
from bot.store.stored import UnreadableJob
from bot.store.work import Lease
from core.config import FalSettings
from core.errors import SubmitNotSent, SubmitUnconfirmed, VideoError
from core.fal import protocol
from core.fal.client import FalQueue
from core.fal.receipts import FolderReceipts
from core.io.retrying import RetryPolicy, retried
from core.pricing import usd_text
from core.types import RawReply, Submission

log = logging.getLogger(__name__)

NOT_SENT_WINDOW_S = 15 * 60
_WRITING_DOWN = RetryPolicy(  # whatever the database does, for however long; a stop waits 20 s for it
    Exception,
    pauses_s=UNTIL_WRITTEN.pauses_s,
    only_if=lambda error: not isinstance(error, RequestTaken | UnreadableJob),
)
_UNCONFIRMED_S = 28.0  # told within 30 seconds, whatever fal does
_NO_RECEIPT_PAUSE_S = 15.0
_RECEIPT_S = 15.0  # for a folder on a share that does not answer
SEARCH_MS = 10 * 60 * 1000
"""A refusal may be a gateway's: the list is asked for the order for so long, and once more after that."""


def receipt_name(job_id: str, attempt: int) -> str:
    """Return the name of the receipt of one POST."""
    return f"{job_id}-{attempt}"


def charged_by_proxy(job: Job, charged: Decimal | None, settings: FalSettings, alerts: Alerts) -> Decimal | None:
    """Return the dollars that a pre-charging proxy says it took; None at fal itself.

    None, too, for what is no price: the quote stands then, and the admins are alerted.
    """
    if charged is None:
        return None
    usd = protocol.charged_usd(charged, credit_usd=settings.credit_usd, quoted_usd=job.usd)
    if usd is None:
        units = f"{charged:.6g}" if charged.is_finite() else "no number"
        alerts.tell(f"odd charge {job.id}", "alert-odd-charge", job=job.id, said=units, price=usd_text(job.usd))
    return usd


def tell_taken_back(back: TakenBack, owner: str, *, alerts: Alerts) -> None:
    """Tell the admins that a request had been adopted by the wrong one of two jobs in the same words."""
    log.error("a request was adopted by the wrong job", extra={"job_id": back.job_id, "owner": owner})
    price = usd_text(back.price_micro / MICRO)
    facts: dict[str, Any] = {"job": back.job_id, "user": back.user, "price": price}
    if back.kept_film:
        alerts.tell(f"lent {back.job_id}", "alert-film-of-another", owner=owner, **facts)
    else:
        alerts.tell(f"doubt {back.job_id}", "alert-doubt", **facts)


class Submitter:
    """Submits each job at most once. `unconfirmed` tells a job's owner that fal is silent about the order."""

    def __init__(
        self,
        *,
        store: Store,
        queue: FalQueue,
        receipts: FolderReceipts,
        settings: Settings,
        alerts: Alerts,
        webhook_url: Callable[[str], Awaitable[str | None]],
        watch: Callable[[], None],
        unconfirmed: Callable[[Job], Awaitable[None]],
        unconfirmed_after_s: float = _UNCONFIRMED_S,
        not_sent: Callable[[SubmitNotSent], None] = lambda _error: None,
        still_ours: Callable[[Lease], bool] = lambda _lease: True,
        first_look_s: float = 2.0,
    ) -> None:
        """Build the submitter.

        `not_sent` hears of each try that provably never left; it is taken again for a quarter of an hour. `still_ours`:
        whether a lease is valid at this moment. `first_look_s`: until an order without an answer is looked for.
        """
        self._store = store
        self._queue = queue
        self._receipts = receipts
        self._settings = settings
        self._alerts = alerts
        self._webhook_url = webhook_url
        self._watch = watch
        self._unconfirmed = unconfirmed
        self._unconfirmed_after_s = unconfirmed_after_s
        self._on_not_sent = not_sent
        self._still_ours = still_ours
        self._first_look_s = first_look_s
        self._posts: set[asyncio.Task[Verdict]] = set()
        self._waiting: set[str] = set()
        self._telling: set[asyncio.Task[None]] = set()
        self._closing = False

    async def close(self, *, timeout_s: float = 20.0) -> None:
        """Start no more claims, and let the paid requests under way be answered and recorded."""
        self._closing = True
        if self._posts:
            await asyncio.wait(self._posts, timeout=timeout_s)
        for telling in self._telling:
            telling.cancel()
        await asyncio.gather(*self._telling, return_exceptions=True)

    def waits_for_fal(self, job_id: str) -> bool:
        """Return whether the paid request of this job is out, and fal has not answered it yet."""
        return job_id in self._waiting

    async def submit(self, job: Job, lease: Lease | None) -> Verdict:
        """Claim the job and post it, once. After the claim every way out is recorded. Raises LeaseLost before it."""
        if self._closing:
            return retry(0.0)  # after the restart
        try:
            body = protocol.request_text(job.request)
        except VideoError as error:  # the model has left the catalogue since it was ordered
            return await self._not_bought(job, error, lease)
        url = await self._webhook_url(job.id)
        if await self._store.submits.claim(job.id, body=body, lease=lease) != "yours":
            return NEXT  # cancelled, or claimed before: what stands in the rows says how it goes on
        post = asyncio.create_task(self._claimed(job, body, url, lease), name=f"order {job.id}")
        self._posts.add(post)
        post.add_done_callback(self._ended)
        return await asyncio.shield(post)  # whatever becomes of the lease: its answer is written down

    def _ended(self, post: asyncio.Task[Verdict]) -> None:
        """Forget the order's task; nobody may await it any more, if its lease was lost."""
        self._posts.discard(post)
        error = None if post.cancelled() else post.exception()
        if error is not None:
            log.error("how an order ended is not written down", extra={"task": post.get_name()}, exc_info=error)

    async def _claimed(self, job: Job, body: str, url: str | None, lease: Lease | None) -> Verdict:
        """No receipt, no POST: an answer that could be kept nowhere would be a purchase that nobody finds again."""
        try:
            name = receipt_name(job.id, (await self._store.submits.read(job.id)).attempt)
            async with asyncio.timeout(_RECEIPT_S):
                reserved = await self._receipts.reserve(name)
        except OSError as error:  # a TimeoutError is one: a share that does not answer
            reason = error.strerror or type(error).__name__
            log.error("no receipt, so nothing is ordered", extra={"job_id": job.id, "reason": reason})  # noqa: TRY400
            self._alerts.tell("receipts", "alert-no-receipt", reason=reason)
            return await self._not_sent(job, SubmitNotSent(reason="no receipt"), after_s=_NO_RECEIPT_PAUSE_S)
        except Exception:
            log.exception("claimed, but nothing is ordered", extra={"job_id": job.id})
            return await self._not_sent(job, SubmitNotSent(reason="no receipt"), after_s=_NO_RECEIPT_PAUSE_S)
        if not reserved:  # this very order stands in the folder: the database is older than it (a restored backup)
            return await self.resume(job) or self._unanswered()
        if lease is not None and not self._still_ours(lease):  # frozen until now: nothing has left yet
            return await self._not_sent(job, SubmitNotSent(reason="not ours"))
        return await self._settle(job, self._post(job, body, name, url), by="answer")

    async def _post(self, job: Job, body: str, name: str, url: str | None) -> Submission:
        async def keep(reply: RawReply) -> None:
            async with asyncio.timeout(_RECEIPT_S):
                await self._receipts.fill(name, reply)

        self._tell_if_silent(job)
        self._waiting.add(job.id)
        try:
            return await self._queue.submit(job.request, body=body, webhook_url=url, on_reply=keep)
        finally:
            self._waiting.discard(job.id)

    def _tell_if_silent(self, job: Job) -> None:
        """Tell the owner when there is no answer yet; the POST is not aborted, its answer is worth waiting for.

        Also when the POST has ended by then and is being looked for.
        """
        telling = asyncio.create_task(self._tell_unconfirmed(job), name=f"unconfirmed {job.id}")
        self._telling.add(telling)
        telling.add_done_callback(self._telling.discard)

    async def _tell_unconfirmed(self, job: Job) -> None:
        await asyncio.sleep(self._unconfirmed_after_s)
        try:
            now = await self._store.jobs.get(job.id)
            if now is not None and now.state is State.SUBMITTING:
                log.warning("fal has not confirmed an order yet", extra={"job_id": job.id})
                await self._unconfirmed(job)
        except UnreadableJob:
            log.info("nothing to say yet of a row that cannot be read", extra={"job_id": job.id})
        except Exception:
            log.exception("its owner does not know that an order is not confirmed", extra={"job_id": job.id})

    async def _settle(self, job: Job, answer: Awaitable[Submission], *, by: Evidence) -> Verdict:
        """Write what fal answered, or did not, into the rows."""
        try:
            submission = await answer
        except SubmitUnconfirmed as error:
            log.warning("fal did not confirm an order", extra={"job_id": job.id, **_why(error)})
            await self._note_end(job.id)
            return self._unanswered()
        except SubmitNotSent as error:
            return await self._not_sent(job, error)
        except VideoError as error:
            log.info("refused", extra={"job_id": job.id, "code": error.code})
            await self._store.submits.refused(
                job.id, JobError(error.code, dict(error.facts)), search_until=search_until(error)
            )
            self._alerts.refused(error.code)
            return NEXT
        return await self._bought(job, submission, by)

    async def _bought(self, job: Job, submission: Submission, by: Evidence) -> Verdict:
        if not await self._write_down(job, submission, by):
            await self._note_end(job.id)
            return self._unanswered()
        self._alerts.accepted()
        self._watch()
        return NEXT

    async def _write_down(self, job: Job, submission: Submission, by: Evidence) -> bool:
        """Write the answer, which is in the receipt already, whenever the database takes it.

        False: fal named a request of another job, so this one's is unknown.
        """
        charged_usd = charged_by_proxy(job, submission.charged, self._settings, self._alerts)

        def tell(error: Exception) -> None:
            log.error("an order is not written down yet", extra={"job_id": job.id}, exc_info=error)

        accept = partial(self._store.submits.accepted, job.id, submission.handle, by=by, charged_usd=charged_usd)
        try:
            back = await retried(accept, _WRITING_DOWN, on_retry=tell)
        except RequestTaken:
            log.warning("fal named another job's request", extra={"job_id": job.id})
            return False
        if back is not None:
            tell_taken_back(back, job.id, alerts=self._alerts)
        return True

    async def _note_end(self, job_id: str) -> None:
        """Record when the POST ended: it narrows the search, no more."""
        try:
            await self._store.submits.ended(job_id)
        except Exception:
            log.exception("the end of a submit is not written down", extra={"job_id": job_id})

    def _unanswered(self) -> Verdict:
        """Nobody knows whether it was paid: from here on nothing is posted, only asked."""
        return Verdict(self._first_look_s, progress=True)

    async def resume(self, job: Job) -> Verdict | None:
        """Take up an order that is claimed already, by what its receipt says. None: it says nothing that is clear."""
        submit = await self._store.submits.read(job.id)
        reply = await self._receipts.read(receipt_name(job.id, submit.attempt)) if submit.state == "sending" else None
        if reply is None:
            return None
        verdict = await self._settle(job, self._read_receipted(job, reply), by="receipt")
        return None if verdict == self._unanswered() else verdict

    async def _read_receipted(self, job: Job, reply: RawReply) -> Submission:
        log.info("the answer to an order is read from its receipt", extra={"job_id": job.id})
        return self._queue.read_submit(reply, endpoint=job.request.endpoint)

    async def _not_sent(self, job: Job, error: SubmitNotSent, *, after_s: float | None = None) -> Verdict:
        """Proven: nothing was bought. Known only here, so it is written down whenever that works; else it is doubt."""

        def tell(error: Exception) -> None:
            log.error("that nothing was ordered is not written down yet", extra={"job_id": job.id}, exc_info=error)

        asked_s = error.facts.get("retry_after")
        if after_s is None and isinstance(asked_s, int | float):
            after_s = float(asked_s)
        write = partial(self._store.submits.not_sent, job.id, after_s=after_s)
        submit = await retried(write, UNTIL_WRITTEN, on_retry=tell)
        if now_ms() - submit.created > NOT_SENT_WINDOW_S * 1000:
            return await self._not_bought(job, error, None)
        self._on_not_sent(error)
        return retry(0.0)  # when its row says

    async def _not_bought(self, job: Job, error: VideoError, lease: Lease | None) -> Verdict:
        log.info("job failed", extra={"job_id": job.id, "code": error.code, "charge": "none"})
        failure = JobError(error.code, dict(error.facts))
        await self._store.jobs.fail(job.id, failure, charge="none", only_from=FREE, lease=lease)
        return NEXT


def search_until(error: VideoError) -> int | None:
    """Return until when the list is searched for a refused order; None where fal itself has refused it."""
    return None if error.fals_own else now_ms() + SEARCH_MS


def _why(error: VideoError) -> dict[str, Any]:
    return {"reason": error.facts.get("reason"), "status": error.facts.get("status")}
