"""Makes whoever sends the one-time code an admin: `reelbot run` takes the code, or setup asks the chat itself."""

import asyncio
from collections.abc import Awaitable, Sequence
from pathlib import Path

from pydantic_settings import BaseSettings

from bot.channels.protocol import ChannelManifest
from bot.channels.types import SendError
from bot.cli.console import note
from bot.jobs.process_lock import is_held
from bot.settings import Settings
from bot.store import Store
from bot.store.admin_codes import CODE_S, code_in
from bot.store.workers import Workers

_LOOK_S = 0.5


async def is_running(store: Store, settings: Settings) -> bool:
    """Return whether a bot runs on this database."""
    if not store.database.is_sqlite:
        return await Workers(store.database).living("setup") > 0
    lock = Path(f"{settings.database_file}.lock")
    return lock.exists() and await asyncio.to_thread(is_held, lock)


async def make_admin(
    store: Store, settings: Settings, manifest: ChannelManifest, chat: BaseSettings, account: str, *, wait_s: float
) -> str | None:
    """Show a code, and wait for whoever sends it. Return their id (`telegram:42`), or None when nobody has yet."""
    if manifest.setup is None or manifest.setup.say_code is None:
        return None
    code = await store.admin_codes.issue()
    running = await is_running(store, settings)
    note(f"To become the admin, within {CODE_S / 60:.0f} minutes {manifest.setup.say_code(account, code)}")
    if wait_s <= 0 or (manifest.setup.watch is None and not running):
        note("The code counts once, for whoever sends it to the running bot: start `reelbot run` now.")
        return None
    note("Waiting for it; Ctrl+C goes on without.")
    waits = [_spent(store, code)]
    if manifest.setup.watch is not None and not running:
        waits.append(_watched(store, settings, manifest, chat))
    admin = None
    try:
        async with asyncio.timeout(wait_s):
            admin = await _first(waits)
    except asyncio.CancelledError:  # Ctrl+C: what is written stands, and the rest goes on
        current = asyncio.current_task()
        if current is not None:
            current.uncancel()
    except TimeoutError:
        note("")
    if admin is None:
        note("Nobody has sent it yet; while it counts, `reelbot run` takes it, too.")
    return admin


async def _first(waits: Sequence[Awaitable[str | None]]) -> str | None:
    tasks = [asyncio.ensure_future(each) for each in waits]
    try:
        for done in asyncio.as_completed(tasks):
            if (admin := await done) is not None:
                return admin
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return None


async def _spent(store: Store, code: str) -> str | None:
    """Wait until a bot that runs has taken the code."""
    while True:
        admin = await store.admin_codes.spent_by(code)
        if admin is not None:
            return admin
        await asyncio.sleep(_LOOK_S)


async def _watched(store: Store, settings: Settings, manifest: ChannelManifest, chat: BaseSettings) -> str | None:
    """Ask the chat itself, until a bot is started. None: it cannot be asked, and the reason was said."""
    setup = manifest.setup
    if setup is None or setup.watch is None:
        return None

    async def try_code(text: str, sender: str) -> bool:
        code = code_in(text)
        user = f"{manifest.name}:{sender}"
        return code is not None and await store.admin_codes.redeem(code, user, by_setup=True) == "admin"

    watching = asyncio.ensure_future(setup.watch(chat, try_code))
    try:
        while not watching.done() and not await is_running(store, settings):
            await asyncio.wait([watching], timeout=_LOOK_S)
        return f"{manifest.name}:{await watching}" if watching.done() else None
    except SendError as error:
        note(f"{manifest.title}: {error.reason}")
        return None
    finally:
        watching.cancel()
