"""What `dicomtx info` shows."""

import json
import shutil
import zipfile
from pathlib import Path

import pytest

from dicomtx.cli import main
from dicomtx.errors import ExitCode
from tests import corpus


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        (
            "693_J2KR.dcm",
            [
                "Transfer Syntax     jpeg2000-lossless (1.2.840.10008.1.2.4.90)",
                "Modality            CT",
                "Image               512 x 512 MONOCHROME2, 1 sample, 16 of 16 bits used, signed",
                "Pixel Data          encapsulated",
                (
                    "First stream        JPEG 2000 (jpeg2000-lossless): 512 x 512,"
                    " 1 sample of 14 bits, signed"
                ),
            ],
        ),
        (
            "SC_rgb_rle_16bit_2frame.dcm",
            [
                "Image               100 x 100 RGB, 3 samples, 16 of 16 bits used, unsigned",
                "Number of Frames    2",
                "Fragments           2",
                "First stream        RLE (rle-lossless): 6 segments",
            ],
        ),
        ("DICOMDIR", ["Pixel Data       none"]),
    ],
)
def test_the_data_set_and_the_stream_are_shown(
    capfd: pytest.CaptureFixture[str], name: str, lines: list[str]
) -> None:
    assert main(["info", str(corpus.file(name))]) == ExitCode.DONE
    out, err = capfd.readouterr()
    assert err == ""
    assert set(lines) <= set(out.splitlines())


def test_json_is_an_object_a_line(capfd: pytest.CaptureFixture[str], ct: Path) -> None:
    assert main(["info", "--json", str(ct), str(ct)]) == ExitCode.DONE
    first, second = (json.loads(line) for line in capfd.readouterr().out.splitlines())
    assert first == second
    assert first["path"] == str(ct)


def test_a_file_that_is_not_there_is_told_and_the_others_are_shown(
    capfd: pytest.CaptureFixture[str], ct: Path, tmp_path: Path
) -> None:
    nothing = str(tmp_path / "nothing.dcm")
    assert main(["info", nothing]) == ExitCode.SOURCE
    assert capfd.readouterr().err.startswith(f"dicomtx: {nothing}: ")
    assert main(["info", nothing, str(ct)]) == ExitCode.SOME_FAILED
    out, err = capfd.readouterr()
    assert str(ct) in out.replace("\n", "")
    assert err.count("\n") == 1


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    (folder / "sub").mkdir(parents=True)
    shutil.copy(corpus.file("CT_small.dcm"), folder / "b.dcm")
    shutil.copy(corpus.file("JPEG2000.dcm"), folder / "sub" / "a.dcm")
    (folder / "notes.txt").write_text("not DICOM")
    with zipfile.ZipFile(folder / "c.zip", "w") as archive:
        archive.write(corpus.file("MR_small.dcm"), "mr.dcm")
    return folder


def test_each_dicom_file_in_a_folder_has_a_line(
    capfd: pytest.CaptureFixture[str], tree: Path
) -> None:
    assert main(["info", str(tree)]) == ExitCode.DONE
    out, err = capfd.readouterr()
    assert err == f"dicomtx: {tree}/notes.txt: skipped: not a DICOM file\n"
    for name in ("a", "b"):
        (tree / name).write_text("not DICOM either")
    assert main(["info", str(tree)]) == ExitCode.DONE
    assert capfd.readouterr().err == (
        f"dicomtx: 3 files skipped: not a DICOM file; first: {tree}/a\n"
    )
    assert out.splitlines() == [
        f"{tree}/b.dcm: explicit-vr-little-endian, CT, 128 x 128 MONOCHROME2, 16 bits, 39.2 kB",
        f"{tree}/c.zip/mr.dcm: explicit-vr-little-endian, MR, 64 x 64 MONOCHROME2, 16 bits, 9.8 kB",
        f"{tree}/sub/a.dcm: jpeg2000, NM, 256 x 1024 MONOCHROME2, 16 bits, 3.3 kB",
    ]


def test_files_in_a_folder_are_selected_as_in_batch(
    capfd: pytest.CaptureFixture[str], tree: Path
) -> None:
    assert main(["info", str(tree), "--exclude", "sub", "--include", "*.dcm", "--json"]) == 0
    paths = [json.loads(line)["path"] for line in capfd.readouterr().out.splitlines()]
    assert paths == [f"{tree}/b.dcm", f"{tree}/c.zip/mr.dcm"]


def test_a_damaged_file_in_a_folder_is_shown_and_ends_with_1(
    capfd: pytest.CaptureFixture[str], tree: Path
) -> None:
    whole = (tree / "b.dcm").read_bytes()
    (tree / "b.dcm").write_bytes(whole[:-100])
    assert main(["info", str(tree)]) == ExitCode.SOME_FAILED
    out, err = capfd.readouterr()
    assert len(out.splitlines()) == 2
    assert err.startswith(f"dicomtx: {tree}/b.dcm: ")
