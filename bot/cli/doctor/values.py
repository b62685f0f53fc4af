"""Checks the settings: each value, where it came from, who may read it, and which `.env` was read."""

import stat
from pathlib import Path

from pydantic import SecretStr

from bot.channels.types import Finding
from bot.cli import setting_problems
from bot.logs import redact
from core.config import ENV_FILE, EnvFileUnreadable, masked_url, names_given, proxies_in_environment, values_in_file

_INSTALLED = Path(__file__).resolve().parents[3]


def examine_settings() -> list[Finding]:
    """Check each setting: its value, secrets masked, or what is wrong with it, and where it came from."""
    problems = setting_problems.examine()
    file = _file()
    try:
        origins = names_given()
    except EnvFileUnreadable:
        return [Finding(each.name, "wrong", each.text) for each in problems]
    findings, wrong = [], {each.name: each.text for each in problems if each.state == "wrong"}
    listed: set[str] = set()
    for cls in setting_problems.classes():
        values, _ = setting_problems.read(cls)
        for field in cls.model_fields:
            name = setting_problems.variable(cls, field)
            if name in listed:  # a chat goes by a setting of the program
                continue
            listed.add(name)
            problem, origin = wrong.pop(name, None), origins.get(name, "default")
            text = f"{name}: {problem}" if problem else _masked(getattr(values, field))
            findings.append(Finding(name, "wrong" if problem else "info", f"{text} ({origin})"))
    findings += [Finding(name, "wrong", text) for name, text in wrong.items()]
    findings += [Finding(each.name, "warn", each.text) for each in problems if each.state == "warn"]
    return [*findings, *file, *_proxies()]


def _masked(value: object) -> str:
    if value is None:
        return "not set"
    return "set, not shown" if isinstance(value, SecretStr) else redact(masked_url(str(value)))


def _proxies() -> list[Finding]:
    return [
        Finding(name, "info", f"{masked_url(value)} is not used: reelbot goes to fal by FAL_PROXY_URL, else directly")
        for name, value in proxies_in_environment().items()
    ]


def _file() -> list[Finding]:
    """Say which `.env` was read, and where one lies that was not."""
    path = Path(ENV_FILE).absolute()
    if path.is_file():
        try:
            count = len([name for name, value in values_in_file().items() if value])
        except EnvFileUnreadable:
            return []
        return [Finding(ENV_FILE, "info", f"{path} was read: {count} settings"), *_exposed(path)]
    places = {*path.parent.parents, _INSTALLED, _INSTALLED / "deploy", Path("/var/lib/reelbot")} - {path.parent}
    others = sorted(str(each / ENV_FILE) for each in places if _is_file(each / ENV_FILE))
    if others:
        text = f"none in {path.parent}, so none was read; there is {', '.join(others)}: start the command in its folder"
        return [Finding(ENV_FILE, "warn", text)]
    return [Finding(ENV_FILE, "info", f"none in {path.parent}: settings come from the environment; `reelbot setup`")]


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False


def _exposed(path: Path) -> list[Finding]:
    """Warn of secrets that others can read; a group may where root wrote the file for it."""
    facts = path.stat()
    others = stat.S_IROTH | (stat.S_IRGRP if facts.st_uid or not facts.st_gid else 0)
    if not facts.st_mode & others:
        return []
    text = f"others on this machine can read it, and it holds secrets: chmod 600 {ENV_FILE}"
    return [Finding(ENV_FILE, "warn", text)]
