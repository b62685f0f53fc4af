"""Sets the menus of commands: of private chats, of groups and of their admins, in each language."""

import hashlib
import json
from collections.abc import Callable, Sequence

from telegram import (
    Bot,
    BotCommand,
    BotCommandScope,
    BotCommandScopeAllChatAdministrators,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeDefault,
)

from bot.channels.memory import Memory

_PRIVATE = (
    "video",
    "status",
    "cancel",
    "history",
    "continue",
    "again",
    "delete",
    "ideas",
    "models",
    "price",
    "settings",
    "balance",
    "language",
    "forget",
    "help",
)
_GROUP = ("video", "status", "cancel", "continue", "again", "ideas", "models", "price", "help")
_GROUP_ADMINS = ("video", "status", "cancel", "history", "again", "models", "price", "settings", "language", "help")
MENUS: tuple[tuple[BotCommandScope, tuple[str, ...]], ...] = (
    (BotCommandScopeDefault(), _PRIVATE),
    (BotCommandScopeAllPrivateChats(), _PRIVATE),
    (BotCommandScopeAllGroupChats(), _GROUP),
    (BotCommandScopeAllChatAdministrators(), _GROUP_ADMINS),
)
"""By scope, each command that exists and makes sense there: what a person has left is said in private only."""
_DESCRIPTION_CHARS = 256
_SET_FOR_S = 86_400.0


async def set_menus(bot: Bot, translate: Callable[..., str], languages: Sequence[str], memory: Memory) -> None:
    """Set each menu once for everybody and once in each language, unless they were set so today.

    Raises TelegramError.
    """
    wanted = [
        (scope, language, [(name, _description(translate, language, name)) for name in names])
        for scope, names in MENUS
        for language in (None, *(each for each in languages if "-" not in each))  # it knows no codes of scripts
    ]
    text = json.dumps([[scope.type, language, commands] for scope, language, commands in wanted])
    digest = hashlib.sha256(text.encode()).hexdigest()
    if await memory.get("menus") == digest:
        return
    for scope, language, commands in wanted:
        menu = [BotCommand(name, description) for name, description in commands]
        await bot.set_my_commands(menu, scope=scope, language_code=language)
    await memory.put("menus", digest, for_s=_SET_FOR_S)


def _description(translate: Callable[..., str], language: str | None, name: str) -> str:
    return translate(language or "en", f"command-{name}")[:_DESCRIPTION_CHARS]
