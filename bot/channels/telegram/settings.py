"""Telegram's settings."""

import re

from pydantic import SecretStr, field_validator

from core.config import BaseUrl, EnvSettings, env

_AS_GIVEN = re.compile(r"[0-9]{5,}:[A-Za-z0-9_-]{30,}")


class TelegramSettings(EnvSettings):
    """The settings of the Telegram channel."""

    token: SecretStr | None = env("TELEGRAM_BOT_TOKEN", None)
    api_url: BaseUrl = env("TELEGRAM_API_URL", "https://api.telegram.org")
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

    @property
    def warnings(self) -> list[str]:
        """Return warnings about values that are allowed but hardly intended."""
        if self.token is None:
            return ["TELEGRAM_WEBHOOK: does nothing without TELEGRAM_BOT_TOKEN"] if self.webhook else []
        fits = _AS_GIVEN.fullmatch(self.token.get_secret_value())
        warning = "TELEGRAM_BOT_TOKEN: not as BotFather gives them: digits, a colon, and 35 letters, digits, _ and -"
        return [] if fits else [warning]

    @property
    def account(self) -> str:
        """Return the bot's id: the number before the colon, known without asking anybody."""
        return self.token.get_secret_value().partition(":")[0] if self.token else ""
