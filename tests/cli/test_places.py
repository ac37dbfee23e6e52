"""Where results go: -o, folders, and --in-place, which has no destination."""

import subprocess
import sys
from pathlib import Path

import pytest

from dicomtx.cli import main
from dicomtx.errors import ExitCode
from tests import corpus

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with two files and two folders."""
    monkeypatch.chdir(tmp_path)
    for name in ("a.dcm", "b.dcm", "in/a.dcm", "dst/a.dcm"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(corpus.file("CT_small.dcm").read_bytes())
    return tmp_path


def content(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    "command",
    [
        ["convert", "a.dcm", "new.dcm", "--in-place"],
        ["convert", "a.dcm", "b.dcm", "--in-place"],
        ["convert", "a.dcm", "--in-place", "-o", "new.dcm"],
        ["batch", "in", "dst", "--in-place"],
        ["batch", "in", "new", "--in-place"],
        ["batch", "a.dcm", "b.dcm", "dst", "--in-place"],
        ["batch", "in", "--in-place", "-o", "new"],
    ],
)
def test_in_place_has_no_destination(folder: Path, capfd: Captured, command: list[str]) -> None:
    before = content(folder)
    assert main([*command, "--to", "rle"]) == ExitCode.USAGE
    assert "--in-place" in capfd.readouterr().err
    assert content(folder) == before


def test_several_files_can_be_replaced(folder: Path) -> None:
    command = ["batch", "a.dcm", "b.dcm", "--in-place", "--journal", "journal", "--to", "rle"]
    before = (folder / "a.dcm").read_bytes()
    assert main(command) == ExitCode.DONE
    assert (folder / "a.dcm").read_bytes() != before
    assert (folder / "b.dcm").read_bytes() != before


@pytest.mark.parametrize("place", ["dst", "dst/", "."])
def test_a_file_goes_into_a_folder(folder: Path, place: str) -> None:
    (folder / "in/new.dcm").write_bytes((folder / "a.dcm").read_bytes())
    assert main(["convert", "in/new.dcm", place, "--to", "rle"]) == ExitCode.DONE
    assert (folder / place / "new.dcm").is_file()
    assert main(["convert", "in/new.dcm", place]) == ExitCode.DESTINATION  # it exists
    assert main(["convert", "in/new.dcm", place, "-f"]) == ExitCode.DONE


@pytest.mark.parametrize("place", ["missing/", "missing/.", "a.dcm/", "dst/new/"])
@pytest.mark.parametrize("command", [["convert", "b.dcm"], ["export", "archive", "b.dcm"]])
def test_a_slash_at_the_end_means_a_folder_that_must_exist(
    folder: Path, capfd: Captured, command: list[str], place: str
) -> None:
    before = content(folder)
    for dry in ([], ["-n"]):
        assert main([*command, place, *dry]) == ExitCode.DESTINATION
        assert f"there is no folder {place}; create it" in capfd.readouterr().err
    assert main([*command, "-o", place, "-f"]) == ExitCode.DESTINATION
    assert content(folder) == before


def test_standard_input_has_no_name_in_a_folder(capfd: Captured) -> None:
    assert main(["convert", "-", "dst"]) == ExitCode.USAGE
    assert "dst is a folder: name a file in it" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("command", "made"),
    [
        (["convert", "a.dcm", "-o", "new"], "new"),
        (["convert", "a.dcm", "--output", "dst", "-f"], "dst/a.dcm"),
        (["batch", "a.dcm", "b.dcm", "-o", "new"], "new/b.dcm"),
        (["export", "archive", "a.dcm", "-o", "new.zip"], "new.zip"),
        (["export", "media", "a.dcm", "-o", "new"], "new/DICOMDIR"),
    ],
)
def test_the_destination_can_be_an_option(folder: Path, command: list[str], made: str) -> None:
    assert main(command) == ExitCode.DONE
    assert (folder / made).is_file()


def test_two_destinations_are_one_too_many(capfd: Captured) -> None:
    assert main(["convert", "a.dcm", "new", "-o", "other"]) == ExitCode.USAGE
    assert "DST and -o contradict each other" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("options", "made"),
    [
        ([], "{folder}/in/a.dcm"),  # a listed path is kept
        (["--base", "{folder}"], "in/a.dcm"),
        (["--base", "{folder}/in"], "a.dcm"),
        (["--flat"], "a.dcm"),
    ],
)
def test_a_listed_path_has_its_place_in_the_base_or_none(
    folder: Path, options: list[str], made: str
) -> None:
    command = ["batch", "-", "new", "--to", "rle", "-q", *options]
    command = [word.format(folder=folder) for word in command]
    done = subprocess.run(
        [sys.executable, "-m", "dicomtx", *command],
        input=f"{folder}/in/a.dcm\n".encode(),
        check=False,
    )
    assert done.returncode == ExitCode.DONE
    assert (folder / "new" / made.format(folder=str(folder).strip("/"))).is_file()


def test_two_files_of_one_name_do_not_fit_in_a_flat_destination(
    folder: Path, capfd: Captured
) -> None:
    before = content(folder)
    assert main(["batch", "in", "dst", "new", "--flat", "--to", "rle"]) == ExitCode.USAGE
    assert "another source both go to new/a.dcm; nothing was done" in capfd.readouterr().err
    assert {path: data for path, data in content(folder).items() if "journal" not in path} == before


@pytest.mark.parametrize(
    "options",
    [
        ["--flat", "--base", "in"],
        ["--flat", "--layout", "{Modality}"],
        ["--in-place", "--base", "in"],
    ],
)
def test_places_that_contradict_each_other_are_a_usage_error(
    capfd: Captured, options: list[str]
) -> None:
    destination = [] if "--in-place" in options else ["new"]
    assert main(["batch", "in", *destination, *options]) == ExitCode.USAGE
    assert "contradict each other" in capfd.readouterr().err


@pytest.mark.parametrize(
    "command",
    [
        ["convert", "a.dcm", "memory://out/a.dcm", "--to", "rle"],
        ["convert", "a.dcm", "memory://out/", "--to", "rle"],
        ["batch", "in", "memory://out", "--to", "rle"],
        ["export", "archive", "in", "memory://out/a.zip"],
        ["export", "media", "in", "-o", "memory://out"],
    ],
)
def test_results_are_not_written_to_the_memory_of_a_process(
    command: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(command) == ExitCode.USAGE
    assert "the results would be lost when the command ends" in capfd.readouterr().err
