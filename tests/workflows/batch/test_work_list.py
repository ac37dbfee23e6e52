"""The work of one run: what is done first."""

import sqlite3

import pytest

from dicomtx.workflows.batch.work_list import AT_ONCE, LARGE, WorkList


@pytest.fixture
def work() -> WorkList:
    return WorkList(sqlite3.connect(":memory:"))


def test_large_files_come_first_and_all_others_as_they_were_added(work: WorkList) -> None:
    sizes = [7, LARGE, 3 * LARGE, 0, LARGE - 1, 2 * LARGE, 3 * LARGE]
    for number, size in enumerate(sizes):
        assert work.add(str(number).encode(), f"/out/{number}", size=size, known=False)
    assert b"".join(work.items(known=False)) == b"2651034"
    assert list(work.items(known=True)) == []


def test_no_file_is_lost_between_two_readings(work: WorkList) -> None:
    count = 2 * AT_ONCE + 3
    for number in range(count):
        size = LARGE + number % 5 if number % 2 else 0
        work.add(str(number).encode(), f"/out/{number}", size=size, known=False)
    found = [int(content) for content in work.items(known=False)]
    assert sorted(found) == list(range(count))
    assert found == sorted(found, key=lambda n: (-(LARGE + n % 5) if n % 2 else 0, n))


def test_reading_needs_no_sorting(work: WorkList) -> None:
    asked: list[str] = []
    work._base.set_trace_callback(asked.append)
    work.add(b"", "/out", known=False)
    list(work.items(known=False))
    query = next(text for text in asked if "ORDER BY" in text)
    steps = [row[-1] for row in work._base.execute(f"EXPLAIN QUERY PLAN {query}")]
    assert [step for step in steps if "TEMP B-TREE" in step] == []
    assert "in_turn" in steps[0]
