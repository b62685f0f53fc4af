"""One frozen Settings object for the whole program; channels keep their own small ones beside their code."""

from decimal import Decimal
from pathlib import Path

from pydantic import SecretStr, field_validator

from core import pricing
from core.config import EnvSettings, FalSettings, env
from core.errors import BadRequest


class Settings(FalSettings):
    database_url: SecretStr | None = env("REELBOT_DATABASE_URL", None)
    access: str | None = env("REELBOT_ACCESS", None)
    admins: str | None = env("REELBOT_ADMINS", None)
    user_jobs: int = env("REELBOT_USER_JOBS", 2, ge=1)
    jobs: int = env("REELBOT_JOBS", 50, ge=1)
    confirm_usd: Decimal = env("REELBOT_CONFIRM_USD", Decimal("2.00"), ge=0)
    daily_usd: Decimal = env("REELBOT_DAILY_USD", Decimal(20), ge=0)
    user_daily_usd: Decimal = env("REELBOT_USER_DAILY_USD", Decimal(5), ge=0)
    asset_ttl_hours: float = env("REELBOT_ASSET_TTL_HOURS", 24, gt=0)
    video_ttl_days: float = env("REELBOT_VIDEO_TTL_DAYS", 30, gt=0)

    @field_validator("default_model")
    @classmethod
    def _is_a_model(cls, name: str) -> str:
        try:
            pricing.find(name)
        except BadRequest:
            near = " or ".join(pricing.near(name)) or "a tier or a model"
            raise ValueError(f"there is no model “{name}”; {near}? `reelbot models` lists all of them") from None
        return name

    @property
    def store_url(self) -> str:
        """Where our tables and the engine's live. Contains a password on Postgres: never log it."""
        if self.database_url:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.database_file}"

    @property
    def database_file(self) -> Path:
        return self.output_dir.resolve() / "reelbot.db"

    @property
    def uploads_dir(self) -> Path:
        """What people sent through the web chat."""
        return self.output_dir / "uploads"

    @property
    def work_dir(self) -> Path:
        """Files between two steps of a job: the fetched source, the copy fitted for a chat, the thumbnail."""
        return self.output_dir / "work"


class OutputFolder(EnvSettings):
    """All that the demo and `--sandbox` read: whatever else the environment holds is ignored, also when it is wrong."""

    folder: Path = env("REELBOT_OUTPUT_DIR", Path("output"))
