"""Reconciles submits whose answer was lost with the receipt, fal's webhook and fal's request list. Buys nothing.

The receipt lies in the folder of the worker that posted; where workers have separate folders, the webhook and the list
do this. An order that was refused in words that may be a gateway's is looked for in the list, too, for a while.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from bot.jobs.submit import SEARCH_MS, charged_by_proxy, receipt_name, search_until, tell_taken_back
from bot.loops import Loop
from bot.messages.admin_alerts import Alerts
from bot.store import Store
from bot.store.database import now_ms
from bot.store.evidence import Evidence, RequestTaken
from bot.store.records import KNOWN_AT_FAL, Job, JobError, State, Submit
from bot.store.stored import UnreadableJob
from bot.store.submits import answered_at, claimed_at
from core.config import FalSettings
from core.errors import SubmitNotSent, SubmitUnconfirmed, VideoError
from core.fal import protocol, replies
from core.fal.client import FalQueue
from core.fal.receipts import FolderReceipts
from core.pricing import usd_text
from core.types import LostOrder, Submission

log = logging.getLogger(__name__)

_LOOK_S = 3.0
_SEARCHED_MS = 24 * 3600 * 1000
_SEARCH_S = 120.0  # a walk through fal's list for all doubtful jobs
_OPEN_MS = 3 * 60 * 1000  # a POST, and the writing down of its answer, are over by then (submit.py)
_IN_DOUBT = frozenset({State.SUBMITTING, State.SUBMIT_UNCONFIRMED})


class SubmitReconciler:
    """Looks for lost orders: one at a time where a job asks for it, and all that are in doubt by its `loop`."""

    def __init__(
        self,
        *,
        store: Store,
        queue: FalQueue,
        receipts: FolderReceipts,
        settings: FalSettings,
        alerts: Alerts,
        watch: Callable[[], None],
        gap_s: float = 300.0,
    ) -> None:
        """`watch` is told when a request was found: its job renders. `gap_s`: between two searches for all."""
        self._store = store
        self._queue = queue
        self._receipts = receipts
        self._settings = settings
        self._alerts = alerts
        self._watch = watch
        self.loop = Loop("lost orders", self._search, pause_s=lambda: gap_s, stuck_s=_SEARCH_S + 60)

    async def resolve(self, jobs: Sequence[Job], *, within_s: float = _LOOK_S) -> set[str]:
        """Find the requests of these jobs, in doubt or refused, and return the ids of those that are known now.

        One walk through fal's list for all that nothing else knows. Those that are known render. Ends within about
        `within_s`, whatever fal does.
        """
        found: set[str] = set()
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                lost = [job for job in jobs if not await self._found(job, found)]
                found |= await self._listed(lost)
        return found

    async def _search(self) -> None:
        """Search for lost orders, and for refused ones that may have come from a gateway.

        What turns up within a day is still delivered.
        """
        doubtful = await self._store.jobs.find(states=[State.SUBMIT_UNCONFIRMED])
        recent = [job for job in doubtful if now_ms() - job.created < _SEARCHED_MS]
        refused = await self._store.jobs.find(ids=[each.job_id for each in await self._store.submits.to_search()])
        if recent or refused:
            await self.resolve([*recent, *refused], within_s=_SEARCH_S)

    async def reopen(self, job: Job, request_id: str) -> bool:
        """Return whether fal has the request of a job whose order seemed refused: it renders then.

        Raises VideoError.
        """
        handle = self._queue.handle_for(job.request.endpoint, request_id)
        return await self._queue.knows(handle) and await self._reopen(job, Submission(handle), by="webhook")

    async def _reopen(self, job: Job, submission: Submission, *, by: Evidence) -> bool:
        request_id = submission.handle.request_id
        if not await self._store.submits.reopen(job.id, submission.handle, by=by):
            return False
        log.error("a refused order was taken after all", extra={"job_id": job.id, "request_id": request_id})
        if job.charge == "none":
            price = usd_text(job.usd)
            self._alerts.tell(f"charged {job.id}", "alert-charged-after-all", job=job.id, user=job.user, price=price)
        self._watch()
        return True

    async def close_refused(self, job: Job) -> bool:
        """End a job that fal refused in its own words while the proxy says or may have that it took money.

        Nobody knows the request, and the account says what the proxy says. False for any other job.
        """
        submit = await self._store.submits.read(job.id)
        reply = await self._receipts.read(receipt_name(job.id, submit.attempt)) if submit.state == "sending" else None
        error = replies.refusal(reply) if reply is not None else None
        if reply is None or error is None or not error.fals_own:
            return False
        charged = protocol.credits_used(reply.headers)
        usd = charged_by_proxy(job, charged, self._settings, self._alerts) if charged else None
        return await self._store.submits.refused(
            job.id,
            JobError(_code(error), dict(error.facts)),
            charge="yes" if usd else "possibly",
            charged_usd=usd,
            search_until=now_ms() + SEARCH_MS,
        )

    async def _found(self, job: Job, found: set[str]) -> bool:
        """Return whether what we have here knows it. One job that cannot be examined does not keep the others back."""
        try:
            if await self._known(job):
                found.add(job.id)
        except UnreadableJob:
            log.info("a claim that cannot be read is looked for by its words alone", extra={"job_id": job.id})
        except Exception:
            log.exception("a lost request was not looked for", extra={"job_id": job.id})
        return job.id in found

    async def _known(self, job: Job) -> bool:
        """Return whether the row, the receipt or the webhook's hint knows the request."""
        submit = await self._store.submits.read(job.id)
        if submit.state == "accepted":
            resumed = await self._store.jobs.resume(job.id, "taken up again")
            return resumed or job.state in KNOWN_AT_FAL | {State.SUBMITTING}
        if submit.state != "sending" or job.state not in _IN_DOUBT:
            return False
        receipted = await self._receipted(job, submit)
        if receipted is not None and await self._adopt(job, receipted, by="receipt"):
            return True
        hinted = await self._hinted(job, submit.hint)
        return hinted is not None and await self._adopt(job, hinted, by="webhook")

    async def _receipted(self, job: Job, submit: Submit) -> Submission | None:
        """Read an answer that was stored and never recorded. One that says no ends the job: nothing was bought."""
        reply = await self._receipts.read(receipt_name(job.id, submit.attempt))
        if reply is None:
            return None
        try:
            return self._queue.read_submit(reply, endpoint=job.request.endpoint)
        except SubmitUnconfirmed:
            return None
        except VideoError as error:
            facts = dict(error.facts)
            await self._store.submits.refused(job.id, JobError(_code(error), facts), search_until=search_until(error))
            return None

    async def _hinted(self, job: Job, request_id: str | None) -> Submission | None:
        """Return the request that a signed webhook named, if fal knows it under this job's endpoint."""
        if request_id is None:
            return None
        handle = self._queue.handle_for(job.request.endpoint, request_id)
        with suppress(VideoError):
            return Submission(handle) if await self._queue.knows(handle) else None
        return None

    async def _listed(self, jobs: Sequence[Job]) -> set[str]:
        """Search fal's list.

        Other orders whose answer is still on its way, or that were refused by a gateway, are in it, too, and may say
        the same: they compete for its rows, and nothing is written for them.
        """
        wanted = {job.id: job for job in jobs}
        began = now_ms()
        orders = [order for order in await self.claims(jobs) if order.name in wanted]
        if not orders:
            return set()
        try:
            found = await self._queue.find_submitted(
                orders, claims=partial(self.claims, jobs), owned=self._store.submits.owned
            )
        except VideoError as error:
            log.warning("the request list was not read", extra={"reason": str(error)})
            return set()
        listed = {job_id for job_id, handle in found.items() if await self._take(wanted[job_id], Submission(handle))}
        await self._store.submits.searched_in_vain(wanted.keys() - listed, began=began)
        return listed

    async def _take(self, job: Job, submission: Submission) -> bool:
        if job.state is State.FAILED:
            return await self._reopen(job, submission, by="list")
        return await self._adopt(job, submission, by="list")

    async def claims(self, jobs: Sequence[Job]) -> list[LostOrder]:
        """Return every order whose answer is not known, as it is now."""
        claims = {
            each.job_id: each for each in (*await self._store.submits.sending(), *await self._store.submits.to_search())
        }
        known = {job.id: job for job in (*await self._store.jobs.find(ids=claims.keys()), *jobs)}
        now = now_ms()
        readable = [_order(known[job_id], claim, now=now) for job_id, claim in claims.items() if job_id in known]
        # What one whose row cannot be read may have bought is not another's to take.
        unread = [_unread_orders(claim, jobs, now=now) for job_id, claim in claims.items() if job_id not in known]
        return [order for orders in (*readable, *unread) for order in orders]

    async def _adopt(self, job: Job, submission: Submission, *, by: Evidence) -> bool:
        charged_usd = charged_by_proxy(job, submission.charged, self._settings, self._alerts)
        request_id = submission.handle.request_id
        try:
            back = await self._store.submits.accepted(job.id, submission.handle, by=by, charged_usd=charged_usd)
        except RequestTaken:
            log.warning("a request that another job has bought", extra={"job_id": job.id})
            return False
        log.info("a lost request was found", extra={"job_id": job.id, "request_id": request_id, "by": by})
        if back is not None:
            tell_taken_back(back, job.id, alerts=self._alerts)
        self._watch()
        return True


def _code(error: VideoError) -> str:
    return "fal_busy" if isinstance(error, SubmitNotSent) else error.code


def _order(job: Job, submit: Submit, *, now: int) -> list[LostOrder]:
    """Return what the search compares: exactly what was posted; for a claim of 0.1.0 what would be posted today."""
    try:
        body = json.loads(submit.body) if submit.body else protocol.request_body(job.request)
    except (VideoError, ValueError):
        return []  # a model that has left the catalogue
    return [_lost(submit, job.request.endpoint, body, now=now)]


def _unread_orders(submit: Submit, jobs: Iterable[Job], *, now: int) -> list[LostOrder]:
    """Return the orders of a job whose row cannot be read: they may be at any of these jobs' endpoints."""
    try:
        body = json.loads(submit.body or "{}")
    except ValueError:
        return []
    endpoints = {job.request.endpoint for job in jobs} if isinstance(body, dict) else set()
    return [_lost(submit, endpoint, body, now=now) for endpoint in endpoints]


def _lost(submit: Submit, endpoint: str, body: dict[str, Any], *, now: int) -> LostOrder:
    waits = submit.state == "sending" and submit.answered is None and now - submit.claimed < _OPEN_MS
    return LostOrder(
        submit.job_id, endpoint, body, claimed_at(submit), answered_at(submit), open=waits, hint=submit.hint
    )
