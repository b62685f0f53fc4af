"""SIGSTOP: a worker that is frozen loses its roles and jobs, and when it wakes it changes nothing that others finished.

Real processes with short terms (tests/quick_worker.py); the real ones: test_leader_election.py.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from bot.store.database import now_ms
from bot.store.tables import jobs, roles, submits
from tests.jobs.test_crash import QUICK, World, delivered, sqlite
from tests.postgres import Cluster
from tests.quick_worker import TIMING
from tests.serving import WEB
from tests.warm import Started

_SOON_S = 40.0  # a term of three seconds and a scan; the rest is for a busy machine


@dataclass(frozen=True, slots=True)
class Worker:
    """A process, and the port on which it says how it is."""

    process: Started
    port: int

    def owns(self, owner: str | None) -> bool:
        """An owner's name has the process id in it."""
        return owner is not None and f"-{self.process.pid}-" in owner

    def says(self, page: str) -> httpx.Response:
        return WEB.get(f"http://127.0.0.1:{self.port}/{page}")


class QuickWorld(World):
    def __init__(self, folder: Path, database_url: str) -> None:
        super().__init__(folder, database_url)
        self.program = QUICK

    def worker(self, **more: str) -> Worker:
        return Worker(*self.start_second(**more))

    def says(self, text: str) -> None:
        self.telegram("says", chat=42, text=text)

    def job(self) -> Any:
        """The only job's row; None while there is none."""
        rows = self.read(sa.select(jobs))
        return rows[0] if rows else None

    def has_all_roles(self, worker: Worker) -> bool:
        owners = [row.owner for row in self.read(sa.select(roles.c.owner))]
        return len(owners) > 5 and all(worker.owns(owner) for owner in owners)

    def holds_the_job(self, worker: Worker) -> bool:
        job = self.job()
        return job is not None and worker.owns(job.owner)

    def answers(self, text: str) -> int:
        return sum(text in str(message.get("text")) for message in self.telegram("said", chat=42))


@contextmanager
def quick_world(folder: Path, database_url: str) -> Iterator[QuickWorld]:
    made = QuickWorld(folder, database_url)
    try:
        yield made
    finally:
        made.close()


def freeze(worker: Worker) -> None:
    worker.process.send_signal(signal.SIGSTOP)


def thaw(worker: Worker) -> None:
    worker.process.send_signal(signal.SIGCONT)


def is_well(worker: Worker) -> bool:
    return worker.says("healthz").status_code == worker.says("readyz").status_code == httpx.codes.OK


def test_a_frozen_worker_loses_every_role_and_another_answers(tmp_path: Path, postgres: Cluster) -> None:
    """Two healthy workers do not look on: people are answered by another, once."""
    with quick_world(tmp_path, postgres.database()) as made:
        frozen = made.worker()
        made.until(lambda: made.has_all_roles(frozen))
        others = [made.worker(), made.worker()]
        freeze(frozen)
        made.says("/video a fox")
        made.until(lambda: delivered(made), _SOON_S)
        owners = [row.owner for row in made.read(sa.select(roles.c.owner))]
        assert all(any(each.owns(owner) for each in others) for owner in owners)
        thaw(frozen)
        made.until(lambda: is_well(frozen), _SOON_S)  # without a restart
        made.says("/video a second fox")
        made.until(lambda: len(made.films()) == 2)
        made.says("/help")
        made.until(lambda: made.answers("/balance") > 0)
        assert (len(made.films()), made.posts()) == (2, 2)
        made.until(lambda: all(is_well(each) for each in (frozen, *others)), _SOON_S)
        assert made.answers("/balance") == 1


def test_an_answer_that_a_frozen_worker_reads_later_changes_nothing(tmp_path: Path, postgres: Cluster) -> None:
    """Frozen with its paid request unanswered: another finds the request in fal's list, and delivers."""
    with quick_world(tmp_path, postgres.database()) as made:
        made.fal("faults", kind="submit_slow", seconds=2.0)
        frozen = made.worker()
        made.says("/video a fox")
        made.until(made.submits)
        assert made.holds_the_job(frozen)
        freeze(frozen)
        other = made.worker()
        made.until(lambda: delivered(made), _SOON_S)
        made.until(lambda: made.job().owner is None)
        job, request = made.job(), made.read(sa.select(submits.c.request_id))
        thaw(frozen)
        made.until(lambda: is_well(frozen) and is_well(other), _SOON_S)
        made.says("/video another fox")  # whatever was to be written has been written by then
        made.until(lambda: len(made.films()) == 2)
        (now,) = made.read(sa.select(jobs).where(jobs.c.id == job.id))
        for column in ("state", "owner", "epoch", "due", "outcome_ref", "video", "error", "charge", "reserved_micro"):
            assert getattr(now, column) == getattr(job, column), column
        assert made.read(sa.select(submits.c.request_id).where(submits.c.job_id == job.id)) == request
        made.until(lambda: made.read(sa.select(submits.c.known_by).where(submits.c.job_id == job.id))[0][0] == "answer")
        assert made.posts() == 2
        assert len(made.films()) == 2


def test_the_answer_that_a_frozen_worker_reads_ends_a_doubt(tmp_path: Path, postgres: Cluster) -> None:
    """Nobody else could tell whether fal had the order; when it wakes, it can."""
    with quick_world(tmp_path, postgres.database()) as made:
        made.fal("faults", kind="submit_slow", seconds=2.0)
        made.fal("faults", kind="list_status", times=1000, status=403)
        frozen = made.worker()
        made.says("/video a fox")
        made.until(made.submits)
        freeze(frozen)
        made.worker()
        made.until(lambda: made.states() == {"a fox": "submit-unconfirmed"}, _SOON_S)
        thaw(frozen)
        made.until(lambda: delivered(made), _SOON_S)
        assert made.posts() == 1
        assert len(made.films()) == 1


def test_a_frozen_download_spoils_no_film(tmp_path: Path, postgres: Cluster) -> None:
    """Both write to the same file of a shared folder; the one that wakes finds that it is not its own any more."""
    with quick_world(tmp_path, postgres.database()) as made:
        made.fal("faults", kind="file_slow", seconds=3.0)
        frozen = made.worker()
        made.says("/video a fox")
        made.until(lambda: made.states() == {"a fox": "downloading"})
        made.until(lambda: list((tmp_path / "out" / "videos").glob("*.part")))
        freeze(frozen)
        made.worker()
        made.until(lambda: delivered(made), _SOON_S)
        (film,) = (tmp_path / "out" / "videos").glob("*.mp4")
        before = film.read_bytes()
        thaw(frozen)
        made.until(lambda: is_well(frozen), _SOON_S)
        made.says("/video another fox")
        made.until(lambda: len(made.films()) == 2 and delivered(made))
        assert film.read_bytes() == before
        assert sorted(made.states().values()) == ["delivered", "delivered"]


def test_a_frozen_upload_is_sent_again_and_the_job_stays_delivered(tmp_path: Path, postgres: Cluster) -> None:
    """What it sends when it wakes cannot be taken back: a film may come twice, as after a death, not three times."""
    with quick_world(tmp_path, postgres.database()) as made:
        made.telegram("fail", method="sendVideo", kind="slow", delay_s=2.0)
        frozen = made.worker()
        made.says("/video a fox")
        made.until(made.films)
        freeze(frozen)
        made.worker()
        made.until(lambda: delivered(made), _SOON_S)
        thaw(frozen)
        made.until(lambda: is_well(frozen), _SOON_S)
        made.says("/video another fox")
        made.until(lambda: set(made.states()) == {"a fox", "another fox"} and delivered(made))
        assert made.posts() == 2
        assert 2 <= len(made.films()) <= 3


@pytest.mark.parametrize("moment", ["rendering", "downloading"])
def test_the_only_process_on_sqlite_goes_on_when_it_wakes(tmp_path: Path, moment: str) -> None:
    """Nobody else may have taken its jobs; it is frozen for longer than a term."""
    with quick_world(tmp_path, sqlite(tmp_path)) as made:
        made.fal("faults", kind="file_slow", seconds=2.0)
        only = made.worker()
        made.says("/video sandbox:slow-1 fox")
        made.until(lambda: moment in made.states().values())
        freeze(only)
        thawed_at = now_ms() + int(TIMING.term_s * 1000)
        made.until(lambda: now_ms() > thawed_at)
        thaw(only)
        made.until(lambda: delivered(made), _SOON_S)
        assert (made.posts(), len(made.films())) == (1, 1)
        assert is_well(only)
