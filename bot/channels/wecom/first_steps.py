"""Tries the AI bot's id and secret at WeCom, before any bot runs."""

from bot.channels.types import SendError, SendOutcome
from bot.channels.wecom.errors import BAD_CREDENTIALS, LineError, Refused
from bot.channels.wecom.line import REASONS, try_once
from bot.channels.wecom.settings import WeComSettings


async def try_credentials(settings: WeComSettings) -> str:
    """Return who we are there. Raises SendError: UNREACHABLE where WeCom refuses them, NOT_SENT without an answer."""
    try:
        await try_once(settings)
    except Refused as error:
        reason = REASONS["refused"] if error.code == BAD_CREDENTIALS else f"WeCom answered errcode {error.code}"
        raise SendError(SendOutcome.UNREACHABLE, reason) from None
    except LineError:
        raise SendError(SendOutcome.NOT_SENT, REASONS["away"]) from None
    return f"the bot {settings.bot_id}"
