"""The catalogue: every sentence a person can see, by key, in their language (Fluent files in locales/)."""

import logging
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from fluent.runtime import FluentBundle, FluentResource

log = logging.getLogger(__name__)

LANGUAGES = ("en", "zh")
_FOLDER = Path(__file__).parent / "locales"
_TAGS = {"en": "en-US", "zh": "zh-CN"}


@cache
def bundle(language: str) -> FluentBundle:
    """All sentences of one language. Raises ValueError for a file that cannot be read."""
    made = FluentBundle([_TAGS[language]], use_isolating=False)
    for path in sorted((_FOLDER / language).glob("*.ftl")):
        made.add_resource(FluentResource(path.read_text(encoding="utf-8")))
    return made


def say(language: str, key: str, **facts: Any) -> str:
    """The sentence `key` with these facts, in `language` or else in English. Raises KeyError for an unknown key."""
    for each in (language if language in LANGUAGES else "en", "en"):
        found = bundle(each)
        if found.has_message(key):
            value = found.get_message(key).value
            if value is not None:
                text, errors = found.format_pattern(value, facts)
                if errors:
                    log.error("a sentence lacks a fact", extra={"key": key, "language": each})
                return str(text)
    raise KeyError(key)


def pick(code: str | None) -> str:
    """Our language for a chat's language code: zh-Hans, zh-TW, zh_CN are zh; everything else is en."""
    return "zh" if (code or "").lower().replace("_", "-").partition("-")[0] in {"zh", "yue", "cn"} else "en"


def error_text(language: str, code: str, facts: Mapping[str, Any]) -> str:
    """What happened and what to do next, for the person who asked."""
    return say(language, _key("error", code), **_shown(facts))


def admin_text(code: str, facts: Mapping[str, Any], language: str = "en") -> str:
    """The same for the operator: the remedy, precisely. Falls back to the person's sentence."""
    key = _key("admin", code)
    if not bundle("en").has_message(key):
        key = _key("error", code)
    return say(language, key, **_shown(facts))


def _key(prefix: str, code: str) -> str:
    key = f"{prefix}-{code.replace('_', '-')}"
    return key if prefix == "admin" or bundle("en").has_message(key) else "error-unknown"


_NAMES = ("max_length", "model", "option", "value", "price", "reason", "what", "max_duration", "min_duration", "billed")


def _shown(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Facts as sentences take them: every name present, sizes in MB."""
    shown: dict[str, Any] = {name: str(facts.get(name, "") or "") for name in _NAMES}
    shown["max_mb"] = str(round(int(facts.get("max_bytes") or 0) / 1_000_000)) if facts.get("max_bytes") else ""
    shown["status"] = str(facts.get("status") or "")
    return shown
