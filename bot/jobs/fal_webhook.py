"""Receives fal's completion calls. Only hints: one makes the job due, and then fal itself is asked, with our key."""

import json
import logging
import time
from collections.abc import Mapping

from bot.channels.signing_secret import SigningSecret
from bot.jobs.poller import StatusPoller
from bot.jobs.submit_reconciliation import SubmitReconciler
from bot.store import Store
from bot.store.records import Job, State
from core.errors import VideoError
from core.fal.protocol import is_request_id
from core.fal.webhooks import JwksCache, job_from_token, verify

_LOOK_S = 10.0  # while fal's call waits for our answer

log = logging.getLogger(__name__)


class Webhook:
    """The receiver of fal's calls."""

    def __init__(
        self,
        *,
        store: Store,
        poller: StatusPoller,
        lost_orders: SubmitReconciler,
        keys: JwksCache,
        secret: SigningSecret,
    ) -> None:
        self._store = store
        self._poller = poller
        self._lost_orders = lost_orders
        self._keys = keys
        self._secret = secret

    def is_ours(self, token: str) -> bool:
        """Return whether the address is one that we gave to fal."""
        return job_from_token(self._secret.value, token) is not None

    async def receive(self, token: str, body: bytes, headers: Mapping[str, str]) -> int:
        """Return the HTTP status to answer.

        401 changes nothing; 200 for a job that no longer waits; 5xx makes fal repeat.
        """
        job_id = job_from_token(self._secret.value, token)
        try:
            keys = await self._keys.get()
        except VideoError:
            return 503  # fal repeats it; the poller's looks stand behind it
        if job_id is not None and not verify(headers, body, keys, now=time.time()):
            keys = await self._keys.get(renewed=True)  # fal's keys rotate
        if job_id is None or not verify(headers, body, keys, now=time.time()):
            log.warning("a webhook without a right signature")
            return 401
        await self._poller.webhook_seen()
        job = await self._store.jobs.get(job_id)
        if job is None:
            return 200
        if job.state in {State.SUBMIT_UNCONFIRMED, State.SUBMITTING}:
            await self._hint(job, body)
        if job.state is State.FAILED and job.video is None:
            return await self._reopen(job, body)
        await self._poller.say_due(job_id)
        return 200

    async def _reopen(self, job: Job, body: bytes) -> int:
        """Reopen a job whose order seemed refused: fal names its request here, so a gateway had refused it.

        Anything else that failed stays so.
        """
        request_id, submit = _request_id(body), await self._store.submits.find(job.id)
        if request_id is None or submit is None or submit.state != "refused":
            return 200
        try:
            await self._lost_orders.reopen(job, request_id)
        except VideoError:
            return 503  # fal repeats it
        return 200

    async def _hint(self, job: Job, body: bytes) -> None:
        """Record the request that this call names, while the submit's own answer is not here.

        It is asked about when the job is in doubt, and not before: the answer may still be on its way.
        """
        request_id = _request_id(body)
        if request_id is None:
            return
        await self._store.submits.hint(job.id, request_id)
        now = await self._store.jobs.get(job.id)
        if now is not None and now.state is State.SUBMIT_UNCONFIRMED:
            await self._lost_orders.resolve([now], within_s=_LOOK_S)


def _request_id(body: bytes) -> str | None:
    try:
        value = json.loads(body)["request_id"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return value if is_request_id(value) else None
