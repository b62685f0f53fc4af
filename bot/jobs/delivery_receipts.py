"""Remembers what a chat has confirmed about an outcome, until its row says it, too.

A chat that has taken a video does not take it back: while the database is away the row is written again and again, and
the video is not sent again. Only the death of the process may forget it.
"""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

from bot.jobs.lease_holder import UNTIL_WRITTEN
from bot.store import Store
from bot.store.records import State
from bot.store.work import Lease
from core.io.retrying import retried

log = logging.getLogger(__name__)

HAS_VIDEO = frozenset({State.READY, State.UPLOADING, State.UNDELIVERED})
"""Its video is still to be sent."""
_MAY_HAVE_IT = HAS_VIDEO | {State.DELIVERY_UNCONFIRMED}
_AT_A_STOP_S = 0.3  # the last moments are used
_LOOK_S = 0.05


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """What a chat confirmed of a sending.

    `ref`: the chat's reference of what it took; None: nobody knows whether it took the video, because of `why`.
    `state`: of the job when this was sent; one that has a video to be sent was sent that. `chat`: it was sent there.
    """

    state: State
    ref: str | None
    why: str | None = None
    chat: str | None = None


@dataclass(frozen=True, slots=True)
class _Unwritten:
    """An acknowledgement, and the epoch of the lease under which the job was last tried to be brought up to it."""

    acknowledgement: Acknowledgement
    epoch: int | None


class DeliveryReceipts:
    """The acknowledgements that are not written yet."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._unwritten: dict[str, _Unwritten] = {}
        self._sendings = 0
        self._closing = asyncio.Event()

    @contextmanager
    def sending(self) -> Iterator[None]:
        """Mark a sending from its first byte to the written row: a stop waits for it a while."""
        self._sendings += 1
        try:
            yield
        finally:
            self._sendings -= 1

    @property
    def is_closing(self) -> bool:
        """Nothing new is begun during a stop: it is sent after the restart."""
        return self._closing.is_set()

    async def close(self, *, timeout_s: float = 15.0) -> None:
        """Let what is being sent be answered, and what was answered be written."""
        self._closing.set()
        deadline = asyncio.get_running_loop().time() + timeout_s
        while self._sendings and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110 - bounded, at shutdown
            await asyncio.sleep(_LOOK_S)

    async def write_down(self, job_id: str, acknowledgement: Acknowledgement, lease: Lease | None) -> None:
        """Write the acknowledgement, however long that takes.

        Raises LeaseLost; then it is kept, in case the job comes back to this process, by nobody else's hands.
        """
        self._unwritten[job_id] = _Unwritten(acknowledgement, lease.epoch if lease is not None else None)
        await self.catch_up(job_id, lease)

    async def catch_up(self, job_id: str, lease: Lease | None) -> None:
        """Write what an earlier attempt has heard and could not write, if anything. Raises LeaseLost."""

        def tell(error: Exception) -> None:
            facts = {"job_id": job_id, "error": type(error).__name__}  # its text may hold what people wrote
            log.error("what a chat took is not written down yet", extra=facts)

        self._forget_outdated(job_id, lease)
        while job_id in self._unwritten:
            await retried(lambda: self._write(job_id, lease), UNTIL_WRITTEN, sleep=self._pause, on_retry=tell)

    def _forget_outdated(self, job_id: str, lease: Lease | None) -> None:
        """Forget what was heard before another worker had the job: that one has sent it, or it was asked for anew."""
        unwritten = self._unwritten.get(job_id)
        if unwritten is None or unwritten.epoch is None or lease is None:
            return
        if lease.epoch - unwritten.epoch > 1:
            del self._unwritten[job_id]
        else:
            self._unwritten[job_id] = replace(unwritten, epoch=lease.epoch)

    async def _write(self, job_id: str, lease: Lease | None) -> None:
        unwritten = self._unwritten.get(job_id)
        if unwritten is None:
            return  # another attempt has written it meanwhile
        acknowledgement = unwritten.acknowledgement
        jobs = self._store.jobs
        if acknowledgement.ref is None:
            await jobs.move(
                job_id, State.DELIVERY_UNCONFIRMED, only_from=HAS_VIDEO, why=acknowledgement.why, lease=lease
            )
        elif acknowledgement.state in HAS_VIDEO:
            moved = await jobs.move(
                job_id,
                State.DELIVERED,
                only_from=_MAY_HAVE_IT,
                outcome_ref=acknowledgement.ref,
                told_in=acknowledgement.chat,
                lease=lease,
            )
            if not moved:  # perhaps it was deleted while it was sent
                await jobs.shown_late(job_id, acknowledgement.chat, acknowledgement.ref)
        else:
            await jobs.tell(job_id, acknowledgement.state, acknowledgement.ref, lease=lease)
        self._unwritten.pop(job_id, None)

    async def _pause(self, pause_s: float) -> None:
        if self._closing.is_set():
            await asyncio.sleep(_AT_A_STOP_S)
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(pause_s):
                await self._closing.wait()
