"""Known faults of earlier versions, put back in memory one at a time: the prover has to find each of them.

Numbers are those of the list of cases that broke a promise. Each is what the program once did, in few lines.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from typing import Any
from unittest import mock

import sqlalchemy as sa

from bot.jobs import reconciler, restored_jobs
from bot.store import job_outcomes, job_rows, job_states, leases, ledger, workers
from bot.store import submits as claims
from bot.store.database import Database
from bot.store.evidence import RequestTaken
from bot.store.ledger import WINDOW_MS, Standing
from bot.store.records import State
from bot.store.tables import jobs, submits
from bot.store.tables import ledger as ledger_table
from core.errors import GenerationFailed, ResultExpired, VideoError
from core.fal import error_map, lost_orders, protocol, replies
from core.io.retrying import RetryPolicy
from core.types import LostOrder, RawReply

_FOR_EVER_MS = 10**12


def _ended(error: VideoError) -> VideoError:
    """Taken for fal's own word, as it was then."""
    error.ends_request = True
    return error


@contextmanager
def first_page_and_prompt() -> Iterator[None]:
    """Case 1: one page of the list, and the prompt alone is compared; two that fit are none."""
    real = protocol.parsed

    def one_page(body: bytes) -> Any:
        found = real(body)
        if isinstance(found, dict) and "items" in found:
            found.pop("next_cursor", None)
        return found

    def by_prompt(row: dict[str, Any], given: Any, sent: Any, order: LostOrder) -> bool:
        same = isinstance(given, dict) and given.get("prompt") == order.body.get("prompt")
        return same and sent >= order.claimed - lost_orders.CLOCKS_APART

    def only_one(found: Any, *, owned: Any) -> dict[str, str]:
        pairs: dict[str, set[str]] = {}
        for each in found:
            pairs.setdefault(each.name, set()).add(each.request_id)
        return {name: ids.pop() for name, ids in pairs.items() if len(ids) == 1}

    with (
        mock.patch.object(protocol, "parsed", one_page),
        mock.patch.object(lost_orders, "fits", by_prompt),
        mock.patch.object(lost_orders, "assigned", only_one),
    ):
        yield


@contextmanager
def missing_is_expired() -> Iterator[None]:
    """Case 3: a 404, whoever says it, ends a paid job as expired."""
    real_status, real_result = replies.read_status, replies.require_result

    def status(reply: RawReply) -> Any:
        if reply.status in {404, 410}:
            raise _ended(ResultExpired())
        return real_status(reply)

    def result(reply: RawReply) -> RawReply:
        if reply.status in {404, 410}:
            raise _ended(ResultExpired())
        return real_result(reply)

    with (
        mock.patch.object(replies, "read_status", status),
        mock.patch.object(replies, "require_result", result),
    ):
        yield


@contextmanager
def bare_results_only() -> Iterator[None]:
    """Case 4: a result in another shape, with an odd address or on a host that is not known ends a paid job."""
    real = replies.require_result

    def bare(reply: RawReply) -> RawReply:
        checked = real(reply)
        video = protocol.parsed(checked.body).get("video")
        url = video.get("url") if isinstance(video, dict) else None
        if not isinstance(url, str) or not url.isascii() or len(url) > 2000 or ".fal.media/" not in url:
            raise _ended(GenerationFailed(reason="a result without a video"))
        return checked

    with mock.patch.object(replies, "require_result", bare):
        yield


@contextmanager
def two_snapshots() -> Iterator[None]:
    """Case 10: what was spent and what is held are summed in two statements. Shows on PostgreSQL."""

    def standing(connection: sa.Connection, user: str | None, at: int, *_more: Any, **_named: Any) -> Standing:
        spent = sa.select(sa.func.coalesce(sa.func.sum(ledger_table.c.spent_micro), 0))
        spent = spent.where(ledger_table.c.at > at - WINDOW_MS)
        held = sa.select(sa.func.coalesce(sa.func.sum(jobs.c.reserved_micro), 0)).where(jobs.c.reserved_micro > 0)
        if user is not None:
            spent, held = spent.where(ledger_table.c.user == user), held.where(jobs.c.user == user)
        return Standing(int(connection.execute(spent).scalar_one()), int(connection.execute(held).scalar_one()))

    with mock.patch.object(ledger, "standing_tx", standing):
        yield


@contextmanager
def guesses_against_answers() -> Iterator[None]:
    """Case 18: an order whose own answer may still come loses its request to a guess from the list, for good."""
    real = lost_orders.assigned

    def as_if_none_came(found: Any, *, owned: Any) -> dict[str, str]:
        return real([replace(each, open=False) for each in found], owned=owned)

    def taken(connection: sa.Connection, job_id: str, request_id: str, *_more: Any, **_named: Any) -> None:
        held = sa.select(submits.c.job_id).where(submits.c.request_id == request_id, submits.c.job_id != job_id)
        if connection.execute(held).first() is not None:
            raise RequestTaken

    with mock.patch.object(lost_orders, "assigned", as_if_none_came), mock.patch.object(claims, "free_tx", taken):
        yield


@contextmanager
def any_429_is_fals() -> Iterator[None]:
    """Case 19: a gateway's 429 with any `detail`, also after fal took the order, is repeated."""

    def says_busy(_headers: Any, parsed: Any) -> bool:
        return isinstance(parsed, dict) and bool(parsed.get("detail"))

    with mock.patch.object(error_map, "says_busy", says_busy):
        yield


@contextmanager
def _for_ever(repository: type[leases.Leases] | type[workers.Workers]) -> Iterator[None]:
    """What it gives for a term is never over."""
    real = repository.__init__

    def built(self: Any, database: Database, **_given: int) -> None:
        real(self, database, term_ms=_FOR_EVER_MS)

    with mock.patch.object(repository, "__init__", built):
        yield


@contextmanager
def leases_for_ever() -> Iterator[None]:
    """Case 6: how a work ended is written once; where the disk is full then, nobody takes its job until a restart."""
    once = RetryPolicy(Exception, pauses_s=(0.0,), tries=1)
    with mock.patch.object(reconciler, "UNTIL_WRITTEN", once), _for_ever(leases.Leases):
        yield


@contextmanager
def leases_of_the_dead() -> Iterator[None]:
    """Case 6, of a worker that died: nobody takes what it had."""
    with _for_ever(leases.Leases):
        yield


@contextmanager
def answers_from_anywhere() -> Iterator[None]:
    """Case 7: a worker that was frozen in its POST writes the answer when it wakes: a delivered job renders again."""

    def from_anywhere(tx: sa.Connection, job_id: str, *, only_from: Iterable[State], why: str) -> bool:
        return job_rows.resume_tx(tx, job_id, only_from={*only_from, *State}, why=why)

    with mock.patch.object(claims, "resume_tx", from_anywhere):
        yield


@contextmanager
def epochs_unchecked() -> Iterator[None]:
    """Case 7, of any write: nobody looks whether the job was taken by another meanwhile."""
    with ExitStack() as patches:
        for module in (job_rows, job_states, job_outcomes, claims):
            patches.enter_context(mock.patch.object(module, "check_tx", return_value=None))
        yield


@contextmanager
def roles_for_ever() -> Iterator[None]:
    """Case 8: a frozen worker keeps every role."""
    with _for_ever(workers.Workers):
        yield


@contextmanager
def copies_bought_again() -> Iterator[None]:
    """Case 20: what waits in a copy that was put back is bought without a look for what was bought since."""

    async def nothing(*_more: Any) -> None:
        return None

    with mock.patch.object(restored_jobs.RestoredJobs, "search", nothing):
        yield


REGRESSIONS: dict[str, Callable[[], AbstractContextManager[None]]] = {
    "1: one page, the prompt alone": first_page_and_prompt,
    "3: a 404 ends a paid job": missing_is_expired,
    "4: only bare results": bare_results_only,
    "6: an end that was not written": leases_for_ever,
    "6b: a lease that nobody takes": leases_of_the_dead,
    "7: a late answer, from any state": answers_from_anywhere,
    "7b: no epoch is checked": epochs_unchecked,
    "8: roles that nobody takes": roles_for_ever,
    "10: caps in two snapshots": two_snapshots,
    "18: a guess against an answer": guesses_against_answers,
    "19: a 429 of anybody": any_429_is_fals,
    "20: a copy is bought again": copies_bought_again,
}
WHERE = {
    "6b: a lease that nobody takes": "shared",
    "7: a late answer, from any state": "shared",
    "7b: no epoch is checked": "shared",
    "8: roles that nobody takes": "shared",
    "10: caps in two snapshots": "postgres",  # SQLite has one writer, and no snapshot in the midst of a transaction
}
"""On which ground a fault can show; the others: on SQLite."""
