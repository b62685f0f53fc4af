"""A strict small Telegram: the Bot API over real HTTP, with people, chats, faults, and a list of every call.

    with TelegramFake().serving() as telegram:       # or: async with served(telegram)
        telegram.user_says(42, "/video a fox")
        ...
        assert telegram.calls("sendVideo")

In a process of its own: `python -m tests.fakes.botapi --port 9000 --token 1:A --state DIR`, with the same
actions at `POST /control/says`, `/control/presses`, `/control/calls`, `/control/fail`, `/control/said`, keyword
arguments as JSON.
"""

import asyncio
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from starlette.types import Receive, Scope, Send

from tests.fakes.botapi.app import BotApi, Call, Fault, FaultKind
from tests.fakes.botapi.methods import Methods, Upload, said_in
from tests.fakes.botapi.rates import Rates
from tests.fakes.botapi.world import Json, Unknown, Version, World, buttons
from tests.serving import served_in_thread

__all__ = ["TOKEN", "Call", "Fault", "Rates", "TelegramFake", "Upload", "buttons"]

TOKEN = "7000000001:AAFakeTokenOfTheTestsWhichMustNeverLeak_"


class TelegramFake:
    """The bot is called @reelbot. A private chat has its person's id, and exists once that person has spoken.

    `version`, `unknown` and `local`: see World. `rates`: refuses what comes too often; tests squeeze minutes into
    seconds, so most have none.
    """

    def __init__(
        self,
        *,
        token: str = TOKEN,
        state: Path | None = None,
        version: Version = (10, 3),
        unknown: Unknown = "ignored",
        local: bool = False,
        rates: Rates | None = None,
    ) -> None:
        self.token = token
        self._temporary = None if state else tempfile.TemporaryDirectory(prefix="telegram-fake-")
        folder = state or Path(self._temporary.name if self._temporary else "")
        bot = {"id": int(token.partition(":")[0]), "is_bot": True, "first_name": "Reel", "username": "reelbot"}
        self.world = World(folder, bot, version=version, unknown=unknown, local=local)
        self.methods = Methods(self.world)
        controls: dict[str, Callable[..., Any]] = {
            "says": self.user_says,
            "presses": self.presses,
            "calls": self._calls_told,
            "fail": self._fail_told,
            "heal": self.heal,
            "said": self.said,
            "group": self._group_told,
            "blocks": self.world.blocks,
            "edits": self.world.edits,
            "push": self.push,
        }
        self._api = BotApi(token=token, methods=self.methods, controls=controls, rates=rates)
        self.url = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._api(scope, receive, send)

    @contextmanager
    def serving(self) -> Iterator["TelegramFake"]:
        """On a free port, from a thread of its own."""
        with served_in_thread(self) as self.url:
            yield self
        self.close()

    def close(self) -> None:
        if self._temporary is not None:
            self._temporary.cleanup()

    @property
    def environment(self) -> dict[str, str]:
        """The settings that lead a bot here."""
        return {"TELEGRAM_BOT_TOKEN": self.token, "TELEGRAM_API_URL": self.url}

    # People

    def user_says(self, chat: int, text: str = "", **more: Any) -> int:
        """See World.says: photo, video, document, reply_to, thread, album, sender, language. Gives the message's id."""
        return self.world.says(chat, text, **more)

    def presses(self, chat: int, data: str, **more: Any) -> str:
        """Press the newest button that holds `data`. Gives the query's id; AssertionError where there is none."""
        return self.world.press(chat, data, **more)

    def group(self, chat: int, *, topics: set[int] | None = None) -> None:
        """A group that the bot is in; with `topics` (their ids) a forum."""
        self.world.group(chat, topics=topics)

    # Faults

    def fail(self, method: str, kind: FaultKind, **more: Any) -> Fault:
        """The next call (or `times` calls) of `method` fails: see Fault."""
        fault = Fault(method, kind, **more)
        self._api.faults.append(fault)
        return fault

    def flood(self, method: str, *, retry_after: int, times: int = 1) -> Fault:
        words = f"Too Many Requests: retry after {retry_after}"
        return self.fail(
            method, "status", times=times, status=429, description=words, parameters={"retry_after": retry_after}
        )

    def heal(self) -> None:
        self._api.faults.clear()

    # What happened

    def calls(self, method: str | None = None) -> list[Call]:
        """Every call that was read to its end, in order, or those of one method."""
        return [call for call in list(self._api.calls) if method is None or call.method.lower() == method.lower()]

    def said(self, chat: int) -> list[Json]:
        """The bot's messages in a chat as they stand there now, oldest first."""
        return self.world.said(chat)

    def texts(self, chat: int) -> list[str]:
        return [text for message in self.said(chat) if (text := said_in(message)) is not None]

    def videos(self, chat: int) -> list[Json]:
        return [message for message in self.said(chat) if "video" in message]

    @property
    def ever_said(self) -> list[str]:
        """Every text and caption, also those that were edited away: for searches after what must never be said."""
        return list(self.world.ever_said)

    @property
    def pending(self) -> int:
        """Updates that are not confirmed."""
        return len(self.world.updates)

    def push(self) -> list[int]:
        """Deliver what waits to the webhook, oldest first, up to the first that is not taken. Gives the statuses."""
        statuses = []
        hook = self.methods.webhook
        headers = {"X-Telegram-Bot-Api-Secret-Token": hook["secret_token"]}
        with httpx.Client(trust_env=False, verify=False) as client:
            for update in list(self.world.updates):
                status = client.post(hook["url"], json=update, headers=headers).status_code
                statuses.append(status)
                if not httpx.codes.is_success(status):
                    break
                self.world.updates.remove(update)
        return statuses

    async def until(self, predicate: Callable[[], Any], *, within_s: float = 10.0) -> None:
        """Wait, in a test's own loop, until something is so. AssertionError when it never is."""
        end = time.monotonic() + within_s
        while not predicate():
            assert time.monotonic() < end, f"never came true; calls: {[call.method for call in self.calls()][-20:]}"
            await asyncio.sleep(0.01)

    def wait(self, predicate: Callable[[], Any], *, within_s: float = 10.0) -> None:
        """The same without a loop."""
        end = time.monotonic() + within_s
        while not predicate():
            assert time.monotonic() < end, f"never came true; calls: {[call.method for call in self.calls()][-20:]}"
            time.sleep(0.01)

    # For other processes

    def _calls_told(self, method: str | None = None) -> list[Json]:
        return [
            {
                "method": call.method,
                "params": call.params,
                "files": {
                    name: {"filename": file.filename, "mime": file.mime, "path": str(file.path), "size": file.size}
                    for name, file in call.files.items()
                },
                "at": call.at,
                "status": call.status,
                "done": call.done,
            }
            for call in self.calls(method)
        ]

    def _fail_told(self, method: str, kind: FaultKind, **more: Any) -> bool:
        self.fail(method, kind, **more)
        return True

    def _group_told(self, chat: int, topics: list[int] | None = None) -> bool:
        self.group(chat, topics=set(topics) if topics is not None else None)
        return True
