"""The pace of what Telegram gets: many people at once, one busy group, and more orders than there is work for."""

import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot.store.records import State
from bot.store.tables import history, jobs
from tests.benchmarks.stage import Stage

RENDER_S = (45.0, 55.0)
GROUP = -100_777
_COUNTED = ("send", "editmessage", "deletemessage", "copy")
_MANY = {"REELBOT_USER_JOBS": "100000", "REELBOT_LOG_LEVEL": "info"}

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Pace:
    """What was measured of one situation; `trace`: of its cards.

    `busiest_second`, `busiest_minute`: most calls within any second over all chats, within any minute of one chat;
    `beside`: the same without the videos. `late_s`: of the videos, the longest from "may be sent" to the call.
    `untimely`: edits for which there was no room; they came later, or not.
    """

    name: str
    orders: int
    films: int
    calls: int
    busiest_second: int
    busiest_minute: int
    beside: int
    late_s: float
    refused: int
    lost: int
    doubled: int
    moved: int
    untimely: int
    trace: tuple[str, ...] = ()


def pace(database_url: str, *, orders: int) -> list[Pace]:
    """Thirty people at once, eight jobs in one group, and `orders` at 20 a second that only wait."""
    return [_thirty_people(database_url), _busy_group(database_url), _queue(database_url, orders)]


def _thirty_people(database_url: str) -> Pace:
    with _stage(database_url) as stage:
        for person in range(30):
            stage.telegram("says", chat=1000 + person, text=f"/video a film of {person}")
        stage.until(lambda: len(_done(stage, "sendVideo")) == 30, 240)
        time.sleep(10)
        return _measured(stage, "30 people at once", 30)


def _busy_group(database_url: str) -> Pace:
    with _stage(database_url) as stage:
        stage.telegram("group", chat=GROUP)
        for person in range(8):
            stage.telegram("says", chat=GROUP, sender=2000 + person, text=f"/video a film of {person}")
        stage.until(lambda: len(_done(stage, "sendVideo")) == 8, 240)
        time.sleep(100)  # until the cards are gone, too
        return _measured(stage, "8 jobs in one group", 8)


def _queue(database_url: str, orders: int) -> Pace:
    with _stage(database_url, REELBOT_JOBS="1") as stage:
        began = time.monotonic()
        for number in range(orders):
            stage.telegram("says", chat=10_000 + number, text=f"/video sandbox:stuck film {number}")
            time.sleep(max(0.0, began + (number + 1) / 20 - time.monotonic()))
        carded = sa.select(sa.func.count()).where(jobs.c.status_ref.is_not(None))
        stage.until(lambda: stage.read(carded)[0][0] >= orders, 120)
        time.sleep(10)
        return _measured(stage, f"{orders} orders at 20 a second", orders)


@contextmanager
def _stage(database_url: str, **env: str) -> Iterator[Stage]:
    """A stage whose Telegram refuses what comes too often, with a bot on it."""
    with tempfile.TemporaryDirectory(prefix="reelbot-bench-") as name:
        sandbox = ("--fast", "--render-s", *map(str, RENDER_S))
        stage = Stage(Path(name), sandbox=sandbox, telegram=("--rates",), database_url=database_url)
        try:
            stage.start_bot(**(_MANY | env))
            yield stage
        finally:
            stage.close()


def _measured(stage: Stage, name: str, orders: int) -> Pace:
    calls = [call for call in stage.telegram("calls") if call["method"].lower().startswith(_COUNTED)]
    done = [call for call in calls if call["done"]]
    of_chats = [call for call in done if call["method"] != "sendChatAction"]
    cards = [call for call in of_chats if call["method"] == "sendMessage" and "Job " in call["params"]["text"]]
    by_job = Counter(call["params"]["text"].partition("Job ")[2].partition(".")[0] for call in cards)
    known = [row.id for row in stage.read(sa.select(jobs.c.id))]
    log = stage.log_file.read_text(errors="replace")
    return Pace(
        name=name,
        orders=orders,
        films=len(_done(stage, "sendVideo")),
        calls=len(of_chats),
        busiest_second=_most_within(1.0, [call["at"] for call in done]),
        busiest_minute=_busiest_chat(of_chats),
        beside=_busiest_chat([call for call in of_chats if call["method"] != "sendVideo"]),
        late_s=max(_lateness(stage, done), default=0.0),
        refused=sum(call["status"] == 429 for call in calls),
        lost=orders - len(set(known) & set(by_job)),
        doubled=sum(by_job[job_id] > 1 for job_id in known),
        moved=len({call["params"]["message_id"] for call in of_chats if "message_id" in call["params"]}),
        untimely=log.count("status message not shown"),
        trace=tuple(_trace(of_chats)),
    )


def _done(stage: Stage, method: str) -> list[Json]:
    return [call for call in stage.telegram("calls", method=method) if call["done"]]


def _most_within(seconds: float, times: Iterable[float]) -> int:
    """Most of them within any time so long."""
    found, window = 0, list[float]()
    for at in sorted(times):
        window = [each for each in window if each > at - seconds] + [at]
        found = max(found, len(window))
    return found


def _busiest_chat(calls: list[Json]) -> int:
    by_chat: dict[str, list[float]] = {}
    for call in calls:
        by_chat.setdefault(str(call["params"].get("chat_id")), []).append(call["at"])
    return max((_most_within(60.0, times) for times in by_chat.values()), default=0)


def _lateness(stage: Stage, done: list[Json]) -> Iterable[float]:
    """For each film, from the moment in which it could be sent until Telegram had the call in hand."""
    query = sa.select(history.c.job_id, history.c.at).where(history.c.state == State.UPLOADING)
    ready_ms = {row.job_id: row.at for row in stage.read(query)}
    to_wall_s = time.time() - time.monotonic()
    for call in done:
        if call["method"] == "sendVideo":
            job_id = next((each for each in ready_ms if each in str(call["params"].get("caption", ""))), None)
            if job_id is not None:
                yield call["at"] + to_wall_s - ready_ms[job_id] / 1000


def _trace(calls: list[Json]) -> Iterable[str]:
    began = min((call["at"] for call in calls), default=0.0)
    for call in calls:
        words = str(call["params"].get("text") or call["params"].get("caption") or "").splitlines()
        about = call["params"].get("message_id", "")
        head = f"{words[0][:46]:<46} | {words[-1][:60]}" if words else ""
        yield f"  {call['at'] - began:>6.1f} s  {call['method']:<16} {about!s:<5} {head}"
