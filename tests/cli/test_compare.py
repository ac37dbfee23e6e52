"""What `dicomtx compare` tells, and how it ends."""

import json
from dataclasses import fields
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from dicomtx.cli import main
from dicomtx.errors import ExitCode
from dicomtx.workflows.compare.result import Comparison
from tests import corpus
from tests.conftest import Run
from tests.dicom.builder import image, native, part10, text

SCHEMA = json.loads(files("dicomtx.cli").joinpath("schemas/comparison.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


@pytest.fixture
def two(tmp_path: Path) -> tuple[str, str]:
    """Two files: one value of the second of 30 frames differs, and one element."""
    pixel = image(8, 8)
    paths = tmp_path / "a.dcm", tmp_path / "b.dcm"
    data = bytearray(np.arange(30 * 64, dtype=np.uint16).astype(np.uint8).tobytes())
    for path in paths:
        data_set = native(pixel, bytes(data), frames="30")
        path.write_bytes(part10("explicit", data_set))
        data[64 + 9] ^= 1
    changed = paths[1].read_bytes().replace(b"1.2.3.4\0", b"1.2.3.5\0")
    paths[1].write_bytes(changed)
    return str(paths[0]), str(paths[1])


def told(capfd: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """Returns the JSON of one comparison, held to the schema and to the exit code."""
    code = main(["compare", *arguments, "--json"])
    out = capfd.readouterr().out
    found: dict[str, Any] = json.loads(out)
    VALIDATOR.validate(found)
    assert out.count("\n") == 1
    assert code == (ExitCode.DONE if found["same"] else ExitCode.SOME_FAILED)
    return found


def test_the_same_ends_with_0(capfd: pytest.CaptureFixture[str], ct: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.dcm"
    assert main(["convert", str(ct), str(out), "--to", "jpeg2000-lossless"]) == ExitCode.DONE
    capfd.readouterr()
    assert main(["compare", str(ct), str(out)]) == ExitCode.DONE
    lines = capfd.readouterr().out.splitlines()
    assert lines[0] == "Verdict   the same"
    assert "Pixels    1 frame, each stored value the same" in lines
    assert "Elements  the same" in lines


def test_a_difference_ends_with_1_and_is_told(
    capfd: pytest.CaptureFixture[str], two: tuple[str, str]
) -> None:
    assert main(["compare", *two]) == ExitCode.SOME_FAILED
    out, err = capfd.readouterr()
    assert err == ""
    lines = out.splitlines()
    assert lines[0] == "Verdict   they differ"
    assert "Pixels    1 of 30 frames not equal, largest error 1 (frame 2)" in lines
    assert any(line.startswith("2      1       1              0.01562     ") for line in lines)
    assert "(0008,0018)  SOPInstanceUID UI: changed: 1.2.3.4 -> 1.2.3.5" in lines
    shown = [line for line in lines if ".dcm" not in line]  # a path is never broken
    assert max(map(len, shown)) <= 80


def test_options_make_it_the_same(two: tuple[str, str]) -> None:
    assert main(["compare", *two, "--tolerance", "1"]) == ExitCode.SOME_FAILED
    assert main(["compare", *two, "--tolerance", "1", "--pixels-only"]) == ExitCode.DONE
    ignoring = ["compare", *two, "--tolerance", "1", "--ignore"]
    assert main([*ignoring, "SOPInstanceUID"]) == ExitCode.DONE
    assert main([*ignoring, "(0008,0018)"]) == ExitCode.DONE
    assert main([*ignoring, "PatientID"]) == ExitCode.SOME_FAILED


def test_the_verdict_says_that_only_the_tolerance_makes_it_the_same(
    capfd: pytest.CaptureFixture[str], two: tuple[str, str]
) -> None:
    main(["compare", *two, "--tolerance", "1", "--pixels-only"])
    main(["compare", two[0], two[0], "--tolerance", "1"])
    verdicts = [row for row in capfd.readouterr().out.splitlines() if row.startswith("Verdict")]
    assert [" ".join(row.split()[1:]) for row in verdicts] == [
        "the same within the tolerance",
        "the same",
    ]


def test_quiet_tells_nothing(capfd: pytest.CaptureFixture[str], two: tuple[str, str]) -> None:
    assert main(["compare", *two, "-q"]) == ExitCode.SOME_FAILED
    assert capfd.readouterr() == ("", "")


def test_many_differences_are_cut_and_counted(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    pixel = image(2, 2)
    for name, value in (("a", b"\0"), ("b", b"\1")):
        start = native(pixel, value * 400, frames="100")
        names = b"".join(text(0x00291001 + n, "LO", f"{name} {n}") for n in range(30))
        at = start.index(b"\xe0\x7f\x10\x00")
        (tmp_path / name).write_bytes(part10("explicit", start[:at] + names + start[at:]))
    assert main(["compare", str(tmp_path / "a"), str(tmp_path / "b")]) == ExitCode.SOME_FAILED
    out = capfd.readouterr().out
    assert "... and 80 more frames; --json and --report list them all" in out
    assert "... and 10 more elements; --json and --report list them all" in out


def test_control_characters_of_a_file_do_not_reach_the_terminal(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    pixel = image()
    for name, value in (("a", "x"), ("b", "\x1b[31m\r\n\0red")):
        data_set = native(pixel, bytes(6))
        at = data_set.index(b"\x28\0\2\0")
        hostile = text(0x00100020, "LO", value)
        (tmp_path / name).write_bytes(part10("explicit", data_set[:at] + hostile + data_set[at:]))
    assert main(["compare", str(tmp_path / "a"), str(tmp_path / "b")]) == ExitCode.SOME_FAILED
    assert "\x1b" not in capfd.readouterr().out


def test_json_keeps_to_the_schema(
    capfd: pytest.CaptureFixture[str], two: tuple[str, str], ct: Path
) -> None:
    found = told(capfd, *two)
    assert found["pixels"]["worst_frame"] == 2
    assert [d["place"] for d in found["elements"]] == ["(0008,0018)"]
    assert told(capfd, *two, "--pixels-only")["elements"] is None
    assert told(capfd, str(ct), str(ct))["same"]
    assert told(capfd, str(ct), two[0])["pixels"]["compared"] == "nothing"
    assert told(capfd, two[0], str(corpus.file("rtplan.dcm")))["pixels"]["reason"]


def test_the_schema_names_every_field() -> None:
    VALIDATOR.check_schema(SCHEMA)
    assert list(SCHEMA["properties"]) == SCHEMA["required"]
    assert SCHEMA["required"] == [*(item.name for item in fields(Comparison)), "verification"]


def test_standard_input_is_compared(run: Run, two: tuple[str, str]) -> None:
    data = Path(two[0]).read_bytes()
    assert run("compare", "-", two[0], stdin=data).returncode == ExitCode.DONE
    assert run("compare", two[1], "-", stdin=data).returncode == ExitCode.SOME_FAILED


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (["A"], ExitCode.USAGE, "Missing argument 'B'"),
        (["-", "-"], ExitCode.USAGE, "cannot both be standard input"),
        (["A", "B", "--ignore", "Nonsense"], ExitCode.USAGE, "'Nonsense' is not a PS3.6 keyword"),
        (["A", "B", "--tolerance", "-1"], ExitCode.USAGE, "is not in the range"),
        (["A", "nothing.dcm"], ExitCode.SOURCE, "nothing.dcm: cannot be read"),
        (["text.dcm", "A"], ExitCode.SOURCE, "text.dcm: not a DICOM file"),
        (["A", "B", "--report", "no/such/place.html"], ExitCode.DESTINATION, "cannot write"),
        (["A", "B", "--codec", "nonsense"], ExitCode.USAGE, "unknown codec"),
    ],
)
def test_what_goes_wrong_has_its_exit_code(
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    two: tuple[str, str],
    arguments: list[str],
    code: ExitCode,
    line: str,
) -> None:
    folder = Path(two[0]).parent
    monkeypatch.chdir(folder)
    (folder / "text.dcm").write_text("not DICOM, but a text that is long enough to be looked at")
    names = {"A": two[0], "B": two[1]}
    assert main(["compare", *(names.get(name, name) for name in arguments)]) == code
    out, err = capfd.readouterr()
    assert out == ""
    assert line in err
    assert err.count("\n") == 1


def test_no_codec_in_the_order_in_force_ends_with_4(
    capfd: pytest.CaptureFixture[str], ct: Path
) -> None:
    jpeg2000, xl = str(corpus.file("693_J2KR.dcm")), str(ct)
    assert main(["compare", xl, jpeg2000, "--codec", "gdcm"]) == ExitCode.SOME_FAILED
    capfd.readouterr()
    lossless = str(corpus.file("JPEG-LL.dcm"))
    assert main(["compare", xl, lossless, "--codec", "openjpeg"]) == ExitCode.UNSUPPORTED
    assert "no enabled codec can decode" in capfd.readouterr().err
