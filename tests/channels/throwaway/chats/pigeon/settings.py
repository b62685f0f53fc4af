from pydantic import SecretStr

from core.config import BaseUrl, EnvSettings, env


class PigeonSettings(EnvSettings):
    url: BaseUrl | None = env("PIGEON_URL", None)
    key: SecretStr | None = env("PIGEON_KEY", None)
