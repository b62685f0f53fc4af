"""Chooses how a chat is spoken to: with commands and captions, or in bare words."""

from bot.channels.types import Limits
from bot.messages.i18n import in_words


def as_spoken(language: str, limits: Limits) -> str:
    """Return the language as a chat with these limits speaks it."""
    if limits.passive_replies or not limits.slashes:
        return in_words(language, buttons=not limits.passive_replies)
    return language
