"""Messages of many files: the first of each kind, and how many there are."""

from pathlib import Path

import pytest

from dicomtx.cli.output import groups
from dicomtx.cli.output.console import Console
from dicomtx.cli.output.groups import Groups
from dicomtx.workflows.convert.request import Outcome


def warned(number: int, text: str) -> Outcome:
    return Outcome(
        path=f"in/{number}.dcm",
        destination=f"out/{number}.dcm",
        status="done",
        warnings=(text,),
    )


def failed(number: int, text: str) -> Outcome:
    return Outcome(
        path=f"in/{number}.dcm", destination="", status="failed", error=text, exit_code=3
    )


def skipped(number: int, why: str) -> Outcome:
    return Outcome(path=f"in/{number}", destination="", status="skipped", warnings=(why,))


def shown(tmp_path: Path, *outcomes: Outcome, quiet: bool = False, everything: bool = False) -> str:
    path = tmp_path / "errors"
    with path.open("w") as errors:
        told = Groups(Console(errors, 0), quiet=quiet, everything=everything)
        for outcome in outcomes:
            told.add(outcome)
        told.close()
    return path.read_text().replace("dicomtx: ", "")


def test_one_warning_is_one_line(tmp_path: Path) -> None:
    assert shown(tmp_path, warned(1, "odd")) == "in/1.dcm: warning: odd\n"


@pytest.mark.parametrize("number", [4, 65, 1000])
def test_three_equal_warnings_are_shown_and_all_are_counted(tmp_path: Path, number: int) -> None:
    assert shown(tmp_path, *(warned(n, "odd") for n in range(number))) == (
        "in/0.dcm: warning: odd\nin/1.dcm: warning: odd\nin/2.dcm: warning: odd\n"
        f"{number} files: warning: odd; first: in/0.dcm; all: --report or -v\n"
    )


@pytest.mark.parametrize("number", [2, 3, 4, 65])
def test_files_that_are_not_dicom_share_one_line(tmp_path: Path, number: int) -> None:
    why = "not a DICOM file (no Part 10 header)"
    others = [skipped(n, "done in an earlier run") for n in range(99, 103)]
    files = [*others, *(skipped(n, why) for n in range(number))]
    line = f"{number} files skipped: {why}; first: in/0; all: --report or -v\n"
    assert shown(tmp_path, *files) == line
    assert shown(tmp_path, *files[: len(others) + 1]) == f"in/0: skipped: {why}\n"
    assert not shown(tmp_path, *files, quiet=True)


def test_messages_that_differ_in_values_are_of_one_kind(tmp_path: Path) -> None:
    outcomes = [failed(n, f"{n + 7} of '1.2.{n}' are there") for n in range(5)]
    lines = shown(tmp_path, *outcomes).splitlines()
    assert lines[2] == "in/2.dcm: 9 of '1.2.2' are there"
    assert lines[3:] == [
        "5 files such as in/0.dcm: 7 of '1.2.0' are there; all: --report or -v",
    ]


def test_other_kinds_have_lines_of_their_own(tmp_path: Path) -> None:
    outcomes = (warned(1, "odd"), *(failed(n, "no") for n in range(2, 7)), warned(7, "even"))
    assert shown(tmp_path, *outcomes).splitlines() == [
        "in/1.dcm: warning: odd",
        *(f"in/{n}.dcm: no" for n in (2, 3, 4)),
        "in/7.dcm: warning: even",
        "5 files: no; first: in/2.dcm; all: --report or -v",
    ]


def test_quiet_shows_errors_only(tmp_path: Path) -> None:
    outcomes = (warned(1, "odd"), *(failed(n, "no") for n in range(2, 6)))
    lines = shown(tmp_path, *outcomes, quiet=True).splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        *("in/2.dcm", "in/3.dcm", "in/4.dcm"),
        "4 files",
    ]


def test_why_a_file_is_kept_is_shown_and_why_it_is_skipped_on_request(tmp_path: Path) -> None:
    kept = Outcome(path="a", destination="b", status="kept", warnings=("no pixels", "odd"))
    skipped = Outcome(path="c", destination="", status="skipped", warnings=("done before",))
    assert shown(tmp_path, kept, skipped) == "a: kept unchanged: no pixels\na: warning: odd\n"
    assert shown(tmp_path, skipped, everything=True) == "c: skipped: done before\n"


def test_memory_does_not_grow_with_the_kinds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groups, "MOST", 3)
    lines = shown(tmp_path, *(warned(n, "x" * (n + 1)) for n in range(9))).splitlines()
    assert len(lines) == 3 + 3 + 1
    assert lines[-1].startswith("6 files such as in/3.dcm: ")


def test_warnings_of_a_file_that_failed_are_shown_on_request(tmp_path: Path) -> None:
    outcome = failed(1, "no")._replace(warnings=("odd",))
    assert shown(tmp_path, outcome) == "in/1.dcm: no\n"
    assert shown(tmp_path, outcome, everything=True) == "in/1.dcm: no\nin/1.dcm: warning: odd\n"
