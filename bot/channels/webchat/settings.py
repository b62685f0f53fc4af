"""The web chat's setting."""

from pydantic import SecretStr, field_validator

from core.config import EnvSettings, env

_LEAST_CHARS = 16


class WebSettings(EnvSettings):
    """The settings of the web chat."""

    token: SecretStr | None = env("REELBOT_WEB_TOKEN", None)

    @field_validator("token")
    @classmethod
    def _cannot_be_guessed(cls, token: SecretStr | None) -> SecretStr | None:
        if token is not None and len(token.get_secret_value()) < _LEAST_CHARS:
            raise ValueError(f"needs {_LEAST_CHARS} characters at least, or it can be guessed: `openssl rand -hex 24`")
        return token
