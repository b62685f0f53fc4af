"""Personal WeChat's settings: two addresses. Who is logged in stands in the database (accounts.py)."""

import re
from typing import Self
from urllib.parse import urlsplit

from pydantic import model_validator

from core.config import BaseUrl, EnvSettings, env, is_loopback
from core.io.addresses import split_sound

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
"""Of one account among several."""


class ILinkSettings(EnvSettings):
    """The settings of personal WeChat."""

    url: BaseUrl = env("ILINK_URL", "https://ilinkai.weixin.qq.com")
    cdn_url: BaseUrl = env("ILINK_CDN_URL", "https://novac2c.cdn.weixin.qq.com/c2c")

    @model_validator(mode="after")
    def _are_encrypted(self) -> Self:
        for name, url in (("ILINK_URL", self.url), ("ILINK_CDN_URL", self.cdn_url)):
            if not url.startswith("https://") and not is_loopback(url):
                raise ValueError(f"{name}: must be an https address (plain http is for tests on this machine)")
        return self

    def is_trusted(self, url: str) -> bool:
        """Return whether a token or a person's file may be asked for there: Tencent's hosts, or those configured."""
        parts = split_sound(url)
        if parts is None:
            return False
        origins = {urlsplit(each)[:2] for each in (self.url, self.cdn_url)}
        if (parts.scheme, parts.netloc) in origins:
            return True
        host = f".{(parts.hostname or '').lower()}"
        return parts.scheme == "https" and parts.port in {None, 443} and host.endswith(_HOSTS) and not parts.username

    def base_of(self, host: str) -> str | None:
        """Return the base address at this host, which the server names in the middle of a login; None: not trusted."""
        scheme = urlsplit(self.url).scheme
        url = f"{scheme}://{host}"
        return url if self.is_trusted(url) and urlsplit(url).path == "" else None


_HOSTS = (".weixin.qq.com", ".wechat.com")
