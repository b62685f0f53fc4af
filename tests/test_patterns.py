"""Every pattern of ours takes linear time, whatever somebody sends: patterns that look twice at each place do not.

A quadratic one takes minutes for what is tried here, a linear one milliseconds: so a bound between them is no claim
about speed.
"""

import importlib
import inspect
import pkgutil
import re
import signal
from collections.abc import Iterator
from itertools import pairwise
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as sre_parser  # type: ignore[attr-defined]
from typing import Any

import pytest

import bot
import core

_CHARS = 40_000
_MOST_S = 0.4
_ANYWHERE = ("search", "sub", "split", "finditer", "findall")
_USUAL = ("a", "A", "1", " ", ".", "-", "/", ":", "\n", "中", "a ", "a.", "1.", "a:", " a1", "，", "(", "[", "<", '"')


def _found(value: Any, depth: int = 3) -> Iterator[re.Pattern[str]]:
    if isinstance(value, re.Pattern):
        if isinstance(value.pattern, str):
            yield value
    elif depth and isinstance(value, dict):
        for each in (*value.keys(), *value.values()):
            yield from _found(each, depth - 1)
    elif depth and isinstance(value, list | tuple | set | frozenset):
        for each in value:
            yield from _found(each, depth - 1)


def _patterns() -> dict[str, re.Pattern[str]]:
    """Every compiled pattern that stands in a module of ours."""
    found: dict[str, re.Pattern[str]] = {}
    for package in (bot, core):
        for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if info.name.endswith((".__main__", ".env")):
                continue
            for name, value in vars(importlib.import_module(info.name)).items():
                for number, pattern in enumerate(_found(value)):
                    if pattern not in found.values():
                        found[f"{info.name}.{name}.{number}"] = pattern
    return found


def _literals(tree: Any) -> Iterator[str]:
    """Runs of the letters that a pattern names, and the ends of its ranges."""
    run = ""
    for operation, argument in tree:
        if operation is sre.LITERAL:
            run += chr(argument)
            continue
        if run:
            yield run
            run = ""
        yield from _inside(operation, argument)
    if run:
        yield run


def _inside(operation: Any, argument: Any) -> Iterator[str]:
    if operation is sre.IN:
        for kind, value in argument:
            if kind is sre.LITERAL:
                yield chr(value)
            elif kind is sre.RANGE:
                yield chr(value[0])
    elif operation is sre.BRANCH:
        for branch in argument[1]:
            yield from _literals(branch)
    elif operation is sre.SUBPATTERN:
        yield from _literals(argument[-1])
    elif operation in {sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT}:
        yield from _literals(argument[2])
    elif operation in {sre.ASSERT, sre.ASSERT_NOT}:
        yield from _literals(argument[1])


def _attacks(pattern: re.Pattern[str]) -> Iterator[str]:
    own = list(dict.fromkeys(_literals(sre_parser.parse(pattern.pattern, pattern.flags))))[:40]
    units = [*_USUAL, *own, *("".join(pair) for pair in pairwise(own)), "".join(own)[:200]]
    for unit in filter(None, dict.fromkeys(units)):
        repeated = unit * (_CHARS // len(unit))
        yield repeated
        yield f"{own[0] if own else ''}{repeated}\0"


PATTERNS = _patterns()


class TooSlow(Exception):
    """The time is over: `re` looks at signals while it searches."""


@pytest.fixture
def interrupted() -> Iterator[None]:
    def stop(_number: int, _frame: object) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGVTALRM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGVTALRM, before)


def slow_for(pattern: re.Pattern[str], *, anywhere: bool) -> str | None:
    """The beginning of a text that takes this pattern too long."""
    uses = (pattern.search, pattern.match, pattern.fullmatch) if anywhere else (pattern.match, pattern.fullmatch)
    for attack in _attacks(pattern):
        signal.setitimer(signal.ITIMER_VIRTUAL, _MOST_S)
        try:
            for use in uses:
                use(attack)
        except TooSlow:
            return attack[:60]
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    return None


def used_anywhere(name: str) -> bool:
    """Whether it is looked for at every place of a text; one that is only matched from the beginning may look far."""
    module, variable, _ = name.rsplit(".", 2)
    source = inspect.getsource(importlib.import_module(module))
    if re.search(rf"\b{variable}(?:\[\w+\])?\.(?:fullmatch|match)\(", source):
        return re.search(rf"\b{variable}(?:\[\w+\])?\.(?:{'|'.join(_ANYWHERE)})\(", source) is not None
    return True


@pytest.mark.usefixtures("interrupted")
@pytest.mark.parametrize("name", PATTERNS)
def test_it_takes_linear_time(name: str) -> None:
    assert slow_for(PATTERNS[name], anywhere=used_anywhere(name)) is None


@pytest.mark.usefixtures("interrupted")
def test_a_quadratic_one_is_noticed() -> None:
    assert slow_for(re.compile(r"<!\[CDATA\[.*?\]\]>", re.DOTALL), anywhere=True) is not None
    assert slow_for(re.compile(r"\s*,"), anywhere=True) is not None
    assert slow_for(re.compile(r"\s*,"), anywhere=False) is None
