"""What `dicomtx plan` shows: every file, why, the totals, and how it ends."""

import csv
import io
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import fields
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from dicomtx.cli import main
from dicomtx.errors import ExitCode
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.preview.plan_record import Planned
from tests import corpus
from tests.plugins import FAULT_CODECS, install
from tests.sampling import sampled

SCHEMA = json.loads(files("dicomtx.cli").joinpath("schemas/planned.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
POLICY = """
[[policy.default.rule]]
modality = "RT*"
refuse = "not in this archive"
[[policy.default.rule]]
compressed = true
keep = "it is small already"
[[policy.default.rule]]
to = "jpeg2000-lossless"
"""
NAMES = ("CT_small.dcm", "JPEG2000.dcm", "rtplan.dcm", "MR_small.dcm")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    folder.mkdir()
    for name in NAMES:
        shutil.copy(corpus.file(name), folder)
    (folder / "README").write_text("no DICOM")
    return folder


@pytest.fixture
def policy(tmp_path: Path) -> str:
    path = tmp_path / "policy.toml"
    path.write_text(POLICY)
    return str(path)


Told = list[dict[str, Any]]


def told(
    capfd: pytest.CaptureFixture[str], arguments: Sequence[str | Path]
) -> tuple[ExitCode, Told, str]:
    """Returns exit code, JSON lines, each held to the schema, and standard error."""
    code = main(["plan", *map(str, arguments), "--json"])
    out, err = capfd.readouterr()
    lines = [json.loads(line) for line in out.splitlines()]
    for line in lines:
        VALIDATOR.validate(line)
    return ExitCode(code), lines, err


def test_the_schema_is_one_and_names_every_field() -> None:
    VALIDATOR.check_schema(SCHEMA)
    names = [*(item.name for item in fields(Planned)), "status"]
    assert list(SCHEMA["properties"]) == SCHEMA["required"] == names


def test_each_file_is_told_with_its_rule_and_what_is_no_dicom_is_left_out(
    capfd: pytest.CaptureFixture[str], tree: Path, policy: str
) -> None:
    code, lines, err = told(capfd, [tree, "--policy", policy])
    by_name = {line["relative"]: line for line in lines}
    assert list(by_name) == sorted(NAMES)
    assert {n: (by_name[n]["action"], by_name[n]["rule"]) for n in NAMES} == {
        "CT_small.dcm": ("encode", "default, rule 3"),
        "JPEG2000.dcm": ("keep", "default, rule 2"),
        "rtplan.dcm": ("refuse", "default, rule 1"),
        "MR_small.dcm": ("encode", "default, rule 3"),
    }
    assert by_name["rtplan.dcm"]["reason"] == "not in this archive"
    assert by_name["JPEG2000.dcm"]["target_syntax"] == find("jpeg2000").uid
    assert by_name["CT_small.dcm"]["encoder"]
    assert code == ExitCode.POLICY
    assert err.splitlines() == [
        f"dicomtx: {tree / 'README'}: skipped: not a DICOM file",
        "dicomtx: plan: 2 would be done, 1 kept, 1 refused, 55.0 kB",
    ]


@pytest.mark.parametrize(
    ("names", "options", "code"),
    [
        (["CT_small.dcm"], ["--to", "rle"], ExitCode.DONE),
        (["rtplan.dcm"], ["--to", "rle"], ExitCode.DONE),
        (["rtdose_1frame.dcm"], ["--to", "jpeg2000-lossless"], ExitCode.UNSUPPORTED),
        (
            ["rtdose_1frame.dcm"],
            ["--to", "jpeg2000-lossless", "--on-failure", "keep-original"],
            ExitCode.DONE,
        ),
        (["CT_small.dcm", "nothing.dcm"], ["--to", "rle"], ExitCode.SOURCE),
    ],
)
def test_it_ends_as_the_run_would(
    capfd: pytest.CaptureFixture[str], names: list[str], options: list[str], code: ExitCode
) -> None:
    paths = [str(corpus.file(n)) if n != "nothing.dcm" else n for n in names]
    ended, lines, _ = told(capfd, [*paths, *options])
    assert ended == code
    assert max(line["exit_code"] for line in lines) == code


def test_what_cannot_be_stands_before_what_may_not_be(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    rules = (
        "[[policy.a.rule]]\nmodality='CT'\nrefuse=true\n[[policy.a.rule]]\nto='jpeg2000-lossless'"
    )
    (tmp_path / "a.toml").write_text(rules)
    paths = [corpus.file("CT_small.dcm"), corpus.file("rtdose_1frame.dcm")]
    code, lines, _ = told(capfd, [*paths, "--policy", tmp_path / "a.toml"])
    assert [line["exit_code"] for line in lines] == [ExitCode.POLICY, ExitCode.UNSUPPORTED]
    assert code == ExitCode.UNSUPPORTED


def test_nothing_is_written_and_nothing_but_the_header_is_read(
    tree: Path, policy: str, capfd: pytest.CaptureFixture[str]
) -> None:
    whole = (tree / "JPEG2000.dcm").read_bytes()
    (tree / "JPEG2000.dcm").write_bytes(whole[: len(whole) - 1000])  # within Pixel Data
    before = {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in tree.rglob("*")}
    _, lines, _ = told(capfd, [tree, "--policy", policy])
    assert len(lines) == 4
    assert {p: (p.stat().st_mtime_ns, p.stat().st_size) for p in tree.rglob("*")} == before


def test_the_table_has_every_file_and_the_totals(
    capfd: pytest.CaptureFixture[str], tree: Path, policy: str
) -> None:
    main(["plan", str(tree), "--policy", policy])
    out = capfd.readouterr().out
    for text in (*NAMES, "refuse", "Totals", "in jpeg2000-lossless", "RTPLAN"):
        assert text in out
    assert out.endswith("plan: 2 would be done, 1 kept, 1 refused, 55.0 kB\n")
    main(["plan", str(tree), "--policy", policy, "-q"])
    assert capfd.readouterr().out.startswith("Totals")


def test_csv_has_a_header_and_no_formula(
    capfd: pytest.CaptureFixture[str], tree: Path, policy: str
) -> None:
    evil = tree / "=1+1.dcm"
    (tree / "CT_small.dcm").rename(evil)
    cwd = os.getcwd()
    os.chdir(tree)
    try:
        main(["plan", "=1+1.dcm", "rtplan.dcm", "--policy", policy, "--csv"])
    finally:
        os.chdir(cwd)
    rows = list(csv.DictReader(io.StringIO(capfd.readouterr().out)))
    assert [row["path"] for row in rows] == ["'=1+1.dcm", "rtplan.dcm"]
    assert [row["action"] for row in rows] == ["encode", "refuse"]


def test_an_estimate_is_made_of_real_results_and_says_its_spread(
    capfd: pytest.CaptureFixture[str], tree: Path, tmp_path: Path
) -> None:
    code, lines, err = told(capfd, [tree, "--to", "jpeg2000-lossless", "--estimate", "5"])
    assert code == ExitCode.DONE
    for line in lines:
        if line["action"] == "encode":
            out = tmp_path / "out.dcm"
            main(["convert", line["path"], str(out), "--to", "jpeg2000-lossless", "--overwrite"])
            low, high = line["bytes_out_spread"]
            assert low <= line["bytes_out"] <= high
            assert line["bytes_out"] == pytest.approx(out.stat().st_size, rel=0.01)
        elif line["action"] == "keep":
            assert (line["bytes_out"], line["bytes_out_spread"]) == (line["bytes_in"], None)
    assert "estimated output:" in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.dcm", "tree"]


def test_without_an_estimate_none_is_given(capfd: pytest.CaptureFixture[str], ct: Path) -> None:
    _, (line,), err = told(capfd, [ct, "--to", "rle"])
    assert line["bytes_out"] is None
    assert "about" not in err


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ([], "no target: use --to"),
        (["--to", "rle", "--policy", "x"], "contradict each other"),
        (["--orthanc", "x", "--policy", "x"], "contradict each other"),
        (["--to", "rle", "--via", "dicom"], "--via dicom needs --orthanc"),
        (["--to", "rle", "--engine", "orthanc-gdcm"], "needs the configuration"),
    ],
)
def test_what_makes_no_sense_is_2(
    capfd: pytest.CaptureFixture[str], ct: Path, options: list[str], why: str
) -> None:
    assert main(["plan", str(ct), *options]) == ExitCode.USAGE
    assert why in capfd.readouterr().err


def test_the_default_policy_of_the_settings_file_decides_where_nothing_is_said(
    capfd: pytest.CaptureFixture[str], tree: Path, policy: str
) -> None:
    _, lines, _ = told(capfd, [tree / "CT_small.dcm", "--config", policy])
    assert lines[0]["rule"] == "default, rule 3"
    _, lines, _ = told(capfd, [tree / "CT_small.dcm", "--config", policy, "--to", "rle"])
    assert lines[0]["target_syntax"] == find("rle").uid


def test_orthancs_configuration_decides_for_us_or_for_its_own_codecs(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, ct: Path
) -> None:
    path = tmp_path / "orthanc.json"
    path.write_text('{"IngestTranscoding": "1.2.840.10008.1.2.4.90", "IngestTrancoding": 1}')
    _, (ours,), err = told(capfd, [ct, "--orthanc", path])
    assert ours["action"] == "encode"
    assert "did you mean IngestTranscoding" in err
    _, (theirs,), _ = told(capfd, [ct, "--orthanc", path, "--engine", "orthanc-builtin"])
    assert (theirs["action"], theirs["target_syntax"]) == ("keep", find("explicit").uid)
    assert "no encoder for jpeg2000-lossless" in theirs["reason"]
    _, (plugin,), _ = told(capfd, [ct, "--orthanc", path, "--engine", "orthanc-gdcm"])
    assert (plugin["action"], plugin["encoder"]) == ("encode", "orthanc-gdcm")


# ------------------------------------------------------------------ the run is the plan


@pytest.mark.parametrize("options", sampled([["--on-failure", "keep-original"], []], 2))
@pytest.mark.parametrize("to", ["jpeg2000-lossless", "explicit", "jpeg-ls-lossless"])
def test_what_the_plan_says_is_what_convert_does(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, to: str, options: list[str]
) -> None:
    sources = [
        path for path in corpus.SAMPLE if path.stat().st_size < 500_000 and path.name != "DICOMDIR"
    ]
    _, lines, _ = told(capfd, [*sources, "--to", to, *options])
    assert len(lines) == len(sources)
    for planned in lines:
        out = str(tmp_path / "out.dcm")
        ended = main(
            ["convert", planned["path"], out, "--to", to, "--overwrite", "--json", *options]
        )
        done = json.loads(capfd.readouterr().out)
        if done["exit_code"] == ExitCode.SOURCE:  # only the pixels show that they are cut off
            continue
        assert (planned["action"], planned["exit_code"]) == (done["action"], ended), planned
        assert planned["target_syntax"] == done["target_syntax"]
        assert planned["source_syntax"] == done["source_syntax"]


def test_convert_follows_the_policy_rule_by_rule(
    capfd: pytest.CaptureFixture[str], tree: Path, policy: str, tmp_path: Path
) -> None:
    ends = {"CT_small.dcm": (0, "done"), "JPEG2000.dcm": (0, "kept"), "rtplan.dcm": (8, "refused")}
    for number, (name, (code, status)) in enumerate(ends.items()):
        out = tmp_path / f"{number}.dcm"
        arguments = ["convert", str(tree / name), str(out), "--policy", policy, "--json"]
        assert main(arguments) == code
        done = json.loads(capfd.readouterr().out)
        assert (done["status"], out.exists()) == (status, code == 0)
        assert done["rule"].startswith("default, rule")
    assert done["error"] == "refused by default, rule 1: not in this archive"


@pytest.mark.parametrize(
    ("codec", "code"), [("refuses", ExitCode.CODEC), ("raises", ExitCode.VERIFICATION)]
)
def test_what_fails_on_the_way_is_kept_as_it_is_where_that_is_wanted(
    capfd: pytest.CaptureFixture[str],
    ct: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    codec: str,
    code: int,
) -> None:
    install(FAULT_CODECS, tmp_path / "site", monkeypatch)
    out = tmp_path / "out.dcm"
    arguments = ["convert", str(ct), str(out), "--to", "rle", "--codec", codec, "--json"]
    assert main(arguments) == code
    assert not out.exists()
    capfd.readouterr()
    assert main([*arguments, "--on-failure", "keep-original"]) == ExitCode.DONE
    done = json.loads(capfd.readouterr().out)
    assert (done["status"], done["action"]) == ("kept", "keep")
    assert "could not convert to rle-lossless" in done["warnings"][0]
    assert bool(done["attempts"]) == (codec == "refuses")
    assert out.read_bytes() == ct.read_bytes()


@pytest.mark.parametrize(
    ("other", "remark"),
    [("CT_small.dcm", "no range for 1 file"), ("MR_small_RLE.dcm", "1 file not estimated")],
)
def test_an_estimate_says_what_one_result_does_not_tell(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, ct: Path, other: str, remark: str
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.dcm").write_bytes(ct.read_bytes())
    (tmp_path / "in" / "b.dcm").write_bytes(corpus.file(other).read_bytes())
    ways = ["--to", "jpeg2000-lossless", "--estimate", "1"]
    _, lines, err = told(capfd, [tmp_path / "in", *ways])
    assert f"({remark})" in err
    assert sum(line["bytes_out_spread"] is None for line in lines) == 1


def test_files_that_are_not_dicom_are_named(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, ct: Path
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.dcm").write_bytes(ct.read_bytes())
    (tmp_path / "in" / "b.txt").write_text("no DICOM")
    _, lines, err = told(capfd, [tmp_path / "in", "--to", "rle"])
    assert len(lines) == 1
    assert "b.txt: skipped: not a DICOM file" in err
