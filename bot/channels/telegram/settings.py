"""Telegram's settings."""

import re

from pydantic import SecretStr, field_validator

from core.config import BaseUrl, PublicSettings, env

_CLOUD = "https://api.telegram.org"
_AS_GIVEN = re.compile(r"[0-9]{5,}:[A-Za-z0-9_-]{30,}")


class TelegramSettings(PublicSettings):
    """The settings of the Telegram channel."""

    token: SecretStr | None = env("TELEGRAM_BOT_TOKEN", None)
    api_url: BaseUrl = env("TELEGRAM_API_URL", _CLOUD)
    local: bool = env("TELEGRAM_LOCAL", False)
    webhook: bool = env("TELEGRAM_WEBHOOK", False)

    @field_validator("token")
    @classmethod
    def _fits_into_an_address(cls, token: SecretStr | None) -> SecretStr | None:
        """Check that the token is one path segment of an address; the value is not shown."""
        if token is None:
            return None
        value = token.get_secret_value().strip()
        if not re.fullmatch(r"[A-Za-z0-9:_.~-]+", value):
            raise ValueError("must be as BotFather gave it: digits, a colon, letters and digits")
        return SecretStr(value)

    @field_validator("api_url")
    @classmethod
    def _ends_before_the_token(cls, url: str) -> str:
        """Check that it ends before /bot: what would come behind that is the token, which is shown nowhere."""
        if "/bot" in url.partition("://")[2]:
            raise ValueError(f"must end before /bot and the token: {url.partition('/bot')[0]}")
        return url

    @property
    def conflicts(self) -> list[str]:
        """Return what cannot be served with."""
        if self.token is not None and self.webhook and self.public_url is None:
            return ["TELEGRAM_WEBHOOK: needs REELBOT_PUBLIC_URL; without one leave it false (long polling)"]
        return []

    @property
    def warnings(self) -> list[str]:
        """Return warnings about values that are allowed but hardly intended."""
        if self.token is None:
            idle = {"TELEGRAM_LOCAL": self.local, "TELEGRAM_WEBHOOK": self.webhook}
            return [f"{name}: does nothing without TELEGRAM_BOT_TOKEN" for name, is_on in idle.items() if is_on]
        found = []
        if not _AS_GIVEN.fullmatch(self.token.get_secret_value()):
            found.append(
                "TELEGRAM_BOT_TOKEN: not as BotFather gives them: digits, a colon, and 35 letters, digits, _ and -"
            )
        if self.local and self.api_url == _CLOUD:
            found.append("TELEGRAM_LOCAL: Telegram's own server does not run in local mode; set TELEGRAM_API_URL, too")
        return found

    @property
    def account(self) -> str:
        """Return the bot's id: the number before the colon, known without asking anybody."""
        return self.token.get_secret_value().partition(":")[0] if self.token else ""
