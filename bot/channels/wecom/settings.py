"""The settings of WeCom's AI bot."""

import re
from urllib.parse import urlsplit

from pydantic import SecretStr, field_validator

from core.config import EnvSettings, env, half_set, is_loopback

_NEEDED = 2


class WeComSettings(EnvSettings):
    """The settings of the AI bot, as its page in WeCom shows them."""

    bot_id: str | None = env("WECOM_BOT_ID", None)
    secret: SecretStr | None = env("WECOM_BOT_SECRET", None)
    bot_name: str | None = env("WECOM_BOT_NAME", None)
    url: str = env("WECOM_BOT_URL", "wss://openws.work.weixin.qq.com")

    @field_validator("bot_id")
    @classmethod
    def _is_plain(cls, bot_id: str | None) -> str | None:
        if bot_id is not None and not re.fullmatch(r"[A-Za-z0-9_-]{1,128}", bot_id.strip()):
            raise ValueError("must be the Bot ID as WeCom shows it: letters and digits")
        return bot_id.strip() if bot_id else None

    @field_validator("secret")
    @classmethod
    def _is_trimmed(cls, secret: SecretStr | None) -> SecretStr | None:
        return SecretStr(secret.get_secret_value().strip()) if secret is not None else None

    @field_validator("url")
    @classmethod
    def _is_encrypted(cls, url: str) -> str:
        """Check that the secret goes over TLS, or stays on this machine."""
        parts = urlsplit(url.strip())
        try:
            _ = parts.port
        except ValueError:
            raise ValueError("must have a number as its port, or none") from None
        if parts.scheme not in {"wss", "ws"} or not parts.hostname or parts.username is not None:
            raise ValueError("must begin with wss://, and hold no user name")
        if parts.scheme == "ws" and not is_loopback(url):
            raise ValueError("ws:// is allowed on loopback only: it carries the bot's secret")
        return url.strip().rstrip("/")

    @property
    def conflicts(self) -> list[str]:
        """Return which is missing beside the other."""
        return half_set(self.missing, ("WECOM_BOT_ID", "WECOM_BOT_SECRET"))

    @property
    def warnings(self) -> list[str]:
        """Return warnings about values that are allowed but hardly intended."""
        if self.bot_name is not None and len(self.missing) == _NEEDED:
            return ["WECOM_BOT_NAME: does nothing without WECOM_BOT_ID"]
        return []

    @property
    def missing(self) -> list[str]:
        """Return which of the two that are needed are not set."""
        needed = {"WECOM_BOT_ID": self.bot_id, "WECOM_BOT_SECRET": self.secret}
        return [name for name, value in needed.items() if value is None]
