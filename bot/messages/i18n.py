"""The catalogue: every sentence a person can see, by key, in their language (Fluent files in locales/).

A sentence may differ by the kind of chat: `CHAT()` in it is "words" where people type bare words ("状态"), else
"buttons" (/status). Which one is part of the language that a sentence is asked for in: "zh-x-words", where there are
no buttons, and "zh-x-cards", where what stands on a button is as short as elsewhere.
"""

import logging
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

from fluent.runtime import FluentBundle, FluentResource
from fluent.runtime.types import FluentNone, FluentNumber, fluent_number
from fluent.syntax import ast
from fluent.syntax.visitor import Visitor

from bot.messages import languages
from bot.messages.languages import LANGUAGES

log = logging.getLogger(__name__)

_FOLDER = Path(__file__).parent / "locales"
_PRIVATE = "-x-"  # begins the private part of a language tag (BCP 47)
_WORDS, _CARDS = f"{_PRIVATE}words", f"{_PRIVATE}cards"
_FACT_CHARS = 1000  # Fluent refuses a sentence with a longer part
_MOST = 10**15  # larger numbers are no counts, and Babel cannot write them
_MINUTE_S = 60
_MB = 1_000_000


def translate(language: str, key: str, /, **facts: Any) -> str:
    """Return the sentence `key` with these facts, in `language` or else in English. Raises KeyError.

    A fact that is missing or None is shown as nothing: a sentence with a gap is better than none.
    """
    plain, _, kind = language.partition(_PRIVATE)
    words = kind == "words" or (kind == "cards" and not key.startswith("button-"))
    for each in (plain if plain in LANGUAGES else "en", "en"):
        catalogue = bundle(each, chat="words" if words else "buttons")
        value = catalogue.get_message(key).value if catalogue.has_message(key) else None
        if value is None:
            continue
        text, errors = catalogue.format_pattern(value, _shown(facts, variables(each, key)))
        if errors:
            log.error("a sentence that cannot be said whole", extra={"key": key, "language": each})
        return str(text)
    raise KeyError(key)


def translate_known(language: str, key: str, /, *, otherwise: str, **facts: Any) -> str:
    """Return the sentence `key`; `otherwise` where there is none, since the row is of a newer version."""
    return translate(language, key if key in keys("en") else otherwise, **facts)


def in_words(language: str, *, buttons: bool = False) -> str:
    """Return the language as used in a chat of bare words: "zh" becomes "zh-x-words", or with buttons "zh-x-cards"."""
    return language.partition(_PRIVATE)[0] + (_CARDS if buttons else _WORDS)


def joined(language: str, *sentences: str) -> str:
    """Join sentences as the language does: Chinese puts no space between them."""
    return languages.row(language.partition(_PRIVATE)[0]).between.join(sentences)


def error_text(language: str, code: str, facts: Mapping[str, Any]) -> str:
    """Say what happened and what to do next, for the person who asked. A code without a sentence gets a general one."""
    key = f"error-{code.replace('_', '-')}"
    return translate(language, key if key in keys("en") else "error-unknown", **facts)


def admin_text(code: str, facts: Mapping[str, Any], language: str = "en") -> str:
    """Say what happened and what to do, for the operator. Without a sentence of its own, the person's is used."""
    key = f"admin-{code.replace('_', '-')}"
    return translate(language, key, **facts) if key in keys("en") else error_text(language, code, facts)


@cache
def bundle(language: str, *, chat: Literal["buttons", "words"] = "buttons") -> FluentBundle:
    """Load all sentences of one language, for one kind of chat."""
    functions = _FUNCTIONS | {"CHAT": lambda: chat}
    made = FluentBundle([languages.row(language).tag], functions=functions, use_isolating=False)
    for resource in _resources(language):
        made.add_resource(resource)
    return made


@cache
def _resources(language: str) -> tuple[ast.Resource, ...]:
    """Parse the files of one language, once for all kinds of chats: it takes a while."""
    return tuple(FluentResource(path.read_text(encoding="utf-8")) for path in files(language))


def files(language: str) -> list[Path]:
    """Return the files of one language."""
    return sorted((_FOLDER / language).glob("*.ftl"))


@cache
def keys(language: str) -> frozenset[str]:
    """Return the keys of one language."""
    return frozenset(bundle(language)._messages)  # noqa: SLF001 - the bundle has no public list of its messages


@cache
def variables(language: str, key: str) -> frozenset[str]:
    """Return the facts that a sentence takes."""
    found = _Variables()
    found.visit(bundle(language)._messages[key])  # noqa: SLF001 - as above
    return frozenset(found.names)


class _Variables(Visitor):
    def __init__(self) -> None:
        self.names: set[str] = set()

    def visit_VariableReference(self, node: ast.VariableReference) -> None:  # noqa: N802 - the visitor's convention
        self.names.add(node.id.name)


def _shown(facts: Mapping[str, Any], names: frozenset[str]) -> dict[str, Any]:
    """Convert the facts: whole numbers stay numbers, for plural rules; everything else is text."""
    return {name: _fact(facts.get(name)) for name in names}


def _fact(value: Any) -> str | int:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _MOST:
        return value
    return "" if value is None else str(value)[:_FACT_CHARS]


# Functions that sentences may use beside Fluent's own.


def _known(value: Any) -> str:
    """Implement KNOWN($fact): "no" for an empty fact, since Fluent cannot select on an empty text."""
    return "no" if str(value) == "" else "yes"


def _includes(words: Any, word: str) -> str:
    """Implement INCLUDES($list, "word"): whether a space-separated list names the word."""
    return "yes" if word in str(words).split() else "no"


def _minutes(seconds: Any) -> FluentNumber | FluentNone:
    return fluent_number(_whole(seconds) // _MINUTE_S)


def _seconds(seconds: Any) -> FluentNumber | FluentNone:
    """Implement SECONDS($elapsed): what is left beside MINUTES($elapsed)."""
    return fluent_number(_whole(seconds) % _MINUTE_S)


def _size(size: Any) -> str:
    """Implement SIZE($bytes): "10 MB"."""
    return f"{max(1, _whole(size) // _MB)} MB"


def _whole(value: Any) -> int:
    try:
        return int(max(-_MOST, min(_MOST, float(value))))
    except (TypeError, ValueError, OverflowError):
        return 0


_FUNCTIONS: dict[str, Any] = {
    "KNOWN": _known,
    "INCLUDES": _includes,
    "MINUTES": _minutes,
    "SECONDS": _seconds,
    "SIZE": _size,
}
