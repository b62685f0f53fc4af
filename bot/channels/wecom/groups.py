"""Tells a group from a person by its id, which WeCom does not mark.

Ids of groups look alike (`wr` and some thirty letters), those of people are chosen by their company: whoever was seen
as a group is known from then on, in this process by itself, elsewhere through the channel's memory.
"""

import json
import re

from bot.channels.memory import Memory

_LOOKS_LIKE_A_GROUP = re.compile(r"wr[A-Za-z0-9_-]{20,62}")
_ID = re.compile(r"[A-Za-z0-9_@.=-]{1,64}")
_KEY = "groups"
_seen: set[str] = set()


def is_group(chat_id: str) -> bool:
    """Return whether several people read there."""
    return chat_id in _seen or _LOOKS_LIKE_A_GROUP.fullmatch(chat_id) is not None


def id_problem(ident: str) -> str | None:
    """Return what is wrong with an id that is listed, or None."""
    if _ID.fullmatch(ident):
        return None
    return "a WeCom id has letters, digits and . _ - @; the bot tells it to whoever writes to it"


class Groups:
    """The groups that this bot has seen."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._noted: set[str] = set()

    def see(self, chat_id: str) -> None:
        """Know in this process that this is a group."""
        if not is_group(chat_id):
            _seen.add(chat_id)

    async def note(self, chat_id: str) -> None:
        """Remember that this is a group."""
        if _LOOKS_LIKE_A_GROUP.fullmatch(chat_id) is not None or chat_id in self._noted:
            return
        self.see(chat_id)
        await self._memory.put(_KEY, json.dumps(sorted({*await self._stored(), chat_id})))
        self._noted.add(chat_id)

    async def load(self) -> None:
        """Load what other processes, and earlier ones, have seen."""
        stored = await self._stored()
        self._noted.update(stored)
        _seen.update(stored)

    async def _stored(self) -> list[str]:
        return json.loads(await self._memory.get(_KEY) or "[]")  # type: ignore[no-any-return] # written above
