"""The web chat's setting."""

from pydantic import SecretStr

from core.config import EnvSettings, env

_LEAST_CHARS = 16


class WebSettings(EnvSettings):
    """The settings of the web chat."""

    token: SecretStr | None = env("REELBOT_WEB_TOKEN", None)

    @property
    def warnings(self) -> list[str]:
        """Return warnings about values that are allowed but hardly intended."""
        short = self.token is not None and len(self.token.get_secret_value()) < _LEAST_CHARS
        warning = f"REELBOT_WEB_TOKEN: shorter than {_LEAST_CHARS} characters can be guessed: `openssl rand -hex 24`"
        return [warning] if short else []
