"""A reviewed plan is carried out as it was; what has changed since ends it."""

import json
import os
import pickle
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

from dicomtx.engine.planning.policy import OneTarget, RuleBook
from dicomtx.errors import DestinationError, ExitCode, UsageError
from dicomtx.settings import Settings
from dicomtx.storage.local_file import LocalFile
from dicomtx.storage.zip.member import ZipMember
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.batch.batch import opened
from dicomtx.workflows.batch.job import Batch
from dicomtx.workflows.batch.quarantine import place_of, set_aside
from dicomtx.workflows.batch.reviewed_plan import steps
from dicomtx.workflows.convert.convert import convert
from dicomtx.workflows.convert.request import Request
from dicomtx.workflows.inputs.arguments import Selection
from dicomtx.workflows.inputs.arguments import find as find_files
from dicomtx.workflows.policies.toml import read_policies
from dicomtx.workflows.preview.dry_run import Asked, dry_run
from tests import corpus
from tests.in_process import InProcess

POLICY = """
[[policy.a.rule]]
modality = "RT*"
refuse = "no"
[[policy.a.rule]]
compressed = true
keep = true
[[policy.a.rule]]
to = "jpeg2000-lossless"
fallback = ["rle-lossless"]
"""


def rules(tmp_path: Path) -> RuleBook:
    (tmp_path / "a.toml").write_text(POLICY)
    return read_policies(str(tmp_path / "a.toml"))["a"]


def planned(tmp_path: Path) -> Path:
    """Returns the plan of a small tree."""
    tree = tmp_path / "tree"
    tree.mkdir()
    for name in ("CT_small.dcm", "JPEG2000.dcm", "rtplan.dcm"):
        shutil.copy(corpus.file(name), tree)
    return plan_of(tmp_path)


def plan_of(tmp_path: Path) -> Path:
    """Returns the plan of what is in ``tree``."""
    tree = tmp_path / "tree"
    asked = Asked((str(tree),), rules(tmp_path), Settings())
    plan = tmp_path / "plan.json"
    plan.write_text("".join(json.dumps(one.as_json()) + "\n" for one in dry_run(asked)))
    return plan


def changed(plan: Path, **values: Any) -> None:
    """Changes the first line of a plan."""
    first, *others = plan.read_text().splitlines()
    line = json.loads(first) | values
    plan.write_text("\n".join([json.dumps(line), *others]))


def test_what_was_planned_is_done_and_what_was_refused_is_not(tmp_path: Path) -> None:
    plan = planned(tmp_path)
    done = {}
    for step in steps(str(plan), Settings()):
        destination = str(tmp_path / step.relative)
        outcome = step.outcome or convert(step.request._replace(destination=destination))
        done[step.relative] = (outcome.action, outcome.exit_code, outcome.rule)
    assert done == {
        "CT_small.dcm": ("encode", 0, "a, rule 3"),
        "JPEG2000.dcm": ("keep", 0, "a, rule 2"),
        "rtplan.dcm": ("refuse", 8, "a, rule 1"),
    }
    assert not (tmp_path / "rtplan.dcm").exists()


def test_the_options_of_a_rule_come_with_the_plan(tmp_path: Path) -> None:
    plan = planned(tmp_path)
    first = next(steps(str(plan), Settings(strict=True)))
    assert first.request.settings == Settings(strict=True, fallback=("rle-lossless",))


def test_settings_that_were_not_in_force_when_it_was_planned_change_nothing(tmp_path: Path) -> None:
    plan = planned(tmp_path)
    now = Settings(ratio=20, overlays="drop", uid="keep", threads=3, codecs=("imagecodecs",))
    first = next(steps(str(plan), now))
    taken = first.request.settings
    assert taken == Settings(threads=3, codecs=("imagecodecs",), fallback=("rle-lossless",))


@pytest.mark.parametrize("how", ["size", "time", "gone"])
def test_a_file_that_has_changed_since_is_told(tmp_path: Path, how: str) -> None:
    plan, source = planned(tmp_path), tmp_path / "tree" / "JPEG2000.dcm"
    status = source.stat()
    if how == "gone":
        source.unlink()
    else:
        source.write_bytes(source.read_bytes() + b"\0" * (how == "size"))
        ns = status.st_mtime_ns + (how == "time")
        os.utime(source, ns=(ns, ns))
    changed = {step.relative: step.changed for step in steps(str(plan), Settings())}
    assert "since the plan was made" in changed.pop("JPEG2000.dcm")
    assert set(changed.values()) == {""}


@pytest.mark.parametrize("when", ["before", "during"])
def test_a_batch_leaves_out_what_has_changed_since_it_was_planned(
    tmp_path: Path, when: str
) -> None:
    plan, source = planned(tmp_path), tmp_path / "tree" / "CT_small.dcm"
    asked = Batch((), str(tmp_path / "out"), from_plan=str(plan), executor=InProcess())
    if when == "before":
        source.write_bytes(source.read_bytes() + b"\0\0")
    with opened(asked) as run:
        if when == "during":
            source.write_bytes(source.read_bytes() + b"\0\0")
        outcomes = {Path(outcome.path).name: outcome for outcome in run.outcomes()}
    assert "changed since" in outcomes["CT_small.dcm"].error
    assert outcomes["CT_small.dcm"].exit_code == ExitCode.SOURCE
    assert outcomes["JPEG2000.dcm"].exit_code == ExitCode.DONE
    assert not (tmp_path / "out" / "CT_small.dcm").exists()


def test_a_member_of_an_archive_is_found_in_it(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    archive = tmp_path / "tree/cd.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for name in ("a/CT_small.dcm", "rtplan.dcm"):
            file.write(corpus.file(Path(name).name), name)
    found = {}
    for step in steps(str(plan_of(tmp_path)), Settings()):
        source = step.request.source
        assert isinstance(source, ZipMember)
        found[step.relative] = (source.path, source.inside, step.changed)
    assert found == {
        "cd/a/CT_small.dcm": (str(archive), "a/CT_small.dcm", ""),
        "cd/rtplan.dcm": (str(archive), "rtplan.dcm", ""),
    }
    with zipfile.ZipFile(archive, "a") as file:
        file.writestr("more", "")
    assert all(
        "changed since" in step.changed for step in steps(str(tmp_path / "plan.json"), Settings())
    )
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("more", "")
    assert all(
        "removed from its archive" in step.changed
        for step in steps(str(tmp_path / "plan.json"), Settings())
    )
    archive.unlink()
    assert all(
        "removed since" in step.changed for step in steps(str(tmp_path / "plan.json"), Settings())
    )


@pytest.mark.parametrize(
    "values",
    [
        {"target_syntax": "1.2.3"},
        {"action": "nonsense"},
        {"options": {"nonsense": 1}},
        {"options": {"strict": "yes"}},
        {"relative": "../out.dcm"},
        {"relative": "/out.dcm"},
    ],
)
def test_a_line_that_cannot_be_of_a_plan_is_told(tmp_path: Path, values: dict[str, Any]) -> None:
    plan = planned(tmp_path)
    changed(plan, **values)
    with pytest.raises(UsageError, match="line 1"):
        list(steps(str(plan), Settings()))


@pytest.mark.parametrize("text", ["no JSON", "5", "[]", "{}", '{"totals": {}}'])
def test_a_file_that_is_no_plan_is_told(tmp_path: Path, text: str) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text(text)
    with pytest.raises(UsageError, match="line 1: not a line of plan --json"):
        list(steps(str(plan), Settings()))


def test_what_is_set_aside_keeps_its_time_and_is_not_copied_again(tmp_path: Path) -> None:
    planned(tmp_path)
    (found,) = find_files([str(tmp_path / "tree/rtplan.dcm")], Selection())
    path = place_of(found, str(tmp_path / "rejected"))
    set_aside(found, path)
    source = tmp_path / "tree/rtplan.dcm"
    assert path == str(tmp_path / "rejected/rtplan.dcm")
    assert Path(path).read_bytes() == source.read_bytes()
    assert Path(path).stat().st_mtime_ns == source.stat().st_mtime_ns
    before = Path(path).stat().st_ino
    set_aside(found, path, overwrite=True)
    assert Path(path).stat().st_ino == before
    source.touch()
    with pytest.raises(DestinationError, match="already exists"):
        set_aside(found, path)


def test_a_policy_and_its_outcome_go_to_workers_and_come_back(tmp_path: Path) -> None:
    for policy in (rules(tmp_path), OneTarget(find("rle"))):
        request = Request(LocalFile("a"), "b", policy=policy)
        assert pickle.loads(pickle.dumps(request)) == request
