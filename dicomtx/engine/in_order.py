"""Work on frames in parallel, in their order and with a bounded window."""

from collections import deque
from collections.abc import Callable, Iterator
from typing import TypeVar

T = TypeVar("T")


def in_order(work: Callable[[int], T], count: int, threads: int) -> Iterator[T]:
    """Yields ``work(0)`` to ``work(count - 1)`` in order.

    At most two results for each thread are held. The first error ends it all.
    """
    if threads < 2 or count < 2:
        yield from map(work, range(count))
        return
    from concurrent.futures import Future, ThreadPoolExecutor  # noqa: PLC0415 - 15 ms

    pool = ThreadPoolExecutor(min(threads, count))
    window: deque[Future[T]] = deque()
    try:
        for index in range(count):
            if len(window) == 2 * threads:
                yield window.popleft().result()
            window.append(pool.submit(work, index))
        while window:
            yield window.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
