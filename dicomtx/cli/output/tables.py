"""Tables: aligned text that fits the terminal; one line for each row everywhere else."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from dicomtx.cli.output.console import Console
from dicomtx.cli.output.terminal import Styled, cells, folded
from dicomtx.printable import plain

GAP: Final = "  "
INDENT: Final = "    "
ROOM: Final = 30
"""The last column is wrapped if it has this much room; otherwise it gets lines of its own."""

Row = Sequence[str]
Paint = Callable[[str, str], str]


def show(console: Console, rows: Sequence[Row], header: Row = ()) -> None:
    """Prints rows, all with the same number of cells."""
    safe = [[_safe(cell) for cell in row] for row in rows]
    for line in lines(safe, header, console.columns, console.painted):
        console.result(line)


def _safe(cell: str) -> str:
    return Styled(plain(cell), cell.style) if isinstance(cell, Styled) else plain(cell)


def lines(
    rows: Sequence[Row],
    header: Row = (),
    columns: int | None = None,
    paint: Paint = lambda text, _style: text,
) -> Iterator[str]:
    """Yields the lines of a table; nothing is cut off.

    Without ``columns`` each row is one line. Otherwise long cells of the last column are wrapped,
    or begin a new line. If the other columns are too wide, each row becomes a paragraph.
    """
    table = [header, *rows] if header else rows
    widths = [max(map(cells, column)) for column in list(zip(*table, strict=True))[:-1]]
    start = sum(widths) + len(GAP) * len(widths)
    if columns is not None and start - len(GAP) > columns:
        yield from header[:1]
        for row in rows:
            yield from _paragraph(row, header or [""] * len(row), columns, paint)
        return
    for *first, last in table:
        line = "".join(map(_padded, first, widths, [paint] * len(first)))
        yield from _with_last(line, last, (start, columns), paint)


def _padded(cell: str, width: int, paint: Paint) -> str:
    return _painted(cell, cell, paint) + " " * (width - cells(cell)) + GAP


def _painted(text: str, cell: str, paint: Paint) -> str:
    """Returns a part of a cell in the style of the cell."""
    return paint(text, cell.style) if isinstance(cell, Styled) else text


def _with_last(line: str, last: str, place: tuple[int, int | None], paint: Paint) -> Iterator[str]:
    """Yields a row: the aligned cells, and beside or below them the last cell."""
    start, columns = place
    if columns is not None and start + cells(last) > columns and columns - start < ROOM:
        yield line.rstrip()
        line, start = INDENT, len(INDENT)
    for part in folded(last, columns and columns - start):
        yield (line + _painted(part, last, paint)).rstrip()
        line = " " * start


def _paragraph(row: Row, header: Row, columns: int, paint: Paint) -> Iterator[str]:
    """Yields a row as the first cell, and below it the titles and values of the others.

    The last cell begins a line, unless all others fit beside it.
    """
    yield _painted(row[0], row[0], paint)
    most = columns - len(INDENT)
    titled = [f"{title}: " if title else "" for title in header]
    shown = [n for n, cell in enumerate(row) if n and cell not in ("", "-")]
    fits = cells(GAP.join(titled[n] + row[n] for n in shown)) <= most
    lines: list[list[str]] = []
    room = 0
    for number in shown:
        for part in folded(titled[number] + row[number], most):
            if room < cells(part) or (number == len(row) - 1 and not fits):
                lines.append([])
                room = most
            lines[-1].append(_painted(part, row[number], paint))
            room -= cells(part) + len(GAP)
    yield from (INDENT + GAP.join(line) for line in lines)
