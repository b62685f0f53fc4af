"""Runs `reelbot backup DIR`: a consistent copy of the database, and the receipts, while `reelbot run` serves."""

import argparse
import asyncio
import os
import secrets
import shutil
from pathlib import Path

from bot import logs
from bot.cli import setting_problems
from bot.cli.console import DONE, Failure, note, out, out_json
from bot.settings import Settings
from bot.store.backup import copy_sqlite, dump_postgres
from bot.store.database import Database
from core.io import disk

_RECEIPTS = "receipts"


async def backup(options: argparse.Namespace) -> int:
    """Make the folder with the copy in it, whole or not at all, and say what else a whole backup needs."""
    logs.configure(secrets=[], level="WARNING")
    settings = setting_problems.load(writes=False)
    into: Path = options.dir.absolute()
    _require_free(into)
    draft = into.with_name(f".{into.name}.{secrets.token_hex(4)}.part")
    try:
        into.parent.mkdir(parents=True, exist_ok=True)
        draft.mkdir(mode=0o700)
        await _copy(settings, draft)
        await asyncio.to_thread(_install, draft, into)
    finally:
        await asyncio.to_thread(shutil.rmtree, draft, ignore_errors=True)
    if options.json:
        missing = [str(settings.videos_dir), str(settings.uploads_dir), ".env"]
        out_json({"path": str(into), "copied": sorted(each.name for each in into.iterdir()), "not_copied": missing})
    else:
        _say(settings, into)
    return DONE


def _require_free(into: Path) -> None:
    """Check that nothing is overwritten. Raises Failure."""
    if into.exists() and (not into.is_dir() or any(into.iterdir())):
        raise Failure(f"{into} exists already: name a folder that is not there yet, for example with today's date")


async def _copy(settings: Settings, draft: Path) -> None:
    """Copy the database first: each claim in it that was answered has its receipt by then."""
    if settings.database_url is None:
        await asyncio.to_thread(copy_sqlite, settings.database_file, draft / settings.database_file.name)
    else:
        database = Database(settings.store_url)
        try:
            await dump_postgres(database, draft / "reelbot.sql")
        finally:
            database.close()
    await asyncio.to_thread(_copy_receipts, settings.receipts_dir, draft / _RECEIPTS)


def _copy_receipts(folder: Path, into: Path) -> None:
    into.mkdir(mode=0o700)
    for path in folder.glob("[!.]*") if folder.is_dir() else ():
        try:
            shutil.copy2(path, into / path.name)
        except FileNotFoundError:
            continue  # cleared away meanwhile
        (into / path.name).chmod(0o600)


def _install(draft: Path, into: Path) -> None:
    """Give the folder its name once all of it is on the disk: a loss of power leaves all of it or none."""
    for path in [*draft.rglob("*"), draft]:
        disk.sync(path)
    os.rename(draft, into)  # noqa: PTH104 - unlike Path.replace it says that it takes an empty folder's place
    disk.sync(into.parent)


def _say(settings: Settings, into: Path) -> None:
    out(str(into))
    videos, assets = settings.videos_dir, settings.uploads_dir
    note(
        f"Copied: the database and the receipts. Not copied, and part of a whole backup: the films in {videos}, what "
        f"people sent in {assets}, and the settings with their keys (.env). The copy holds the signing secret and what "
        "people wrote: keep it private. How to put it back: README, “Backup and restore”."
    )
