"""Small files share a task, and a large file has one of its own."""

from collections.abc import Callable, Iterable

import pytest

from dicomtx.storage.local_file import LocalFile
from dicomtx.workflows.convert.request import Outcome, Request
from dicomtx.workflows.workers.grouping import MOST, Grouping


def pull(sizes: Iterable[int]) -> Callable[[], Request | None]:
    waiting = iter(sizes)

    def next_one() -> Request | None:
        size = next(waiting, None)
        return None if size is None else Request(LocalFile("a"), "b", size=size)

    return next_one


def outcome(size: int, seconds: float) -> Outcome:
    return Outcome(path="a", destination="b", status="done", bytes_in=size, seconds=seconds)


@pytest.mark.parametrize(("size", "files"), [(460_000, 10), (990_000, 5), (100_000_000, 1)])
def test_a_task_takes_about_a_second(size: int, files: int) -> None:
    assert len(Grouping().group(pull([size] * 500))) == files


def test_a_task_has_at_most_so_many_files() -> None:
    grouping = Grouping()
    grouping.per_byte = 0.0
    assert len(grouping.group(pull([0] * 500))) == MOST


def test_the_speed_is_learnt_from_the_files_that_are_done() -> None:
    grouping = Grouping()
    for _ in range(200):
        grouping.learn(outcome(450_000, 0.6))
    assert len(grouping.group(pull([450_000] * 500))) == 2
    grouping.learn(outcome(450_000, 0.0))  # it was not measured
    assert len(grouping.group(pull([450_000] * 500))) == 2


def test_a_task_ends_where_there_is_no_request_at_the_moment() -> None:
    take = pull([1, 1])
    assert [len(Grouping().group(take)) for _ in range(2)] == [2, 0]
