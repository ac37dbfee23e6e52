"""Totals over many files."""

import pytest

from dicomtx.cli.output.progress import counts
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


def test_results_that_need_a_second_look_are_counted() -> None:
    totals = Totals()
    salvaged = ("salvaged: frame 1 is truncated; filled in",)
    done = Outcome(path="a", destination="b", status="done", verification="independent")
    for outcome in (
        done,
        done._replace(warnings=salvaged),
        done._replace(verification="none"),
        done._replace(status="failed", warnings=salvaged, verification="none"),
        done._replace(status="kept", warnings=("why",), verification="bytes-only"),
    ):
        totals.add(outcome)
    assert (totals.salvaged, totals.unverified) == (1, 1)
    line = counts(totals, ("done", "failed"))
    assert line == "3 done (1 SALVAGED, 1 not verified), 1 failed"
