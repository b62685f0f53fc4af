"""The accounts that are logged in: one row of the channel's memory, so that every process sees them.

It holds tokens: the database is its owner's alone to read, and nothing of this row is ever shown.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, fields, replace

from bot.channels.ilink.stored import read_fields
from bot.channels.services import KeyValue

DEFAULT = "main"
"""The account that is meant where none is named."""
_KEY = "ilink:accounts"
_TRIES = 20


@dataclass(frozen=True, slots=True)
class Account:
    """An account that has logged in.

    `name` is ours, `bot_id` iLink's. `owner`: the person who scanned. `stale`: WeChat has ended the login; what waits
    is kept until somebody scans again.
    """

    name: str
    bot_id: str
    base_url: str
    owner: str
    token: str
    stale: bool = False

    def __repr__(self) -> str:
        return f"Account({self.name!r}, {self.bot_id!r}, stale={self.stale})"


_FIELDS = {each.name for each in fields(Account)} - {"name"}


class Accounts:
    """The repository of accounts. `on_token` is told each token once, so that no log shows it."""

    def __init__(self, key_values: KeyValue, *, on_token: Callable[[str], None]) -> None:
        self._key_values = key_values
        self._on_token = on_token
        self._tokens: set[str] = set()

    async def all(self) -> tuple[Account, ...]:
        """Return the accounts, by their names."""
        return self._read(await self._key_values.get(_KEY))

    async def put(self, account: Account) -> None:
        """Add the account, or put it in the place of the one with its name."""
        await self._change(lambda found: {**found, account.name: account})

    async def remove(self, name: str) -> None:
        """Remove the account."""
        await self._change(lambda found: {each: account for each, account in found.items() if each != name})

    async def end(self, account: Account) -> bool:
        """Note that WeChat has ended this login. False: another one has its place already, or it was noted before."""
        ended: list[bool] = []

        def change(found: dict[str, Account]) -> dict[str, Account]:
            now = found.get(account.name)
            ended[:] = [now is not None and now.token == account.token and not now.stale]
            return {**found, account.name: replace(account, stale=True)} if ended[0] else found

        await self._change(change)
        return ended[0]

    async def _change(self, change: Callable[[dict[str, Account]], dict[str, Account]]) -> None:
        for _ in range(_TRIES):
            old = await self._key_values.get(_KEY)
            found = {each.name: each for each in self._read(old)}
            changed = change(found)
            if changed == found:
                return
            rows = {name: {key: getattr(each, key) for key in _FIELDS} for name, each in changed.items()}
            if await self._key_values.swap(_KEY, old=old, new=json.dumps(rows)):
                return
        raise OSError("the accounts are changed by too many at once")

    def _read(self, value: str | None) -> tuple[Account, ...]:
        rows = {name: row for name, row in read_fields(value).items() if isinstance(row, dict)}
        found = [
            Account(name, **{key: row[key] for key in _FIELDS})
            for name, row in sorted(rows.items())
            if set(row) >= _FIELDS
        ]
        for token in {each.token for each in found} - self._tokens:
            self._tokens.add(token)
            self._on_token(token)
        return tuple(found)
