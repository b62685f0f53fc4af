"""The Official Account's settings: six names, of which four are secrets or half of one."""

import base64
import binascii

from pydantic import SecretStr, field_validator

from core.config import BaseUrl, LabelSettings, env

_KEY_CHARS = 43
_KEY_BYTES = 32


class WeChatSettings(LabelSettings):
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

    @property
    def missing(self) -> list[str]:
        """Return which of the three that are always needed are not set."""
        needed = {"WECHAT_APP_ID": self.app_id, "WECHAT_APP_SECRET": self.app_secret, "WECHAT_TOKEN": self.token}
        return [name for name, value in needed.items() if value is None]
