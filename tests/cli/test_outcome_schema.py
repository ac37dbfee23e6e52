"""What --json prints is what the schema says."""

import json
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from dicomtx.cli import main
from dicomtx.codecs.codec import Attempt
from dicomtx.errors import ExitCode
from dicomtx.workflows.convert.request import Outcome
from tests import corpus
from tests.cli.conftest import Pretend

SCHEMA = json.loads(files("dicomtx.cli").joinpath("schemas/outcome.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def told(capfd: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """Returns the JSON of one conversion, held to the schema and to the exit code."""
    code = main(["convert", *arguments, "--json"])
    out = capfd.readouterr().out
    outcome: dict[str, Any] = json.loads(out)
    VALIDATOR.validate(outcome)
    assert out.count("\n") == 1
    assert outcome["exit_code"] == code
    return outcome


def test_the_schema_is_one_and_names_every_field() -> None:
    VALIDATOR.check_schema(SCHEMA)
    names = [*(name for name in Outcome._fields if name != "stored"), "size_ratio"]
    assert list(SCHEMA["properties"]) == names
    assert SCHEMA["required"] == names


@pytest.mark.parametrize(
    ("name", "options", "status", "action"),
    [
        ("CT_small.dcm", ["--to", "jpeg2000-lossless"], "done", "encode"),
        ("CT_small.dcm", ["--to", "implicit"], "done", "rewrite"),
        ("CT_small.dcm", ["--to", "explicit"], "done", "copy"),
        ("693_J2KR.dcm", ["--to", "explicit", "--no-verify"], "done", "decode"),
        ("MR_small_RLE.dcm", ["--to", "jpeg-ls-lossless"], "done", "recode"),
        ("DICOMDIR", ["--to", "jpeg2000-lossless"], "kept", "keep"),
        ("CT_small.dcm", ["--to", "jpeg2000", "--psnr", "60"], "done", "encode"),
        ("CT_small.dcm", ["--to", "jpeg-baseline", "--lossy"], "refused", "refuse"),
    ],
)
def test_real_conversions_keep_to_it(
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
    name: str,
    options: Sequence[str],
    status: str,
    action: str,
) -> None:
    source, destination = str(corpus.file(name)), str(tmp_path / "out.dcm")
    outcome = told(capfd, source, destination, *options)
    assert (outcome["status"], outcome["action"]) == (status, action), outcome
    assert (outcome["path"], outcome["destination"]) == (source, destination)
    written = Path(destination).stat().st_size if Path(destination).exists() else 0
    assert outcome["bytes_out"] == written


def test_a_source_that_is_not_there_keeps_to_it(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    outcome = told(capfd, str(tmp_path / "nothing.dcm"), str(tmp_path / "out.dcm"))
    assert outcome["status"] == "failed"
    assert outcome["exit_code"] == ExitCode.SOURCE
    assert outcome["error"]


def test_failed_attempts_keep_to_it(capfd: pytest.CaptureFixture[str], pretend: Pretend) -> None:
    attempts = (Attempt("gdcm", "decode", "crashed"), Attempt("openjpeg", "encode", "too small"))
    pretend(
        Outcome(
            path="a", destination="b", status="failed", attempts=attempts, error="x", exit_code=5
        )
    )
    assert told(capfd, "a", "b")["attempts"][1]["codec"] == "openjpeg"


@pytest.mark.parametrize(
    "wrong",
    [
        Outcome(path="a", destination="b", status="done", error="x"),
        Outcome(path="a", destination="b", status="failed", exit_code=3),
        Outcome(path="a", destination="b", status="failed", error="x"),
        Outcome(path="a", destination="b", status="kept"),
        Outcome(path="a", destination="b", status="done", source_syntax="JPEG2000"),
        Outcome(path="a", destination="b", status="done", verification="yes"),
        Outcome(path="a", destination="b", status="done", bytes_in=-1),
    ],
)
def test_what_contradicts_itself_does_not_keep_to_it(wrong: Outcome) -> None:
    assert not VALIDATOR.is_valid(json.loads(json.dumps(wrong.as_json())))
