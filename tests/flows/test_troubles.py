"""Bad days around a job: no room on the disk, fal gone for a while, a clock that jumps. Bought once or not at all."""

import asyncio
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urlsplit

import httpx
import pytest
import sqlalchemy as sa

from bot.store.database import Connection
from bot.store.records import ENDED, Job, State
from bot.store.tables import submits
from tests.bench import Bench
from tests.corpus import jpeg
from tests.serving import closed, free_port

OnBench = Callable[..., None]
GB = 10**9


async def job_of(made: Bench, prompt: str, *states: State) -> Job:
    """The only job with this prompt, once it is in one of these states."""
    async with asyncio.timeout(40):
        while True:
            found = [job for job in await made.jobs() if job.request.prompt == prompt]
            assert len(found) <= 1
            if found and found[0].state in states:
                return found[0]
            assert not found or found[0].state not in ENDED, found
            await asyncio.sleep(0.03)


def said(made: Bench, words: str, *, chat: int = 42) -> int:
    return sum(words in text for text in made.telegram.texts(chat))


def test_a_job_waits_for_room_on_the_disk_and_starts_by_itself(on_bench: OnBench) -> None:
    """Nothing is bought before there is room; its owner and the admins know, and /readyz says it, too."""
    free = [int(0.4 * GB)]

    async def story(made: Bench) -> None:
        made.telegram.user_says(99, "hello")
        made.telegram.user_says(42, "/video a fox")
        made.telegram.user_says(42, "a hare", photo=jpeg())
        await made.until(lambda: said(made, "has no room for the video") == 2)
        await made.until(lambda: said(made, "Only 400 MB are left", chat=99))
        assert {job.state for job in await made.jobs()} == {State.QUEUED}
        assert made.submits() == 0
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{made.settings.port}") as http:
            live, ready = await http.get("/healthz"), await http.get("/readyz")
            problem = "the disk is full: 400 MB are left for videos, so nothing is ordered"
            assert (live.status_code, live.json()) == (200, {"status": "problems", "problems": [problem]})
            assert (ready.status_code, ready.json()) == (503, {"ready": False, "reason": problem})
            free[0] = GB
            for prompt in ("a fox", "a hare"):
                await job_of(made, prompt, State.DELIVERED)
            assert [(await http.get(path)).status_code for path in ("/healthz", "/readyz")] == [200, 200]
        assert made.submits() == 2
        assert said(made, "Only 400 MB are left", chat=99) == 1

    on_bench(story, admins="telegram:99", room=lambda _folder: free[0])


class Gate:
    """The way to fal. While it is shut, a connection is refused; those that stood are cut. fal itself goes on."""

    def __init__(self) -> None:
        self._port = free_port()
        self._server: asyncio.Server | None = None
        self._ends: set[asyncio.StreamWriter] = set()
        self._flows: set[asyncio.Task[None] | None] = set()
        self._beyond = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def open(self, made: Bench) -> None:
        self._beyond = urlsplit(made.fal_url).port or 0
        self._server = await asyncio.start_server(self._through, "127.0.0.1", self._port)

    async def shut(self) -> None:
        assert self._server is not None
        await closed(self._server)
        await asyncio.to_thread(refused, self._port)
        while self._ends:
            self._ends.pop().transport.abort()
        flows, self._flows = self._flows, set()
        await asyncio.gather(*(flow for flow in flows if flow is not None))

    async def _through(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._ends.add(writer)  # at once: it may be shut while the way beyond is opened
        self._flows.add(asyncio.current_task())
        there, back = await asyncio.open_connection("127.0.0.1", self._beyond)
        self._ends.add(back)
        await asyncio.gather(_pumped(reader, back), _pumped(there, writer))


async def _pumped(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()


def refused(port: int) -> None:
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


@pytest.fixture
def gate() -> Gate:
    return Gate()


def bought(made: Bench) -> list[str]:
    return sorted(request.body["prompt"] for request in made.fal.memory.requests.values())


async def tried_twice(made: Bench, prompt: str) -> Job:
    """The paid request has been tried, in vain, and will be tried again by itself."""
    job = await job_of(made, prompt, State.QUEUED, State.PREPARING, State.SUBMITTING)
    query = sa.select(submits.c.state, submits.c.attempt).where(submits.c.job_id == job.id)

    def work(connection: Connection) -> bool:
        row = connection.execute(query).first()
        return row is not None and row.state == "not_sent" and row.attempt >= 2

    async with asyncio.timeout(30):
        while not await made.app.store.database.read(work):
            await asyncio.sleep(0.03)
    return job


async def events(made: Bench, job: Job) -> list[str]:
    return [event for _, event, *_ in await made.app.store.ledger.of_job(job.id)]


def test_cancel_while_fal_is_down_is_free_and_buys_nothing_later(on_bench: OnBench, gate: Gate) -> None:
    async def story(made: Bench) -> None:
        made.telegram.user_says(42, "/video a fox")
        await tried_twice(made, "a fox")
        made.telegram.user_says(42, "/cancel")
        job = await job_of(made, "a fox", State.CANCELLED)
        assert (job.charge, job.reserved_micro) == ("none", 0)
        await made.until(lambda: said(made, f"Job {job.id} is cancelled. Nothing was charged."))
        await gate.open(made)
        await made.at_rest()
        assert made.submits() == 0
        assert bought(made) == []
        assert await events(made, job) == ["reserve", "release"]
        await gate.shut()

    on_bench(story, fal_queue_url=gate.url)


@pytest.mark.parametrize(
    ("hours", "outcome"),
    [(0, State.DELIVERED), (-24, State.DELIVERED), (24, State.FAILED)],
    ids=["", "the clock goes back", "the clock goes forward"],
)
def test_fal_gone_for_a_while_delays_jobs_and_doubles_none(
    on_bench: OnBench, gate: Gate, hours: int, outcome: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One job is at fal, one is about to be bought. Both wait and are delivered, also when the clock is set back
    meanwhile. Set forward, the time to try again is over for the second: it ends, free, and its owner is told.
    """

    async def story(made: Bench) -> None:
        await gate.open(made)
        made.telegram.user_says(42, "/video sandbox:slow-1 fox")
        await job_of(made, "sandbox:slow-1 fox", State.RENDERING)
        await gate.shut()
        made.telegram.user_says(42, "/video a hare")
        first = await tried_twice(made, "a hare")
        await made.until(lambda: all(each.completed for each in made.fal.memory.requests.values()))
        assert bought(made) == ["sandbox:slow-1 fox"]
        clock = time.time
        monkeypatch.setattr(time, "time", lambda: clock() + hours * 3600)
        if outcome is State.FAILED:
            await job_of(made, "a hare", State.FAILED)  # its next try is in vain, too
        await gate.open(made)
        fox = await job_of(made, "sandbox:slow-1 fox", State.DELIVERED)
        hare = await job_of(made, "a hare", outcome)
        assert hare.id == first.id
        assert await events(made, fox) == ["reserve", "settle"]
        if outcome is State.FAILED:
            assert bought(made) == ["sandbox:slow-1 fox"]
            assert await events(made, hare) == ["reserve", "release"]
            await made.until(lambda: said(made, "Nothing was charged"))
        else:
            assert bought(made) == ["a hare", "sandbox:slow-1 fox"]
            assert await events(made, hare) == ["reserve", "settle"]
        assert made.submits() == len(made.films()) == len(bought(made))
        await gate.shut()

    on_bench(story, fal_queue_url=gate.url)
