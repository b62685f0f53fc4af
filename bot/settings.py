"""The settings of the whole program, in one frozen object; channels keep their own small ones beside their code."""

import ipaddress
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import SecretStr, field_validator

from core import pricing
from core.config import AnyCase, EnvSettings, FalSettings, env
from core.errors import BadRequest
from core.io import networks
from core.types import Mode

_NO_DATABASE = (
    "must be a PostgreSQL address such as postgresql://user:password@host:5432/name; in the password write @ as %40, "
    "/ as %2F, # as %23, : as %3A"
)
_EVERYBODY = {"0.0.0.0/0", "::/0"}
_FAL_KEY = re.compile(r"[^\s:]{8,}:[^\s:,;<>\"']{16,}")


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
    asset_ttl_hours: float = env("REELBOT_ASSET_TTL_HOURS", 24, gt=0, le=100_000)
    video_ttl_days: float = env("REELBOT_VIDEO_TTL_DAYS", 30, gt=0, le=100_000)
    forget_at_fal: bool = env("REELBOT_FORGET_AT_FAL", False)
    log_level: Annotated[Literal["debug", "info", "warning", "error"], AnyCase] = env("REELBOT_LOG_LEVEL", "info")

    @field_validator("default_model")
    @classmethod
    def _is_a_model(cls, name: str) -> str:
        try:
            model = pricing.find(name)
        except BadRequest:
            near = " or ".join(pricing.near(name)) or "a tier or a model"
            raise ValueError(f"there is no model “{name}”; {near}? `reelbot models` lists all of them") from None
        if model.retired is not None:
            raise ValueError(
                f"{model.name} was shut down on {model.retired}; `reelbot models` lists those that are sold"
            )
        if not model.modes.keys() & {Mode.TEXT_TO_VIDEO, Mode.IMAGE_TO_VIDEO}:
            raise ValueError(f"{model.name} makes no film of words or a photo; `reelbot models` lists those that do")
        return name

    @field_validator("database_url")
    @classmethod
    def _is_a_database(cls, url: SecretStr | None) -> SecretStr | None:
        """Check the form of the address; no part of it is shown."""
        text = url.get_secret_value() if url is not None else ""
        if url is None or text.startswith("sqlite:///"):
            return url
        if not text.startswith("postgresql://"):
            raise ValueError(_NO_DATABASE)
        try:
            _ = urlsplit(text).port  # a / or # in a password ends the host too early
        except ValueError:
            raise ValueError(_NO_DATABASE) from None
        if text.count("@") > 1:
            raise ValueError(_NO_DATABASE)
        return url

    @field_validator("trusted_proxy")
    @classmethod
    def _are_addresses(cls, text: str) -> str:
        networks.read(text)
        return text

    @property
    def warnings(self) -> list[str]:
        """Return warnings about values that are allowed but hardly intended, each with its setting's name."""
        found = [*super().warnings, *self._odd_money(), *self._odd_keys(), *self._odd_places()]
        if self.forget_at_fal and self.fal_admin_key is None:
            found.append("REELBOT_FORGET_AT_FAL: nothing is deleted at fal without FAL_ADMIN_KEY")
        elif self.forget_at_fal and self.fal_proxy_url is not None:
            found.append(
                "REELBOT_FORGET_AT_FAL: nothing is deleted at fal through FAL_PROXY_URL, which has its own key"
            )
        if (self.c2pa_certificate is None) is not (self.c2pa_key is None):
            name = "REELBOT_C2PA_KEY" if self.c2pa_key is None else "REELBOT_C2PA_CERTIFICATE"
            found.append(f"{name}: is not set, so films are not signed")
        elif self.c2pa_key is not None and self.ai_label == "off":
            found.append("REELBOT_C2PA_KEY: films are not signed while REELBOT_AI_LABEL is off: metadata or visible")
        return found

    def _odd_money(self) -> Iterator[str]:
        for name, cap in (("REELBOT_DAILY_USD", self.daily_usd), ("REELBOT_USER_DAILY_USD", self.user_daily_usd)):
            if cap == 0:
                yield f"{name}: is 0, so nothing can be ordered"
        if self.user_daily_usd > self.daily_usd:
            yield f"REELBOT_USER_DAILY_USD: is more than REELBOT_DAILY_USD ({self.daily_usd}), which ends earlier"
        if self.user_jobs > self.jobs:
            yield f"REELBOT_USER_JOBS: is more than REELBOT_JOBS ({self.jobs}), which holds for all together"
        if Mode.TEXT_TO_VIDEO not in (model := pricing.find(self.default_model)).modes:
            yield f"REELBOT_DEFAULT_MODEL: {model.name} makes nothing of words alone; those go to Happy Horse"

    def _odd_keys(self) -> Iterator[str]:
        if _is_fals_own(self.fal_queue_url):
            for name, key in (("FAL_KEY", self.fal_key), ("FAL_ADMIN_KEY", self.fal_admin_key)):
                if key is not None and not _FAL_KEY.fullmatch(key.get_secret_value().strip()):
                    yield f"{name}: not as fal gives them: a part, a colon, a longer part; copy all of it, and it alone"
        if self.fal_key is not None and self.fal_key == self.fal_admin_key:
            yield "FAL_ADMIN_KEY: is the same as FAL_KEY; make a second key, of ADMIN scope, at fal.ai/dashboard/keys"

    def _odd_places(self) -> Iterator[str]:
        if self.public_url is not None and not self.on_loopback and not _is_of_the_world(self.public_url):
            yield "REELBOT_PUBLIC_URL: is known in your own network alone, where neither fal nor a chat's server is"
        if self.asset_host == "folder" and self.asset_base is None:
            yield "REELBOT_ASSET_HOST: folder needs REELBOT_PUBLIC_URL or REELBOT_FAL_ASSETS_URL; photos are refused so"
        if self.database_url is not None and self.store_url.startswith("postgresql://") and self.database_file.exists():
            yield f"REELBOT_DATABASE_URL: is read, and not {self.database_file}: move that away, or unset this"
        if _EVERYBODY & {*self.trusted_proxies}:
            yield "REELBOT_TRUSTED_PROXY: believes everybody, so nobody is counted by their own address"

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


def _is_fals_own(url: str) -> bool:
    return bool(url == FalSettings.model_fields["fal_queue_url"].default)


def _is_of_the_world(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith((".local", ".lan", ".home.arpa", ".internal"))


class OutputFolder(EnvSettings):
    """The only setting that the demo and `--sandbox` read; the rest of the environment is ignored, also when wrong."""

    folder: Path = env("REELBOT_OUTPUT_DIR", Path("output"))
