"""Reports what is wrong with the settings, in one form for every command: the name, a colon, what is wrong."""

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import AliasChoices, ValidationError
from pydantic_settings import BaseSettings

from bot.channels import manifests
from bot.cli import env_file, setting_names
from bot.cli.env_file import LineProblem
from bot.conversation.access import Access
from bot.logs import redact
from bot.settings import Settings
from core.config import ENV_FILE, EnvFileUnreadable, EnvSettings, names_given, values_given
from core.io import disk

S = TypeVar("S", bound=BaseSettings)


_LISTS = frozenset({"REELBOT_ACCESS", "REELBOT_ADMINS", "REELBOT_TIERS", "REELBOT_TRUSTED_PROXY"})
_IN_WORDS = frozenset({"REELBOT_AI_PRODUCER", "WECOM_BOT_NAME"})
"""Names as people write them: 示例（北京）有限公司."""
_NAME = re.compile(r"[A-Z_][A-Z0-9_]*")
_NOT_OF_A_PATH = re.compile(r"~|\$|[A-Za-z]:\\")
_FAL_KEYS = frozenset({"FAL_KEY", "FAL_ADMIN_KEY"})
_FAL_KEY = re.compile(r"[\x21-\x7e]+")


class SettingsWrong(Exception):
    """Settings with which nothing can be served. `problems`: a line each, which begins with the name."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(problems)
        self.problems = problems


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
    facts = {key: str(value).replace("'", "").removesuffix(".0") for key, value in problem.get("ctx", {}).items()}
    plain = _PLAINLY.get(problem["type"])
    return name, redact(plain.format_map(facts) if plain else message)  # a key may stand in another's place


_WHOLE = "must be a whole number, in digits alone"
_NUMBER = "must be a number such as 20 or 0.5: digits and a point, without a unit"
_PLAINLY = {
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "int_parsing_size": _WHOLE,
    "float_parsing": _NUMBER,
    "decimal_parsing": _NUMBER,
    "finite_number": _NUMBER,
    "bool_parsing": "must be true or false",
    "literal_error": "must be {expected}",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be {ge} or more",
    "less_than_equal": "must be {le} or less",
    "string_too_long": "must have {max_length} characters or less",
}
"""What pydantic says in the words of a programmer, by its type of error."""


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


def examine() -> list[LineProblem]:
    """Return everything that is wrong or odd about the settings, what is wrong first; each by its name.

    Raises nothing: with a `.env` that cannot be read that alone is said.
    """
    known = {variable(cls, field) for cls in classes() for field in cls.model_fields}
    found = env_file.problems(Path(ENV_FILE), known)
    try:
        origins = names_given()
    except EnvFileUnreadable:
        return [each for each in found if each.state == "wrong"]
    values = values_given()
    for cls in classes():
        settings, wrong = read(cls)
        found += [LineProblem(name, "wrong", text) for name, text in wrong.items()]
        found += [
            LineProblem(name, "wrong", text)
            for field in cls.model_fields
            if (name := variable(cls, field)) in values
            and (text := value_problem(name, values[name], cls.model_fields[field].annotation)) is not None
        ]
        if isinstance(settings, EnvSettings):
            found += [_problem_of("warn", text) for text in settings.warnings]
            found += [_problem_of("wrong", text) for text in settings.conflicts]
        if isinstance(settings, Settings):
            found += [*_access_problems(settings), *_public_address(values, settings)]
    ours = tuple({f"{name.partition('_')[0]}_" for name in known})  # FAL_, REELBOT_, and what each chat's names have
    found += [
        LineProblem(name, "warn", _misspelt(name, known))
        for name, origin in origins.items()
        if name not in known
        and _NAME.fullmatch(name)  # else the line has a finding of its own
        and (name.startswith(ours) or (origin == ENV_FILE and _is_meant_for_us(name, known)))
    ]
    return _merged(found)


def _problem_of(state: Literal["wrong", "warn"], text: str) -> LineProblem:
    name, _, rest = text.partition(": ")
    return LineProblem(name, state, rest)


def _merged(found: list[LineProblem]) -> list[LineProblem]:
    """Return one for each name and state, what is wrong first; what is wrong with a name hides what is odd about it."""
    wrong: dict[str, list[str]] = {}
    odd: dict[str, list[str]] = {}
    for each in found:
        texts = (wrong if each.state == "wrong" else odd).setdefault(each.name, [])
        text = redact(each.text)  # a key may stand in another's place
        if text not in texts:
            texts.append(text)
    merged = [LineProblem(name, "wrong", "; ".join(texts)) for name, texts in wrong.items()]
    return merged + [LineProblem(name, "warn", "; ".join(texts)) for name, texts in odd.items() if name not in wrong]


def value_problem(name: str, value: str, annotation: object) -> str | None:
    """Say what is odd about a value, whatever its setting's own rules say; None: nothing."""
    is_path = annotation in {Path, Path | None}
    free = name in _LISTS | _IN_WORDS or is_path
    if is_path and _NOT_OF_A_PATH.match(value):
        return "must be the folder itself, such as /srv/reelbot or output: ~, $HOME and C:\\ mean nothing here"
    problem = env_file.value_problem(name, value, free=free)
    if problem is None and name in _FAL_KEYS and not _FAL_KEY.fullmatch(value.strip()):
        return "must be the key alone, as fal shows it: a part before and one after a colon, without “Key” or spaces"
    return problem


def _access_problems(settings: Settings) -> Iterator[LineProblem]:
    for name, value in (("REELBOT_ACCESS", settings.access), ("REELBOT_ADMINS", settings.admins)):
        access, admins = (value, None) if name == "REELBOT_ACCESS" else (None, value)
        try:
            Access.from_settings(access, admins, chats=manifests())
        except ValueError as error:
            yield LineProblem(name, "wrong", str(error).removeprefix(f"{name}: "))


def _public_address(values: Mapping[str, str], settings: Settings) -> Iterator[LineProblem]:
    """Warn of an address that we read as it is meant, and Caddy, which is told the same text, does not.

    `https://bot.example.org/` serves that one path, and 机器人.example is never what a browser asks for.
    """
    name, url = "REELBOT_PUBLIC_URL", settings.public_url
    text = values.get(name, "").strip()
    if url is not None and text.isascii() and text.endswith("/"):
        yield LineProblem(name, "warn", f"ends with a /, with which Caddy serves no other page: write {name}={url}")
    elif url is not None and not text.isascii():
        yield LineProblem(name, "warn", f"has a name that Caddy does not know by these signs: write {name}={url}")


def require_sound() -> list[LineProblem]:
    """Return what is odd about the settings, for who serves with them. Raises SettingsWrong for what is wrong."""
    found = examine()
    wrong = [f"{each.name}: {each.text}" for each in found if each.state == "wrong"]
    if wrong:
        raise SettingsWrong(wrong)
    return found


def _is_meant_for_us(name: str, known: Collection[str]) -> bool:
    """Return whether a name in our own file, which other programs read as well, is likely one of ours."""
    return setting_names.meant(name, known, cutoff=0.8) is not None


def _misspelt(name: str, known: Collection[str]) -> str:
    near = setting_names.meant(name, known)
    return "no such setting" + (f"; is {near} meant?" if near else "; `reelbot doctor` lists all there are")
