"""Every setting of the program, read from the classes that hold them: the README and .env.example are checked by it."""

from pydantic import AliasChoices
from pydantic_settings import BaseSettings

from bot.channels import manifests
from bot.settings import Settings

_COMPUTED = {"FAL_API_URL": "https://api.fal.ai/v1", "FAL_REST_URL": "https://rest.fal.ai"}


def defaults() -> dict[str, str]:
    """The name people write, and its default as they would write it ("" for none)."""
    found: dict[str, str] = {}
    classes: list[type[BaseSettings]] = [Settings, *(each.settings for each in manifests().values())]
    for cls in classes:
        for field, info in cls.model_fields.items():
            alias = info.validation_alias
            name = str(alias.choices[0]) if isinstance(alias, AliasChoices) else field.upper()
            value = "" if info.default is None else str(info.default)
            found[name] = value.lower() if isinstance(info.default, bool) else value
    return found | _COMPUTED
