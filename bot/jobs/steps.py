"""What a step of a workflow answers: how the workflow goes on. JSON, since the engine records it."""

from typing import Literal, TypedDict


class Next(TypedDict, total=False):
    next: Literal["go", "stop", "retry", "wait", "doubt"]
    after: float


GO: Next = {"next": "go"}
STOP: Next = {"next": "stop"}
WAIT: Next = {"next": "wait"}
DOUBT: Next = {"next": "doubt"}


def retry(after: float) -> Next:
    """The step is taken again, `after` seconds from now."""
    return {"next": "retry", "after": after}
