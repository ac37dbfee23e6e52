"""Tables: drawn by rich on a terminal, plain aligned text everywhere else."""

import sys
from collections.abc import Sequence
from textwrap import wrap
from typing import Final

from dicomtx.cli.output.console import Console
from dicomtx.printable import plain

WIDTH: Final = 80

Rows = Sequence[Sequence[str]]


def show(console: Console, rows: Rows, header: Sequence[str] = ()) -> None:
    """Prints rows, all with the same number of cells; wraps the last column."""
    cells = [[plain(cell) for cell in row] for row in rows]
    drawn = sys.stdout is not None and sys.stdout.isatty()
    console.result((_drawn if drawn else aligned)(cells, header))


def aligned(rows: Rows, header: Sequence[str] = ()) -> str:
    """Returns the rows as text, 80 columns wide unless a word is longer."""
    table = [header, *rows] if header else rows
    widths = [max(len(cell) for cell in column) for column in zip(*table, strict=True)][:-1]
    indent = sum(widths) + 2 * len(widths)
    lines = []
    for *cells, last in table:
        start = "".join(f"{cell:{width}}  " for cell, width in zip(cells, widths, strict=True))
        parts = wrap(last, max(20, WIDTH - indent), break_long_words=False, break_on_hyphens=False)
        lines.append((start + (parts[0] if parts else "")).rstrip())
        lines.extend(" " * indent + part for part in parts[1:])
    return "\n".join(lines)


def _drawn(rows: Rows, header: Sequence[str] = ()) -> str:
    """Returns the rows as rich draws them on this terminal (rich respects NO_COLOR).

    rich is imported here, because it costs 40 ms and only terminals need it.
    """
    from rich.console import Console as Terminal
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=bool(header), header_style="bold", pad_edge=False)
    titles = header or rows[0]
    for number, title in enumerate(titles, 1):
        style, is_last = "cyan" if number == 1 else "", number == len(titles)
        table.add_column(title, style=style, overflow="fold", no_wrap=not is_last)
    for row in rows:
        table.add_row(*map(Text, row))
    terminal = Terminal(highlight=False)
    with terminal.capture() as capture:
        terminal.print(table)
    return "\n".join(line.rstrip() for line in capture.get().splitlines())
