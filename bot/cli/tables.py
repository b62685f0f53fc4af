"""Prints tables for the person at the terminal, in its width: a Chinese sign takes two columns there."""

import sys
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.cli.console import printable

_NARROW = 60


def out_table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, least: Sequence[str]) -> None:
    """Print a table, with the columns `least` alone where the terminal is narrow. The last one is cut where it must."""
    console = Console(file=sys.stdout, highlight=False)
    shown = [number for number, heading in enumerate(headings) if console.width >= _NARROW or heading in least]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for number in shown:
        last = number == shown[-1]
        table.add_column(headings[number], no_wrap=True, overflow="ellipsis" if last else "fold", ratio=last or None)
    for row in rows:
        table.add_row(*(Text(printable(row[number].replace("\n", " "))) for number in shown))
    console.print(table)
