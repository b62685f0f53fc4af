"""Personal WeChat as a channel: people write to a bot that one of them has made by scanning a code.

A video is a native one, uploaded encrypted, or a file where WeChat refuses that; its words follow as a message of their
own where the pace allows it. Taken with a number it is delivered. Taken without one it may never be shown, so nobody
knows: it is not sent again by itself.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

from starlette.routing import BaseRoute

from bot.channels.ilink import MANIFEST
from bot.channels.ilink.accounts import Account, Accounts
from bot.channels.ilink.api import Api
from bot.channels.ilink.conversations import Conversation, Conversations
from bot.channels.ilink.errors import ILinkError
from bot.channels.ilink.intake import Intake
from bot.channels.ilink.limits import TEXT_BYTES, TEXT_CHARS
from bot.channels.ilink.login import Login, Viewer
from bot.channels.ilink.media import FILE, VIDEO, Media
from bot.channels.ilink.memory import Memory
from bot.channels.ilink.pace import ANSWER_RESERVE, UNASKED_RESERVE
from bot.channels.ilink.page import LoginPage
from bot.channels.ilink.settings import ILinkSettings
from bot.channels.protocol import PlainChannel
from bot.channels.services import Services
from bot.channels.text_lengths import Unit, shortened
from bot.channels.types import (
    Activity,
    Address,
    AttachmentRef,
    Finding,
    Message,
    SendError,
    SendOutcome,
    VideoMessage,
)
from core.io.retrying import Sleep

log = logging.getLogger(__name__)

_PAGE = "wechat"
_WATCH_S = 2.0
_OTHERS_S = 5.0  # by then the other processes serve this chat, too: any of them may handle its messages
_TYPING_WITHIN_MS = 60_000
_WORDS_S = 15.0


class ILink(PlainChannel):
    """The channel. `sleep`, `now` (seconds UTC) and `clock` (seconds that only grow) are arguments for tests."""

    manifest = MANIFEST
    name = MANIFEST.name
    limits = MANIFEST.limits

    def __init__(
        self,
        services: Services,
        settings: ILinkSettings,
        *,
        sleep: Sleep = asyncio.sleep,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._services = services
        self._settings = settings
        self._sleep = sleep
        self._api = Api(settings)
        self.accounts = Accounts(services.key_values, on_token=services.hide)
        self._memory = Memory(services.key_values, now=now)
        self._conversations = Conversations(self._api, self.accounts, self._memory, alert=services.alert)
        self._media = Media(self._api, self._memory, settings, sleep=sleep)
        self._intake = Intake(
            self._api, self.accounts, self._memory, self._conversations, services.inbox, sleep=sleep, clock=clock
        )
        self._typing: dict[str, int] = {}  # by person: when they wrote what the sign was shown for
        self._tasks: list[asyncio.Task[None]] = []
        self._served = asyncio.Event()
        self._page = LoginPage(services.key_values, services.translate, begin=self.log_in, names=self._names)
        services.admin_pages[_PAGE] = self._page

    def routes(self) -> Sequence[BaseRoute]:
        """Return no route: the bot asks WeChat."""
        return ()

    async def start(self) -> None:
        """Begin to poll, in one process, and to watch in each who is logged in."""
        self._tasks.append(asyncio.create_task(self._watch(), name="ilink accounts"))
        self._tasks.append(asyncio.create_task(self._poll(), name="ilink"))

    async def _poll(self) -> None:
        """Poll in one process of the installation; not before the program serves this chat."""
        await self._served.wait()
        counts = self._services.call_counts
        if counts is not None and counts.processes() > 1:
            await asyncio.sleep(_OTHERS_S)
        await self._services.run_alone(self.name, self._intake.run)

    async def _watch(self) -> None:
        """Follow who has scanned: a login may be made, and end, in any process."""
        while True:
            try:
                await self._let_in()
            except Exception as error:  # noqa: BLE001 - whatever the database does
                log.info("the accounts could not be read", extra={"error": type(error).__name__})
            await asyncio.sleep(_WATCH_S)

    async def is_set_up(self) -> bool:
        """Return whether an account is there; from then on the program serves this chat, and messages are asked for."""
        found = await self._let_in()
        if found:
            self._served.set()
        return found

    async def _let_in(self) -> bool:
        accounts = await self.accounts.all()
        self._services.owners(self.name, {each.bot_id: f"{self.name}:{each.owner}" for each in accounts})
        return bool(accounts)

    async def stop_intake(self) -> None:
        """Take no new message from now on; sending still works."""
        self._intake.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._page.close()
        await self._intake.say_goodbye()

    async def stop(self) -> None:
        """Close the connections."""
        await self._api.close()

    def alive(self) -> bool:
        """Return whether each account is asked for messages."""
        return self._intake.alive()

    # The login

    async def log_in(self, name: str, viewer: Viewer) -> Account:
        """Let a person log in by scanning a code; `run` takes the account up by itself. Raises SendError."""
        account = await Login(self._api, self.accounts, self._settings, name=name, sleep=self._sleep).run(viewer)
        await self._let_in()
        return account

    async def _names(self) -> list[str]:
        """Return the names of the accounts that are logged in, for the page."""
        return [each.name for each in await self.accounts.all() if not each.stale]

    async def log_out(self, name: str) -> Account | None:
        """Forget the account's login; jobs and films stay. None: there is no such account."""
        account = next((each for each in await self.accounts.all() if each.name == name), None)
        if account is not None:
            with suppress(ILinkError, SendError):
                await self._api.notify(account, "stop")
            await self.accounts.remove(name)
            await self._let_in()
        return account

    async def check(self) -> str:
        """Say which accounts work. Raises SendError where none does; each of the others is a finding of `examine`."""
        accounts = await self.accounts.all()
        if not accounts:
            raise SendError(SendOutcome.UNREACHABLE, "no account is logged in: reelbot wechat login")
        found = await asyncio.gather(*(self._checked(account) for account in accounts))
        lines = [each.text for each in found if each.state == "ok"]
        if not lines:
            raise SendError(SendOutcome.UNREACHABLE, "; ".join(each.text for each in found))
        return f"{'; '.join(lines)}; personal WeChat has no groups"

    async def examine(self, groups: Sequence[str]) -> Sequence[Finding]:  # noqa: ARG002 - there are none
        """Return a finding for each account that does not work."""
        found = await asyncio.gather(*(self._checked(account) for account in await self.accounts.all()))
        return [each for each in found if each.state != "ok"]

    async def _checked(self, account: Account) -> Finding:
        """Ask WeChat with this account's token, without effect."""

        def finding(state: Literal["ok", "wrong"], text: str) -> Finding:
            return Finding(f"{self.name} {account.name}", state, f"{account.name}: {text}")

        over = f"the login has ended; reelbot wechat login --account {account.name}"
        if account.stale:
            return finding("wrong", over)
        context = await self._memory.context(account.bot_id, account.owner)
        try:
            await self._api.typing_ticket(account, account.owner, context.token if context is not None else "")
        except ILinkError as error:
            return finding("wrong", over if error.is_over else f"WeChat answers with {error.code}")
        except SendError as error:
            return finding("wrong", error.reason)
        return finding("ok", f"{account.bot_id}, of {account.owner}")

    # What is sent

    async def fetch(self, ref: AttachmentRef, into: Path) -> None:
        """Download the attachment to `into`. Raises SendError."""
        await self._media.fetch(ref, into)

    async def show(
        self,
        to: Address,
        message: Message,
        *,
        reply_to: str | None = None,
        replace: str | None = None,  # noqa: ARG002 - nothing can be changed
    ) -> str:
        """Send a text. One on a job may use up what may be said; any other leaves enough for a video."""
        person = await self._conversations.with_person(to)
        reserve = ANSWER_RESERVE if reply_to is not None else UNASKED_RESERVE
        await self._conversations.must_have_room(person, reserve=0 if message.job_id is not None else reserve)
        return await self._say(person, message.text)

    async def _say(self, person: Conversation, text: str) -> str:
        text = shortened(text, most=TEXT_CHARS, unit=Unit.UTF16, whole_lines=True)
        text = shortened(text, most=TEXT_BYTES, unit=Unit.UTF8, whole_lines=True)
        number = await self._conversations.send(person, {"type": 1, "text_item": {"text": text}})
        return number or "taken"

    async def send_video(
        self,
        to: Address,
        video: VideoMessage,
        *,
        reply_to: str | None = None,  # noqa: ARG002 - the bot's messages quote nothing
    ) -> str:
        """Send the video as a native one, or as a file where WeChat refuses that; then its words. Raises SendError."""
        try:
            person, number = await self._send_file(to, video, as_file=False)
        except SendError as error:
            if error.refusal != "file":
                raise
            log.warning("WeChat refuses the video as such", extra={"job_id": video.job_id, "reason": error.reason})
            try:
                person, number = await self._send_file(to, video, as_file=True)
            except SendError as second:
                raise (error if second.refusal == "file" else second) from None
        if number is None:
            raise SendError(SendOutcome.UNCONFIRMED, "WeChat took the video without giving it a number")
        await self._say_words(person, video)
        return number

    async def _send_file(self, to: Address, video: VideoMessage, *, as_file: bool) -> tuple[Conversation, str | None]:
        """Upload the video and send it. Raises SendError."""
        person = await self._conversations.with_person(to)
        await self._conversations.must_have_room(person)
        try:
            kind = FILE if as_file else VIDEO
            media, size = await self._media.upload(person.account, person.user, video.path, kind=kind)
        except ILinkError as error:
            raise await self._conversations.refused(person, error) from None
        person = await self._conversations.with_person(to)  # by now the person may have written again
        item: dict[str, Any] = {"type": 5, "video_item": {"media": media, "video_size": size}}
        if as_file:
            plain = await asyncio.to_thread(lambda: video.path.stat().st_size)
            name = f"{video.job_id or 'video'}.mp4"
            item = {"type": 4, "file_item": {"media": media, "file_name": name, "len": str(plain)}}
        return person, await self._conversations.send(person, item, is_file=True)

    async def _say_words(self, person: Conversation, video: VideoMessage) -> None:
        """Say what stands beside the video, where there is room. The video is delivered whatever becomes of that."""
        try:
            if video.caption.strip() and await self._conversations.room(person) > 1:
                async with asyncio.timeout(_WORDS_S):
                    await self._say(person, "\n".join(filter(None, (video.title, video.caption))))
        except Exception as error:  # noqa: BLE001 - whatever the chat or the database does
            log.info("the words beside a video were not said", extra={"error": type(error).__name__})

    async def busy(self, to: Address, activity: Activity) -> None:
        """Show the typing sign once after a message of the person, and take it away when the video comes."""
        try:
            person = await self._conversations.with_person(to)
            wrote_ms = person.context.at_ms
            shown = self._typing.get(person.user) == wrote_ms
            if activity == "rendering" and not shown and self._memory.now_ms - wrote_ms < _TYPING_WITHIN_MS:
                self._typing[person.user] = wrote_ms
                await self._type(person, shown=True)
            elif activity == "uploading" and shown:
                del self._typing[person.user]
                await self._type(person, shown=False)
        except Exception as error:  # noqa: BLE001 - a decoration: whatever the chat or the database does
            log.debug("no typing sign", extra={"reason": type(error).__name__})

    async def _type(self, person: Conversation, *, shown: bool) -> None:
        ticket = await self._api.typing_ticket(person.account, person.user, person.context.token)
        if ticket:
            await self._api.typing(person.account, person.user, ticket, shown=shown)
