"""`reelbot generate` killed at the worst moments: the next `run` or `poll` finishes what was bought, and buys nothing.

Real processes, as in test_crash.py. Each test has words of its own: fal's list of requests is looked through for them.
"""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.jobs.collect import ODD_MS
from bot.jobs.foreground import ForegroundRunner, OrderedButNotFetched, Troubles
from bot.settings import Settings
from bot.store import Store
from bot.store.database import now_ms
from bot.store.tables import jobs, submits
from core import pricing
from core.errors import Unavailable
from core.fal.client import FalQueue
from core.sandbox import create_app
from core.types import Mode
from tests.corpus import jpeg
from tests.desk import Command, Desk, desk
from tests.films import STUDIO
from tests.serving import served


@pytest.fixture(scope="module")
def one_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with desk(tmp_path_factory.mktemp("shell")) as found:
        yield found


@pytest.fixture
def made(one_desk: Desk) -> Desk:
    one_desk.fresh()
    return one_desk


def on_disk(made: Desk, prompt: str) -> Path:
    """The finished file of this job."""
    path: Path = made.folder / "out" / "videos" / made.job(prompt).video["name"]
    assert path.read_bytes()[4:8] == b"ftyp"
    return path


def lapsed(made: Desk) -> bool:
    """Put the end of a command's lease behind it, as seconds alone would."""
    made.write(jobs.update().where(jobs.c.owner.like("shell:%")).values(lease_until=1))
    return True


def test_killed_while_fal_renders_and_the_next_run_finishes_it(made: Desk) -> None:
    command = made.begin("generate", "sandbox:slow-2 fox", "--yes")
    made.until(lambda: made.state("sandbox:slow-2 fox") == "rendering")
    command.kill()
    assert lapsed(made)
    made.start_bot()
    made.until(lambda: made.state("sandbox:slow-2 fox") == "delivered")
    assert on_disk(made, "sandbox:slow-2 fox")
    assert made.posts() == made.bought("sandbox:slow-2 fox") == 1
    job = made.job("sandbox:slow-2 fox")
    assert made.money(job.id) == [("reserve", 700_000, 0), ("settle", -700_000, 700_000)]
    assert list((made.folder / "out" / "work").glob("*.held")) == []


def test_killed_while_fal_renders_and_poll_finishes_it(made: Desk) -> None:
    command = made.begin("generate", "sandbox:slow-2 fox", "--yes")
    made.until(lambda: made.state("sandbox:slow-2 fox") == "rendering")
    command.kill()
    request = made.fal("requests")[-1]["id"]
    said = made.run("poll", request)
    assert said.code == 0, said.err
    assert made.state("sandbox:slow-2 fox") == "delivered"
    assert said.out == f"{on_disk(made, 'sandbox:slow-2 fox')}\n"
    assert made.posts() == 1
    assert made.money(made.job("sandbox:slow-2 fox").id)[-1] == ("settle", -700_000, 700_000)


def before_the_claim(made: Desk) -> Command:
    """A command whose photo is on the way to fal's storage, for long."""
    photo = made.folder / "photo.jpg"
    photo.write_bytes(jpeg())
    made.settle(REELBOT_ASSET_HOST="fal")
    made.fal("faults", kind="storage_status", times=1000, status=503)
    command = made.begin("generate", "a fox", "--image", str(photo), "--yes")
    made.until(lambda: made.state("a fox") == "preparing")
    return command


def test_ctrl_c_before_the_claim_buys_nothing(made: Desk) -> None:
    command = before_the_claim(made)
    command.interrupt()
    said = command.end()
    assert said.code == 1
    assert "nothing was bought" in said.err
    assert made.submits() == []
    assert made.money(made.job("a fox").id) == [("reserve", 700_000, 0), ("release", -700_000, 0)]


def test_killed_before_the_claim_and_the_next_run_drops_it(made: Desk) -> None:
    """Nothing was bought, and nobody waits for it any more."""
    command = before_the_claim(made)
    command.kill()
    assert [event for event, *_ in made.money(made.job("a fox").id)] == ["reserve"]
    assert lapsed(made)
    made.start_bot()
    made.until(lambda: made.state("a fox") == "cancelled")
    assert made.submits() == []
    assert made.money(made.job("a fox").id) == [("reserve", 700_000, 0), ("release", -700_000, 0)]


def test_killed_in_the_paid_request_and_it_is_found_not_bought_again(made: Desk) -> None:
    made.fal("faults", kind="submit_slow", seconds=30.0)
    command = made.begin("generate", "a lost fox", "--yes")
    made.until(made.submits)
    command.kill()
    assert made.claim() == "sending"
    assert lapsed(made)
    made.start_bot()
    made.until(lambda: made.state("a lost fox") == "delivered")
    assert made.posts() == 1
    assert on_disk(made, "a lost fox")


def test_a_doubt_is_told_and_found_by_the_next_run(made: Desk) -> None:
    """No answer to the order, and no list to look it up: nothing is bought again. The list works again later."""
    made.fal("faults", kind="submit_lost_reply")
    made.fal("faults", kind="list_status", times=3, status=403, body={"detail": "no"})
    said = made.begin("generate", "a doubtful fox", "--yes").end()
    assert (said.code, said.out) == (1, "")
    job = made.job("a doubtful fox")
    assert job.state == "submit-unconfirmed"
    price, reason = said.err.splitlines()
    assert "$0.70" in price
    assert "may have been" in reason
    assert job.id in reason
    assert made.money(job.id) == [("reserve", 700_000, 0), ("hold", 0, 0)]
    made.start_bot()
    made.until(lambda: made.state("a doubtful fox") == "delivered")
    assert on_disk(made, "a doubtful fox")
    assert made.posts() == 1
    assert made.money(job.id)[-1] == ("settle", -700_000, 700_000)


def test_ctrl_c_in_the_paid_request_waits_for_its_answer(made: Desk) -> None:
    made.fal("faults", kind="submit_slow", seconds=1.5)
    command = made.begin("generate", "a hasty fox", "--yes")
    made.until(made.submits)
    command.interrupt()
    said = command.end()
    assert said.code == 1
    assert made.claim() == "accepted"
    request = made.fal("requests")[-1]["id"]
    assert f"reelbot poll {request}" in said.err
    said = made.run("poll", request)
    assert said.code == 0, said.err
    assert made.state("a hasty fox") == "delivered"
    assert made.posts() == 1


def test_a_living_command_keeps_its_job_beside_a_bot(made: Desk) -> None:
    """It renews its lease, and a bot that starts beside it leaves the job alone, also when it is cancelled."""
    prompt = "sandbox:until-cancelled fox"
    command = made.begin("generate", prompt, "--yes")
    made.until(lambda: made.state(prompt) == "rendering")
    first = made.job(prompt)
    made.start_bot()
    made.until(lambda: made.job(prompt).lease_until > first.lease_until)
    made.run("job", first.id, "--cancel")
    said = command.end()
    assert said.code == 0, said.err
    job = made.job(prompt)
    assert (job.state, job.epoch, job.owner, first.epoch) == ("delivered", 1, None, 1)
    assert made.posts() == 1


def test_a_command_that_was_frozen_too_long_leaves_its_job_to_the_bot(made: Desk) -> None:
    """The bot takes the job, and the command says so."""
    prompt = "sandbox:until-cancelled hare"
    command = made.begin("generate", prompt, "--yes")
    made.until(lambda: made.state(prompt) == "rendering")
    made.start_bot()
    made.until(lambda: lapsed(made) and made.job(prompt).epoch > 1)
    said = command.end()
    assert said.code == 1
    assert "`reelbot run` works on this job" in said.err
    made.run("job", made.job(prompt).id, "--cancel")
    made.until(lambda: made.state(prompt) == "delivered")
    assert on_disk(made, prompt)
    assert made.posts() == 1


def test_ten_minutes_of_odd_answers_park_a_paid_order_and_say_how_to_fetch_it(made: Desk) -> None:
    """A gateway's HTML page with 404 is no word of fal's. The ten minutes are put behind the job in its row."""
    prompt = "a parked fox"
    for kind, more in (("status_status", {"status": 404}), ("no_stream", {})):
        made.fal("faults", kind=kind, match=prompt, times=10_000, **more)
    command = made.begin("generate", prompt, "--yes")
    made.until(lambda: made.job(prompt) is not None and made.job(prompt).odd_since is not None)
    made.write(jobs.update().values(odd_since=now_ms() - ODD_MS))
    said = command.end()
    assert (said.code, said.out) == (1, "")
    job, request = made.job(prompt), made.fal("requests")[-1]["id"]
    assert (job.state, made.money(job.id)) == ("parked", [("reserve", 700_000, 0), ("hold", 0, 0)])
    assert job.due is not None  # a running bot goes on asking
    reason = said.err.splitlines()[-1]
    assert f"Job {job.id} is ordered and paid for" in reason
    assert f"reelbot poll {request}” asks again" in reason
    assert "a running bot goes on asking" in reason
    assert "try again" not in said.err
    said = made.run("poll", request)
    assert said.code == 1
    assert f"reelbot poll {request}” asks again" in said.err
    made.fal("healed", all=True)
    said = made.run("poll", request)
    assert (said.code, said.out) == (0, f"{on_disk(made, prompt)}\n")
    assert made.posts() == 1


def test_answers_that_are_odd_for_a_moment_end_no_command(made: Desk) -> None:
    prompt = "a foggy fox"
    made.fal("faults", kind="status_status", match=prompt, times=2, status=404)
    made.fal("faults", kind="no_stream", match=prompt, times=2)
    said = made.run("generate", prompt, "--yes")
    assert said.code == 0, said.err
    assert said.out == f"{on_disk(made, prompt)}\n"
    job = made.job(prompt)
    assert (job.state, job.odd_since) == ("delivered", None)


def test_an_odd_result_is_asked_for_at_growing_gaps(made: Desk) -> None:
    prompt = "a misty fox"
    made.fal("faults", kind="result_status", match=prompt, times=2, status=404)
    said = made.run("generate", prompt, "--yes")
    assert said.code == 0, said.err
    request = made.fal("requests")[-1]["id"]
    asked = [call["at"] for call in made.fal("log") if call["path"].endswith(f"/requests/{request}")]
    assert len(asked) == 3
    assert asked[1] - asked[0] >= 1
    assert asked[2] - asked[1] >= 2
    job = made.job(prompt)
    assert (job.state, job.odd_since) == ("delivered", None)


def test_trouble_after_the_order_never_says_try_again(tmp_path: Path) -> None:
    """fal has it, and renders for longer than the shell waits."""

    async def story() -> None:
        app = create_app(folder=tmp_path / "fal", key="key", studio=STUDIO)
        async with served(app) as base:
            settings = Settings.offline(fal_key="key", fal_queue_url=base, output_dir=tmp_path / "out")
            store, queue = await Store.open(settings.store_url), FalQueue.from_settings(settings)
            shell = ForegroundRunner(
                store=store, queue=queue, settings=settings, on_progress=print, note=print, patience_s=0.3
            )
            plan = pricing.plan("sandbox:until-cancelled fox", model="budget", mode=Mode.TEXT_TO_VIDEO)
            with pytest.raises(OrderedButNotFetched) as caught:
                await shell.buy(plan)
            (job,) = await store.jobs.find()
            request = next(iter(app.state.sandbox.memory.requests))
            assert str(caught.value) == (
                f"ordered already (job {job.id}): `reelbot poll {request}`, or the next `reelbot run`, "
                "fetches it (still_running)"
            )
            await queue.close()
            store.close()

    asyncio.run(story())


def test_without_a_network_it_says_so_once_and_buys_nothing(made: Desk) -> None:
    made.settle(FAL_QUEUE_URL="http://127.0.0.1:9")
    command = made.begin("generate", "a lonely fox", "--yes")
    again = sa.select(submits.c.job_id).where(submits.c.attempt == 2, submits.c.state == "not_sent")
    made.until(lambda: made.read(again))
    command.interrupt()
    said = command.end()
    assert said.code == 1
    price, trouble, reason = said.err.splitlines()
    assert "$0.70" in price
    words = r"fal cannot be reached: ConnectError; trying again until \d\d:\d\d, Ctrl\+C stops; nothing is bought"
    assert re.fullmatch(words, trouble)
    assert "nothing was bought" in reason


def test_odd_answers_to_a_question_are_said_once() -> None:
    notes: list[str] = []
    troubles = Troubles(notes.append)
    troubles.asked_again(Unavailable(status=404, reason="an HTML page"))
    troubles.asked_again(Unavailable(reason="ConnectError"))
    (line,) = notes
    words = r"fal does not answer as it should: an HTML page \(404\); trying again until \d\d:\d\d, Ctrl\+C stops"
    assert re.fullmatch(words, line)


def test_a_second_ctrl_c_ends_it_at_once_and_shows_no_traceback(made: Desk) -> None:
    """The first waits for the paid request's answer; whoever cannot wait loses nothing: it is found again."""
    made.fal("faults", kind="submit_slow", seconds=30.0)
    command = made.begin("generate", "a very hasty fox", "--yes")
    made.until(made.submits)
    command.interrupt()
    command.hear("Ctrl+C once more ends at once")
    command.interrupt()
    said = command.end(20)
    assert said.code == 1
    price, _, reason = said.err.splitlines()
    assert "$0.70" in price
    assert reason.startswith("reelbot: interrupted, but ordered already: `reelbot run` fetches it")
