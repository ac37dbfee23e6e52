"""What `dicomtx info` shows."""

import json
from pathlib import Path

import pytest

from dicomtx.cli import main
from dicomtx.errors import ExitCode
from tests import corpus


def test_the_data_set_and_the_stream_are_shown(capfd: pytest.CaptureFixture[str]) -> None:
    path = str(corpus.file("693_J2KR.dcm"))
    assert main(["info", path]) == ExitCode.DONE
    out, err = capfd.readouterr()
    assert err == ""
    rows = {line[:24].strip(): line[24:] for line in out.splitlines()}
    text = " ".join(out.split())
    assert "jpeg2000-lossless (1.2.840.10008.1.2.4.90)" in text
    assert "512 x 512 MONOCHROME2, 1 sample of 14 bits in 16, signed" in text
    assert "encapsulated" in rows.values() or "encapsulated" in text


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
