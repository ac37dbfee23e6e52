"""Draws a histogram of errors as inline SVG, with labelled axes."""

from collections.abc import Iterator, Sequence
from math import log10
from typing import Final

LEFT, TOP, BOTTOM = 70, 12, 44
HEIGHT: Final = 160
WIDTH: Final = 512
FLOOR: Final = 0.3
"""The height of a single value, in decades: the bar of a count of 1 would have none."""
LABELS: Final = 8


def histogram(bars: Sequence[tuple[int, int, int]]) -> str:
    """Returns the picture. Heights are logarithmic, so that small counts show.

    Args:
        bars: smallest error, largest error and number of values of each bar.
    """
    decades = FLOOR + log10(max(count for _, _, count in bars))
    width, height = LEFT + WIDTH + 40, TOP + HEIGHT + BOTTOM
    step = WIDTH / len(bars)
    drawn = "".join(
        f"<rect x='{LEFT + n * step + 1:.1f}' y='{TOP + HEIGHT - part:.1f}'"
        f" width='{max(1.0, min(step - 2, 60)):.1f}' height='{part:.1f}' fill='#35608f'>"
        f"<title>error {_range(first, last)}: {count} values</title></rect>"
        for n, (first, last, count) in enumerate(bars)
        if count
        for part in [HEIGHT * (FLOOR + log10(count)) / decades]
    )
    return (
        f"<svg role='img' aria-label='Histogram of errors' width='{width}' height='{height}'"
        f" viewBox='0 0 {width} {height}'>{''.join(_axes(bars, decades))}{drawn}</svg>"
    )


def _range(first: int, last: int) -> str:
    return str(first) if first == last else f"{first} to {last}"


def _axes(bars: Sequence[tuple[int, int, int]], decades: float) -> Iterator[str]:
    """Yields both axes with their labels."""
    base, step = TOP + HEIGHT, WIDTH / len(bars)
    yield f"<path d='M{LEFT} {TOP}V{base}H{LEFT + WIDTH}' fill='none' stroke='#4f5b66'/>"
    for exponent in range(int(decades - FLOOR) + 1):
        y = base - HEIGHT * (FLOOR + exponent) / decades
        yield f"<path d='M{LEFT - 4} {y:.1f}h4' stroke='#4f5b66'/>"
        yield f"<text x='{LEFT - 7}' y='{y + 4:.1f}' text-anchor='end'>{10**exponent:,}</text>"
    for n in range(0, len(bars), -(-len(bars) // LABELS)):
        middle = LEFT + n * step + min(step, 62) / 2
        yield f"<text x='{middle:.1f}' y='{base + 17}' text-anchor='middle'>{bars[n][0]}</text>"
    together = bars[0][1] - bars[0][0] + 1
    title = "Error: absolute difference of stored values"
    title += f"; a bar begins at its label and has {together} errors" if together > 1 else ""
    yield f"<text x='{LEFT}' y='{base + 36}'>{title}</text>"
    yield (f"<text transform='translate(12 {base}) rotate(-90)'>Values (logarithmic)</text>")
