"""Settings of the library: fal, its proxy, the output folder, the asset host. Read once, frozen, secrets masked."""

import ipaddress
import logging
import os
import re
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self
from urllib.parse import urlsplit

import httpx
from dotenv import dotenv_values
from pydantic import AliasChoices, BeforeValidator, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from core.catalogue import finding
from core.errors import BadRequest

ENV_FILE = ".env"
logging.getLogger("dotenv").setLevel(logging.CRITICAL)  # it names a line that it cannot read, but no setting
_ENCODING = "utf-8-sig"  # an editor may put a byte order mark before the first name


_FALS = {
    "FAL_QUEUE_URL": "https://queue.fal.run",
    "FAL_API_URL": "https://api.fal.ai/v1",
    "FAL_REST_URL": "https://rest.fal.ai",
}
"""fal's own three. `https://fal.run` answers, too, and buys in another way."""


def is_loopback(url: str) -> bool:
    """Return whether the host of `url` is this machine by its name: 127.0.0.0/8, ::1 or localhost."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _base_url(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        parts = urlsplit(value.strip())
        port = parts.port
        host = _plain_host(parts.hostname or "")
    except ValueError:
        raise ValueError(_NO_ADDRESS) from None
    if parts.scheme not in {"http", "https"} or not _HOST.fullmatch(host):
        raise ValueError(_NO_ADDRESS)
    if parts.username or parts.query or parts.fragment:
        raise ValueError("must be a plain base address without user, query or fragment")
    if re.search(r"[\s,;<>\"']", parts.path):
        raise ValueError(_NO_ADDRESS)
    place = (f"[{host}]" if ":" in host else host) + ("" if port is None else f":{port}")
    return f"{parts.scheme}://{place}{parts.path}".rstrip("/")


def _plain_host(host: str) -> str:
    """Return a name as browsers and certificates write it: small letters, `机器人.example` as `xn--…`."""
    return host.lower() if host.isascii() else host.encode("idna").decode()


_NO_ADDRESS = "must be an http(s) address such as https://example.org, and one alone"
_HOST = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?|[0-9a-f.]*:[0-9a-f:.]*")


def _proxy_url(value: object) -> object:
    """Check a proxy's address, which may hold the name and password that the proxy asks for."""
    if not isinstance(value, str):
        return value
    scheme, separator, rest = value.strip().partition("://")
    login, at, place = rest.rpartition("@")
    if re.search(r"[\s/?#]", login):
        raise ValueError("in the name and password before the @ write / as %2F, ? as %3F, # as %23, a space as %20")
    base = str(_base_url(f"{scheme}{separator}{place}"))
    return base.replace("://", f"://{login.replace('@', '%40')}{at}", 1)


def masked_url(text: str) -> str:
    """Return an address, or a text that holds some, without the names and passwords before their @."""
    return re.sub(r"(?<=://)[^\s/?#@]*(?:@[^\s/?#@]*)*@", "***@", text)


AnyCase = BeforeValidator(lambda value: value.strip().lower() if isinstance(value, str) else value)
"""One of a few words, also as Off or OFF."""
BaseUrl = Annotated[str, BeforeValidator(_base_url)]
ProxyUrl = Annotated[str, BeforeValidator(_proxy_url)]


def env(name: str, default: Any, **limits: Any) -> Any:
    """Declare a field that is read from the environment variable `name`; in code it may be given by its own name."""
    return Field(default, validation_alias=AliasChoices(name), **limits)


def half_set(missing: Sequence[str], needed: Sequence[str]) -> list[str]:
    """Return a sentence for each that is missing, when others that it belongs to are set."""
    there = [name for name in needed if name not in missing]
    return [f"{name}: is needed beside {' and '.join(there)}" for name in missing] if there else []


def names_given() -> dict[str, str]:
    """Return each name that is set, in capitals, with its source: "environment" or ".env"."""
    in_file = {name.upper(): ENV_FILE for name, value in values_in_file().items() if value}
    return in_file | {name.upper(): "environment" for name, value in os.environ.items() if value}


def values_given() -> dict[str, str]:
    """Return each value that is set, by its name in capitals: the environment's, else that of `.env`."""
    in_file = {name.upper(): value for name, value in values_in_file().items() if value}
    return in_file | {name.upper(): value for name, value in os.environ.items() if value}


def values_in_file() -> dict[str, str | None]:
    """Return what `.env` says, as the settings read it. Raises EnvFileUnreadable."""
    with _readable():
        return dict(dotenv_values(ENV_FILE, encoding=_ENCODING))


def value_in_environment(name: str) -> str | None:
    """Return the environment's own value of this name, or None."""
    return os.environ.get(name) or None


def proxies_in_environment() -> dict[str, str]:
    """Return the proxies that the environment names, as they stand there: reelbot uses none of them."""
    names = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
    found = {each: os.environ.get(each) or os.environ.get(each.lower()) for each in names}
    return {name: value for name, value in found.items() if value}


class EnvFileUnreadable(ValueError):
    """A `.env` of which nothing can be read. Its text says why, and what to do."""


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except UnicodeDecodeError:
        raise EnvFileUnreadable(f"{ENV_FILE}: is not UTF-8 text: save it anew as UTF-8") from None
    except OSError as error:
        raise EnvFileUnreadable(f"{ENV_FILE}: cannot be read: {error.strerror}") from None


class EnvSettings(BaseSettings):
    """The base of all settings: read from the environment, then `.env`. `offline()` reads neither."""

    model_config = SettingsConfigDict(
        env_file=ENV_FILE,
        env_file_encoding=_ENCODING,
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        populate_by_name=True,
        dotenv_filtering="only_existing",
        hide_input_in_errors=True,
    )

    sealed: ClassVar[bool] = False

    def __init__(self, **values: Any) -> None:
        """Read the settings. Raises ValidationError, and EnvFileUnreadable."""
        with _readable():
            super().__init__(**values)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - pydantic's signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic's signature
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Choose the sources of the values; pydantic-settings calls it.

        Outside of the code a field has its variable's name alone: TOKEN, HOST or PORT of the environment are others'.
        """
        for source in (env_settings, dotenv_settings):
            source.config = {**source.config, "populate_by_name": False}
        return (init_settings,) if cls.sealed else (init_settings, env_settings, dotenv_settings)

    @property
    def warnings(self) -> list[str]:
        """Return warnings about values that are allowed but hardly intended, each with its setting's name."""
        return []

    @property
    def conflicts(self) -> list[str]:
        """Return what cannot be served with, though each value for itself can be read, each with its setting's name."""
        return []

    @classmethod
    def offline(cls, **values: Any) -> Self:
        """Build the settings from `values` and defaults only, without environment and `.env`."""
        return type(cls.__name__, (cls,), {"sealed": True, "__module__": cls.__module__})(**values)  # type: ignore[no-any-return]


def _tiers(value: object) -> object:
    """Read "budget=wan-3.0, balanced=h3-max"."""
    if not isinstance(value, str):
        return value
    pairs = [entry.partition("=") for entry in re.split("[,，、;；]", value) if entry.strip()]
    if any(not sign or not name.strip() or not tier.strip() for tier, sign, name in pairs):
        raise ValueError("must be pairs such as budget=wan-3.0,balanced=h3-max")
    return {tier.strip().lower(): name.strip() for tier, _, name in pairs}


class TierSettings(EnvSettings):
    """Which models the tiers are. Reading them makes them those of this process: the last read count."""

    tiers: Annotated[Mapping[str, str] | None, NoDecode, BeforeValidator(_tiers)] = env(
        "REELBOT_TIERS", None, validate_default=True
    )

    @field_validator("tiers")
    @classmethod
    def _are_sold(cls, tiers: Mapping[str, str] | None) -> Mapping[str, str] | None:
        try:
            finding.use_tiers(tiers or {})
        except BadRequest as error:
            raise ValueError(_tier_problem(error)) from None
        return tiers


def _tier_problem(error: BadRequest) -> str:
    facts = error.facts
    if error.code == "unknown_model":
        near = " or ".join(finding.near(str(facts["model"]))) or "one that `reelbot models` lists"
        return f"there is no model “{facts['model']}”; {near}?"
    if error.code == "model_retired":
        return f"{facts['model']} was shut down on {facts['day']}; `reelbot models` lists those that are sold"
    return f"{facts['value']}: the tiers are {', '.join(finding.TIERS)}, each a model of its own"


_OUR_PATHS = ("wechat", "telegram", "fal-assets", "fal", "chat", "videos", "healthz", "readyz")


class PublicSettings(EnvSettings):
    """Where the world reaches the bot's server: what the library and each chat that is called from there go by."""

    public_url: BaseUrl | None = env("REELBOT_PUBLIC_URL", None)

    @field_validator("public_url")
    @classmethod
    def _is_the_base(cls, url: str | None) -> str | None:
        if url is not None and urlsplit(url).path.strip("/").partition("/")[0] in _OUR_PATHS:
            raise ValueError(f"must end before the path: {_origin(url)}")
        return url


class LabelSettings(EnvSettings):
    """How films are labelled as made by AI: what the library and each chat that has a sign of its own go by."""

    ai_label: Annotated[Literal["off", "metadata", "visible"], AnyCase] = env("REELBOT_AI_LABEL", "off")


class FalSettings(TierSettings, LabelSettings, PublicSettings):
    """The settings of the library. Names and defaults: the README's table of settings."""

    fal_key: SecretStr | None = env("FAL_KEY", None)
    fal_queue_url: BaseUrl = env("FAL_QUEUE_URL", "https://queue.fal.run")
    fal_api_url: BaseUrl | None = env("FAL_API_URL", None)
    fal_rest_url: BaseUrl | None = env("FAL_REST_URL", None)
    fal_proxy_url: ProxyUrl | None = env("FAL_PROXY_URL", None, repr=False)
    fal_ca_file: Path | None = env("FAL_CA_FILE", None)
    fal_admin_key: SecretStr | None = env("FAL_ADMIN_KEY", None)
    credit_usd: Decimal = env("REELBOT_CREDIT_USD", Decimal(1), gt=0)
    output_dir: Path = env("REELBOT_OUTPUT_DIR", Path("output"))
    # The bot's server, which serves the asset folder: `asset_base` follows from it (docs/decisions/0005).
    host: str = env("REELBOT_HOST", "127.0.0.1")
    port: int = env("REELBOT_PORT", 8080, ge=0, le=65535)
    fal_assets_url: BaseUrl | None = env("REELBOT_FAL_ASSETS_URL", None)
    asset_host: Annotated[Literal["auto", "folder", "fal"], AnyCase] = env("REELBOT_ASSET_HOST", "auto")
    asset_check: bool = env("REELBOT_ASSET_CHECK", True)
    default_model: str = env("REELBOT_DEFAULT_MODEL", "balanced")
    ai_producer: str = env("REELBOT_AI_PRODUCER", "reelbot", max_length=100)
    c2pa_certificate: Path | None = env("REELBOT_C2PA_CERTIFICATE", None)
    c2pa_key: Path | None = env("REELBOT_C2PA_KEY", None)

    @property
    def transport(self) -> httpx.AsyncBaseTransport | None:
        """Return the transport of all clients to fal; None: the network. The tests' model of fal replaces it."""
        return None

    @property
    def asset_look_gap_s(self) -> float:
        """Return the seconds before the second look at a published asset; twice that before the third."""
        return 1.0

    @property
    def on_loopback(self) -> bool:
        """Return whether the queue is on this machine: only then are plain http and loopback addresses accepted."""
        return is_loopback(self.fal_queue_url)

    @property
    def api_url(self) -> str:
        """Return the base of fal's platform API; the queue's own origin on loopback."""
        return self.fal_api_url or (_origin(self.fal_queue_url) if self.on_loopback else "https://api.fal.ai/v1")

    @property
    def rest_url(self) -> str:
        """Return the base of fal's storage and webhook keys; the queue's own origin on loopback."""
        return self.fal_rest_url or (_origin(self.fal_queue_url) if self.on_loopback else "https://rest.fal.ai")

    @property
    def asset_base(self) -> str | None:
        """Return the public base of the asset folder, or None when none is known."""
        if self.fal_assets_url:
            return self.fal_assets_url
        if self.public_url:
            return f"{self.public_url}/fal-assets"
        return f"http://{_own_host(self.host)}:{self.port}/fal-assets" if self.on_loopback else None

    @property
    def assets_from_folder(self) -> bool:
        """Return whether assets are served from the folder, not uploaded to fal's storage."""
        return self.asset_host == "folder" or (self.asset_host == "auto" and self.asset_base is not None)

    @property
    def videos_dir(self) -> Path:
        """Return the folder of the finished videos."""
        return self.output_dir / "videos"

    @property
    def assets_dir(self) -> Path:
        """Return the folder of the published assets."""
        return self.output_dir / "fal_assets"

    @property
    def receipts_dir(self) -> Path:
        """Return the folder of the receipts."""
        return self.output_dir / "receipts"

    @field_validator("host")
    @classmethod
    def _is_a_host(cls, host: str) -> str:
        if not _HOST.fullmatch(host.strip().lower()) or re.fullmatch(r"[^:]+:[0-9]+", host.strip()):
            raise ValueError("must be an address of this machine alone, such as 127.0.0.1; the port is REELBOT_PORT")
        return host.strip()

    @field_validator("fal_ca_file")
    @classmethod
    def _holds_certificates(cls, file: Path | None) -> Path | None:
        if file is not None:
            try:
                ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file)
            except ssl.SSLError:
                raise ValueError(f"{file} holds no certificate") from None
            except OSError as error:
                raise ValueError(f"{file} cannot be read: {error.strerror}") from None
        return file

    @model_validator(mode="after")
    def _addresses_are_public(self) -> Self:
        if self.on_loopback:
            return self
        for (name, own), url in zip(_FALS.items(), (self.fal_queue_url, self.api_url, self.rest_url), strict=True):
            if _is_fals(url) and url != own:
                raise ValueError(f"{name}: fal's own address for this is {own}, which needs no setting")
        for name in ("fal_queue_url", "fal_api_url", "fal_rest_url", "public_url", "fal_assets_url"):
            url = getattr(self, name)
            if url and (not url.startswith("https://") or is_loopback(url)):
                variable = type(self).model_fields[name].validation_alias
                variable = variable.choices[0] if isinstance(variable, AliasChoices) else name
                raise ValueError(f"{variable}: must be a public https address (plain http and loopback are for tests)")
        return self


def _is_fals(url: str) -> bool:
    host = f".{urlsplit(url).hostname or ''}"
    return host.endswith((".fal.ai", ".fal.run"))


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _own_host(host: str) -> str:
    """Return an address that reaches, from this machine, a server bound to `host`."""
    if host in {"0.0.0.0", "", "::"}:
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
