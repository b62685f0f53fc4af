"""The answers of a workflow's step: how the workflow goes on. JSON, since the engine records it."""

from typing import Literal, TypedDict


class Next(TypedDict, total=False):
    """How the workflow goes on; `after`: seconds before a retry."""

    next: Literal["go", "stop", "retry", "wait", "doubt"]
    after: float


GO: Next = {"next": "go"}
STOP: Next = {"next": "stop"}
WAIT: Next = {"next": "wait"}
DOUBT: Next = {"next": "doubt"}


def retry(after: float) -> Next:
    """Take the step again, `after` seconds from now."""
    return {"next": "retry", "after": after}
