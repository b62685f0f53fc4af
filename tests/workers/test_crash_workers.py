"""Two workers on one PostgreSQL, real processes: one is killed, the other goes on in seconds, nothing is bought twice.

`World` and its three processes: test_crash.py.
"""

import random
import signal
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.store.leases import MOST_LAPSES
from bot.store.tables import jobs, roles, submits
from tests.jobs.test_crash import RUN, World, delivered, world
from tests.postgres import Cluster
from tests.serving import WEB
from tests.warm import Started

_SOON_S = 40.0  # a term of three seconds and a scan; the rest is for a busy machine


def healthy(port: int) -> bool:
    return WEB.get(f"http://127.0.0.1:{port}/healthz").status_code == 200


def bought_once(made: World) -> bool:
    return sorted(made.submits()) == sorted(set(made.submits())) and made.posts() == len(made.submits())


def owner(made: World, *workers: Started) -> Started:
    """The worker that has the only job, or the roles: its name has the process id in it."""
    name = made.read(sa.select(jobs.c.owner))[0].owner or made.read(sa.select(roles.c.owner))[0].owner
    return next(each for each in workers if f"-{each.pid}-" in name)


@pytest.mark.parametrize("moment", ["rendering", "downloading"])
def test_a_killed_workers_job_is_taken_over(tmp_path: Path, postgres: Cluster, moment: str) -> None:
    """While fal renders nobody holds the job, and the worker is killed that asks fal about it."""
    with world(tmp_path, postgres.database()) as made:
        made.fal("faults", kind="file_slow", seconds=3.0)
        made.start_bot()
        second, port = made.start_second()
        assert made.bot is not None
        made.until(lambda: healthy(port) and healthy(made.port), 5)  # roles that one does not hold are no trouble
        made.telegram("says", chat=42, text="/video sandbox:slow-2 fox")
        made.until(lambda: moment in made.states().values())
        victim = owner(made, made.bot, second)
        made.kill(victim)
        made.until(lambda: delivered(made), _SOON_S)
        assert bought_once(made)
        assert len(made.films()) == 1
        assert healthy(made.port if victim is second else port)


def test_killed_in_the_middle_of_the_paid_request(tmp_path: Path, postgres: Cluster) -> None:
    """The other finds the open claim: it does not buy again, but looks in fal's list, and delivers what it finds."""
    with world(tmp_path, postgres.database()) as made:
        made.fal("faults", kind="submit_slow", seconds=3.0)
        made.start_bot()
        made.telegram("says", chat=42, text="/video a fox")
        made.until(made.submits)
        made.start_second()
        made.kill_bot()
        made.until(lambda: delivered(made))
        assert made.posts() == 1
        assert len(made.films()) == 1


def test_killed_while_the_video_is_sent_and_the_other_sends_it(tmp_path: Path, postgres: Cluster) -> None:
    with world(tmp_path, postgres.database()) as made:
        made.telegram("fail", method="sendVideo", kind="slow", delay_s=3.0)
        made.start_bot()
        made.telegram("says", chat=42, text="/video a fox")
        made.until(made.films)
        made.start_second()
        made.kill_bot()
        made.until(lambda: delivered(made), _SOON_S)
        assert made.posts() == 1
        assert 1 <= len(made.films()) <= 2


def test_a_plain_stop_hands_over_and_counts_as_no_crash(tmp_path: Path, postgres: Cluster) -> None:
    with world(tmp_path, postgres.database()) as made:
        made.fal("faults", kind="submit_slow", seconds=3.0)
        made.start_bot()
        made.telegram("says", chat=42, text="/video sandbox:slow-2 fox")
        made.until(made.submits)
        made.start_second()
        assert made.kill_bot(signal.SIGTERM) == 0
        assert made.claim() == "accepted"  # the paid request was answered and recorded first
        made.until(lambda: delivered(made))
        assert made.posts() == 1
        assert len(made.films()) == 1
        made.telegram("says", chat=42, text="/video another fox")  # the second asks Telegram now
        made.until(lambda: len(made.films()) == 2)


def test_workers_killed_at_random_moments(tmp_path: Path, postgres: Cluster) -> None:
    seed = random.randrange(10**6)
    (tmp_path / "log.txt").write_text(f"seed {seed}\n")  # shown with the log when it fails
    chance = random.Random(seed)
    prompts = [f"fox number {number}" for number in range(3)]
    with world(tmp_path, postgres.database()) as made:
        made.start_bot()
        second, _ = made.start_second()
        for prompt in prompts:
            made.telegram("says", chat=42, text=f"/video {prompt}")
        time.sleep(chance.uniform(0.1, 1.5))
        made.kill_bot()
        made.start_bot()
        time.sleep(chance.uniform(0.1, 1.5))
        made.kill(second)
        made.until(lambda: set(made.states()) == set(prompts))
        made.until(lambda: set(made.states().values()) <= {"delivered", "submit-unconfirmed"}, 60)
        bought = made.submits()
        assert len(bought) == len(set(bought))
        assert len(made.read(sa.select(submits.c.job_id))) == len(prompts)
        assert len(made.films()) >= sum(state == "delivered" for state in made.states().values())


def test_a_database_that_restarts_loses_nothing_and_ends_nobody(tmp_path: Path, postgres: Cluster) -> None:
    with world(tmp_path, postgres.database()) as made:
        made.start_bot()
        second, port = made.start_second()
        for prompt in ("sandbox:slow-2 fox", "a fox"):
            made.telegram("says", chat=42, text=f"/video {prompt}")
        made.until(lambda: len(made.states()) == 2)
        postgres.restart()
        made.until(lambda: delivered(made), _SOON_S)
        assert bought_once(made)
        assert len(made.films()) >= 2
        made.until(lambda: healthy(made.port) and healthy(port), _SOON_S)
        assert made.bot is not None
        assert (made.bot.poll(), second.poll()) == (None, None)


def test_a_job_that_kills_every_worker_is_set_aside_and_its_owner_told(tmp_path: Path, postgres: Cluster) -> None:
    with world(tmp_path, postgres.database()) as made:
        made.start_bot()
        made.telegram("says", chat=42, text="/video sandbox:slow-9 fox")
        made.until(lambda: made.states() == {"sandbox:slow-9 fox": "rendering"})
        made.write(jobs.update().values(owner="run:dead", lease_until=1, lapses=MOST_LAPSES))
        made.until(lambda: made.states() == {"sandbox:slow-9 fox": "parked"}, _SOON_S)  # fal has it, for sure
        made.until(lambda: len(made.telegram("calls", method="sendMessage")) >= 2, _SOON_S)
        assert made.posts() == 1


def test_another_output_folder_is_refused_while_the_first_lives(tmp_path: Path, postgres: Cluster) -> None:
    with world(tmp_path, postgres.database()) as made:
        made.program = RUN
        made.start_bot()
        other = {"REELBOT_OUTPUT_DIR": str(tmp_path / "other"), "REELBOT_PORT": "0"}
        assert made.launch_bot(**other).wait(20) == 1
        assert "another output folder" in (tmp_path / "log.txt").read_text()
        allowed = made.launch_bot(**other, REELBOT_ASSET_HOST="fal")
        made.until(lambda: (tmp_path / "log.txt").read_text().count("reelbot serves") == 2)
        assert made.kill(allowed, signal.SIGTERM) == 0
        made.kill_bot(signal.SIGTERM)
        alone = made.launch_bot(**other)  # a lone worker may have lost its folder
        made.until(lambda: (tmp_path / "log.txt").read_text().count("reelbot serves") == 3)
        assert made.kill(alone, signal.SIGTERM) == 0
