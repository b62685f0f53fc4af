"""The answers of a set-up: from flags, the environment, `.env` and the terminal; each checked before it is taken."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_settings import BaseSettings

from bot.channels import manifests
from bot.channels.protocol import Question
from bot.cli import env_file, setting_problems
from bot.cli.console import BadUsage, Failure, note
from bot.cli.setup.terminal import Terminal
from core.config import value_in_environment, values_given, values_in_file

S = TypeVar("S", bound=BaseSettings)

_ENTER_KEEPS = "Enter keeps the one that is set"


class Answers:
    """The values so far. `terminal` None: nobody is asked, and what is missing ends the set-up."""

    def __init__(self, values: dict[str, str], terminal: Terminal | None) -> None:
        """Begin with values that were handed over; those of the environment and `.env` count where these do not."""
        self.terminal = terminal
        self._given = values_given()
        self._in_file = values_in_file()
        self.values = dict(values)

    def value(self, name: str) -> str | None:
        """Return the value that is in force after this set-up."""
        return self.values.get(name) or self._given.get(name)

    def to_write(self) -> dict[str, str]:
        """Return what `.env` does not say yet: also what only the environment of this command says."""
        return {name: value for name, value in self.values.items() if self._in_file.get(name) != value}

    async def answer(self, question: Question, *, again: bool = False) -> None:
        """Take a value for this question, asked for where nobody has handed it over. Raises Failure.

        `again`: the one that there is was refused.
        """
        name, before = question.name, None if again else self.value(question.name)
        if self.terminal is None:
            self._take_unasked(question, before)
            return
        if name in self.values and not again:
            before = self.values[name]
        while True:
            hint = f" ({_ENTER_KEEPS})" if before else ""
            typed = await self.terminal.ask(f"{name}, {question.words}{hint}", secret=question.secret)
            value = typed or before or (question.make() if question.make is not None else "")
            if not value and question.optional:
                return
            problem = problem_of(name, value) if value else f"{name} is needed"
            if problem is None:
                self.values[name] = value
                return
            note(f"  {problem}")
            before = None if before == value else before

    def _take_unasked(self, question: Question, before: str | None) -> None:
        value = before or (question.make() if question.make is not None else None)
        if value is None:
            if question.optional:
                return
            how = f"--secret {question.name}=FILE" if question.secret else f"--set {question.name}=VALUE"
            raise Failure(f"{question.name} is missing ({question.words}): {how}, or set it in the environment or .env")
        problem = problem_of(question.name, value)
        if problem is not None:
            raise Failure(problem)
        self.values[question.name] = value

    def settings(self, cls: type[S]) -> S:
        """Build the settings of this class as they will be read."""
        names = {setting_problems.variable(cls, field) for field in cls.model_fields}
        own: dict[str, Any] = {name: value for name, value in self.values.items() if name in names}
        return cls(**own)


def problem_of(name: str, value: str) -> str | None:
    """Say what is wrong with a value, by the setting's own rules and those of `.env`; None: nothing."""
    for cls in setting_problems.classes():
        for field in cls.model_fields:
            if setting_problems.variable(cls, field) == name:
                return _problem(cls, cls.model_fields[field].annotation, name, value)
    return f"{name}: no such setting"


def _problem(cls: type[BaseSettings], annotation: object, name: str, value: str) -> str | None:
    odd = setting_problems.value_problem(name, value, annotation)
    if odd is not None:
        return f"{name} {odd}" if odd.startswith("has ") else f"{name}: {odd}"
    own: dict[str, Any] = {name: value}
    try:
        env_file.quoted(value)
        cls(**own)
    except ValidationError as error:  # of this one alone: whether it fits may depend on others
        text = setting_problems.problem_texts(error).get(name)
        return None if text is None else f"{name}: {text}"
    except ValueError as error:
        return f"{name}: {error}"
    return None


def from_flags(plain: Sequence[str], files: Sequence[str]) -> dict[str, str]:
    """Read `--set NAME=VALUE` and `--secret NAME=FILE`. Raises BadUsage, and Failure for a file."""
    secret = secrets_of_all()
    found: dict[str, str] = {}
    for each in plain:
        name, equals, value = each.partition("=")
        if not equals or not value:
            raise BadUsage(f"--set takes NAME=VALUE, not {name}")
        if name in secret:
            raise BadUsage(f"{name} is a secret, and a command line is seen by others: --secret {name}=FILE (-: stdin)")
        found[name] = value
    for each in files:
        name, _, file = each.partition("=")
        if not file:
            raise BadUsage(f"--secret takes NAME=FILE, not {name}")
        try:
            found[name] = (sys.stdin.readline() if file == "-" else Path(file).read_text(encoding="utf-8-sig")).strip()
        except (OSError, UnicodeDecodeError) as error:
            raise Failure(f"--secret {name}: {file} cannot be read: {getattr(error, 'strerror', error)}") from None
        if not found[name]:
            raise Failure(f"--secret {name}: {file} is empty")
    for name, value in found.items():
        problem = problem_of(name, value)
        if problem is not None:
            raise BadUsage(problem)
    return found


def secrets_of_all() -> frozenset[str]:
    """Return the names of all settings that are secrets."""
    return frozenset(
        setting_problems.variable(cls, field)
        for cls in setting_problems.classes()
        for field, info in cls.model_fields.items()
        if "Secret" in str(info.annotation) or info.repr is False
    )


def overruled(names: Sequence[str], values: dict[str, str]) -> list[str]:
    """Return those names for which this command's environment says something else than what was written."""
    return [name for name in names if (value_in_environment(name) or values[name]) != values[name]]


def known_chats() -> list[str]:
    """Return the names of the chats that can be set up here; those that are set up by another command come last."""
    setups = {name: manifest.setup for name, manifest in manifests().items() if manifest.setup is not None}
    return sorted(setups, key=lambda name: not setups[name].questions)
