"""Checks this machine: folders and who may read them, the disk, the port, the time zone."""

import asyncio
import os
import shutil
import stat
from collections.abc import Sequence
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path

from bot.channels.types import Finding
from bot.http.listener import bind, holder
from bot.settings import Settings
from core import media
from core.config import FalSettings
from core.errors import MediaError
from core.io.answers import head_of
from core.media.ai_label import label_of, try_credentials

_LOW_DISK = 2_000_000_000


async def folders(settings: Settings) -> Sequence[Finding]:
    """Check that films can be written, that there is room for them, and who else may read and write there."""
    return await asyncio.to_thread(_folders, settings)


def _folders(settings: Settings) -> list[Finding]:
    folder = settings.output_dir.absolute()
    there = next(each for each in (folder, *folder.parents) if each.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        text = f"cannot write to {folder}: set REELBOT_OUTPUT_DIR to a folder of yours, or chown {there}"
        return [Finding("output folder", "wrong", text)]
    free = shutil.disk_usage(there).free
    roomy = free > _LOW_DISK
    shown = str(folder) + ("" if there == folder else " (made at the first start)")
    return [
        Finding("output folder", "ok", shown),
        Finding("disk", "ok" if roomy else "wrong", f"{free / 1e9:.1f} GB free" + ("" if roomy else _MAKE_ROOM)),
        *_exposed(settings, folder),
    ]


async def media_child(_settings: Settings) -> Sequence[Finding]:
    """Check what a foreign file that takes over its decoder could do here: a child tries each door."""
    doors = await media.confinement()
    still = [f"{door.name} ({door.reason})" for door in doors if not door.shut]
    if not still:
        return [Finding("media child", "ok", f"shut in: {', '.join(door.name for door in doors)}")]
    text = f"a hostile photo or video could still use: {'; '.join(still)}. {_NEWER_KERNEL}"
    return [Finding("media child", "warn", text)]


async def ai_label(settings: Settings) -> Sequence[Finding]:
    """Say how films are labelled as made by AI, and warn where the record does not name who offers this service."""
    label = label_of(settings)
    if label is None:
        return [Finding("AI label", "off", "films do not say that AI has made them; REELBOT_AI_LABEL")]
    seen = ", and it is seen in the first seconds of what is sent" if label.visible else ""
    text = f"each film says that AI has made it, by {label.producer}{seen}"
    if label.producer == FalSettings.model_fields["ai_producer"].default:
        return [Finding("AI label", "warn", f"{text}; REELBOT_AI_PRODUCER should name who offers this service")]
    return [Finding("AI label", "ok", text)]


async def signature(settings: Settings) -> Sequence[Finding]:
    """Check what films are signed with (C2PA): something is signed with it."""
    files = {"REELBOT_C2PA_CERTIFICATE": settings.c2pa_certificate, "REELBOT_C2PA_KEY": settings.c2pa_key}
    absent = [name for name, path in files.items() if path is None]
    if len(absent) == len(files):
        return []
    label = label_of(settings)
    if absent:
        return [Finding("signature", "wrong", f"films are not signed: {absent[0]} is not set")]
    if label is None or label.credentials is None:
        return [
            Finding("signature", "wrong", "films are not signed while REELBOT_AI_LABEL is off: metadata or visible")
        ]
    if find_spec("c2pa") is None:
        text = "films are not signed: what signs them is not installed: .venv/bin/pip install '.[c2pa]'"
        return [Finding("signature", "wrong", text)]
    try:
        until = await try_credentials(label.credentials)
    except MediaError as error:
        why = _SIGNATURE_TROUBLE.get(str(error.facts.get("reason")), "a try did not end well")
        return [Finding("signature", "wrong", f"films are not signed: {why}")]
    if _is_exposed(label.credentials.key):
        text = f"others on this machine can read the key: chmod 600 {label.credentials.key}"
        return [Finding("signature", "warn", text)]
    return [Finding("signature", "ok", f"films are signed (C2PA); the certificate holds until {until}")]


_SIGNATURE_TROUBLE = {
    "ended": "the certificate in REELBOT_C2PA_CERTIFICATE has ended; its issuer gives a new one",
    "files": "a file that REELBOT_C2PA_CERTIFICATE or REELBOT_C2PA_KEY names cannot be read",
    "key": "REELBOT_C2PA_KEY has to be a PEM file without a password: P-256, P-384, P-521, RSA or Ed25519",
    "certificate": "REELBOT_C2PA_CERTIFICATE has to be the chain of the key in REELBOT_C2PA_KEY as PEM, the signer's"
    " first, with the use e-mail protection or document signing",
}


_NEWER_KERNEL = "Linux 5.13 or newer with Landlock and seccomp shuts all of them; in a container, allow both"
_MAKE_ROOM = "; make room for videos, or set REELBOT_OUTPUT_DIR to a larger disk"


def _is_exposed(file: Path) -> bool:
    return bool(file.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH))


def _exposed(settings: Settings, folder: Path) -> list[Finding]:
    """Warn of what others on this machine can read, or put there."""
    found, file = [], settings.database_file
    if file.exists() and _is_exposed(file):
        text = f"others on this machine can read it, and it holds secrets: chmod 600 {file}"
        found.append(Finding(file.name, "warn", text))
    if folder.exists() and folder.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        text = f"others on this machine can write there: chmod go-w {folder}"
        found.append(Finding("output folder", "warn", text))
    return found


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


async def port(settings: Settings) -> Sequence[Finding]:
    """Check the port, and under the public address whatever answers there."""
    found = await asyncio.to_thread(check_port, settings)
    return [found, *await _public_url(settings, serving=found.state == "info")]


async def _public_url(settings: Settings, *, serving: bool) -> list[Finding]:
    name = "public address"
    if settings.public_url is None:
        return [Finding(name, "off", "REELBOT_PUBLIC_URL is not set: nothing of the world reaches this bot")]
    if not settings.asset_check:
        return [Finding(name, "off", "not looked at: REELBOT_ASSET_CHECK is false")]
    if not serving:
        return [Finding(name, "off", "not looked at: `reelbot run` is not running")]
    try:
        head = await head_of(f"{settings.public_url}/healthz")
    except (OSError, ValueError) as error:
        text = f"REELBOT_PUBLIC_URL is not reached from here ({error}): check its name, its certificate and the proxy"
        return [Finding(name, "wrong", text)]
    if head.status in {200, 503}:
        return [Finding(name, "ok", f"{settings.public_url} leads here")]
    # Caddy, as it is set up, lets only what must be public through, and /healthz is not.
    text = f"{settings.public_url} answers /healthz with status {head.status}: well if the proxy hides that path"
    return [Finding(name, "info", text)]


async def zone() -> Sequence[Finding]:
    """Say which time zone the logs of this machine have."""
    now = datetime.now().astimezone()
    text = f"{now.tzname()} ({now:%H:%M}); chats show each person's own zone, and caps count 24 hours back from now"
    return [Finding("time zone", "info", text)]
