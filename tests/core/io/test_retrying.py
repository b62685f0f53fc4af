"""Retries: which errors, how often, after which pauses; and that neither a cancellation nor another error waits."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace

import pytest

from core.io.retrying import RetryPolicy, retried

FEW = RetryPolicy(OSError, pauses_s=(1.0, 3.0), tries=4)


class Busy(OSError):
    def __init__(self, after_s: float) -> None:
        super().__init__("busy")
        self.after_s = after_s


class Work:
    """Raises what was planned, one after the other; then it is done. Pauses are written down, not waited."""

    def __init__(self, errors: Iterable[BaseException]) -> None:
        self.errors = list(errors)
        self.pauses_s: list[float] = []
        self.heard: list[BaseException] = []

    async def once(self) -> str:
        if self.errors:
            raise self.errors.pop(0)
        return "done"

    async def sleep(self, seconds: float) -> None:
        self.pauses_s.append(seconds)

    def run(self, policy: RetryPolicy[OSError]) -> str:
        return asyncio.run(retried(self.once, policy, sleep=self.sleep, on_retry=self.heard.append))


def test_the_last_pause_comes_again_while_tries_are_left() -> None:
    errors = [OSError(str(number)) for number in range(3)]
    work = Work(errors)
    assert work.run(FEW) == "done"
    assert work.pauses_s == [1, 3, 3]
    assert work.heard == errors


def test_the_last_error_is_raised_itself_and_without_a_pause_after_it() -> None:
    errors = [OSError(str(number)) for number in range(5)]
    work = Work(errors)
    with pytest.raises(OSError, match="3") as caught:
        work.run(FEW)
    assert caught.value is errors[3]
    assert work.pauses_s == [1, 3, 3]
    assert work.heard == errors[:3]


def refuses_late(error: OSError) -> bool:
    return error.args != ("late",)


@pytest.mark.parametrize("error", [ValueError("another kind"), OSError("late"), KeyboardInterrupt("now")])
def test_any_other_error_ends_it_at_once(error: BaseException) -> None:
    work = Work([OSError("early"), error])
    with pytest.raises(type(error), match=str(error)):
        work.run(replace(FEW, only_if=refuses_late))
    assert work.pauses_s == [1]


def busy_for(error: OSError) -> float:
    return error.after_s if isinstance(error, Busy) else 0.0


def test_an_error_may_ask_for_a_longer_pause_never_a_shorter_one() -> None:
    work = Work([Busy(20.0), Busy(0.5), OSError()])
    assert work.run(replace(FEW, least_s=busy_for)) == "done"
    assert work.pauses_s == [20, 3, 3]


def test_patience_is_counted_in_pauses() -> None:
    work = Work([OSError("away") for _ in range(9)])
    with pytest.raises(OSError, match="away"):
        work.run(RetryPolicy(OSError, pauses_s=(1.0, 3.0), patience_s=6.0))
    assert work.pauses_s == [1, 3, 3]


def test_without_an_end_it_goes_on_until_it_works() -> None:
    work = Work([OSError() for _ in range(200)])
    assert work.run(RetryPolicy(OSError, pauses_s=(1.0,))) == "done"
    assert len(work.pauses_s) == 200


async def for_ever() -> str:
    await asyncio.Event().wait()
    return "never"


async def failing() -> str:
    raise OSError


@pytest.mark.parametrize("work", [for_ever, failing], ids=["in a try", "in a pause"])
def test_a_cancellation_is_no_error_to_be_repeated(work: Callable[[], Awaitable[str]]) -> None:
    async def story() -> None:
        policy = RetryPolicy(Exception, pauses_s=(60.0,))
        task = asyncio.ensure_future(retried(work, policy))
        for _ in range(10):
            await asyncio.sleep(0)
        assert not task.done()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(story())
