"""Checks the database, and who is admitted by it and by the settings. A database that is not there is not made."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from tempfile import TemporaryDirectory

from bot.channels import manifests
from bot.channels.types import Finding
from bot.conversation.access import OPERATORS, Access
from bot.messages.i18n import translate
from bot.settings import Settings
from bot.store import Store
from bot.store.workers import Workers
from bot.workers.heartbeat import examine_database

_SHOWN = 5
OPENING = asyncio.Lock()
"""Held while tables are opened: they may have to be made, which two threads of a process cannot do at once."""


def is_missing(settings: Settings) -> bool:
    """Return whether there is no database yet: a file that the first start makes."""
    return settings.database_url is None and not settings.database_file.exists()


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Store]:
    """Open the tables for a look: where there are none yet, empty ones elsewhere. Raises OSError, ValueError."""
    with TemporaryDirectory(prefix="reelbot-look-") as folder:
        url = f"sqlite:///{folder}/empty.db" if is_missing(settings) else settings.store_url
        async with OPENING:
            store = await Store.open(url)
        try:
            yield store
        finally:
            store.close()


async def check_database(settings: Settings) -> str:
    """Check that the database can be opened and says which workers run."""
    if is_missing(settings):
        return f"SQLite, {settings.database_file} (made at the first start)"
    async with opened(settings) as store:
        if store.database.is_sqlite:
            return f"SQLite, {settings.database_file}"
        return f"PostgreSQL; workers that run now: {await Workers(store.database).living('doctor')}"


async def database(settings: Settings) -> Sequence[Finding]:
    """Check the database, and whether it is a copy that was put back, or knows less than the files beside it."""
    found = [Finding("database", "ok", await check_database(settings))]
    async with opened(settings) as store:
        notice, known = await examine_database(store, settings), (await store.copies.facts()).restored
        admitted = await _admitted(settings, store)
    if notice is not None:
        found.append(Finding("copy", "warn", translate("en", notice.words, files=notice.files)))
    elif known is not None:
        since = datetime.fromtimestamp(known.at / 1000, tz=UTC).strftime("%Y-%m-%d %H:%M:%S")
        text = (
            f"the database is a copy ({known.origin}), served since {since} UTC: what waited in it is looked for first"
        )
        found.append(Finding("copy", "info", text))
    return [*found, admitted]


async def _admitted(settings: Settings, store: Store) -> Finding:
    access = Access.from_settings(settings.access, settings.admins, chats=manifests())
    let_in = [each.id for each in await store.admissions.all() if each.allowed is not None]
    if access.everybody:
        caps = f"{settings.user_daily_usd} USD a day each, {settings.daily_usd} USD in all"
        return Finding("admission", "ok", f"everybody may use the bot, at your expense: {caps}")
    people = sorted((access.listed | access.admins | {*let_in}) - OPERATORS)
    if people:
        return Finding(
            "admission",
            "ok",
            f"{len(people)} may use the bot: {', '.join(people[:_SHOWN])}" + " …" * (len(people) > _SHOWN),
        )
    return Finding("admission", "info", "nobody of a chat may use the bot yet")
