"""A reviewed plan is carried out as it was; what has changed since ends it."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from dicomtx.engine.policy import OneTarget, RuleBook
from dicomtx.errors import SourceError, UsageError
from dicomtx.settings import Settings
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.convert import convert
from dicomtx.workflows.dry_run import Asked, dry_run
from dicomtx.workflows.from_plan import steps
from dicomtx.workflows.policies import read_policies
from dicomtx.workflows.rejected import set_aside
from dicomtx.workflows.request import Request
from dicomtx.workflows.tree import Rules
from dicomtx.workflows.tree import find as find_files
from tests import corpus

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
        outcome = convert(step.request._replace(destination=str(tmp_path / step.relative)))
        done[step.relative] = (outcome.action, outcome.exit_code, outcome.rule)
    assert done == {
        "CT_small.dcm": ("encode", 0, "a, rule 3"),
        "JPEG2000.dcm": ("keep", 0, "a, rule 2"),
    }


def test_the_options_of_a_rule_come_with_the_plan(tmp_path: Path) -> None:
    plan = planned(tmp_path)
    first = next(steps(str(plan), Settings(strict=True)))
    assert first.request.settings == Settings(strict=True, fallback=("rle-lossless",))


@pytest.mark.parametrize("how", ["size", "time", "gone"])
def test_a_file_that_has_changed_since_ends_it(tmp_path: Path, how: str) -> None:
    plan, source = planned(tmp_path), tmp_path / "tree" / "JPEG2000.dcm"
    status = source.stat()
    if how == "gone":
        source.unlink()
    else:
        source.write_bytes(source.read_bytes() + b"\0" * (how == "size"))
        ns = status.st_mtime_ns + (how == "time")
        os.utime(source, ns=(ns, ns))
    run = steps(str(plan), Settings())
    assert next(run).relative == "CT_small.dcm"
    with pytest.raises(SourceError, match="since it was planned"):
        next(run)


@pytest.mark.parametrize(
    "values",
    [
        {"target_syntax": "1.2.3"},
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


@pytest.mark.parametrize("text", ["no JSON", "[]", "{}", '{"totals": {}}'])
def test_a_file_that_is_no_plan_is_told(tmp_path: Path, text: str) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text(text)
    with pytest.raises(UsageError, match="line 1: no line of plan --json"):
        list(steps(str(plan), Settings()))


def test_what_the_policy_refuses_can_be_set_aside_and_nothing_else(tmp_path: Path) -> None:
    planned(tmp_path)
    aside = tmp_path / "rejected"
    places = {}
    for found in find_files([str(tmp_path / "tree")], Rules()):
        request = Request(found.path, str(tmp_path / "out.dcm"), policy=rules(tmp_path))
        outcome = convert(request._replace(overwrite=True))
        places[found.relative] = set_aside(outcome, found, str(aside))
    assert places == {
        "CT_small.dcm": "",
        "JPEG2000.dcm": "",
        "rtplan.dcm": str(aside / "rtplan.dcm"),
    }
    source = tmp_path / "tree" / "rtplan.dcm"
    assert (aside / "rtplan.dcm").read_bytes() == source.read_bytes()


def test_a_policy_and_its_outcome_go_to_workers_and_come_back(tmp_path: Path) -> None:
    import pickle

    for policy in (rules(tmp_path), OneTarget(find("rle"))):
        request = Request("a", "b", policy=policy)
        assert pickle.loads(pickle.dumps(request)) == request
