"""fal's completion call. Only ever a hint: it wakes the job, which then asks fal itself with our key."""

import json
import logging
import time

from bot.engine import Engine
from bot.jobs import TOPIC
from bot.store import Store
from bot.store.records import State
from bot.watcher import Watcher
from core.errors import VideoError
from core.fal import FalQueue
from core.types import RequestHandle
from core.webhooks import JwksCache, job_from_token, verify

log = logging.getLogger(__name__)


class Webhook:
    def __init__(
        self,
        *,
        engine: Engine,
        store: Store,
        queue: FalQueue,
        watcher: Watcher,
        keys: JwksCache,
        secret: bytes,
    ) -> None:
        self._engine = engine
        self._store = store
        self._queue = queue
        self._watcher = watcher
        self._keys = keys
        self._secret = secret

    async def receive(self, token: str, body: bytes, headers: dict[str, str]) -> int:
        """The HTTP status to answer. 401 changes nothing; 200 for a job that no longer waits; 5xx makes fal repeat."""
        job_id = job_from_token(self._secret, token)
        try:
            keys = await self._keys.get()
        except VideoError:
            return 503  # fal repeats it; the watcher's looks stand behind it
        if job_id is None or not verify(headers, body, keys, now=time.time()):
            log.warning("a webhook without a right signature")
            return 401
        job = await self._store.jobs.get(job_id)
        if job is None:
            return 200
        if job.state in {State.DOUBT, State.SUBMITTING}:
            await self._adopt(job_id, job.request.endpoint, body)
        await self._engine.wake(job_id, TOPIC, {"done": True})
        await self._engine.wake(f"{job_id}:collect", TOPIC, {"done": True})
        return 200

    async def _adopt(self, job_id: str, endpoint: str, body: bytes) -> None:
        """The submit's own answer was lost: the request id in this call is the job's, if fal knows it there."""
        submit = await self._store.submits.read(job_id)
        if submit.state != "sending":
            return
        request_id = _request_id(body)
        job = await self._store.jobs.get(job_id)
        if request_id is None or job is None or job.state is not State.DOUBT:
            return
        handle = self._queue.handle_for(endpoint, request_id)
        if await self._known(handle):
            await self._watcher.adopt(job_id, handle)

    async def _known(self, handle: RequestHandle) -> bool:
        try:
            await self._queue.status(handle)
        except VideoError:
            return False
        return True


def _request_id(body: bytes) -> str | None:
    try:
        value = json.loads(body)["request_id"]
    except (ValueError, KeyError, TypeError):
        return None
    return value if isinstance(value, str) else None
