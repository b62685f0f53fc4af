"""Builds a message with a table: a rich message in blocks, as the Bot API takes them since 10.2. Pure.

A rich message has at most 32,768 characters, 500 blocks (rows of a table among them) and 20 columns.
"""

from collections.abc import Sequence
from typing import Any

from bot.channels.telegram.lengths import whole
from bot.channels.types import Message

METHOD = "sendRichMessage"


def rich(message: Message) -> dict[str, Any]:
    """Build what stands in `rich_message`: the first line, the table, and what is said below it."""
    head, *rows = message.table
    cells = [[_cell(each, is_header=True) for each in head], *([_cell(each) for each in row] for row in rows)]
    blocks = [
        *_paragraphs(message.text.strip().partition("\n")[0]),
        {"type": "table", "cells": cells, "is_bordered": True, "is_striped": True},
        *_paragraphs(message.below_table),
    ]
    return {"blocks": blocks, "skip_entity_detection": True}


def _cell(text: str, *, is_header: bool = False) -> dict[str, Any]:
    cell: dict[str, Any] = {"text": whole(text), "align": "left", "valign": "middle"}
    return {**cell, "is_header": True} if is_header else cell


def _paragraphs(text: str) -> Sequence[dict[str, Any]]:
    return [{"type": "paragraph", "text": whole(line)} for line in text.splitlines() if line.strip()]
