"""A fault of dicomtx in one file: that file fails with its traceback, and the others go on."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dicomtx.cli import main
from dicomtx.dicom import inspection
from dicomtx.dicom.data_set import DataSet
from dicomtx.dicom.part10 import Part10
from dicomtx.dicom.values import text
from dicomtx.errors import BugError, DamagedError, ExitCode
from dicomtx.workflows import boundary, info
from dicomtx.workflows.batch import batch
from dicomtx.workflows.batch.job import Batch
from dicomtx.workflows.export import survey
from dicomtx.workflows.inputs import layout
from dicomtx.workflows.preview import dry_run, negotiate
from tests.dicom.builder import SOP_INSTANCE, image, native, part10
from tests.in_process import InProcess

GOOD = part10("explicit", native(image(8, 8), bytes(range(64))))
BAD = GOOD.replace(SOP_INSTANCE.encode(), b"6.6.6.6")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a file on either side of one that every reader of headers fails at."""
    (tmp_path / "in").mkdir()
    for name, data in (
        ("a.dcm", GOOD),
        ("b.dcm", BAD),
        ("c.dcm", GOOD.replace(b"1.2.3.4", b"1.2.3.5")),
    ):
        (tmp_path / "in" / name).write_bytes(data)
    for module in (survey, dry_run, info, negotiate):
        monkeypatch.setattr(module, "read_file_info", failing(inspection.read_file_info))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DICOMTX_CONFIG", "/dev/null")
    return tmp_path


def failing(read: Callable[..., Any]) -> Callable[..., Any]:
    def fails(part10: Part10) -> object:
        if part10.data_set.text(0x00080018) == "6.6.6.6":
            raise ZeroDivisionError("planted")
        return read(part10)

    return fails


@pytest.mark.parametrize(
    "command",
    [
        ("plan", "in", "--to", "rle"),
        ("plan", "in", "--to", "rle", "--json"),
        ("plan", "in", "--to", "rle", "--estimate", "1"),
        ("negotiate", "in", "--accepts", "explicit"),
        ("info", "in/a.dcm", "in/b.dcm", "in/c.dcm"),
        ("export", "archive", "in", "out.zip"),
        ("export", "media", "in", "media"),
    ],
    ids=" ".join,
)
def test_a_fault_in_one_file_does_not_end_the_command(
    folder: Path, command: tuple[str, ...], capfd: pytest.CaptureFixture[str]
) -> None:
    assert folder.is_dir()
    assert main(command) in (ExitCode.BUG, ExitCode.SOME_FAILED)
    told = "".join(capfd.readouterr())
    assert "b.dcm" in told
    assert "planted" in told
    assert "c.dcm" in told or "2 done" in told


def test_the_traceback_is_shown_with_verbose(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert folder.is_dir()
    main(("export", "archive", "in", "quiet.zip"))
    assert "traceback" not in "".join(capfd.readouterr())
    main(("export", "archive", "in", "out.zip", "-v"))
    told = "".join(capfd.readouterr())
    assert "in/b.dcm: traceback:" in told
    assert "printed by" not in told


def test_a_fault_in_a_layout_fails_that_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = text.value

    def fails(data_set: DataSet, tag: int) -> str:
        if data_set.text(0x00080018) == "6.6.6.6":
            raise UnicodeError("planted")
        return real(data_set, tag)

    monkeypatch.setattr(layout, "value", fails)
    wanted = layout.Layout.parse("{SOPInstanceUID}.dcm")
    asked = Batch((str(folder / "in"),), str(folder / "out"), layout=wanted, executor=InProcess())
    with batch.opened(asked) as run:
        outcomes = list(run.outcomes())
    failed = [o for o in outcomes if o.status == "failed"]
    assert [os.path.basename(o.path) for o in failed] == ["b.dcm"]
    assert failed[0].exit_code == ExitCode.BUG
    assert any(line.startswith(boundary.TRACEBACK) for line in failed[0].messages)
    assert sum(o.status == "done" for o in outcomes) == 2


@pytest.mark.parametrize("error", [KeyError(12), RecursionError(), MemoryError(), OSError("x")])
def test_any_exception_becomes_one_line(error: Exception) -> None:
    with pytest.raises(BugError) as raised, boundary.boundary():
        raise error
    found = raised.value
    assert "\n" not in str(found)
    assert type(error).__name__ in str(found)
    assert found.__cause__ is error


def test_an_error_for_the_user_stays_what_it_is() -> None:
    error = DamagedError("cut off")
    with pytest.raises(DamagedError) as raised, boundary.boundary():
        raise error
    assert raised.value is error
