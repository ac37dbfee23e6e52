"""Processes frames in parallel, yields them in order, and bounds the pending results."""

from collections import deque
from collections.abc import Callable, Iterator
from typing import Final, TypeVar

T = TypeVar("T")
TOGETHER: Final = 1 << 19  # bytes of small frames that a thread gets at once


def ordered_map(
    work: Callable[[int], T], count: int, threads: int, together: int = 1
) -> Iterator[T]:
    """Yields ``work(0)`` to ``work(count - 1)`` in order.

    Each task handles ``together`` items, because starting a task costs as much as a small frame.
    At most two tasks for each thread are pending. The first error stops the work.
    """
    if threads < 2 or count < 2:
        yield from map(work, range(count))
        return
    from concurrent.futures import Future, ThreadPoolExecutor  # noqa: PLC0415 - 15 ms

    def run(indices: range) -> list[T]:
        return [work(index) for index in indices]

    together = min(together, -(-count // threads))  # every thread gets work
    pool = ThreadPoolExecutor(min(threads, count))
    window: deque[Future[list[T]]] = deque()
    try:
        for first in range(0, count, together):
            if len(window) == 2 * threads:
                yield from window.popleft().result()
            window.append(pool.submit(run, range(first, min(first + together, count))))
        while window:
            yield from window.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
