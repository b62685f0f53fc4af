"""The login on a page for admins of the web chat: the same steps as in the terminal, whichever process serves the page.

One login at a time. Its state stands in the channel's memory for a quarter of an hour.
"""

import asyncio
import io
import json
import logging
from collections.abc import Awaitable, Callable

import segno

from bot.channels.ilink.accounts import DEFAULT, Account
from bot.channels.ilink.login import Viewer
from bot.channels.ilink.settings import NAME
from bot.channels.ilink.stored import read_fields, text_of
from bot.channels.services import KeyValue, PageView, Translate
from bot.channels.types import SendError, SendOutcome

log = logging.getLogger(__name__)

_STATE, _NUMBER = "ilink:page:state", "ilink:page:number"
_FOR_S = 900.0
_LOOK_S = 0.5
_NUMBER_S = 300.0
_RUNS = frozenset({"code", "scanned", "blocked", "number", "wrong"})

LogIn = Callable[[str, Viewer], Awaitable[Account]]


class LoginPage:
    """The page, which is also what a login sees of it. `begin(name, viewer)` logs in."""

    def __init__(
        self, key_values: KeyValue, translate: Translate, *, begin: LogIn, names: Callable[[], Awaitable[list[str]]]
    ) -> None:
        self._key_values = key_values
        self._translate = translate
        self._begin = begin
        self._names = names
        self._content = ""
        self._is_blocked = False
        self._running: asyncio.Task[None] | None = None

    async def close(self) -> None:
        """End a login that nobody has confirmed."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    # The page

    async def view(self, language: str) -> PageView:
        """Return what stands there now."""

        def say(key: str, **facts: object) -> str:
            return self._translate(language, f"ilink-page-{key}", **facts)

        fields = read_fields(await self._key_values.get(_STATE))
        state, content = text_of(fields, "state"), text_of(fields, "content")
        title = say("title")
        if state in {"number", "wrong"}:
            return PageView(title, say(state), question=say("question"), button=say("send"))
        if state in _RUNS:
            return PageView(title, say(state), image=_svg(content) if state != "scanned" else None, moves=True)
        names = ", ".join(await self._names())
        text = say("accounts", names=names) if names else say("nobody")
        if state in {"done", "failed"}:
            text = f"{say(state)}\n{text}"
        return PageView(title, text, question=say("name"), button=say("begin"))

    async def press(self, answer: str) -> None:
        """Begin a login with this name, or take the number that the phone shows."""
        state = text_of(read_fields(await self._key_values.get(_STATE)), "state")
        if state in {"number", "wrong"}:
            await self._key_values.put(_NUMBER, answer, for_s=_FOR_S)
            await self._put("code")
        elif state not in _RUNS:
            await self.close()
            name = answer if NAME.fullmatch(answer) else DEFAULT
            await self._put("code")
            self._running = asyncio.create_task(self._run(name), name="ilink login")

    async def _run(self, name: str) -> None:
        try:
            await self._begin(name, self)
        except SendError as error:
            log.warning("a login on the page has failed", extra={"reason": error.reason})
            await self._put("failed")
        except Exception as error:  # noqa: BLE001 - whatever the database does
            log.warning("a login on the page has failed", extra={"error": type(error).__name__})
            await self._put("failed")
        except asyncio.CancelledError:
            await self._put("failed")
            raise
        else:
            await self._put("done")

    # What a login sees of it

    async def show(self, content: str) -> None:
        """Show this text as a QR code."""
        self._content = content
        await self._put("blocked" if self._is_blocked else "code")
        self._is_blocked = False

    async def state(self, word: str) -> None:
        """Say how far it is; that a number was wrong too often, beside the code that comes next."""
        self._is_blocked = word == "blocked"
        if not self._is_blocked:
            await self._put(word)

    async def number(self, *, wrong: bool) -> str:
        """Ask for the number that the phone shows, and wait for it."""
        await self._key_values.put(_NUMBER, None)
        await self._put("wrong" if wrong else "number")
        try:
            async with asyncio.timeout(_NUMBER_S):
                while (found := await self._key_values.get(_NUMBER)) is None:  # noqa: ASYNC110 - another process may put it
                    await asyncio.sleep(_LOOK_S)
        except TimeoutError:
            raise SendError(SendOutcome.REJECTED, "nobody has typed the number") from None
        return found

    async def _put(self, state: str) -> None:
        row = json.dumps({"state": state, "content": self._content})
        await self._key_values.put(_STATE, row, for_s=_FOR_S)


def _svg(content: str) -> bytes | None:
    if not content:
        return None
    drawn = io.BytesIO()
    segno.make(content, error="l").save(drawn, kind="svg", scale=8, border=4, light="white")
    return drawn.getvalue()
