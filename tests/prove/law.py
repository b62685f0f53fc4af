"""What must always hold, and what must hold in the end. Read from the tables, fal's books and the chat's by their own
words: nothing of the program is asked.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import sqlalchemy as sa

from bot.store.database import READ
from tests.prove.backups import Copy
from tests.prove.books import Fate, Request, Shape
from tests.prove.chat import ChatBooks
from tests.prove.copy_law import CopyLaw
from tests.prove.engine import Records
from tests.prove.fal import Fal
from tests.prove.fleet import Fleet
from tests.prove.reach import Reached
from tests.prove.rows_law import LAWS, Report, watch_rows
from tests.prove.virtual import Agenda

_DAY_MS = 24 * 3600 * 1000
_OVER = {"failed", "cancelled"}
_HAD = {"delivered", "sent-as-reply"}
_FILMED = {"ready", "uploading", "undelivered", "delivery-unconfirmed", *_HAD}
_BEFORE_THAT = {"queued", "preparing", "submitting", "rendering", "downloading"}
_MOVES = {
    "awaiting-confirmation",
    "queued",
    "preparing",
    "submitting",
    "rendering",
    "downloading",
    "ready",
    "uploading",
}
_RESERVED = "prove_reserved"
_ROLES = sa.text("SELECT name FROM reelbot_roles WHERE owner = :owner AND until > :now")
_GIVEN_UP_AFTER_S = 30.0
_WRITTEN_WITHIN_S = 30.0
"""A database that is slow is waited for: by then an answer stands in its row."""


class BrokenError(AssertionError):
    """A law does not hold."""


@dataclass(frozen=True, slots=True)
class Row:
    id: str
    user: str
    state: str
    outcome_ref: str | None
    charge: str | None
    price_micro: int
    reserved_micro: int
    due: int | None
    owner: str | None
    lease_until: int | None
    cancel_asked: bool
    request_id: str | None
    search_until: int | None
    spent_micro: int

    @property
    def chat(self) -> str:
        return self.user.partition(":")[2]


def watch(engine: sa.Engine, law: "Callable[[], Law | None]") -> None:
    """Have each transaction looked at before it commits, and each reservation weighed in its own."""

    def report() -> Report | None:
        present = law()
        return present.said if present is not None else None

    watch_rows(engine, report)

    @sa.event.listens_for(engine, "after_cursor_execute")
    def note(
        connection: sa.Connection, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool
    ) -> None:
        if statement.startswith("INSERT INTO reelbot_ledger") and "'reserve'" in repr(parameters):
            connection.info[_RESERVED] = True

    @sa.event.listens_for(engine, "commit")
    def weigh(connection: sa.Connection) -> None:
        present = law()
        if connection.info.pop(_RESERVED, False) and present is not None:
            present.weigh(connection)

    @sa.event.listens_for(engine, "rollback")
    def forgotten(connection: sa.Connection) -> None:
        connection.info.pop(_RESERVED, None)


class Worldly(Protocol):
    """The parts of the world that the law looks at."""

    agenda: Agenda
    reached: Reached
    fal: Fal
    chat: ChatBooks
    records: Records
    fleet: Fleet
    troubled: bool

    def disturbed_since(self, moment: float) -> bool: ...


def _micro(nano: int) -> int:
    """Rounded once, half up."""
    return (nano + 500) // 1000


class Law:
    """`check` after each step; `settled` after everything has healed and time has passed."""

    def __init__(self, world: Worldly, engine: sa.Engine, *, caps_micro: tuple[int, int]) -> None:
        self._world = world
        self._caps = caps_micro
        self._engine = engine
        self._broken: list[str] = []
        self._last_history = 0
        self._states: dict[str, str] = {}
        self._stories: dict[str, list[str]] = {}
        self.copy = CopyLaw(world.fal, world.reached)
        world.fal.on_posted = lambda job_id: self._broken.extend(self.copy.posted(job_id))

    def said(self, problem: str) -> None:
        """What was seen to be broken in the midst of a step."""
        self._broken.append(problem)

    def put_back(self, copy: Copy, *, known: set[str]) -> None:
        """A copy is in the place of the database: history begins there again."""
        self.copy.put_back(copy, known=known)
        self._last_history = 0
        self._stories.clear()

    # The caps, at each reservation, in its own transaction.

    def weigh(self, connection: sa.Connection) -> None:
        start = int(self._world.agenda.wall() * 1000) - _DAY_MS
        query = sa.text(
            'SELECT j."user", SUM(j.reserved_micro) AS held, COALESCE((SELECT SUM(l.spent_micro) FROM reelbot_ledger l '
            'WHERE l."user" = j."user" AND l.at > :start), 0) AS spent FROM reelbot_jobs j GROUP BY j."user"'
        )
        used = {
            row.user: int(row.held) + int(row.spent)
            for row in connection.execute(query, {"start": start}, execution_options={LAWS: True})
        }
        self._world.reached.note("caps: weighed")
        if sum(used.values()) > self._caps[0]:
            self._broken.append(f"the cap of all is passed: {used}")
        if max(used.values(), default=0) > self._caps[1]:
            self._broken.append(f"the cap of one is passed: {used}")

    # After each step.

    def check(self) -> None:
        rows = self.rows()
        for problem in self._problems(rows):
            raise BrokenError(problem)

    def stories(self) -> str:
        """For people: what became of each job."""
        lines = []
        for row in self.rows():
            taken = [
                f"{each.id} {each.fate} {each.shape} at {each.at:.0f}" for each in self._world.fal.books.of(row.id)
            ]
            lines.append(f"{row}\n    {' > '.join(self._stories.get(row.id, []))}\n    at fal: {taken}")
            lines.append(f"    {self._world.records.traces(row.id)}")
        return "\n".join(lines)

    def _problems(self, rows: list[Row]) -> Iterator[str]:
        yield from self._broken
        yield from self._history_problems()
        owners: dict[str, str] = {}
        held = {row.request_id: row.id for row in rows if row.request_id is not None}
        for row in rows:
            if self._states.get(row.id) != row.state:
                self._states[row.id] = row.state
                self._world.reached.note(f"state: {row.state}")
            yield from self._money_problems(row, held)
            yield from self._given_up(row)
            if row.request_id is not None:
                other = owners.setdefault(row.request_id, row.id)
                if other != row.id:
                    yield f"request {row.request_id} belongs to {other} and to {row.id}"
                yield from self._adoption_problems(row)
        yield from self._standing_problems(rows)
        yield from self._film_problems(rows)
        yield from self._answer_problems(rows)

    def _standing_problems(self, rows: list[Row]) -> Iterator[str]:
        """A worker that stands still loses its jobs and roles, where another is well meanwhile."""
        for owner in self._world.fleet.out_of_use(_GIVEN_UP_AFTER_S):
            self._world.reached.note("law: a worker that stood still")
            for row in rows:
                if row.owner == owner:
                    yield f"{row.id} still waits for {owner}, which stands still"
            for role in self._read(_ROLES, owner=owner, now=int(self._world.agenda.true() * 1000)):
                yield f"the role {role.name} still waits for {owner}, which stands still"

    def _answer_problems(self, rows: list[Row]) -> Iterator[str]:
        """What fal answered to an order is that order's own, whatever another one in the same words took it for. Not
        where the process, the disk or the database had trouble since: the answer may have died with it.
        """
        held = {row.id: row.request_id for row in rows}
        for taken in self._world.fal.books.ours():
            if taken.told_at is None or taken.job not in held or self._world.disturbed_since(taken.told_at):
                continue
            if self._now() - taken.told_at > _WRITTEN_WITHIN_S and held[taken.job] != taken.id:
                yield f"{taken.job} was answered {taken.id}, and holds {held[taken.job]}"

    def _money_problems(self, row: Row, held: dict[str, str]) -> Iterator[str]:
        taken = self._world.fal.books.of(row.id)
        if self.copy.ordered(row.id, taken, held) > 1:
            yield f"{row.id} was ordered {len(taken)} times"
        if row.charge is not None and row.reserved_micro:
            yield f"{row.id} is closed ({row.charge}) and {row.reserved_micro} are still held"
        if row.state in _MOVES - {"awaiting-confirmation"} and row.charge is None and not row.reserved_micro:
            yield f"{row.id} is {row.state} and nothing is held for it"
        known = row.state not in _MOVES | {"parked"} and not self._looked_for(row) and not self.copy.asked(row.id)
        if row.charge == "none" and known and any(each.charged_nano(self._now()) for each in taken):
            yield f"{row.id} is called free, and fal has charged it"

    def _given_up(self, row: Row) -> Iterator[str]:
        """A job that ended while fal has a video for it, or may have."""
        if row.state not in _OVER or self._looked_for(row) or self.copy.asked(row.id):
            return
        for taken in self._world.fal.books.of(row.id):
            if taken.fate is Fate.VIDEO:
                yield f"{row.id} is {row.state}, and fal has its video ({taken.shape})"

    def _looked_for(self, row: Row) -> bool:
        """Refused in a gateway's words: the list is asked for it a while; and once it has not shown it."""
        taken = self._world.fal.books.of(row.id)
        return row.state == "failed" and (row.search_until is not None or any(each.hidden for each in taken))

    def _adoption_problems(self, row: Row) -> Iterator[str]:
        """Of two orders with the same words the one may stand for the other; of anybody else's none."""
        adopted = self._world.fal.books.requests.get(row.request_id or "")
        if adopted is None:
            yield f"{row.id} waits for a request that fal never named"
        elif adopted.job != row.id:
            twins = self._world.fal.books.posted.get(row.id, adopted.body) == adopted.body
            if (adopted.job is None or not twins) and not self.copy.may_adopt(adopted, same_words=twins):
                yield f"{row.id} has adopted a request of {adopted.job or 'another program'}"

    def _film_problems(self, rows: list[Row]) -> Iterator[str]:
        by_id = {row.id: row for row in rows}
        for film in self._world.chat.films:
            row = by_id.get(film.job_id or "")
            if row is None and self.copy.forgotten(film.job_id):
                continue
            if row is None or film.chat_id != row.chat:
                yield f"a film of {film.job_id} went to {film.chat_id}"
            elif film.request != row.request_id and not self._in_the_same_words(film.request, row):
                yield f"{row.id} was given the film of another request"

    def _in_the_same_words(self, request_id: str | None, row: Row) -> bool:
        """It was found in the list; its own answer, or the other's, came when the film had been given."""
        request = self._world.fal.books.requests.get(request_id or "")
        posted = self._world.fal.books.posted.get(row.id)
        return request is not None and request.job is not None and posted == request.body

    def _history_problems(self) -> Iterator[str]:
        """A job whose film is here is never at fal again; one that was delivered moves only when its video is sent
        again.
        """
        query = sa.text("SELECT id, job_id, state, why FROM reelbot_history WHERE id > :last ORDER BY id")
        found = self._read(query, last=self._last_history)
        for row in found:
            self._last_history = row.id
            story = self._stories.setdefault(row.job_id, [])
            yield from self.copy.told(row.job_id, row.state, row.why, disturbed=self._world.troubled)
            before = story[-1].partition(" ")[0] if story else None
            story.append(f"{row.state} ({row.why or ''})")
            if before in _HAD and row.state not in _HAD and row.why != "sent again":
                yield f"{row.job_id} was delivered and is {row.state} now ({row.why})"
            if before in _FILMED and row.state in _BEFORE_THAT:
                yield f"{row.job_id} was {before} and is {row.state} now ({row.why})"

    # In the end.

    def unrest(self) -> bool:
        """Whether something is still to come, by the rows or by fal's own books."""
        rows = {row.id: row for row in self.rows()}
        if any(row.state in _MOVES or row.outcome_ref is None for row in rows.values()):
            return True
        return any(self._open(rows[each.job], each) for each in self._world.fal.books.ours() if each.job in rows)

    def untold(self, but: Collection[str]) -> bool:
        """Whether any job but these is under way, or its owner not told what became of it."""
        return any(row.state in _MOVES or row.outcome_ref is None for row in self.rows() if row.id not in but)

    def _open(self, row: Row, taken: Request) -> bool:
        if taken.done_at > self._now():
            return True
        if row.request_id == taken.id and row.spent_micro != _micro(taken.charged_nano(self._now())):
            return True
        if self.copy.asked(row.id) and row.state in _OVER:
            return False
        if self._looked_for(row):
            return row.search_until is not None
        return not self._has(row) if taken.fate is Fate.VIDEO else row.state not in _OVER

    def waiting_for_a_press(self) -> list[Row]:
        """Their owners were told, and have a button to have the video sent again."""
        return [
            row for row in self.rows() if row.state in {"delivery-unconfirmed", "undelivered"} and not self._has(row)
        ]

    def settled(self) -> None:
        """Every trouble was over long ago."""
        rows = {row.id: row for row in self.rows()}
        for problem in self._problems(list(rows.values())):
            raise BrokenError(problem)
        for taken in self._world.fal.books.ours():
            row = rows.get(taken.job or "")
            if self._stands_for(rows.values(), taken) or (row is not None and self._looked_for(row)):
                continue
            if self.copy.forgotten(taken.job) or (row is not None and self.copy.asked(row.id) and row.state in _OVER):
                continue
            for problem in self._end_problems(row, taken):
                raise BrokenError(problem)
        for row in rows.values():
            for problem in self._rest_problems(row):
                raise BrokenError(problem)

    def _end_problems(self, row: Row | None, taken: Request) -> Iterator[str]:
        if row is None:
            yield f"fal has a request of {taken.job}, and there is no such job"
        elif taken.fate is Fate.VIDEO and not self._has(row) and not self._excused(row, taken):
            yield f"{row.id} never had its video: {row.state}, told {row.outcome_ref}, {taken.shape}"
        elif taken.fate is not Fate.VIDEO and row.state not in _OVER:
            yield f"{row.id} is {row.state}, and fal has ended it: {taken.fate}"
        elif row.request_id == taken.id and row.spent_micro != _micro(taken.charged_nano(self._now())):
            yield f"fal has charged {taken.charged_nano(self._now())} n$ for {row.id}, and the ledger {row.spent_micro}"
        elif taken.charged_nano(self._now()) and row.charge not in {"yes", "possibly"}:
            yield f"fal has charged {row.id}, and the ledger says {row.charge}"

    def _stands_for(self, rows: Iterable[Row], taken: Request) -> bool:
        """Another job, ordered in the very same words, has adopted it and given it to its own owner."""
        other = next((row for row in rows if row.request_id == taken.id and row.id != taken.job), None)
        if other is None or not self._has(other):
            return False
        self._world.reached.note("twins: the one stood for the other")
        return True

    def _has(self, row: Row) -> bool:
        return any(film.job_id == row.id for film in self._world.chat.films)

    def _excused(self, row: Row, taken: Request) -> bool:
        """fal gave the result once, and that answer died with a process or on the wire: it is parked, and told."""
        return taken.shape is Shape.ONCE and row.state == "parked" and row.outcome_ref is not None

    def _rest_problems(self, row: Row) -> Iterator[str]:
        if row.state in _MOVES:
            yield f"{row.id} is still {row.state}"
        elif row.outcome_ref is None and row.due is None and row.lease_until is None:
            yield f"nobody told the owner of {row.id} that it is {row.state}"
        elif row.state in _HAD and not self._has(row):
            yield f"{row.id} is called {row.state}, and the chat has no film"

    def _now(self) -> float:
        return self._world.agenda.true()

    def state(self, job_id: str) -> str | None:
        return next((row.state for row in self.rows() if row.id == job_id), None)

    def rows(self) -> list[Row]:
        query = sa.text(
            'SELECT j.id, j."user", j.state, j.outcome_ref, j.charge, j.price_micro, j.reserved_micro, j.due, j.owner, '
            "j.lease_until, j.cancel_asked, s.request_id, s.search_until, "
            "COALESCE((SELECT SUM(l.spent_micro) FROM reelbot_ledger l "
            "WHERE l.job_id = j.id), 0) AS spent_micro "
            "FROM reelbot_jobs j LEFT JOIN reelbot_submits s ON s.job_id = j.id ORDER BY j.created, j.id"
        )
        return [Row(**row._asdict()) for row in self._read(query)]

    def _read(self, query: sa.TextClause, **values: Any) -> Sequence[sa.Row[Any]]:
        with self._engine.connect() as connection:
            connection.execution_options(**{READ: True, LAWS: True})
            return connection.execute(query, values).all()
