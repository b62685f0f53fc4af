"""The chats. Each folder here with a MANIFEST is one: adding a chat is adding a folder."""

import importlib
import pkgutil
from functools import cache

from bot.channels.protocol import ChannelManifest


@cache
def manifests() -> dict[str, ChannelManifest]:
    """Every chat that exists, connected or not, by its name. Loads no chat's SDK."""
    modules = [importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
    found = [module.MANIFEST for module in modules if hasattr(module, "MANIFEST")]
    return {manifest.name: manifest for manifest in found}


def how_to_connect() -> str:
    """What an operator has to set, for any of the chats."""
    return "to connect a chat, set " + ", or ".join(manifest.hint for manifest in manifests().values())
