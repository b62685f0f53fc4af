"""The world of one run: fal, the chat, the disk and the database stay; workers of the bot come and go (fleet.py)."""

import math
import random
import shutil
from collections.abc import Callable, Collection
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from itertools import chain, repeat
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa

from bot.channels.types import Address, Incoming
from bot.conversation.command_parser import parse_message
from bot.messages.callback_data import data_for
from bot.store.database import Database
from bot.store.records import JobDraft
from core import pricing
from core.fal.webhooks import callback_token
from tests.prove.backups import Backups
from tests.prove.books import Request
from tests.prove.chat import ChatBooks
from tests.prove.diary import Diary
from tests.prove.engine import AT_WORK, Records
from tests.prove.fal import Fal, Script
from tests.prove.fleet import Fleet
from tests.prove.law import Law
from tests.prove.moments import Moments
from tests.prove.mtimes import FileTimes
from tests.prove.process import SECRET, Process
from tests.prove.reach import Reached
from tests.prove.signing import signed
from tests.prove.virtual import Agenda, BlockedError, KilledError, ProcessLoop, on_another_stack, seeded

PEOPLE = ("1", "2", "3")
ADMIN = "9"
CAPS_USD = ("6", "3")
_LOCKED = ("database is locked", "lock timeout")
_SLOW_SHARE, _SLOW_SUMS = 0.02, 0.4
_WAITS_SHARE = 0.9
_SLOW_S = (0.05, 0.4, 2.0)
_PUBLIC = "https://bot.example.org"
_WEBHOOK_TRIES_S = (0.1, 2.0, 15.0, 120.0, 600.0, 1800.0)
_CLOCK_S = 60.0  # a clock that is set back by less is only waited for
_ROOMY = 10**12
_WRITES = ("INSERT", "UPDATE", "DELETE")
_REFUSED_SHARE = 0.9

_CALM_S, _LOOK_S = 100.0, 20.0
_TOLD_S = 4.0
_DAYS = 8
_NAPS_S = (60.0, 120.0, 300.0, 300.0, 600.0, 900.0, 1800.0, 3600.0)
_WAKE_S = 40.0
_AWAKE_S, _ASLEEP_S = 40.0, 600.0


@dataclass(frozen=True, slots=True)
class Words:
    """What a person asks for; in the `same` words as somebody else, or in words that nobody else has used."""

    prompt: str
    same: bool = False
    model: str = "wan-2.5"
    seconds: int = 5
    resolution: str = "480p"
    seed: int | None = None


DEAR = Words("a dear one", model="happy-horse", seconds=10, resolution="720p")
"""Two of them leave no room under the cap of one person."""
Away = Literal["away", "slow to answer", "full", "commits and fails"]


class World:
    """`database`: with all tables, empty, used by nobody else. `folder`: for its files, likewise. `workers`: how many
    may run at once. `idle_s`: after so long the database gives up a transaction whose worker says nothing.
    """

    def __init__(
        self,
        seed: int,
        *,
        database: Database,
        folder: Path,
        reached: Reached,
        diary: Diary,
        workers: int,
        idle_s: float,
    ) -> None:
        self.rng = random.Random(seed)
        self.agenda = Agenda()
        self.reached = reached
        self.diary = diary
        diary.begin(lambda: self.agenda.now)
        self.folder = folder
        self._workers = workers
        self._database = database
        self._idle_s = idle_s
        self.fal = Fal(self.agenda.true, random.Random(seed + 1), reached)
        self.fal.on_taken = self._webhook_of
        self.chat = ChatBooks(self.agenda.true, random.Random(seed + 2), reached)
        self.records = Records()
        self.skewed_until = 0.0  # seconds UTC, fal's clock
        self.left_frozen = False  # whoever stands still in the end does so for ever
        self.orders = 0
        self.troubled = False  # by more than deaths
        self.troubles: dict[str, float] = {}
        self._callers: list[ProcessLoop] = []  # one, or two while the first one's transaction is slow
        self.fleet = Fleet(self.agenda, reached, most=workers, make=self._process)
        self.times = FileTimes(folder, self.agenda.wall)
        self.backups = Backups(
            database.engine,
            output=folder,
            folder=folder.with_name(f"{folder.name}-copies"),
            records=self.records,
            reached=reached,
        )
        self.moments = Moments(reached, thaw=self.fleet.thaw)
        self._seeds = seeded(self.rng)
        self._seeds.__enter__()
        self.law = Law(self, database.engine, caps_micro=(int(float(CAPS_USD[0]) * 1e6), int(float(CAPS_USD[1]) * 1e6)))
        for _ in range(workers):
            self.fleet.start()

    def _process(self, life: int) -> Process:
        process = Process(
            life,
            agenda=self.agenda,
            rng=self.rng,
            work=self._worked,
            settings=self._settings(),
            database=self._database,
            fal=self.fal,
            chat=self.chat,
            records=self.records,
            writable=self._writable,
            room=lambda _: 0 if self.suffers("full") else _ROOMY,
        )
        process.loop.on_call = partial(self.moments.called, process)
        return process

    def _settings(self) -> dict[str, Any]:
        return {
            "fal_key": "key-of-the-model",
            "fal_admin_key": "admin-key-of-the-model",
            "public_url": _PUBLIC,
            "output_dir": self.folder,
            "access": "open",
            "admins": f"telegram:{ADMIN}",
            "daily_usd": CAPS_USD[0],
            "user_daily_usd": CAPS_USD[1],
            "user_jobs": 3,
            "jobs": 6,
        }

    # Troubles of the machine.

    def set_clock(self, seconds: float) -> None:
        """Our clock is so far ahead of fal's."""
        self.agenda.skew_s = seconds
        self.skewed_until = math.inf if seconds else self.agenda.true()
        if self._database.engine.dialect.name == "sqlite":  # whose time is this machine's
            self.fleet.clock_steady_at = self.agenda.true() + _CLOCK_S

    def freeze_at(self, moment: str, nth: int, *, taken: int | None, seconds: float) -> None:
        """Whoever comes to it stands still right there. `taken`: until another works on that job, and has made so many
        calls for it; `seconds`: at the latest.
        """

        def freeze(process: Process) -> None:
            self.fleet.freeze_this(process, seconds)
            if taken is not None:
                self.moments.thaw_when_taken(process, after_calls=taken)

        self.moments.at(moment, nth, freeze)

    def die_at(self, moment: str, nth: int) -> None:
        self.moments.at(moment, nth, self.fleet.died)

    def trouble_at(self, moment: str, nth: int, what: Away, *, seconds: float) -> None:
        """Just when somebody comes to it."""

        def begin(_process: Process) -> None:
            self.troubles[what] = self.agenda.now + seconds

        self.moments.at(moment, nth, begin)

    def order_at_a_settling(self, person: str, words: Words, *, hiccup_s: float, orders: int) -> None:
        """When a worker is about to write a film down, it stands still so long, and others order meanwhile."""

        def begin(process: Process) -> None:
            lease = AT_WORK.get()
            if lease is None or self.law.state(lease.job_id) != "downloading":
                self.moments.at("JobStates.move", 1, begin)
                return
            self.reached.note("caps: an order at a settling")
            self.fleet.freeze_this(process, hiccup_s)
            for number in range(orders):
                self.agenda.later(number * hiccup_s / 2, partial(self.order, person, words, Script(), waits=False))

        self.moments.at("JobStates.move", 1, begin)

    def back_up(self, *, stamped: bool) -> None:
        self.agenda.later(0.0, partial(self.backups.make, stamped=stamped))
        self.live(0.0)

    def back_up_at(self, moment: str, nth: int, *, stamped: bool) -> None:
        self.moments.at(moment, nth, lambda _process: self.backups.make(stamped=stamped))

    def put_back(self, which: int, *, lost: bool) -> None:
        """One of the copies; everybody is killed first. `lost`: so is the folder, and only a real backup is of use."""
        copies = self.backups.copies
        if not copies:
            return
        copy = copies[which % len(copies)]
        self.moments.forget()
        for process in list(self.fleet.members):
            self.fleet.died(process)
        known = {row.id for row in self.law.rows()}
        self.backups.put_back(copy, lost=lost and copy.stamped, stamp=self.times.stamp)
        self.law.put_back(copy, known=known)
        for _ in range(self._workers):
            self.fleet.start()

    def disturbed_since(self, moment: float) -> bool:
        """Whether a process ended or stood still, or the machine had trouble, since then (seconds UTC, fal's clock)."""
        return self.fleet.disturbed_at >= moment or bool(self.fleet.still) or not self.fleet.running

    def suffers(self, what: Away) -> bool:
        if self.troubles.get(what, 0.0) <= self.agenda.now:
            return False
        self.fleet.disturbed()
        self.troubled = True
        self.reached.note(f"machine: {what}")
        return True

    def _writable(self, process: Process) -> bool | None:
        if self.suffers("away") or self.fleet.is_cut_off(process):
            return False
        return None if self.suffers("full") else True

    def _worked(self, loop: ProcessLoop, executor: Executor | None, call: Callable[[], Any]) -> Any:
        """Calls of a pool of their own are the store's; the others are for files."""
        if executor is None:
            if self.suffers("full") and "write" in repr(call):
                raise OSError(28, "the model's disk is full")
            try:
                return call()
            finally:
                self.times.stamp()
        if self.suffers("slow to answer") and self.rng.random() < _WAITS_SHARE:
            raise BlockedError
        if self.suffers("away") or self.fleet.is_cut_off(self.fleet.of(loop)):
            raise sa.exc.OperationalError("the model's database is away", None, Exception())
        result = self._called(loop, call)
        if self.suffers("commits and fails") and self.rng.random() < 0.3:
            raise sa.exc.OperationalError("the connection broke after the commit", None, Exception())
        return result

    def _called(self, loop: ProcessLoop, call: Callable[[], Any]) -> Any:
        self._callers.append(loop)
        try:
            return call()
        except sa.exc.OperationalError as error:
            if any(word in str(error) for word in _LOCKED):
                raise BlockedError from error
            raise
        finally:
            self._callers.pop()

    def between(self, statement: str) -> None:
        """Two statements of one transaction: it is slow, and everything else goes on meanwhile. Its process may die or
        freeze, and its disk be full.

        Sums are slow more often, as they are in life.
        """
        if statement.startswith(_WRITES) and self.suffers("full") and self.rng.random() < _REFUSED_SHARE:
            raise sa.exc.OperationalError("database or disk is full", None, Exception())
        if len(self._callers) != 1 or self.rng.random() > (_SLOW_SUMS if "sum(" in statement else _SLOW_SHARE):
            return
        caller = self._callers[0]
        self.reached.note("database: a slow transaction")
        self._meanwhile(self.rng.choice(_SLOW_S))
        if caller.frozen and not self._database.is_sqlite:
            self._stands_still(caller)
        if caller.dead:
            self.reached.note("database: rolled back by a death")
            raise KilledError

    def _stands_still(self, caller: ProcessLoop) -> None:
        """In the midst of a transaction: what it has locked stays so until it goes on or the database gives it up."""
        gives_up = self.agenda.now + self._idle_s
        while caller.frozen and not caller.dead and self.agenda.now < gives_up:
            self._meanwhile(0.5)
        if caller.frozen and not caller.dead:
            self.reached.note("database: given up in the midst of a transaction")
            raise sa.exc.OperationalError("the transaction was idle for too long", None, Exception())

    def _meanwhile(self, seconds: float) -> None:
        on_another_stack(partial(self.agenda.run_until, self.agenda.now + seconds))

    # What people do.

    def order(self, person: str, words: Words, script: Script, *, waits: bool = True) -> None:
        if self.fleet.serving is None:
            return
        self.orders += 1
        incoming = Incoming(Address("telegram", person), "bot", f"m{self.orders}", person, text=words.prompt)
        self.reached.note("people: ordered")
        # In the same words only with nothing more: a search allows fields that it did not send.
        seed = None if words.same else words.seed
        prompt = words.prompt if words.same else f"{words.prompt}, number {self.orders}"
        plan = pricing.plan(prompt, model=words.model, duration=words.seconds, resolution=words.resolution, seed=seed)
        self._begin(JobDraft(incoming, "en", plan), script, waits=waits)

    def _begin(self, new: JobDraft, script: Script, *, waits: bool = True) -> None:
        process = self.fleet.serving
        if process is not None:

            def scripted(_connection: sa.Connection, job_id: str) -> None:
                self.fal.scripts.setdefault(job_id, script)

            begun = process.app.parts.orders.start(new, inbox_id=None, within=scripted)
            if waits:
                process.do(begun)
            else:
                process.task(_answered(begun))

    def press(self, person: str, verb: str, job_id: str, script: Script) -> None:
        """A button of one's own job."""
        process = self.fleet.serving
        if process is None:
            return
        self.orders += 1
        self.reached.note(f"people: pressed {verb}")
        data = data_for(verb, job_id)  # type: ignore[arg-type]
        pressed = Incoming(Address("telegram", person), "bot", f"b{self.orders}", person, pressed=data)
        if verb == "yes":
            self.law.copy.agrees(job_id)
        decision = process.do(process.app.parts.handler.handle(parse_message(pressed)))
        if decision is not None and decision.order is not None:
            self._begin(decision.order, script)

    # What fal does of its own accord.

    def _webhook_of(self, request: Request) -> None:
        if request.webhook is not None:
            wait = request.done_at - self.agenda.true()
            self._at(wait + _WEBHOOK_TRIES_S[0], partial(self._call, request, 0))

    def _at(self, seconds: float, what: Callable[[], None]) -> None:
        self.agenda.later(seconds, what)

    def _call(self, request: Request, attempt: int) -> None:
        """Again while nobody answers; the content is fal's whole word, which we must not believe without asking."""
        if self.agenda.true() < request.done_at:
            return self._at(request.done_at - self.agenda.true() + 0.1, partial(self._call, request, attempt))
        later = attempt + 1
        if self.fleet.serving is not None and not self.fal.blows("webhooks lost"):
            if self.fal.blows("webhooks late"):
                return self._at(300.0, partial(self._call, request, attempt))
            for _ in range(2 if self.fal.blows("webhooks twice") else 1):
                self.call_back(request)
        elif later < len(_WEBHOOK_TRIES_S):
            self._at(_WEBHOOK_TRIES_S[later], partial(self._call, request, later))
        return None

    def call_back(self, request: Request, *, names: str | None = None, right: bool = True) -> None:
        """One call to the address in that order. `names`: another request; not `right`: not signed by fal."""
        process = self.fleet.serving
        if process is None or request.job is None:
            return
        body = f'{{"request_id": "{names or request.id}", "status": "OK", "payload": null}}'.encode()
        headers = signed(request.id, body, at=self.agenda.true())
        if not right:
            headers["x-fal-webhook-signature"] = "00" * 64
        receive = process.app.parts.webhook.receive
        process.task(_answered(receive(callback_token(SECRET, request.job), body, headers)))
        self.reached.note("webhook: right" if right else "webhook: forged")

    # Time.

    def live(self, seconds: float) -> None:
        self.agenda.run_until(self.agenda.now + seconds)

    def live_till_told(self, most_s: float, *, but: Collection[str]) -> None:
        """Until nobody stands still and every job but these is told: what is left of the time would show little."""
        end = self.agenda.now + most_s
        while self.agenda.now < end:
            self.live(_TOLD_S)
            if not self.fleet.still and not self.law.untold(but):
                break

    def live_long(self, seconds: float) -> None:
        """The same in fewer turns: the machine sleeps most of the time, and all that was due happens when it wakes."""
        end = self.agenda.now + seconds
        while self.agenda.now < end:
            self.live(min(_AWAKE_S, end - self.agenda.now))
            self.sleep(max(0.0, min(_ASLEEP_S, end - self.agenda.now)))

    def sleep(self, seconds: float) -> None:
        """The whole machine does; what was due happens when it wakes."""
        self.agenda.skip(seconds)
        self.fleet.disturbed()

    def heal(self) -> None:
        """Every trouble is over, from here on. Nobody who runs is started again."""
        self.fal.weather.clear()
        self.chat.moods.clear()
        self.troubles.clear()
        self.moments.forget()
        self.fleet.heal(but_frozen=self.left_frozen)

    def rest(self) -> None:
        """Everything heals; then days pass, until nothing moves any more. For most of them the machine sleeps."""
        self.heal()
        self.live(_WAKE_S)
        calm = self.agenda.now + _CALM_S
        while self.agenda.now < calm and self.law.unrest():
            self.live(_LOOK_S)
        end = self.agenda.now + _DAYS * 24 * 3600
        naps = chain(_NAPS_S, repeat(_NAPS_S[-1]))
        while self.agenda.now < end and self.law.unrest():
            self.sleep(next(naps))
            self.live(_WAKE_S)
            for row in self.law.waiting_for_a_press():
                self.press(row.chat, "again", row.id, Script())

    def foreign(self, request: Request) -> None:
        """Of another program on the same account."""
        request.at = self.agenda.true()
        self.fal.books.take(request)
        self.reached.note("another program: ordered")

    def close(self) -> None:
        self.fleet.close()
        self._seeds.__exit__(None, None, None)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.backups.drop()


async def _answered(call: Any) -> None:
    """What a server makes of an error: whoever called sees that it did not work, and no more."""
    try:
        await call
    except Exception:  # noqa: BLE001 - as the server does
        return
