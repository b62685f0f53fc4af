"""Remembers small facts of a bot in its channel's key values. A database that is away only makes it forget."""

import logging

from bot.channels.services import KeyValue

log = logging.getLogger(__name__)


class Memory:
    """The facts of one kind, each under a name. No message's way hangs on them, so nothing is raised."""

    def __init__(self, key_values: KeyValue, *, channel: str, account: str, kind: str) -> None:
        self._key_values = key_values
        self._prefix = f"{channel}:{kind}:{account}:"

    async def get(self, name: str) -> str | None:
        """Return the value; None when there is none, or nobody can tell."""
        try:
            return await self._key_values.get(self._prefix + name)
        except Exception as error:  # noqa: BLE001 - whatever the database does
            _note(error)
            return None

    async def put(self, name: str, value: str | None, *, for_s: float | None = None) -> None:
        """Set the value; None removes it."""
        try:
            await self._key_values.put(self._prefix + name, value, for_s=for_s)
        except Exception as error:  # noqa: BLE001 - as above
            _note(error)

    async def claim(self, name: str, *, for_s: float) -> bool:
        """Return whether nobody has claimed it before, here or in another process; True when nobody can tell."""
        try:
            return await self._key_values.swap(self._prefix + name, old=None, new="claimed", for_s=for_s)
        except Exception as error:  # noqa: BLE001 - as above
            _note(error)
            return True

    async def take(self, name: str, *, for_s: float) -> str | None:
        """Return the value to the first who asks, here or in another process; None to everybody else."""
        value = await self.get(name)
        if not value:
            return None
        try:
            is_first = await self._key_values.swap(self._prefix + name, old=value, new="", for_s=for_s)
        except Exception as error:  # noqa: BLE001 - as above
            _note(error)
            return None
        return value if is_first else None


def _note(error: Exception) -> None:
    log.debug("a fact was not remembered", extra={"error": type(error).__name__})
