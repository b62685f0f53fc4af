"""The chats. Each sibling module (or folder) that offers `connect()` is one: adding a chat is adding a file."""

import importlib
import pkgutil
from collections.abc import Callable
from types import ModuleType

from pydantic_settings import BaseSettings

from bot.channels.protocol import ChannelPort, Services

Connect = Callable[[Services], ChannelPort | None]


def _modules() -> list[ModuleType]:
    found = [importlib.import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__)]
    return [module for module in found if hasattr(module, "connect")]


def connectors() -> list[Connect]:
    """`connect` of every channel found beside this file, by name."""
    return [module.connect for module in _modules()]


def settings_classes() -> list[type[BaseSettings]]:
    """Each channel's own settings, for `doctor` and for the test that README names them all."""
    return [module.SETTINGS for module in _modules()]
