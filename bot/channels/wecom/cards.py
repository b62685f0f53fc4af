"""Builds template cards: a few words with real buttons. What does not fit on one is a message above it."""

import json
import re
import uuid
from collections.abc import Sequence
from typing import Any

from bot.channels.text_lengths import Unit, shortened
from bot.channels.types import Action

Card = dict[str, Any]

_TITLE_CHARS, _WORDS_CHARS = 26, 112
MOST_BUTTONS = 6
_USUAL, _DANGER, _DONE = 1, 3, 4
_DONE_KEY = "done:"
_DONE_MARK = "✓ "
_LINK = re.compile(r"\](?=\()")


def plain(text: str) -> str:
    """Keep words from being read as links or headings: they are shown as Markdown, and may be anybody's."""
    linkless = _LINK.sub("] ", text)
    return re.sub(r"(?m)^(\s*)(#{1,6}|>)(?=\s)", "\\1\u200b\\2", linkless)


def table(rows: Sequence[Sequence[str]]) -> str:
    """Draw a table in Markdown; the first row is its head."""
    lines = [f"| {' | '.join(_cell(each) for each in row)} |" for row in rows]
    lines.insert(1, f"|{' --- |' * len(rows[0])}")
    return "\n".join(lines)


def _cell(text: str) -> str:
    return plain(" ".join(text.split())).replace("|", "\\|")


def new_task_id() -> str:
    """Return an id for a card: no other of the bot has it."""
    return f"reel_{uuid.uuid4().hex}"


def fits(text: str) -> bool:
    """Return whether a card shows these words whole."""
    title, _, rest = text.partition("\n")
    return len(text) <= _WORDS_CHARS or (len(title) <= _TITLE_CHARS and len(rest) <= _WORDS_CHARS)


def build(text: str, actions: Sequence[Action], *, task_id: str) -> Card:
    """Build a card with these words, cut to what it shows, and the first six buttons."""
    title, _, rest = text.strip().partition("\n")
    if len(title) > _TITLE_CHARS and fits(text):
        title, rest = "", text.strip()
    card: Card = {"card_type": "button_interaction", "task_id": task_id, "button_list": _buttons(actions)}
    if title:
        card["main_title"] = {"title": shortened(title, most=_TITLE_CHARS, unit=Unit.CHARACTER)}
    if rest.strip():
        card["sub_title_text"] = shortened(rest.strip(), most=_WORDS_CHARS, unit=Unit.CHARACTER)
    return card


def _buttons(actions: Sequence[Action]) -> list[dict[str, Any]]:
    by_key = {action.data: action for action in actions if action.data}
    return [
        {"text": action.label, "style": _DANGER if action.danger else _USUAL, "key": key}
        for key, action in list(by_key.items())[:MOST_BUTTONS]
    ]


def pressed(card: Card, key: str) -> Card:
    """Return the card with this button ticked off: a press of it means nothing any more."""
    if is_done(key):
        return card
    return {**card, "button_list": [_ticked(each) if each["key"] == key else each for each in card["button_list"]]}


def _ticked(button: dict[str, Any]) -> dict[str, Any]:
    return {"text": f"{_DONE_MARK}{button['text']}", "style": _DONE, "key": f"{_DONE_KEY}{button['key']}"}


def with_note(card: Card, note: str) -> Card:
    """Return the card with a note in the place of its words, for one person's eyes."""
    words = {"sub_title_text": shortened(note, most=_WORDS_CHARS, unit=Unit.CHARACTER)}
    return {**card, **words}


def is_done(key: str) -> bool:
    """Return whether this is the key of a button that was ticked off."""
    return key.startswith(_DONE_KEY)


def dumped(card: Card) -> str:
    """Return the card as text, to be remembered."""
    return json.dumps(card, ensure_ascii=False)


def loaded(text: str | None) -> Card | None:
    """Return a remembered card."""
    return json.loads(text) if text else None
