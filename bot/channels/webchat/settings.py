"""The web chat's setting."""

import re

from pydantic import SecretStr, field_validator

from core.config import EnvSettings, env

_LEAST_CHARS = 16


_LEAST_SIGNS = 8
_GUESSED = ("1234567", "qwert", "password", "passwort", "changeme", "reelbot", "random text", "abcdefg")
_COMMAND = re.compile(r"\$\(|openssl\s|`")


class WebSettings(EnvSettings):
    """The settings of the web chat."""

    token: SecretStr | None = env("REELBOT_WEB_TOKEN", None)

    @field_validator("token")
    @classmethod
    def _cannot_be_guessed(cls, token: SecretStr | None) -> SecretStr | None:
        if token is not None and len(token.get_secret_value()) < _LEAST_CHARS:
            raise ValueError(f"needs {_LEAST_CHARS} characters at least, or it can be guessed: `openssl rand -hex 24`")
        if token is not None and _COMMAND.search(token.get_secret_value()):
            raise ValueError("is the command, not what it prints: run `openssl rand -hex 24` and paste that")
        return token

    @property
    def warnings(self) -> list[str]:
        """Return a warning about a token that is long, but soon guessed."""
        text = self.token.get_secret_value().lower() if self.token else ""
        if text and (len({*text}) < _LEAST_SIGNS or any(each in text for each in _GUESSED)):
            return ["REELBOT_WEB_TOKEN: is easily guessed; take what `openssl rand -hex 24` prints"]
        return []
