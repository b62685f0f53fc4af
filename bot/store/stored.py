"""Reads and writes nouns as JSON through one tolerant mapping, so that one odd row never stops the readers of many.

Reading ignores fields that this version does not know and fills in those that an earlier one did not write (where the
noun has a default). A rewrite keeps the unknown ones: what a newer version noted is still there when it comes back.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

T = TypeVar("T")

Moment = Annotated[int, Field(ge=0, lt=10**14)]
"""Milliseconds UTC, within the years that a calendar knows."""
Finite = Annotated[float, Field(allow_inf_nan=False)]

_HALF_CHARACTER = "\\ud"  # as JSON writes one, and the two halves of a whole one


class Unreadable(ValueError):
    """A stored value that this version cannot read. `what` names its place, never its content."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class UnreadableJob(Exception):
    """A job whose row cannot be read.

    `what` names the column and field, never their content; `user`: whose it is, where that is known.
    """

    def __init__(self, job_id: str, what: str, *, user: str | None = None) -> None:
        super().__init__(job_id, what)
        self.job_id = job_id
        self.what = what
        self.user = user


@dataclass(frozen=True, slots=True)
class NotJson:
    """The text of a JSON column that is none."""

    text: str


def loads(stored: str | bytes) -> Any:
    """Parse a JSON column for SQLAlchemy. Never raises: an exception here would end the query for all other rows."""
    text = stored if isinstance(stored, str) else stored.decode("utf-8", "replace")  # psycopg hands over bytes
    try:
        value = json.loads(text, parse_constant=_no_number)
        return _encodable(value) if _HALF_CHARACTER in text.lower() else value
    except (ValueError, RecursionError):
        return NotJson(text)


def _no_number(_name: str) -> None:
    """Read NaN and the infinities, which are no JSON, as nothing: no page could be told of them."""


def _encodable(value: Any) -> Any:
    """Replace half characters: they are no text that could be sent anywhere."""
    whole: Any = json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
    return whole


def restored(noun: type[T], value: object, *, where: str) -> T:
    """Build a noun from its stored form. `where`: its column, for the error. Raises Unreadable."""
    try:
        read: T = _adapter(noun).validate_python(value)
    except ValidationError as error:
        raise Unreadable(f"{where}: {_first(error)}") from None  # the cause holds what people wrote
    return read


def number(text: str | None) -> int:
    """Read a stored whole number; 0 where there is none, or what stands there is none."""
    try:
        return int(text or 0)
    except ValueError:
        return 0


def record(value: Any) -> dict[str, Any]:
    """Turn a frozen dataclass into JSON values: enums are their words already."""
    return asdict(value)


def rewritten(before: object, value: Any) -> dict[str, Any]:
    """Return the stored form of `value` in the place of `before`, with the fields that this version does not know."""
    return _over(before, record(value))


def _over(before: object, after: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(before, Mapping):
        return after
    merged = {**before, **after}
    for name, inner in after.items():
        if isinstance(inner, dict):
            merged[name] = _over(before.get(name), inner)
    return merged


def _adapter(noun: type[T]) -> TypeAdapter[T]:
    """Return the noun's adapter, made once: that takes milliseconds."""
    if noun not in _ADAPTERS:
        _ADAPTERS[noun] = TypeAdapter(noun)
    return _ADAPTERS[noun]


_ADAPTERS: dict[Any, TypeAdapter[Any]] = {}


def _first(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    return " ".join([".".join(str(step) for step in first["loc"]) or "value", first["type"]])
