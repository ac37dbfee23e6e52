"""Rules of a policy modify files: what they say is checked, shown, and carried out."""

from pathlib import Path

import pytest
from pydicom import dcmread

from dicomtx.dicom.modification.modification import Modification
from dicomtx.errors import ExitCode, SettingsError
from dicomtx.workflows.policies.toml import only, read_policies
from dicomtx.workflows.preview.dry_run import explained
from tests import corpus
from tests.conftest import Run

NESTED = "RequestAttributesSequence[0].ScheduledProcedureStepID"
RULE = """
[[policy.ingest.rule]]
modality = "CT"
to = "rle"
set = { InstitutionName = "General" }
[[policy.ingest.rule]]
modality = "MR"
keep = true
replace = { SeriesNumber = "77" }
remove = ["StudyTime", "(0010,0010)"]
new_uids = "series"
[[policy.ingest.rule]]
to = "implicit"
"""


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "policy.toml"
    path.write_text(RULE)
    return path


def test_a_rule_has_changes_and_new_uids(policy: Path) -> None:
    more = f', "{NESTED}" = "1" }}'
    policy.write_text(RULE.replace(' "General" }', f' "General"{more}'))
    rules = read_policies(str(policy))["ingest"].rules
    first, second, third = (rule.modification for rule in rules)
    assert isinstance(first, Modification)
    assert [(c.verb, c.name, c.text) for c in first.changes] == [
        ("set", "InstitutionName", "General"),
        ("set", NESTED, "1"),
    ]
    assert (first.level, first.reason) == ("", "COERCE")
    assert isinstance(second, Modification)
    assert [(c.verb, c.name) for c in second.changes] == [
        ("replace", "SeriesNumber"),
        ("remove", "StudyTime"),
        ("remove", "PatientName"),
    ]
    assert second.level == "series"
    assert first.seed == second.seed != ""
    assert third is None


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ('keep = true\nset = "PatientID"', "set: 'PatientID' is not allowed"),
        ("keep = true\nset = { PatientID = 1 }", "set: 1 is not allowed: use text"),
        ('keep = true\nset = { Nobody = "1" }', "set: 'Nobody' is not a PS3.6 keyword"),
        ('keep = true\nset = { Rows = "1" }', "set: Rows cannot be modified"),
        ('keep = true\nreplace = { StudyDate = "1" }', "replace: StudyDate=1: Invalid value"),
        ("keep = true\nremove = [1]", "remove: 1 is not allowed"),
        ('keep = true\nremove = "PixelData"', "remove: PixelData cannot be modified"),
        ('keep = true\nnew_uids = "all"', "new_uids: 'all' is not allowed"),
        ('keep = true\nremove = "PatientID"\nset = { PatientID = "1" }', "contradict each other"),
        ('refuse = true\nset = { PatientID = "1" }', "a refused file is not modified"),
        ('set = { PatientID = "1" }', "no action"),
    ],
)
def test_a_wrong_modification_is_told_with_its_place(tmp_path: Path, rule: str, why: str) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(f"[[policy.p.rule]]\n{rule}\n")
    with pytest.raises(SettingsError, match="policy p, rule 1") as error:
        read_policies(str(path))
    assert why in str(error.value)
    assert error.value.exit_code == ExitCode.SETTINGS


def test_the_explanation_and_the_plan_name_what_is_modified(run: Run, policy: Path) -> None:
    book = only(read_policies(str(policy)), str(policy))
    (row,) = explained(str(corpus.file("CT_small.dcm")), book)
    assert row == ("rule 1", "matches: to rle-lossless, set InstitutionName")
    *_, row = explained(str(corpus.file("MR_small.dcm")), book)
    assert row[1] == (
        "matches: keep, replace SeriesNumber, remove StudyTime, remove PatientName,"
        " new UIDs (series)"
    )
    plan = run("plan", corpus.file("CT_small.dcm"), "--policy", policy)
    assert b"modifies InstitutionName" in plan.stdout


def test_files_are_modified_by_the_rule_that_matches(
    run: Run, policy: Path, tmp_path: Path
) -> None:
    names = ("CT_small.dcm", "MR_small.dcm", "rtplan.dcm")
    sources = [corpus.file(name) for name in names]
    done = run("batch", *sources, tmp_path / "out", "--policy", policy, "-j", "1")
    assert (done.returncode, done.stderr.count(b"kept")) == (0, 0)
    ct, mr, plan = (dcmread(tmp_path / "out" / name) for name in names)
    before = dcmread(sources[1])
    assert ct.InstitutionName == "General"
    assert ct.SOPInstanceUID == dcmread(sources[0]).SOPInstanceUID
    assert ct.file_meta.TransferSyntaxUID.name == "RLE Lossless"
    assert mr.SeriesNumber == 77
    assert "PatientName" not in mr
    assert mr.StudyInstanceUID == before.StudyInstanceUID
    assert mr.SeriesInstanceUID != before.SeriesInstanceUID
    assert mr.PixelData == before.PixelData
    assert "OriginalAttributesSequence" not in plan
    again = run("batch", sources[1], tmp_path / "other", "--policy", policy)
    assert again.returncode == 0
    other = dcmread(tmp_path / "other/MR_small.dcm")
    assert other.SOPInstanceUID == mr.SOPInstanceUID  # every run gives the same UIDs


def test_one_file_is_modified_by_convert(run: Run, policy: Path, tmp_path: Path) -> None:
    source = corpus.file("CT_small.dcm")
    done = run("convert", source, tmp_path / "out.dcm", "--policy", policy)
    assert done.returncode == 0
    assert dcmread(tmp_path / "out.dcm").InstitutionName == "General"


def test_a_reviewed_plan_does_not_leave_out_a_modification(
    run: Run, policy: Path, tmp_path: Path
) -> None:
    plan = tmp_path / "plan.jsonl"
    source = corpus.file("CT_small.dcm")
    plan.write_bytes(run("plan", source, "--policy", policy, "--json").stdout)
    done = run("batch", "--from-plan", plan, tmp_path / "out")
    assert done.returncode == ExitCode.USAGE
    assert b"a rule of the policy modifies this file" in done.stderr
