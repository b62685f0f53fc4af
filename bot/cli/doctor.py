"""Runs `reelbot doctor`: each link of the chain, whether it holds, and how to mend it.

Spends nothing, starts nothing.
"""

import argparse
import asyncio
import json
import secrets
import shutil
import stat
import struct
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Literal

from pydantic import SecretStr

from bot import logs
from bot.app import App
from bot.channels import how_to_connect
from bot.channels.types import SendError
from bot.cli import setting_problems
from bot.cli.console import DONE, FAILED, out
from bot.http.listener import bind, holder
from bot.http.server import serve_assets
from bot.jobs.billing import needed_micro
from bot.logs import redact
from bot.messages.i18n import admin_text, translate
from bot.settings import Settings
from bot.store import Store
from bot.store.ledger import caps_of
from bot.store.records import MICRO, micro
from bot.store.workers import Workers
from bot.workers.heartbeat import examine_database
from core.assets import publish
from core.config import names_given
from core.errors import NotConfigured, VideoError
from core.fal.billing import Billing
from core.fal.client import FalQueue
from core.fal.storage import ProcessKeyValues

_LOW_DISK = 2_000_000_000
_WAIT_S = 20.0


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check, and how to mend what is wrong."""

    name: str
    state: Literal["ok", "wrong", "warn", "off", "info"]
    text: str

    def line(self) -> str:
        """Return the finding as a line for people."""
        return f"{self.state:<6} {self.name:<24} {self.text}"

    def as_json(self) -> dict[str, str]:
        """Return the finding as JSON values."""
        return asdict(self)


async def run(options: argparse.Namespace) -> int:
    """Print all findings; return 1 if anything is wrong."""
    logs.configure(secrets=[], level="CRITICAL")
    findings = await examine()
    if options.json:
        out(json.dumps([finding.as_json() for finding in findings], indent=2))
    else:
        for finding in findings:
            out(finding.line())
    return FAILED if any(finding.state == "wrong" for finding in findings) else DONE


async def examine() -> list[Finding]:
    """Check everything, the settings first. With settings that cannot be read nothing else is checked."""
    findings = _settings()
    if any(finding.state == "wrong" for finding in findings):
        return findings
    settings = Settings()
    findings += await asyncio.to_thread(_folders, settings)
    findings.append(await _checked("database", lambda: check_database(settings)))
    findings += await check_copy(settings)
    findings.append(await asyncio.to_thread(check_port, settings))
    findings.append(await _checked("fal key", lambda: _fal_key(settings)))
    findings += await _books(settings)
    findings.append(await _checked("asset round trip", lambda: _round_trip(settings)))
    findings += await _chats(settings)
    return findings


async def _checked(name: str, check: Callable[[], Awaitable[str]]) -> Finding:
    try:
        async with asyncio.timeout(_WAIT_S):
            return Finding(name, "ok", await check())
    except TimeoutError:
        return Finding(name, "wrong", f"no answer within {_WAIT_S:.0f} seconds: is the network up?")
    except VideoError as error:
        return Finding(name, "wrong", admin_text(error.code, error.facts))
    except SendError as error:
        return Finding(name, "wrong", redact(error.reason))
    except (OSError, ValueError) as error:
        return Finding(name, "wrong", redact(str(error)))


def _settings() -> list[Finding]:
    """Check each setting: its value, secrets masked, or what is wrong with it, and where it came from."""
    origins, findings = names_given(), []
    for cls in setting_problems.classes():
        values, problems = setting_problems.read(cls)
        for field in cls.model_fields:
            name = setting_problems.variable(cls, field)
            problem, origin = problems.get(name), origins.get(name, "default")
            text = f"{name}: {problem}" if problem else _masked(getattr(values, field))
            findings.append(Finding(name, "wrong" if problem else "info", f"{text} ({origin})"))
    return findings + [Finding(*_named(text)) for text in setting_problems.warnings()]


def _named(warning: str) -> tuple[str, Literal["warn"], str]:
    name, _, text = warning.partition(": ")
    return name, "warn", text


def _masked(value: object) -> str:
    if value is None:
        return "not set"
    return "set, not shown" if isinstance(value, SecretStr) else str(value)


def _folders(settings: Settings) -> list[Finding]:
    folder = settings.output_dir
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".doctor-{secrets.token_hex(4)}"
        probe.write_bytes(b"x")
        probe.unlink()
    except OSError as error:
        return [
            Finding("output folder", "wrong", f"cannot write to {folder}: {error.strerror}; set REELBOT_OUTPUT_DIR")
        ]
    exposed = _exposed(settings)
    free = shutil.disk_usage(folder).free
    state: Literal["ok", "wrong"] = "ok" if free > _LOW_DISK else "wrong"
    return [
        Finding("output folder", "ok", str(folder)),
        Finding("disk", state, f"{free / 1e9:.1f} GB free" + ("" if state == "ok" else "; make room for videos")),
        *exposed,
    ]


def _exposed(settings: Settings) -> list[Finding]:
    """Warn of what others on this machine can read, or put there."""
    readable, writable = stat.S_IRGRP | stat.S_IROTH, stat.S_IWGRP | stat.S_IWOTH
    found = [
        Finding(path.name, "warn", f"others on this machine can read it, and it holds secrets: chmod 600 {path}")
        for path in (Path(".env"), settings.database_file)
        if path.exists() and path.stat().st_mode & readable
    ]
    if settings.output_dir.stat().st_mode & writable:
        text = f"others on this machine can write there: chmod go-w {settings.output_dir}"
        found.append(Finding("output folder", "warn", text))
    return found


async def check_database(settings: Settings) -> str:
    """Check that the database can be opened and says which workers run."""
    store = await Store.open(settings.store_url)
    try:
        if store.database.is_sqlite:
            return f"SQLite, {settings.database_file}"
        return f"PostgreSQL; workers that run now: {await Workers(store.database).living('doctor')}"
    finally:
        store.close()


async def check_copy(settings: Settings) -> list[Finding]:
    """Check whether the database is a copy that was put back, or knows less than the files beside it."""
    try:
        store = await Store.open(settings.store_url)
        try:
            notice, known = await examine_database(store, settings), (await store.copies.facts()).restored
        finally:
            store.close()
    except (OSError, ValueError):
        return []  # the database has a finding of its own
    if notice is not None:
        return [Finding("copy", "warn", translate("en", notice.words, files=notice.files))]
    if known is None:
        return []
    since = datetime.fromtimestamp(known.at / 1000, tz=UTC).strftime("%Y-%m-%d %H:%M:%S")
    text = f"the database is a copy ({known.origin}), served since {since} UTC: what waited in it is looked for first"
    return [Finding("copy", "info", text)]


def check_port(settings: Settings) -> Finding:
    """Check whether `reelbot run` gets its port. A running bot has it already, so that alone is not wrong."""
    who = holder(settings.port) if settings.port else None
    if who is not None:
        return Finding(
            "port", "info", f"{settings.port} is taken by {who}: well if that is this bot, else REELBOT_PORT"
        )
    try:
        bind(settings.host, settings.port).close()
    except OSError as error:
        return Finding("port", "wrong", str(error))
    return Finding("port", "ok", f"{settings.port or 'any'} on {settings.host} is free")


async def _fal_key(settings: Settings) -> str:
    queue = FalQueue.from_settings(settings)
    try:
        await queue.check_key()
    finally:
        await queue.close()
    return "fal accepts it"


async def _books(settings: Settings) -> list[Finding]:
    """Check the admin key by reading the balance with it, and whether that balance is low."""
    books = Billing.from_settings(settings)
    if books is None and settings.fal_admin_key is None:
        return [Finding("fal admin key", "off", "FAL_ADMIN_KEY is not set: fal's own bill and balance are not read")]
    if books is None:
        return [Finding("fal admin key", "off", "not used: with FAL_PROXY_URL the proxy says what it charged")]
    left: list[Decimal] = []

    async def read() -> str:
        try:
            left.append(await books.balance())
        except NotConfigured as error:
            if error.code != "invalid_key":
                raise
            raise ValueError("fal refuses it: make a key of ADMIN scope at fal.ai/dashboard/keys") from None
        return "fal accepts it"

    try:
        found = [await _checked("fal admin key", read)]
    finally:
        await books.close()
    return found + [await _balance(settings, each) for each in left]


async def _balance(settings: Settings, left: Decimal) -> Finding:
    try:
        store = await Store.open(settings.store_url)
        try:
            held_micro = (await store.ledger.standing()).reserved_micro
        finally:
            store.close()
    except (OSError, ValueError):
        held_micro = 0  # the database has a finding of its own
    need = needed_micro(caps_of(settings).all_micro, held_micro)
    if left <= 0:
        return Finding("fal balance", "wrong", f"{left:.2f} USD: top up at fal.ai/dashboard/billing")
    low = f", less than a day may cost ({need / MICRO:.2f} USD): top up soon" if micro(left) < need else ""
    return Finding("fal balance", "info" if low else "ok", f"{left:.2f} USD left{low}")


async def _round_trip(settings: Settings) -> str:
    """Publish a small photo as a job would, which checks it from outside, and remove it.

    fal is asked again whether the key may upload, whatever it said before.
    """
    host = publish.host_from_settings(settings, key_values=ProcessKeyValues({}))
    async with serve_assets(settings):
        asset = await publish.publish_asset(_photo(), settings=settings, host=host)
        await asyncio.to_thread((settings.assets_dir / asset.filename).unlink, missing_ok=True)
    where = "the asset folder" if settings.assets_from_folder else "fal storage"
    return f"a photo published through {where} can be fetched"


def _photo() -> bytes:
    """Make a plain grey 320 x 320 bitmap: a 54-byte header, then rows of three bytes a pixel."""
    side = 320
    pixels = b"\x80" * (side * side * 3)
    header = struct.pack("<2sIHHI", b"BM", 54 + len(pixels), 0, 0, 54)
    return header + struct.pack("<IiiHHIIiiII", 40, side, side, 1, 24, 0, len(pixels), 2835, 2835, 0, 0) + pixels


async def _chats(settings: Settings) -> list[Finding]:
    try:
        app = await App.build(settings)
    except (ValueError, OSError) as error:
        return [Finding("chats", "wrong", redact(str(error)))]
    app.parts.alerts.mute()
    try:
        if not app.channels:
            return [Finding("chats", "off", f"no chat is connected: {how_to_connect()}")]
        return [await _checked(name, channel.check) for name, channel in app.channels.items()]
    finally:
        await app.close()
