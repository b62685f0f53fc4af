"""The Official Account's settings: six names, of which four are secrets or half of one."""

import base64
import binascii
import re

from pydantic import SecretStr, field_validator

from core.config import BaseUrl, LabelSettings, PublicSettings, env, half_set

_KEY_CHARS = 43
_KEY_BYTES = 32
_NEEDED = 3
_TOKEN = re.compile(r"[A-Za-z0-9]{3,32}")


class WeChatSettings(LabelSettings, PublicSettings):
    """The settings of the Official Account."""

    app_id: str | None = env("WECHAT_APP_ID", None)
    app_secret: SecretStr | None = env("WECHAT_APP_SECRET", None)
    token: SecretStr | None = env("WECHAT_TOKEN", None)
    aes_key: SecretStr | None = env("WECHAT_ENCODING_AES_KEY", None)
    link: bool = env("WECHAT_LINK", False)
    api_url: BaseUrl = env("WECHAT_API_URL", "https://api.weixin.qq.com/cgi-bin")

    @field_validator("app_id")
    @classmethod
    def _is_plain(cls, app_id: str | None) -> str | None:
        if app_id is not None and not app_id.strip().isalnum():
            raise ValueError("must be the AppID as the console shows it, such as wx0123456789abcdef")
        return app_id.strip() if app_id else None

    @field_validator("aes_key")
    @classmethod
    def _is_a_key(cls, key: SecretStr | None) -> SecretStr | None:
        """Check for 43 characters of base64 that stand for 32 bytes; the value is not shown."""
        if key is None:
            return None
        value = key.get_secret_value().strip()
        try:
            fits = len(value) == _KEY_CHARS and len(base64.b64decode(f"{value}=")) == _KEY_BYTES
        except binascii.Error:
            fits = False
        if not fits:
            raise ValueError("must be the EncodingAESKey as the console shows it: 43 letters and digits")
        return SecretStr(value)

    @field_validator("api_url")
    @classmethod
    def _has_its_path(cls, url: str) -> str:
        if url.endswith(".weixin.qq.com"):
            raise ValueError(f"must end with /cgi-bin: {url}/cgi-bin")
        return url

    @property
    def conflicts(self) -> list[str]:
        """Return which are missing beside the others."""
        return half_set(self.missing, ("WECHAT_APP_ID", "WECHAT_APP_SECRET", "WECHAT_TOKEN"))

    @property
    def warnings(self) -> list[str]:
        """Return warnings about values that are allowed but hardly intended."""
        found = super().warnings
        if self.app_id is not None and not re.fullmatch(r"wx[0-9a-f]{16}", self.app_id):
            found.append("WECHAT_APP_ID: not as WeChat gives them: wx, and 16 digits and letters from a to f")
        if self.token is not None and not _TOKEN.fullmatch(self.token.get_secret_value()):
            found.append("WECHAT_TOKEN: not as WeChat's console takes it: 3 to 32 letters and digits")
        if len(self.missing) == _NEEDED:
            idle = {"WECHAT_ENCODING_AES_KEY": self.aes_key is not None, "WECHAT_LINK": self.link}
            found += [f"{name}: does nothing without WECHAT_APP_ID" for name, is_on in idle.items() if is_on]
        elif self.public_url is None:
            found.append("REELBOT_PUBLIC_URL: is not set, so WeChat cannot call the bot")
        return found

    @property
    def missing(self) -> list[str]:
        """Return which of the three that are always needed are not set."""
        needed = {"WECHAT_APP_ID": self.app_id, "WECHAT_APP_SECRET": self.app_secret, "WECHAT_TOKEN": self.token}
        return [name for name, value in needed.items() if value is None]
