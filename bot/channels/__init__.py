"""The chats. Each sibling module (or folder) that offers `connect()` is one: adding a chat is adding a file."""

import importlib
import pkgutil
from collections.abc import Callable

from bot.channels.port import ChannelPort, Services

Connect = Callable[[Services], ChannelPort | None]


def connectors() -> list[Connect]:
    """`connect` of every channel found beside this file, by name."""
    found = []
    for module in pkgutil.iter_modules(__path__):
        connect = getattr(importlib.import_module(f"{__name__}.{module.name}"), "connect", None)
        if connect is not None:
            found.append(connect)
    return found
