"""Telegram's three settings."""

from pydantic import SecretStr

from core.config import BaseUrl, EnvSettings, env


class TelegramSettings(EnvSettings):
    token: SecretStr | None = env("TELEGRAM_BOT_TOKEN", None)
    api_url: BaseUrl = env("TELEGRAM_API_URL", "https://api.telegram.org")
    webhook: bool = env("TELEGRAM_WEBHOOK", False)

    @property
    def account(self) -> str:
        """The bot's id: the number before the colon, known without asking anybody."""
        return self.token.get_secret_value().partition(":")[0] if self.token else ""
