"""The login by QR code: a person scans it with the WeChat that the bot is to live in, and confirms.

A code lives five minutes and is renewed at most three times. Whatever goes wrong while its state is asked for counts
as waiting. The token that a confirmation brings is never shown.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from bot.channels.ilink.accounts import Account, Accounts
from bot.channels.ilink.api import Api
from bot.channels.ilink.errors import ILinkError
from bot.channels.ilink.settings import ILinkSettings
from bot.channels.ilink.stored import text_of
from bot.channels.types import SendError, SendOutcome
from core.io.retrying import Sleep

log = logging.getLogger(__name__)

_CODES = 4  # the first, and three more
_CODE_S = 300.0
_PAUSE_S = 1.0


class Viewer(Protocol):
    """The place where a code is shown, and a number asked for."""

    async def show(self, content: str) -> None:
        """Show this text as a QR code, in the place of the one before."""

    async def state(self, word: str) -> None:
        """Say how far it is: "scanned"."""

    async def number(self, *, wrong: bool) -> str:
        """Ask for the number that the phone shows; `wrong`: the last one was."""
        ...


class Login:
    """One login into the account called `name`."""

    def __init__(
        self,
        api: Api,
        accounts: Accounts,
        settings: ILinkSettings,
        *,
        name: str,
        sleep: Sleep = asyncio.sleep,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._api = api
        self._accounts = accounts
        self._settings = settings
        self._name = name
        self._sleep = sleep
        self._clock = clock

    async def run(self, viewer: Viewer) -> Account:
        """Show codes until one is confirmed, and keep the account. Raises SendError with what to do next."""
        for _ in range(_CODES):
            account = await self._with_code(viewer)
            if account is not None:
                await self._accounts.put(account)
                return account
        raise SendError(SendOutcome.REJECTED, "nobody has confirmed a code; start the login again when you are ready")

    async def _with_code(self, viewer: Viewer) -> Account | None:
        """Show one code and see what becomes of it. None: it has lapsed."""
        known = await self._accounts.all()
        try:
            answer = await self._api.new_code([each.token for each in known if not each.stale])
        except ILinkError as error:
            raise SendError(SendOutcome.REJECTED, f"WeChat gives no code ({error.code} {error.words})") from None
        code, content = text_of(answer, "qrcode"), text_of(answer, "qrcode_img_content")
        if not code or not content:
            raise SendError(SendOutcome.NOT_SENT, "WeChat gave no code")
        await viewer.show(content)
        return await _Code(self, viewer, code, known).confirmed()

    @property
    def now(self) -> Callable[[], float]:
        """Return the clock: seconds that only grow."""
        return self._clock or asyncio.get_running_loop().time

    # What one code needs

    async def asked(self, base: str, code: str, number: str | None) -> dict[str, object]:
        """Ask for the state of a code; trouble is "wait"."""
        try:
            return await self._api.code_state(base, code, number)
        except (ILinkError, SendError) as error:
            log.info("the state of a login is not known", extra={"error": type(error).__name__})
            return {"status": "wait"}

    async def rest(self) -> None:
        """Pause between two questions that were answered at once."""
        await self._sleep(_PAUSE_S)

    def account_of(self, answer: dict[str, object]) -> Account:
        """Read a confirmation. Raises SendError for one without what is needed."""
        token, bot_id = text_of(answer, "bot_token"), text_of(answer, "ilink_bot_id")
        base, owner = text_of(answer, "baseurl").rstrip("/"), text_of(answer, "ilink_user_id")
        if not token or not bot_id or not owner:
            raise SendError(SendOutcome.REJECTED, "WeChat confirmed the scan without naming a bot; try again")
        if base and not self._settings.is_trusted(base):
            raise SendError(SendOutcome.REJECTED, "WeChat named an unexpected address for this account")
        return Account(self._name, bot_id, base or self._settings.url, owner, token)

    def base_of(self, host: str) -> str | None:
        """Return the address at this host; None: it is not trusted."""
        return self._settings.base_of(host)

    @property
    def first_base(self) -> str:
        """Return the address where each login begins."""
        return self._settings.url

    def bound(self, known: tuple[Account, ...]) -> Account:
        """Return the account that is bound already. Raises SendError where it is another one than was meant."""
        mine = next((each for each in known if each.name == self._name), None)
        if mine is not None and not mine.stale:
            return mine
        names = ", ".join(each.name for each in known if not each.stale) or "none"
        raise SendError(
            SendOutcome.REJECTED, f"this WeChat is bound to this bot already (accounts that are logged in: {names})"
        )


class _Code:
    """One code, from its showing to its end."""

    def __init__(self, login: Login, viewer: Viewer, code: str, known: tuple[Account, ...]) -> None:
        self._login = login
        self._viewer = viewer
        self._code = code
        self._known = known
        self._base = login.first_base
        self._number: str | None = None
        self._scanned = False

    async def confirmed(self) -> Account | None:
        """Ask until it is confirmed. None: it has lapsed, or the number was wrong too often."""
        until = self._login.now() + _CODE_S
        while self._login.now() < until:
            answer = await self._login.asked(self._base, self._code, self._number)
            match text_of(answer, "status"):
                case "confirmed":
                    return self._login.account_of(answer)
                case "binded_redirect":
                    return self._login.bound(self._known)
                case "expired":
                    return None
                case "verify_code_blocked":
                    await self._viewer.state("blocked")
                    return None
                case "need_verifycode":
                    self._number = await self._viewer.number(wrong=self._number is not None)
                    continue
                case "scaned_but_redirect":
                    self._base = self._login.base_of(text_of(answer, "redirect_host")) or self._base
                case "scaned":
                    await self._note_scan()
            await self._login.rest()
        return None

    async def _note_scan(self) -> None:
        if not self._scanned:
            self._scanned = True
            await self._viewer.state("scanned")
