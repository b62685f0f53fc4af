"""The settings of the whole program, in one frozen object; channels keep their own small ones beside their code."""

from decimal import Decimal
from pathlib import Path

from pydantic import SecretStr, field_validator

from core import pricing
from core.config import EnvSettings, FalSettings, env
from core.errors import BadRequest
from core.io import networks


class Settings(FalSettings):
    """The settings of the program. Names and defaults: the README's table of settings."""

    database_url: SecretStr | None = env("REELBOT_DATABASE_URL", None)
    access: str | None = env("REELBOT_ACCESS", None)
    admins: str | None = env("REELBOT_ADMINS", None)
    user_jobs: int = env("REELBOT_USER_JOBS", 2, ge=1)
    jobs: int = env("REELBOT_JOBS", 50, ge=1)
    confirm_usd: Decimal = env("REELBOT_CONFIRM_USD", Decimal("2.00"), ge=0)
    daily_usd: Decimal = env("REELBOT_DAILY_USD", Decimal(20), ge=0)
    user_daily_usd: Decimal = env("REELBOT_USER_DAILY_USD", Decimal(5), ge=0)
    group_daily_usd: Decimal | None = env("REELBOT_GROUP_DAILY_USD", None, ge=0)
    trusted_proxy: str = env("REELBOT_TRUSTED_PROXY", "loopback")
    asset_ttl_hours: float = env("REELBOT_ASSET_TTL_HOURS", 24, gt=0)
    video_ttl_days: float = env("REELBOT_VIDEO_TTL_DAYS", 30, gt=0)
    forget_at_fal: bool = env("REELBOT_FORGET_AT_FAL", False)

    @field_validator("default_model")
    @classmethod
    def _is_a_model(cls, name: str) -> str:
        try:
            pricing.find(name)
        except BadRequest:
            near = " or ".join(pricing.near(name)) or "a tier or a model"
            raise ValueError(f"there is no model “{name}”; {near}? `reelbot models` lists all of them") from None
        return name

    @field_validator("trusted_proxy")
    @classmethod
    def _are_addresses(cls, text: str) -> str:
        networks.read(text)
        return text

    @property
    def warnings(self) -> list[str]:
        """Return warnings about values that are allowed but hardly intended, each with its setting's name."""
        found = super().warnings
        if self.forget_at_fal and self.fal_admin_key is None:
            found.append("REELBOT_FORGET_AT_FAL: nothing is deleted at fal without FAL_ADMIN_KEY")
        elif self.forget_at_fal and self.fal_proxy_url is not None:
            found.append(
                "REELBOT_FORGET_AT_FAL: nothing is deleted at fal through FAL_PROXY_URL, which has its own key"
            )
        return found

    @property
    def trusted_proxies(self) -> tuple[str, ...]:
        """Return the networks whose X-Forwarded-For is believed."""
        return networks.read(self.trusted_proxy)

    @property
    def store_url(self) -> str:
        """Return the address of the database. It contains a password on PostgreSQL: never log it."""
        if self.database_url:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.database_file}"

    @property
    def database_file(self) -> Path:
        """Return the SQLite file, where no other database is set."""
        return self.output_dir.resolve() / "reelbot.db"

    @property
    def uploads_dir(self) -> Path:
        """Return the folder of what people sent through the web chat."""
        return self.output_dir / "uploads"

    @property
    def work_dir(self) -> Path:
        """Return the folder for files between two steps of a job: fetched sources, renditions, thumbnails."""
        return self.output_dir / "work"


class OutputFolder(EnvSettings):
    """The only setting that the demo and `--sandbox` read; the rest of the environment is ignored, also when wrong."""

    folder: Path = env("REELBOT_OUTPUT_DIR", Path("output"))
