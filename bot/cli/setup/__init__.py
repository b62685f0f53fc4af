"""Runs `reelbot setup`: asks for what is needed, checks each answer at its server, and writes `.env`.

Nothing is written before all is answered, so Ctrl+C leaves the old file as it was. What is there and is not asked for
stays. Then the first steps are shown, the admin is made, and `doctor` looks at all.
"""

import argparse
import asyncio
import os
import stat
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from bot import logs
from bot.channels import manifests
from bot.channels.protocol import ChannelManifest, ChatSetup, Question
from bot.channels.types import SendError, SendOutcome
from bot.cli import doctor, env_file, setting_problems
from bot.cli.console import DONE, FAILED, BadUsage, Failure, note
from bot.cli.doctor.findings import show
from bot.cli.setup import terminal
from bot.cli.setup.admin import is_running, make_admin
from bot.cli.setup.answers import Answers, from_flags, known_chats, overruled
from bot.cli.setup.terminal import Terminal
from bot.conversation.access import Access
from bot.messages.i18n import admin_text
from bot.settings import Settings
from bot.store import Store
from core.config import ENV_FILE, masked_url
from core.errors import NotConfigured, Unavailable, VideoError
from core.fal.client import FalQueue
from core.io import disk
from core.io.answers import head_of

_FAL = Question("FAL_KEY", "fal's key: fal.ai/dashboard/keys, scope API")
_PUBLIC = Question("REELBOT_PUBLIC_URL", "the https address at which the world reaches this bot", secret=False)
_TERMINAL_WAIT_S = 900.0


class _Silent(Exception):
    """A server that did not answer: nobody knows whether the value is good."""


async def setup(options: argparse.Namespace) -> int:
    """Set the bot up; return what `doctor` returns. Raises Failure."""
    logs.configure(secrets=[], level="CRITICAL")
    path = Path(ENV_FILE)
    text = _current(path)
    values = from_flags(options.set, options.secret)
    scripted = bool(options.chats or values)
    if not scripted and not terminal.is_there():
        raise Failure("there is no terminal to ask at: use --chats, --set NAME=VALUE and --secret NAME=FILE")
    answers = Answers(values, None if scripted else Terminal())
    chosen = await _chats(options.chats, answers)
    _require_rest_sound(chosen)
    accounts = {each.name: await _chat(each, answers, unchecked=options.unchecked) for each in chosen}
    if answers.value("FAL_PROXY_URL") is None:
        await _until_good((_FAL,), answers, lambda: _check_fal(answers), unchecked=options.unchecked)
    await _public_url(chosen, answers)
    written = answers.to_write()
    if written:
        await asyncio.to_thread(_write, path, _changed(text, written))
    note(f"{path.absolute()} {'is written' if written else 'says all that already'}.")
    for name in overruled(list(written), written):
        note(f"{name}: the environment says something else, and it counts before .env: unset it")
    wait_s = options.wait if options.wait is not None else (0.0 if scripted else _TERMINAL_WAIT_S)
    await _after(chosen, accounts, answers, path, wait_s=wait_s)
    findings = await doctor.examine()
    show(findings, as_json=False)
    return FAILED if any(each.state == "wrong" for each in findings) else DONE


def _require_rest_sound(chosen: list[ChannelManifest]) -> None:
    """Raise Failure for a setting that is wrong and that is not asked for: it would stand in the way of the checks."""
    asked = {_FAL.name, _PUBLIC.name, *(each.name for chat in chosen for each in _setup(chat.name).questions)}
    wrong = [f"{each.name}: {each.text}" for each in setting_problems.examine() if each.state == "wrong"]
    wrong = [each for each in wrong if each.partition(":")[0] not in asked]
    if wrong:
        raise Failure("mend these first, in .env or the environment: " + "; ".join(wrong))


def _current(path: Path) -> str:
    """Return what `.env` says now. Raises Failure for a file that cannot be kept as it is."""
    for each in env_file.problems(path, ()):
        if each.state == "wrong" and each.name == path.name:
            raise Failure(f"{path}: {each.text}")
    with suppress(FileNotFoundError):
        return path.read_bytes().decode("utf-8")
    return ""


async def _chats(wanted: str | None, answers: Answers) -> list[ChannelManifest]:
    known = known_chats()
    usual = [name for name in known if any(answers.value(each.name) for each in _setup(name).questions)] or known[:1]
    while True:
        if wanted is None and answers.terminal is not None:
            words = f"Which chats, of {', '.join(map(_named, known))}? Enter: {','.join(usual)}"
            wanted = await answers.terminal.ask(words) or ",".join(usual)
        names = [
            each.strip().lower() for each in (wanted or ",".join(usual)).replace("，", ",").split(",") if each.strip()
        ]
        strange = [each for each in names if each not in known]
        if names and not strange:
            return [manifests()[name] for name in dict.fromkeys(names)]
        problem = f"there is no chat {', '.join(strange)}; there are {', '.join(known)}"
        if answers.terminal is None:
            raise BadUsage(problem)
        note(f"  {problem}")
        wanted = None


def _named(name: str) -> str:
    """Return how a chat is typed, and what it is where that says little."""
    title = manifests()[name].title
    return name if title.lower().startswith(name) else f"{name} ({title})"


async def _bot_runs(answers: Answers) -> bool:
    settings = answers.settings(Settings)
    if settings.database_url is None and not settings.database_file.exists():
        return False
    store = await Store.open(settings.store_url)
    try:
        return await is_running(store, settings)
    finally:
        store.close()


def _setup(name: str) -> ChatSetup:
    setup_of = manifests()[name].setup
    if setup_of is None:
        raise TypeError(name)
    return setup_of


async def _chat(manifest: ChannelManifest, answers: Answers, *, unchecked: bool) -> str:
    """Ask for one chat's settings until its servers take them; return who we are there."""
    note(f"\n{manifest.title}")
    setup_of, cls = _setup(manifest.name), manifest.settings
    account = ""

    async def check() -> None:
        nonlocal account
        if setup_of.alone and await _bot_runs(answers):
            return note(
                "  not checked: a bot runs, and would lose its connection. `reelbot doctor` says how it stands."
            )
        try:
            account = await setup_of.check(answers.settings(cls))
        except SendError as error:
            raise (_Silent if error.outcome is SendOutcome.NOT_SENT else ValueError)(
                logs.redact(error.reason)
            ) from None

    checked = tuple(each for each in setup_of.questions if each.checked)
    await _until_good(checked, answers, check, unchecked=unchecked)
    note(f"  {account or 'taken without a check'}")
    for question in setup_of.questions:
        if not question.checked:
            await answers.answer(question)
    return account or "the bot"


async def _until_good(
    questions: tuple[Question, ...], answers: Answers, check: Callable[[], Awaitable[None]], *, unchecked: bool
) -> None:
    """Ask until the server takes the answers, or a person keeps what it could not be asked about. Raises Failure."""
    again = False
    while True:
        for question in questions:
            await answers.answer(question, again=again)
        names = ", ".join(each.name for each in questions)
        try:
            return await check()
        except _Silent as error:
            problem, silent = f"{names}: not checked, no answer ({error})", True
        except ValueError as error:
            problem, silent = f"{names}: {error}", False
        if silent and unchecked:
            return note(f"  {problem}")
        if answers.terminal is None:
            raise Failure(problem + ("; --unchecked writes it all the same" if silent else ""))
        note(f"  {problem}")
        if silent and await answers.terminal.agrees("  Keep it unchecked?"):
            return None
        again = not silent


async def _check_fal(answers: Answers) -> None:
    """Ask fal about the key, for nothing. Raises _Silent, ValueError."""
    queue = FalQueue.from_settings(answers.settings(Settings))
    try:
        await queue.check_key()
    except NotConfigured as error:
        if error.code in {"not_configured", "invalid_key"}:
            raise ValueError(admin_text(error.code, error.facts)) from None
        note(f"  fal accepts the key. {admin_text(error.code, error.facts)}")
    except Unavailable as error:
        raise _Silent(str(error.facts.get("reason", "fal is silent"))) from None
    except VideoError as error:
        raise ValueError(admin_text(error.code, error.facts)) from None
    else:
        note("  fal accepts the key")
    finally:
        await queue.close()


async def _public_url(chosen: list[ChannelManifest], answers: Answers) -> None:
    """Ask for the public address where a chat needs one, and say whether something answers there."""
    if not any(_setup(each.name).public for each in chosen) and "REELBOT_PUBLIC_URL" not in answers.values:
        return
    await answers.answer(_PUBLIC)
    url = answers.settings(Settings).public_url or ""
    answers.values["REELBOT_PUBLIC_URL"] = url  # as Caddy reads it, too: without a / at its end
    try:
        await head_of(url)
        note(f"  something answers at {masked_url(url)}")
    except (OSError, ValueError) as error:
        note(f"  nothing answers at {masked_url(url)} yet ({error}): README, “Deploying”, says how to set that up")


def _changed(text: str, values: dict[str, str]) -> str:
    try:
        return env_file.changed(text, values)
    except ValueError as error:
        raise Failure(str(error)) from None


def _write(path: Path, text: str) -> None:
    """Write the file anew in one step, its owner's alone. One that root wrote for a group stays that group's, too."""
    target = path.resolve()
    before = target.stat() if target.exists() else None
    with disk.whole(target, durable=True) as draft:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        if before is not None and (before.st_uid, before.st_gid) != (os.getuid(), os.getgid()):
            with suppress(PermissionError):
                os.chown(draft, before.st_uid, before.st_gid)
        for_group = before is not None and before.st_uid == 0 and before.st_gid != 0
        draft.chmod(stat.S_IMODE(before.st_mode) & 0o640 if for_group and before is not None else 0o600)


async def _after(
    chosen: list[ChannelManifest], accounts: dict[str, str], answers: Answers, path: Path, *, wait_s: float
) -> None:
    """Say what is left to do in each chat, and make an admin where there is none."""
    settings = Settings()
    setting_problems.require_folder(settings.output_dir)
    await Store.prepare(settings.store_url)
    store = await Store.open(settings.store_url)
    try:
        access = Access.from_settings(settings.access, settings.admins, chats=manifests())
        admins = access.admins | await store.admissions.admins()
        for manifest in chosen:
            if any(each.startswith(f"{manifest.name}:") for each in admins):
                continue
            account, chat = accounts[manifest.name], manifest.settings()
            admin = await make_admin(store, settings, manifest, chat, account, wait_s=wait_s)
            if admin is not None:
                note(f"{admin} is an admin now.")
                listed = ",".join(filter(None, (settings.admins, admin)))
                text = await asyncio.to_thread(_current, path)
                await asyncio.to_thread(_write, path, _changed(text, {"REELBOT_ADMINS": listed}))
                settings = Settings()
    finally:
        store.close()
    note("\nStart the bot with:  reelbot run")
    for manifest in chosen:
        url = answers.value("REELBOT_PUBLIC_URL")
        for step in _setup(manifest.name).steps(answers.settings(manifest.settings), accounts[manifest.name], url):
            note(f"- {step}")
    note("")
