"""``dicomtx modify`` from outside: what it prints, how it ends, what it leaves behind."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydicom import dcmread

from dicomtx.errors import ExitCode
from tests import corpus, file_trees
from tests.cli.test_outcome_schema import VALIDATOR
from tests.conftest import Run

PLANNED = json.loads(Path("dicomtx/cli/schemas/planned.schema.json").read_text())


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return file_trees.make(tmp_path / "in", [0, 1])


def rows(printed: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in printed.splitlines()]


def test_the_outcome_of_each_file_has_its_new_uids(run: Run, tree: Path, tmp_path: Path) -> None:
    report, uids = tmp_path / "r.jsonl", tmp_path / "uids.tsv"
    options = ("--set", "PatientID=NEW", "--json", "--report", report, "--uid-map", uids)
    done = run("modify", tree, tmp_path / "out", *options)
    assert done.returncode == 0
    outcomes = rows(done.stdout)
    assert len(outcomes) == 2
    for outcome in outcomes:
        VALIDATOR.validate(outcome)
        after = dcmread(outcome["destination"])
        assert outcome["modified"] == ["PatientID", "SOPInstanceUID"]  # it has no study
        assert outcome["new_uids"] == {outcome["sop_instance_uid"]: after.SOPInstanceUID}
        assert outcome["action"] == "rewrite"
    assert [row for row in rows(report.read_bytes()) if "path" in row] == outcomes
    assert uids.read_text().split() == [*outcomes[0]["new_uids"], *outcomes[0]["new_uids"].values()]


def test_the_summary_names_the_command(run: Run, tree: Path, tmp_path: Path) -> None:
    done = run("modify", tree, tmp_path / "out", "--set", "PatientID=NEW", "-j", "1")
    assert done.stdout.startswith(b"modify: 2 done, ")
    assert done.stderr == b""


def test_a_dry_run_names_the_elements_and_writes_nothing(
    run: Run, tree: Path, tmp_path: Path
) -> None:
    arguments = ("modify", "-n", tree, tmp_path / "out", "--set", "PatientID=NEW")
    shown = run(*arguments)
    assert b": rewrite, explicit-vr-little-endian, modifies PatientID, SOPI" in shown.stdout
    for planned in rows(run(*arguments, "--json").stdout):
        jsonschema.validate(planned, PLANNED)
        assert planned["modified"] == ["PatientID", "SOPInstanceUID"]
    assert not (tmp_path / "out").exists()


@pytest.mark.long
def test_sources_are_overwritten_and_done_once(run: Run, tree: Path, tmp_path: Path) -> None:
    command = ("modify", "--in-place", tree, "--set", "PatientID=NEW", "--journal", tmp_path / "j")
    assert run(*command).returncode == 0
    first = file_trees.content(tree)
    again = run(*command)
    assert b"modify: 0 done, 0 kept, 0 refused, 0 failed, 2 skipped" in again.stdout
    assert file_trees.content(tree) == first


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ([], ""),  # new UIDs alone are a modification
        (["--keep-uids"], "nothing to modify"),
        (["--set", "Rows=1"], "--set Rows=1: Rows cannot be modified"),
        (["--set", "PatientID"], "use KEYWORD=VALUE"),
        (["--remove", "Nobody"], "--remove Nobody: 'Nobody' is not a PS3.6 keyword"),
        (["--remove", "PatientID", "--set", "PatientID=1"], "contradict each other"),
        (["--keep-uids", "--level", "study"], "--level and --keep-uids contradict"),
        (["--uid", "keep"], "--uid keep also needs --keep-uids"),
        (["--level", "series", "--set", "PatientID=1"], "the level series keep it"),
        (["--set", "PatientID=1", "--quality", "80"], "--quality needs a lossy target"),
        (["--best-of", "rle,explicit"], ""),
    ],
)
def test_impossible_options_are_refused_before_any_work(
    run: Run, tree: Path, tmp_path: Path, options: list[str], why: str
) -> None:
    done = run("modify", tree, tmp_path / "out", *options)
    assert done.returncode == (ExitCode.USAGE if why else ExitCode.DONE)
    assert why in done.stderr.decode()
    assert (tmp_path / "out").exists() is not bool(why)


def test_the_default_policy_does_not_convert(run: Run, tree: Path, tmp_path: Path) -> None:
    config = tmp_path / "dicomtx.toml"
    config.write_text('[[policy.default.rule]]\nto = "rle"\n')
    options = ("--set", "PatientID=1", "--config", config, "--json")
    stayed = rows(run("modify", tree, tmp_path / "a", *options).stdout)
    assert {one["action"] for one in stayed} == {"rewrite"}
    named = rows(run("modify", tree, tmp_path / "b", *options, "--policy", "default").stdout)
    assert {one["action"] for one in named} == {"encode"}


@pytest.mark.long
def test_a_conversion_that_fails_keeps_the_syntax_if_that_is_asked_for(
    run: Run, tmp_path: Path
) -> None:
    source = corpus.file("rtdose.dcm")
    options = ("--set", "PatientID=1", "--to", "jpeg-baseline", "--lossy")
    assert run("modify", source, tmp_path / "a", *options).returncode == ExitCode.SOME_FAILED
    kept = run("modify", source, tmp_path / "b", *options, "--on-failure", "keep-original")
    assert kept.returncode == ExitCode.DONE
    assert b"modified, but the transfer syntax is kept: cannot convert to" in kept.stderr
    assert dcmread(tmp_path / "b/rtdose.dcm").PatientID == "1"
