"""Checks what callers of the library pass, before anything is published, looked up or bought. Raises BadRequest alone.

A type checker finds most of it; what comes from a form, a table or a command line has been through none.
"""

import re
import stat
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from core.errors import BadReference, BadRequest

E = TypeVar("E", bound=StrEnum)

_MOST_SHOWN = 40
_LONGEST_S = 3600
_REQUEST = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,99}")


def text(name: str, value: object, *, optional: bool = False) -> None:
    """Check a text; `optional`: or None."""
    if not (isinstance(value, str) or (optional and value is None)):
        raise _wrong(name, value, "a str" + (" or None" if optional else ""))


def prompt(value: object, *, may_be_empty: bool = False) -> None:
    """Check the words of a request. What they are stands in no error."""
    if not isinstance(value, str):
        raise BadRequest("bad_option", option="prompt", value=f"of the type {type(value).__name__}", needs="a str")
    if not value.strip() and not may_be_empty:
        raise BadRequest("prompt_missing")


def duration(value: object, *, optional: bool = True) -> None:
    """Check a duration in seconds."""
    whole("duration", value, least=1, most=_LONGEST_S, unit=" of seconds", optional=optional)


def whole(name: str, value: object, *, least: int, most: int, unit: str = "", optional: bool = True) -> None:
    """Check a whole number; True and 5.0 are none."""
    if value is None and optional:
        return
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        or_none = ", or None" if optional else ""
        raise _wrong(name, value, f"a whole number{unit} from {least} to {most}{or_none}")


def number(name: str, value: object) -> None:
    """Check a whole number of any size, or None."""
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise _wrong(name, value, "a whole number, or None")


def word(name: str, value: object, words: type[E]) -> E:
    """Check one of a closed list of words, and return it."""
    try:
        return words(str(value))
    except ValueError:
        raise _wrong(name, value, "one of " + ", ".join(words)) from None


def choice(name: str, value: object, words: Sequence[str]) -> None:
    """Check one of a few words, or None."""
    if value is not None and value not in words:
        raise _wrong(name, value, f"one of {', '.join(words)}, or None")


def of_type(name: str, value: object, kind: type[Any], *, optional: bool = True) -> None:
    """Check that the value is of this class."""
    if not (isinstance(value, kind) or (optional and value is None)):
        raise _wrong(name, value, f"of the type {kind.__name__}" + (", or None" if optional else ""))


def called(name: str, value: Callable[..., object] | None) -> None:
    """Check what is called back."""
    if value is not None and not callable(value):
        raise _wrong(name, value, "a function, or None")


def several(name: str, value: object, kind: type[Any], *, or_kind: type[Any] | None = None, least: int = 0) -> None:
    """Check a list or tuple of values of these classes."""
    kinds = (kind,) if or_kind is None else (kind, or_kind)
    is_list = isinstance(value, list | tuple) and len(value) >= least
    if not is_list or not all(isinstance(each, kinds) for each in value):  # type: ignore[attr-defined]
        needs = "a list of " + " or ".join(each.__name__ for each in kinds) + (f", at least {least}" if least else "")
        raise _wrong(name, value, needs)


def source(name: str, value: object, *, optional: bool = True) -> None:
    """Check a file, or the bytes of one. Raises BadReference with its path for one that cannot be read."""
    if (value is None and optional) or (isinstance(value, bytes) and value):
        return
    if isinstance(value, bytes) or not isinstance(value, str | Path):
        raise _wrong(name, value, "a path (Path or str) or the bytes of a file" + (", or None" if optional else ""))
    if isinstance(value, str) and value.lower().startswith(("http://", "https://")):
        return
    if not str(value):
        raise _wrong(name, value, "a path, not an empty text")
    file(Path(value))


def path(name: str, value: object) -> None:
    """Check a path; what lies there is not looked at."""
    of_type(name, value, Path, optional=False)


def file(path: Path) -> None:
    """Check that a file can be read. Raises BadReference, with its path."""
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):  # opening a pipe would wait for whoever writes into it
            reason = "it is a folder" if stat.S_ISDIR(mode) else "it is no regular file"
            raise BadReference("source_unavailable", path=str(path), reason=reason)
        with path.open("rb"):
            return
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise BadReference("source_unavailable", path=str(path), reason=reason) from None


def one_of(**values: object) -> None:
    """Check that at most one of several arguments is given."""
    names = [name for name, value in values.items() if value is not None]
    if len(names) > 1:
        shown = " and ".join([", ".join(names[:-1]), names[-1]])
        raise BadRequest("bad_option", option="source", value=f"more than one photo or video: {shown}")


def request_id(value: object) -> None:
    """Check the id of a request at fal."""
    if not isinstance(value, str) or not _REQUEST.fullmatch(value):
        raise _wrong(
            "request_id", value, "the id of a request at fal, a str such as 019ded6c-d871-7290-bbf1-ddc6993f8958"
        )


def _wrong(name: str, value: object, needs: str) -> BadRequest:
    return BadRequest("bad_option", option=name, value=_shown(value), needs=needs)


def _shown(value: object) -> str:
    """Return the value if it is short and plain; else its type: it may be long, or nobody's to see."""
    if value is None or isinstance(value, bool | int | float | str):
        shown = repr(value)
        return shown if len(shown) <= _MOST_SHOWN else f"{shown[:_MOST_SHOWN]}…"
    return f"of the type {type(value).__name__}"
