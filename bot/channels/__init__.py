"""Finds the chats: each folder here with a MANIFEST is one. Adding a chat is adding a folder."""

import importlib
import pkgutil
from functools import cache
from types import ModuleType

from bot.channels.protocol import ChannelManifest


@cache
def manifests() -> dict[str, ChannelManifest]:
    """Return every chat that exists, connected or not, by its name. Loads no chat's SDK.

    Raises ValueError where a folder cannot be loaded, and where two give their chats the same name: it is the key of
    people's ids.
    """
    found: dict[str, ChannelManifest] = {}
    for each in pkgutil.iter_modules(__path__):
        manifest = getattr(_loaded(each.name), "MANIFEST", None)
        if not isinstance(manifest, ChannelManifest):
            if each.ispkg:
                raise ValueError(f"the chat in the folder {each.name} has no MANIFEST, made of ChannelManifest")
            continue  # a file that the chats share
        if manifest.name in found:
            raise ValueError(f'the chat in the folder {each.name} is called "{manifest.name}", and so is another one')
        found[manifest.name] = manifest
    return found


def _loaded(folder: str) -> ModuleType:
    try:
        return importlib.import_module(f"{__name__}.{folder}")
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise ValueError(f"the chat in the folder {folder} cannot be loaded ({reason})") from error


def how_to_connect() -> str:
    """Return what an operator has to set, for any of the chats."""
    found = manifests().values()
    by_settings = ", or ".join(manifest.hint for manifest in found if manifest.is_set_up is None)
    by_command = "".join(f"; or {manifest.hint}" for manifest in found if manifest.is_set_up is not None)
    return f"to connect a chat, set {by_settings}{by_command}"
