"""The web chat's one setting."""

from pydantic import SecretStr

from core.config import EnvSettings, env


class WebSettings(EnvSettings):
    token: SecretStr | None = env("REELBOT_WEB_TOKEN", None)
