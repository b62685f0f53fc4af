"""Asks WeChat whether an account's AppID and AppSecret are good, before anything is stored."""

from bot.channels.types import SendError, SendOutcome
from bot.channels.wechat.api import Api
from bot.channels.wechat.errors import WeChatError
from bot.channels.wechat.settings import WeChatSettings


class _Nothing:
    """A memory that holds nothing."""

    async def get(self, _key: str) -> str | None:
        return None

    async def put(self, _key: str, _value: str | None, *, for_s: float | None = None) -> None:
        """Store nothing."""

    async def swap(self, _key: str, **_values: object) -> bool:
        return True


async def check(settings: WeChatSettings) -> str:
    """Ask for a token and return the account's AppID. Raises SendError: REJECTED where the account is refused."""
    api = Api(settings, _Nothing(), alert=lambda *_topic, **_facts: None)  # type: ignore[arg-type] # names differ
    try:
        await api.check_token()
    except WeChatError as error:
        raise SendError(SendOutcome.REJECTED, error.send_error().reason) from None
    finally:
        await api.close()
    return f"the account {settings.app_id}"
