"""The login in a terminal: the QR code in characters, and a question for the number that the phone may ask for."""

import io

import segno

from bot.channels.ilink.accounts import DEFAULT, Account
from bot.channels.ilink.channel import ILink
from bot.channels.ilink.settings import NAME
from bot.channels.protocol import ChannelPort, Terminal
from bot.channels.types import SendError, SendOutcome

_STATES = {
    "scanned": "Scanned. Confirm it on the phone.",
    "blocked": "The number was wrong too often; here is another code.",
}


class TerminalViewer:
    """The viewer of a login in a terminal."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._is_first = True

    async def show(self, content: str) -> None:
        """Show the code, with its address for who cannot scan from here."""
        drawn = io.StringIO()
        segno.make(content, error="l").terminal(drawn, compact=True)
        words = "Scan this with the WeChat in which the bot is to live:" if self._is_first else "Here is another code:"
        self._is_first = False
        self._terminal.say(f"{words}\n\n{drawn.getvalue()}\nOr open it on that phone: {content}")

    async def state(self, word: str) -> None:
        """Say how far it is."""
        self._terminal.say(_STATES[word])

    async def number(self, *, wrong: bool) -> str:
        """Ask for the number."""
        return await self._terminal.ask(
            "That was not it. The number on the phone: " if wrong else "The number on the phone: "
        )


async def log_in(channel: ChannelPort, terminal: Terminal) -> str:
    """Log in, for `reelbot wechat login`. Raises SendError."""
    name = name_of(terminal)
    account = await _ilink(channel).log_in(name, TerminalViewer(terminal))
    return _done(account)


async def log_out(channel: ChannelPort, terminal: Terminal) -> str:
    """Log out, for `reelbot wechat logout`. Raises SendError."""
    name = name_of(terminal)
    account = await _ilink(channel).log_out(name)
    if account is None:
        raise SendError(SendOutcome.REJECTED, f"no account {name} is logged in")
    return f"the account {name} is logged out here; videos that wait are kept, and come after another login"


def name_of(terminal: Terminal) -> str:
    """Return the name of the account that is meant. Raises SendError for one that is no name."""
    name = terminal.option("account") or DEFAULT
    if not NAME.fullmatch(name):
        raise SendError(SendOutcome.REJECTED, "the name of an account is made of a-z, 0-9 and -")
    return name


def _done(account: Account) -> str:
    return (
        f"logged in: the account {account.name} is {account.bot_id}; ilink:{account.owner} has scanned, may use it and "
        "is the admin of this account (of the whole bot once REELBOT_ADMINS names them). A bot that runs takes it up; "
        "write to it in WeChat"
    )


def _ilink(channel: ChannelPort) -> ILink:
    if not isinstance(channel, ILink):
        raise TypeError(channel.name)
    return channel
