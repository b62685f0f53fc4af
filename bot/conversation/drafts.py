"""How messages add up to a draft: words and sources in the order of the messages. Pure."""

from dataclasses import fields, replace

from bot.conversation.generation_options import GenerationOptions, as_flags, merged, parse_options
from bot.conversation.words import joins
from bot.store.dialogues import Draft, DraftSource

_JOINED_MS = 10_000
_SPLIT_CHARS = 4000
"""Telegram splits a longer text; the first part is at least so long."""


def with_words(draft: Draft, text: str, *, event: str, at: int) -> tuple[Draft, tuple[str, str] | None]:
    """Add words to the draft; return it with the other way to understand them, a name and the words of that way.

    Words within ten seconds of the last, or that begin as an addition does, are joined to them; others replace them.
    """
    before = draft.words
    prompt, asked = parse_options(text)
    draft = replace(draft, options=_without(draft.options, asked))
    if not before or event in draft.events:
        return replace(draft, words=text, events=(event,), words_at=at, at=at, explicit=False), None
    addition = joins(text)
    more = addition if addition is not None else text
    if asked != GenerationOptions() and len(before) < _SPLIT_CHARS:  # in the midst of the whole they might be words
        more = f"{parse_options(more)[0]} {as_flags(asked)}".strip() if prompt else as_flags(asked)
    both = joined(_set_apart(before), more)
    if addition is not None or at - draft.words_at <= _JOINED_MS:
        split = len(before) >= _SPLIT_CHARS
        longer = replace(draft, words=both, events=(*draft.events, event), words_at=at, at=at, explicit=False)
        return longer, None if split else ("last", text)
    return replace(draft, words=text, events=(event,), words_at=at, at=at, explicit=False), ("join", both)


def _set_apart(words: str) -> str:
    """Return the words with their wishes as flags before them: in the midst of a longer text they might be words."""
    prompt, asked = parse_options(words)
    plain_words = not prompt or asked == GenerationOptions() or len(words) >= _SPLIT_CHARS
    return words if plain_words else f"{as_flags(asked)} {prompt}"


def _without(options: str, asked: GenerationOptions) -> str:
    """Return options that were sent alone, without those that newer words ask for otherwise."""
    if not options or asked == GenerationOptions():
        return options
    old = parse_options(options)[1]
    left = {each.name: None for each in fields(asked) if getattr(asked, each.name) is not None}
    return as_flags(replace(old, **left))


def joined(before: str, text: str) -> str:
    """Join further words to those before; the parts of a text that the chat has split, as they were."""
    if len(before) >= _SPLIT_CHARS or not before.strip():
        return before + text
    mark = "，" if not before[-1:].isascii() else ", "
    return f"{before.rstrip(' ,，.。;；')}{mark}{text}"


def with_source(draft: Draft, source: DraftSource, *, at: int) -> Draft:
    """Add a photo or video; one that lies there already is not added again."""
    if any(each.event == source.event for each in draft.sources):
        return replace(draft, at=at)
    return replace(draft, sources=(*draft.sources, source), at=at)


def without_lapsed(draft: Draft) -> Draft:
    """Return the draft as it is written: an empty one has no age."""
    return Draft() if draft.is_empty else draft


def with_phrase(draft: Draft, phrase: str, *, at: int) -> Draft | None:
    """Return what lies on the table with this phrase behind its words; None where it stands there already."""
    prompt, options = parse_options(draft.words)
    if phrase.casefold() in prompt.casefold():
        return None
    flags = as_flags(merged(parse_options(draft.options)[1], options))
    return replace(draft, words=joined(prompt, phrase), options=flags, words_at=at, at=at, explicit=False)
