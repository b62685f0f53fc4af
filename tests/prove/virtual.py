"""Virtual time: one agenda for everybody, and an event loop for each process of the bot that can be frozen or killed.

Nothing here sleeps, starts a thread or opens a socket: a call to a thread pool runs inline, a little later by the
virtual clock, so that tasks interleave between two calls and never within one.
"""

import asyncio
import heapq
import inspect
import itertools
import logging
import random
import secrets
import sys
import threading
import time
import warnings
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager, suppress
from contextvars import Context, ContextVar, copy_context
from functools import partial
from typing import Any, TypeVar, TypeVarTuple
from unittest import mock

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

BASE = 1_795_000_000.0
"""Where the virtual wall clock begins: seconds UTC."""
_MOST_TURNS = 400_000
"""Of handles in one stretch of time: a loop that spins without letting time pass is an error, not a hang."""


class Event:
    """Something in the world that no process does."""

    def __init__(self, what: Callable[[], None]) -> None:
        self._run = what

    def cancelled(self) -> bool:
        return False


_BLOCKED_S = 0.2

CALLED: ContextVar[str | None] = ContextVar("prove_called", default=None)
"""What is called where a call to a thread pool is begun; None: nobody asks."""
Around = Callable[["ProcessLoop", Executor | None, Callable[[], Any]], Any]


class BlockedError(Exception):
    """A call waits for a lock that another transaction holds: it is made once more, a little later."""


class KilledError(Exception):
    """The process died in the middle of this call: its transaction is rolled back, and nobody hears of it."""


class SpinsError(AssertionError):
    """The bot does something for ever without letting time pass."""


class Agenda:
    """What happens when. `wall()` is the bot's clock, which may be set wrong by `skew_s`; `true()` everybody else's."""

    def __init__(self) -> None:
        self.now = 0.0
        self.skew_s = 0.0
        self._entries: list[tuple[float, int, asyncio.Handle | Event, ProcessLoop | None]] = []
        self._order = itertools.count()

    def true(self) -> float:
        return BASE + self.now

    def wall(self) -> float:
        return BASE + self.now + self.skew_s

    def later(self, seconds: float, what: Callable[[], None]) -> None:
        self.add(self.now + seconds, Event(what), None)

    def _monotonic(self) -> float:
        return self.now

    def add(self, when: float, handle: asyncio.Handle | Event, loop: "ProcessLoop | None") -> None:
        heapq.heappush(self._entries, (max(when, self.now), next(self._order), handle, loop))

    def run_until(self, when: float) -> None:
        """Let time pass. What is due happens in its order."""
        turns, at = 0, self.now
        with self.in_charge():
            while self._entries and self._entries[0][0] <= when:
                due, _, handle, loop = heapq.heappop(self._entries)
                self.now = max(self.now, due)
                turns, at = (turns + 1, at) if at == self.now else (0, self.now)
                if turns > _MOST_TURNS:
                    raise SpinsError(str(handle))
                _run(handle, loop)
            self.now = max(self.now, when)

    def run(self, loop: "ProcessLoop", work: "asyncio.Task[T]", *, most_s: float) -> T | None:
        """Let time pass until `work` has ended; None when its process died or froze, or when it takes too long."""
        end = self.now + most_s
        with self.in_charge():
            while not work.done() and not loop.dead and self._entries and self._entries[0][0] <= end:
                due, _, handle, owner = heapq.heappop(self._entries)
                self.now = max(self.now, due)
                _run(handle, owner)
        return work.result() if work.done() and not work.cancelled() else None

    def skip(self, seconds: float) -> None:
        """The machine sleeps: time passes, and nothing of what was due happens before it wakes."""
        self.now += seconds

    @contextmanager
    def in_charge(self) -> Iterator[None]:
        """Whoever asks for the time hears this one's."""
        hooks = sys.get_asyncgen_hooks()
        sys.set_asyncgen_hooks(finalizer=self._dropped)
        try:
            if time.monotonic == self._monotonic:  # in the midst of somebody's transaction
                yield
                return
            with mock.patch.object(time, "time", self.wall), mock.patch.object(time, "monotonic", self._monotonic):
                yield
        finally:
            sys.set_asyncgen_hooks(*hooks)

    def _dropped(self, generator: AsyncGenerator[Any, Any]) -> None:
        """Not closed, as it would be: the garbage is collected at a time of its own, and no run could be repeated."""


def _run(handle: asyncio.Handle | Event, loop: "ProcessLoop | None") -> None:
    if handle.cancelled() or (loop is not None and isinstance(handle, asyncio.Handle) and not loop.may_run(handle)):
        return
    before = asyncio._get_running_loop()
    asyncio._set_running_loop(loop)
    try:
        handle._run()
    finally:
        asyncio._set_running_loop(before)


class _Call(asyncio.Handle):
    """A call to a thread pool that is going to be made."""

    def __init__(self, callback: Callable[..., object], args: Sequence[Any], loop: asyncio.AbstractEventLoop) -> None:
        self.called = CALLED.get()
        self.around = copy_context()
        super().__init__(callback, args, loop, self.around)


class ProcessLoop(asyncio.BaseEventLoop):
    """The loop of one process. `around` makes each call to a thread pool, or raises what the call shall raise."""

    def __init__(self, agenda: Agenda, *, rng: random.Random, around: Around) -> None:
        super().__init__()
        self._agenda = agenda
        self._rng = rng
        self._around = around
        self._backlog: list[asyncio.Handle] = []
        self._turns_left = -1
        self._then: Callable[[], None] = lambda: None
        self.on_call: Callable[[str], None] = lambda _name: None  # before a call: it may freeze or kill this
        self.turns = 0  # since `after`
        self.dead = False
        self.frozen = False

    def may_run(self, handle: asyncio.Handle) -> bool:
        """Whether a handle that is due runs now. Its process may be frozen or dead, or become so right here."""
        if self._turns_left >= 0 and not (self.dead or self.frozen):
            self.turns += 1
            self._turns_left -= 1
            if self._turns_left < 0:
                self._then()
        if isinstance(handle, _Call) and handle.called is not None and not (self.dead or self.frozen):
            handle.around.run(self.on_call, handle.called)
        if self.dead:
            return False
        if self.frozen:
            self._backlog.append(handle)
        return not self.frozen

    def after(self, turns: int, then: Callable[[], None]) -> None:
        """Have `then` called between two turns of the loop, so many turns from now: it may kill or freeze this."""
        self._turns_left, self._then, self.turns = turns, then, 0

    def undisturbed(self) -> None:
        """What was to come after so many turns does not come."""
        self._turns_left = -1

    def thaw(self) -> None:
        self.frozen = False
        backlog, self._backlog = self._backlog, []
        for handle in backlog:
            self._agenda.add(self._agenda.now, handle, self)

    def time(self) -> float:
        return self._agenda.now

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self._agenda.add(self._agenda.now, handle, self)
        return handle

    def call_soon_threadsafe(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        return self.call_soon(callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        self._agenda.add(when, handle, self)
        return handle

    def run_in_executor(  # type: ignore[override]
        self, executor: Executor | None, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        future: asyncio.Future[T] = self.create_future()
        handle = _Call(self._perform, (future, executor, func, args), self)
        self._agenda.add(self._agenda.now + self._rng.choice((0.0, 0.0, 0.001, 0.004)), handle, self)
        return future

    def _perform(
        self, future: asyncio.Future[T], executor: Executor | None, func: Callable[..., T], args: Sequence[Any]
    ) -> None:
        try:
            result = self._around(self, executor, partial(func, *args))
        except KilledError:
            return
        except BlockedError:
            handle = _Call(self._perform, (future, executor, func, args), self)
            self._agenda.add(self._agenda.now + _BLOCKED_S, handle, self)
        except Exception as error:  # noqa: BLE001 - whatever the call raises is the caller's
            if not future.cancelled():
                future.set_exception(error)
        else:
            if not future.cancelled():
                future.set_result(result)

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        if not self.dead:
            super().call_exception_handler(context)

    def get_debug(self) -> bool:
        return False


def comes_to(name: str) -> None:
    """The process that runs here is about to call fal or the chat. It may freeze or die by that, at its next await."""
    loop = asyncio.get_running_loop()
    if isinstance(loop, ProcessLoop):
        loop.on_call(name)


class Graveyard:
    """Coroutines of killed processes. They are kept, so that nothing of theirs ever runs while the world turns."""

    def __init__(self) -> None:
        self._loops: list[ProcessLoop] = []
        self._tasks: list[asyncio.Task[Any]] = []

    def bury(self, loop: ProcessLoop) -> None:
        loop.dead = True
        self._loops.append(loop)
        self._tasks += [task for task in asyncio.all_tasks(loop) if not task.done()]

    def clear(self) -> None:
        """After the end of the world: what their `finally` does now reaches nobody."""
        before = logging.root.manager.disable
        logging.disable(logging.CRITICAL)
        try:
            with warnings.catch_warnings(action="ignore"):
                self._end()
        finally:
            logging.disable(before)

    def _end(self) -> None:
        for task in self._tasks:
            task._log_destroy_pending = False  # type: ignore[attr-defined]
            with suppress(BaseException):
                task.get_coro().close()
        for loop in self._loops:
            loop.close()
        self._tasks.clear()
        self._loops.clear()


def on_another_stack(work: Callable[[], None]) -> None:
    """Done when this returns. Whatever keeps a traceback of it keeps nothing of the caller: an open cursor, say."""
    errors: list[BaseException] = []

    def whole() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised again below
            errors.append(error)

    thread = threading.Thread(target=whole)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]


_CLOCKS: dict[Callable[[], float], Callable[[], float]] = {
    time.time: lambda: time.time(),  # noqa: PLW0108 - asked for at each call
    time.monotonic: lambda: time.monotonic(),  # noqa: PLW0108
}


def ask_for_clocks_anew() -> None:
    """A clock that the program's functions have as a default was bound when they were defined: the real one. From now
    on they ask for it by its name at each call, and so hear the model's while that is in charge.
    """
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in {"bot", "core"}:
            for owner in [module, *filter(inspect.isclass, vars(module).values())]:
                for function in filter(inspect.isfunction, list(vars(owner).values())):
                    defaults = function.__kwdefaults__ or {}
                    late = {
                        key: clock
                        for key, value in defaults.items()
                        for real, clock in _CLOCKS.items()
                        if value is real
                    }
                    function.__kwdefaults__ = {**defaults, **late} or None


@contextmanager
def seeded(rng: random.Random) -> Iterator[None]:
    """Ids and jitter come from this generator, so that a run can be repeated."""
    made = random.Random(rng.random())
    with (
        mock.patch.object(secrets, "choice", made.choice),
        mock.patch.object(secrets, "token_hex", lambda size=32: made.randbytes(size).hex()),
        mock.patch.object(random, "uniform", made.uniform),
    ):
        yield
