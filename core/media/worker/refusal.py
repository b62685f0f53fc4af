"""A file that the child will not take, with the library's error code for it."""

from typing import Any


class Refusal(Exception):
    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts
