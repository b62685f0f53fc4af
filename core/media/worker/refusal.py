"""A file that the child will not take, with the library's error code for it."""

from typing import Any


class Refusal(Exception):
    """A file that is refused. `code` is one of core/errors, `facts` hold no secrets."""

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts
