"""Retries within this process, by tenacity: what is free to repeat is tried again after a pause.

What has to outlive the process is a durable step of the engine, and the one paid request is in no policy at all.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

E = TypeVar("E", bound=Exception)
R = TypeVar("R")

Sleep = Callable[[float], Awaitable[None]]


def _always(_error: Exception) -> bool:
    return True


def _nothing(_error: Exception) -> float:
    return 0.0


@dataclass(frozen=True, slots=True)
class RetryPolicy(Generic[E]):
    """When an error is worth another try, and after which pause.

    Errors of the kind `on`, as far as `only_if` says so, are retried. `pauses_s` come between two tries, the last one
    again and again; `least_s` is what the error itself asks for (a Retry-After, say). The end comes after so many
    `tries` or after so many seconds of pauses (`patience_s`); without either, when it works.
    """

    on: type[E]
    pauses_s: tuple[float, ...]
    tries: int | None = None
    patience_s: float | None = None
    only_if: Callable[[E], bool] = _always
    least_s: Callable[[E], float] = _nothing

    def repeats(self, error: BaseException) -> bool:
        """Return whether this error is worth another try."""
        return isinstance(error, self.on) and self.only_if(error)


async def retried(
    work: Callable[[], Awaitable[R]],
    policy: RetryPolicy[E],
    *,
    sleep: Sleep = asyncio.sleep,
    on_retry: Callable[[E], None] | None = None,
) -> R:
    """Await `work`, again after each error that the policy names.

    Raises the last error, and every other at once. `on_retry` is called with an error before the pause that follows it.
    """
    from tenacity import (  # noqa: PLC0415 - `--help` retries nothing
        AsyncRetrying,
        RetryCallState,
        retry_if_exception,
        stop_after_attempt,
        stop_never,
        wait_chain,
        wait_fixed,
    )

    tried_out = stop_never if policy.tries is None else stop_after_attempt(policy.tries)
    pauses = wait_chain(*map(wait_fixed, policy.pauses_s))

    async def attempt() -> R:
        return await work()

    def failure(state: RetryCallState) -> E:
        error = state.outcome.exception() if state.outcome is not None else None
        if isinstance(error, policy.on):
            return error
        raise AssertionError("only errors of the policy come here")

    def ended(state: RetryCallState) -> bool:
        """Count pauses only: tenacity's own stop_after_delay counts what the tries took, too, by the real clock."""
        paused_out = policy.patience_s is not None and state.idle_for >= policy.patience_s
        return paused_out or tried_out(state)

    def pause_s(state: RetryCallState) -> float:
        """Wait at least as long as the error asks for: tenacity can add two pauses, not take the longer one."""
        return max(pauses(state), policy.least_s(failure(state)))

    def tell(state: RetryCallState) -> None:
        if on_retry is not None:
            on_retry(failure(state))

    retrying = AsyncRetrying(
        sleep=sleep,
        stop=ended,
        wait=pause_s,
        retry=retry_if_exception(policy.repeats),
        before_sleep=tell,
        reraise=True,
    )
    result: R = await retrying(attempt)
    return result
