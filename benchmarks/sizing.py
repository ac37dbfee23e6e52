"""Computes the sizing table of docs/scale.md from measured figures.

``python -m benchmarks.sizing`` prints it. The options take the figures of your own files and
machines, which ``make bench --only scale`` and a batch of a few thousand of your files measure.
"""

import argparse
from collections.abc import Iterator, Sequence
from typing import Final

INSTANCES: Final = (10**6, 10**8, 10**9)
THREADS: Final = (16, 256, 2048)
DAY: Final = 86_400
SECONDS_OF_A_TASK: Final = 1.0


def rows(asked: argparse.Namespace) -> Iterator[str]:
    """Yields the table: for each number of instances, and of threads of all workers."""
    yield "| instances | threads | time | read | written | files/s | tasks/s | journal |"
    yield "|" + "---|" * 8
    for instances in INSTANCES:
        for threads in THREADS:
            files = threads / asked.seconds
            seconds = instances / files + instances / asked.planned
            read, written = instances * asked.bytes, instances * asked.bytes / asked.ratio
            cells = (
                f"10^{len(str(instances)) - 1}",
                f"{threads}",
                duration(seconds),
                volume(read),
                volume(written),
                f"{files:,.0f}",
                f"{threads / SECONDS_OF_A_TASK:,.0f}",
                volume(instances * asked.journal),
            )
            yield f"| {' | '.join(cells)} |"


def duration(seconds: float) -> str:
    """Returns a time with the unit that suits it."""
    if seconds < 2 * 3600:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h" if seconds < 3 * DAY else f"{seconds / DAY:.0f} days"


def volume(size: float) -> str:
    """Returns a number of bytes with the unit that suits it."""
    for unit in ("MB", "GB", "TB"):
        size /= 1000 if unit != "MB" else 10**6
        if size < 1000:
            break
    return f"{size:,.1f} {unit}" if size < 10 else f"{size:,.0f} {unit}"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=0.05, help="of a thread, for one file")
    parser.add_argument("--bytes", type=float, default=0.5e6, help="of a source")
    parser.add_argument("--ratio", type=float, default=2.4, help="of source to result")
    parser.add_argument("--planned", type=float, default=3000, help="files planned in a second")
    parser.add_argument("--journal", type=float, default=500, help="bytes for each file")
    print("\n".join(rows(parser.parse_args(arguments))))


if __name__ == "__main__":
    main()
