"""Builds a message with a table: rich where the server knows that, else with lined-up letters. Pure.

Rich messages are blocks, as the Bot API takes them since 10.2: at most 32,768 characters, 500 blocks (rows of a table
among them) and 20 columns. Lined-up letters stand in a block of letters of one width, narrow enough for a phone.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any

from bot.channels.telegram.lengths import split, units, whole
from bot.channels.types import Message

METHOD = "sendRichMessage"
WIDTH = 34
"""The signs of one width that a phone shows beside each other."""
_GAP = 2
_LINE = "─"

Row = Sequence[str]


def rich(message: Message) -> dict[str, Any]:
    """Build what stands in `rich_message`: the first line, the table, and what is said below it."""
    head, *rows = message.table
    cells = [[_cell(each, is_header=True) for each in head], *([_cell(each) for each in row] for row in rows)]
    blocks = [
        *_paragraphs(_title(message)),
        {"type": "table", "cells": cells, "is_bordered": True, "is_striped": True},
        *_paragraphs(message.below_table),
    ]
    return {"blocks": blocks, "skip_entity_detection": True}


def _cell(text: str, *, is_header: bool = False) -> dict[str, Any]:
    cell: dict[str, Any] = {"text": whole(text), "align": "left", "valign": "middle"}
    return {**cell, "is_header": True} if is_header else cell


def _paragraphs(text: str) -> Sequence[dict[str, Any]]:
    return [{"type": "paragraph", "text": whole(line)} for line in text.splitlines() if line.strip()]


def _title(message: Message) -> str:
    return message.text.strip().partition("\n")[0]


def aligned(message: Message, *, most: int) -> Iterator[tuple[str, int, int]]:
    """Yield the texts, of at most `most` UTF-16 units each, in which the table stands: from where, and how long it is.

    No row is torn in two, and each text begins with the head of the table. What is said below it is in the last, or in
    one of its own (a table of length 0).
    """
    table = message.narrow_table or message.table
    below = whole(message.below_narrow if message.narrow_table else message.below_table).strip()
    title = f"{whole(_title(message))}\n"
    (head, *rows), above = _drawn(table), ""
    begin = "\n".join(each for each in (*head, _LINE * WIDTH) if each)
    block = begin
    for name, figures in rows:
        row = "\n".join(each for each in ("" if name == above else name, figures) if each)
        if units(f"{title}{block}\n{row}") > most and block != begin:
            yield title + block, units(title), units(block)
            title, block, row = "", begin, "\n".join(each for each in (name, figures) if each)
        above, block = name, f"{block}\n{row}"
    if below and units(f"{title}{block}\n{below}") <= most:
        yield f"{title}{block}\n{below}", units(title), units(block)
        return
    yield title + block, units(title), units(block)
    for part in split(below, most) if below else ():
        yield part, 0, 0


def _drawn(table: Sequence[Row]) -> list[tuple[str, str]]:
    """Draw each row: on one line where the table is narrow enough, else its name above its figures.

    A name that is that of the row above need not be said again; a row on one line has none.
    """
    widths = [max(width(row[number]) for row in table) for number in range(len(table[0]))]
    if _fits(widths, WIDTH):
        return [("", _line(row, widths)) for row in table]
    lines = _lines_of(widths[1:])
    return [("\n".join(_wrapped(whole(row[0]), WIDTH)), "\n".join(_figures(row, lines, widths[1:]))) for row in table]


def _figures(row: Row, lines: Sequence[Sequence[int]], widths: Sequence[int]) -> Iterator[str]:
    for numbers in lines:
        text = _line([row[1 + number] for number in numbers], [widths[number] for number in numbers])
        for line in _wrapped(text, WIDTH - 1) if width(text) >= WIDTH else [text]:
            if line.strip():
                yield f" {line}"


def _lines_of(widths: Sequence[int]) -> list[list[int]]:
    """Share the columns among as few lines as they need, in their order."""
    lines: list[list[int]] = []
    for number in range(len(widths)):
        if lines and _fits([widths[each] for each in (*lines[-1], number)], WIDTH - 1):
            lines[-1].append(number)
        else:
            lines.append([number])
    return lines


def _fits(widths: Sequence[int], room: int) -> bool:
    return sum(widths) + _GAP * (len(widths) - 1) <= room


def _line(cells: Row, widths: Sequence[int]) -> str:
    padded = [whole(cell) + " " * (wide - width(cell)) for cell, wide in zip(cells, widths, strict=True)]
    return (" " * _GAP).join(padded).rstrip()


def _wrapped(text: str, most: int) -> Iterator[str]:
    """Break a text into lines of this width, at spaces where there are any."""
    line = ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if width(longer) <= most:
            line = longer
            continue
        if line:
            yield line
        line = ""
        for sign in word:
            if width(line + sign) > most:
                yield line
                line = ""
            line += sign
    yield line


def width(text: str) -> int:
    """Return the width among letters of one width: a Chinese sign or an emoji takes two, what adds to another none."""
    return sum(_width(sign) for sign in whole(text))


def _width(sign: str) -> int:
    if unicodedata.category(sign) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(sign) in {"W", "F"} else 1
