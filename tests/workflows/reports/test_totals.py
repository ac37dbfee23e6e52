"""Totals over many files."""

import pytest

from dicomtx.workflows.convert.request import Outcome, Status
from dicomtx.workflows.reports.totals import Totals


@pytest.mark.parametrize(
    ("status", "counted"), [("done", 1), ("kept", 1), ("failed", 1), ("skipped", 0)]
)
def test_why_a_file_is_skipped_is_not_a_warning(status: Status, counted: int) -> None:
    totals = Totals()
    for _ in range(2):
        totals.add(Outcome(path="a", destination="b", status=status, warnings=("why",)))
    assert totals.warnings == 2 * counted
