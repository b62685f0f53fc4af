"""Reports what is wrong with the settings, in one form for every command: the name, a colon, what is wrong."""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

from pydantic import AliasChoices, ValidationError
from pydantic_settings import BaseSettings

from bot.channels import manifests
from bot.settings import Settings
from core.config import EnvSettings, names_given
from core.io import disk

S = TypeVar("S", bound=BaseSettings)


class OutputFolderUnusable(ValueError):
    """A folder in REELBOT_OUTPUT_DIR that cannot be written to."""


def classes() -> list[type[BaseSettings]]:
    """Return all classes of settings: the program's own, then each chat's."""
    return [Settings, *(manifest.settings for manifest in manifests().values())]


def variable(cls: type[BaseSettings], field: str) -> str:
    """Return the environment variable of a field."""
    alias = cls.model_fields[field].validation_alias
    return str(alias.choices[0]) if isinstance(alias, AliasChoices) else field


def problem_texts(error: ValidationError) -> dict[str, str]:
    """Return what is wrong, by the variable's name."""
    return dict(_problem(each) for each in error.errors(include_url=False, include_input=False))


def _problem(problem: Any) -> tuple[str, str]:
    """Return the variable and the problem. Checks of several settings together name the variable themselves."""
    name = ".".join(str(part) for part in problem["loc"])
    message = str(problem["msg"]).removeprefix("Value error, ")
    if not name:
        name, _, message = message.partition(": ")
    return name, message


def read(cls: type[S]) -> tuple[S, dict[str, str]]:
    """Read the settings of one class, and what is wrong with those that cannot be read: they have their defaults."""
    by_name = {variable(cls, field): field for field in cls.model_fields}
    problems: dict[str, str] = {}
    while True:
        defaults: dict[str, Any] = {name: cls.model_fields[by_name[name]].default for name in problems}
        try:
            return cls(**defaults), problems
        except ValidationError as error:
            found = {name: text for name, text in problem_texts(error).items() if name in by_name}
            if found.keys() <= problems.keys():
                raise
            problems |= found


def load(*, writes: bool) -> Settings:
    """Load the settings. Raises ValidationError, and OutputFolderUnusable for a command that writes there."""
    settings = Settings()
    # Whoever reads SQLite's file writes beside it; where nothing is yet, a look-up makes nothing.
    if writes or (settings.database_url is None and settings.output_dir.exists()):
        require_folder(settings.output_dir)
    return settings


def require_folder(folder: Path) -> None:
    """Check that the folder can be written to. Raises OutputFolderUnusable."""
    try:
        disk.make_folder(folder, mode=disk.PASSED_THROUGH)
        _write_into(folder)
    except OSError as error:
        raise OutputFolderUnusable(f"REELBOT_OUTPUT_DIR: cannot write to {folder}: {error.strerror}") from None


def _write_into(folder: Path) -> None:
    probe = folder / ".writable"
    probe.write_bytes(b"")
    probe.unlink(missing_ok=True)


def warnings() -> list[str]:
    """Return warnings about names that nobody reads and settings that do nothing or are weak."""
    known = {variable(cls, field) for cls in classes() for field in cls.model_fields}
    ours = tuple({f"{name.partition('_')[0]}_" for name in known})  # FAL_, REELBOT_, and what each chat's names have
    misspelt = [_misspelt(name, known) for name in names_given() if name.startswith(ours) and name not in known]
    found = (read(cls)[0] for cls in classes())
    return [*misspelt, *(text for each in found if isinstance(each, EnvSettings) for text in each.warnings)]


def _misspelt(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name, list(known), n=1, cutoff=0.7)
    return f"{name}: no such setting" + (f"; is {near[0]} meant?" if near else "")
