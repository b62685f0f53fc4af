"""The channels' Relay on our tables: requests to the process that has a chat's only connection, a row for each.

They stand among the channels' facts, since they lapse like these, and are gone with their answer.
"""

import asyncio
import json
import time
import uuid
from collections.abc import Awaitable, Callable

import sqlalchemy as sa

from bot.store.database import Connection, Database, now_ms
from bot.store.passive_tables import memory

_LOOK_S, _SCAN_S = 0.05, 0.5
_KEPT_MS = 60_000


class Relay:
    """The repository of requests. `notify(name)`: call whoever has that role; `on_notify`: be called then."""

    def __init__(
        self,
        database: Database,
        *,
        notify: Callable[[str], None],
        on_notify: Callable[[str, Callable[[], None]], None],
    ) -> None:
        self._db = database
        self._notify = notify
        self._on_notify = on_notify

    async def ask(self, name: str, request: str, *, wait_s: float, answer_s: float) -> str | None:
        """Have the request carried out. None: nobody took it, and nobody will. "": it was taken, and got no answer."""
        key = f"relay:{name}:{uuid.uuid4().hex}"
        asked = json.dumps({"request": request})
        row = {"key": key, "value": asked, "until": now_ms() + int((wait_s + answer_s) * 1000) + _KEPT_MS}
        await self._db.write(lambda tx: tx.execute(memory.insert().values(**row)))
        self._notify(name)
        began = time.monotonic()
        while (waited := time.monotonic() - began) < wait_s + answer_s:
            value = await self._value(key)
            found = json.loads(value or "{}")
            if "answer" in found:
                await self._remove(key)
                return str(found["answer"])
            if "request" in found and waited > wait_s and await self._remove(key, asked):
                return None
            await asyncio.sleep(_LOOK_S)
        await self._remove(key)
        return ""

    async def serve(self, name: str, answer: Callable[[str], Awaitable[str]]) -> None:
        """Answer the requests of others until cancelled; several at a time."""
        is_notified = asyncio.Event()
        self._on_notify(name, is_notified.set)
        tasks: set[asyncio.Task[None]] = set()
        try:
            while True:
                is_notified.clear()
                for key, request in await self._take(name):
                    task = asyncio.create_task(self._answer(key, request, answer), name=f"relay {name}")
                    tasks.add(task)
                    task.add_done_callback(tasks.discard)
                try:
                    async with asyncio.timeout(_SCAN_S):
                        await is_notified.wait()
                except TimeoutError:
                    continue
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _answer(self, key: str, request: str, answer: Callable[[str], Awaitable[str]]) -> None:
        answered = json.dumps({"answer": await answer(request)})
        change = memory.update().where(memory.c.key == key).values(value=answered)
        await self._db.write(lambda tx: tx.execute(change))

    async def _take(self, name: str) -> list[tuple[str, str]]:
        """Mark all requests as taken, and return them: each is carried out once at most."""

        def work(tx: Connection) -> list[tuple[str, str]]:
            fresh = (memory.c.key.startswith(f"relay:{name}:"), memory.c.until > now_ms())
            rows = tx.execute(sa.select(memory.c.key, memory.c.value).where(*fresh).order_by(memory.c.until)).all()
            found = []
            for key, value in rows:
                request = json.loads(value).get("request")
                same = (memory.c.key == key, memory.c.value == value)
                mark = memory.update().where(*same).values(value="{}").returning(memory.c.key)
                if request is not None and tx.execute(mark).first() is not None:
                    found.append((key, request))
            return found

        return await self._db.write(work)

    async def _value(self, key: str) -> str | None:
        chosen = sa.select(memory.c.value).where(memory.c.key == key)
        return await self._db.read(lambda tx: tx.execute(chosen).scalar())

    async def _remove(self, key: str, value: str | None = None) -> bool:
        """Remove the row; only while it is `value`, where that is given. False where it was not there so."""
        same = [memory.c.key == key, *([memory.c.value == value] if value is not None else [])]
        gone = memory.delete().where(*same).returning(memory.c.key)
        return await self._db.write(lambda tx: tx.execute(gone).first() is not None)
