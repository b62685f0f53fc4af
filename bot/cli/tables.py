"""Prints tables for the person at the terminal, in its width: a Chinese sign takes two columns there."""

import sys
from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.cli.console import note, printable

_GAP = 2
_LAST = 10
"""The fewest columns in which the last cell is still worth reading."""


def out_table(
    headings: Sequence[str], rows: Iterable[Sequence[str]], *, least: Sequence[str], whole: str | None = None
) -> None:
    """Print a table. Where the terminal is too narrow for all, only the columns `least`, and that `whole` shows all.

    The last column is cut where it must be.
    """
    cells = [[printable(cell.replace("\n", " ")) for cell in row] for row in rows]
    console = Console(file=sys.stdout, highlight=False)
    widths = [max(cell_len(line[number]) for line in (headings, *cells)) for number in range(len(headings))]
    fits = sum(widths[:-1]) + _GAP * len(widths) + min(_LAST, widths[-1]) <= console.width
    shown = [number for number, heading in enumerate(headings) if fits or heading in least]
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="dim")
    for number in shown:
        is_last = number == shown[-1]
        table.add_column(
            headings[number], no_wrap=True, overflow="ellipsis", min_width=1 if is_last else widths[number]
        )
    for line in cells:
        table.add_row(*(Text(line[number]) for number in shown))
    console.print(table)
    if whole is not None and not fits:
        note(f"{whole} shows all columns")
