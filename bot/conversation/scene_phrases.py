"""Camera moves, styles and light that people add to a scene: data in scene_phrases.toml, names in the locales. Pure."""

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from bot.conversation.folding import without_unseen
from bot.messages.i18n import translate
from bot.messages.languages import LANGUAGES

_DATA = tomllib.loads((Path(__file__).parent / "scene_phrases.toml").read_text(encoding="utf-8"))
GROUPS: dict[str, tuple[str, ...]] = {group: tuple(names) for group, names in _DATA.items()}
"""The names of the phrases, by what they are about."""
PHRASES = frozenset(name for names in GROUPS.values() for name in names)
SHOWN = ("push-in", "pull-out", "orbit", "tracking", "slow-motion", "cinematic")
"""Those that have a button."""

_BESIDE_WORDS = re.compile(r"[\s\-‐–—_.,!?;:。，！？；：、~～…]+")


def phrase_of(text: str) -> tuple[str, str] | None:
    """Return the phrase that a whole message is: its name, and the language that it was said in; None: it is none."""
    return _names().get(_folded(text))


def phrase_in(name: str, language: str) -> str:
    """Return what a phrase is called, as it goes into a prompt."""
    return translate(language, f"idea-{name}")


@cache
def _names() -> dict[str, tuple[str, str]]:
    return {_folded(word): (name, language) for name, language, word in _words()}


def _words() -> Iterator[tuple[str, str, str]]:
    for names in _DATA.values():
        for name, also in names.items():
            for word in also:
                yield name, "en" if word.isascii() else "zh", word
            for language in LANGUAGES:
                yield name, language, phrase_in(name, language)


def _folded(text: str) -> str:
    return _BESIDE_WORDS.sub(" ", without_unseen(text).casefold()).strip()
