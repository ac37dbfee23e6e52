"""Remote objects are read by range, and what was read is kept in a bounded spool."""

import os
import random
from collections.abc import Callable

import pytest

from dicomtx.errors import SourceError
from dicomtx.storage.remote import ranges
from dicomtx.storage.remote.ranges import BLOCK, opened_ranges

SIZE = 20 * BLOCK + 77


class Remote:
    """An object that notes what is fetched."""

    def __init__(self, size: int = SIZE) -> None:
        self.data = random.Random(1).randbytes(size)
        self.asked: list[tuple[int, int]] = []

    def fetch(self, start: int, end: int) -> bytes:
        self.asked.append((start, end))
        return self.data[start:end]

    @property
    def fetched(self) -> int:
        return sum(end - start for start, end in self.asked)


def test_any_part_is_what_it_is_in_the_object() -> None:
    remote, chance = Remote(), random.Random(2)
    with opened_ranges(remote.fetch, SIZE) as source:
        for _ in range(300):
            offset, size = chance.randrange(SIZE + 10), chance.randrange(3 * BLOCK)
            assert source.read(offset, size) == remote.data[offset : offset + size]
            assert source.peek(offset, 9) == remote.data[offset : offset + 9]
        part = source.within(1000, 50_000)
        assert part.read(10, 10**6) == remote.data[1010:51_000]
        assert part.within(5, 9).read(0, 99) == remote.data[1005:1014]
        assert b"".join(source.chunks(0, SIZE)) == remote.data


def test_nothing_is_fetched_twice() -> None:
    remote, chance = Remote(), random.Random(3)
    with opened_ranges(remote.fetch, SIZE) as source:
        for _ in range(300):
            source.read(chance.randrange(SIZE), chance.randrange(3 * BLOCK))
        source.read(0, SIZE)
    assert remote.fetched == SIZE


def test_small_reads_fetch_one_block_and_reads_in_order_larger_and_larger_ones() -> None:
    remote = Remote(1000 * BLOCK)
    with opened_ranges(remote.fetch, 1000 * BLOCK) as source:
        source.read(10, 4)
        assert remote.asked == [(0, 2 * BLOCK)]
        source.read(50 * BLOCK, 4)
        assert remote.asked[-1] == (50 * BLOCK, 51 * BLOCK)
        for offset in range(0, source.size, 1000):
            source.read(offset, 1000)
    assert len(remote.asked) < 25


def test_the_spool_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranges, "SPOOL", 4 * BLOCK)
    monkeypatch.setattr(ranges, "AHEAD", 2 * BLOCK)
    remote = Remote()
    with opened_ranges(remote.fetch, SIZE) as source:
        for _ in range(2):
            assert source.read(0, SIZE) == remote.data
            assert os.fstat(source._fd).st_blocks * 512 <= 4 * BLOCK


@pytest.mark.parametrize(
    "ends", [lambda data: data[:-1], lambda data: b"", lambda data: data + b"1"]
)
def test_a_range_of_another_length_is_an_error(ends: Callable[[bytes], bytes]) -> None:
    remote = Remote()
    with (
        opened_ranges(lambda start, end: ends(remote.data[start:end]), SIZE) as source,
        pytest.raises(SourceError, match="was truncated while it was read"),
    ):
        source.read(5, 5)


def test_a_server_without_ranges_sends_the_object_once() -> None:
    remote = Remote()

    def everything(start: int, end: int) -> bytes:
        return remote.fetch(0, SIZE)

    with opened_ranges(everything, SIZE) as source:
        assert source.read(3 * BLOCK, 10) == remote.data[3 * BLOCK : 3 * BLOCK + 10]
        assert source.read(0, SIZE) == remote.data
    assert len(remote.asked) == 1
