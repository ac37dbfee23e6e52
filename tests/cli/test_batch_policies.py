"""Policies and reviewed plans over trees: what was planned is what is done, file by file."""

import json
import os
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

from dicomtx.errors import ExitCode
from tests import corpus, file_trees
from tests.conftest import Run
from tests.sampling import sampled

POLICY = """
[[policy.a.rule]]
modality = "RT*"
refuse = "no plans"
[[policy.a.rule]]
compressed = true
keep = true
[[policy.a.rule]]
modality = "MR"
to = "jpeg-ls-lossless"
[[policy.a.rule]]
to = "rle-lossless"
overlays = "drop"
"""
NAMES = ("CT_small.dcm", "MR_small.dcm", "JPEG2000.dcm", "rtplan.dcm")


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in/deep").mkdir(parents=True)
    for name in NAMES:
        shutil.copy(corpus.file(name), tmp_path / "in/deep")
    with zipfile.ZipFile(tmp_path / "in/cd.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in NAMES:
            archive.write(corpus.file(name), f"x/{name}")
    (tmp_path / "in/notes.txt").write_text("no DICOM")
    (tmp_path / "a.toml").write_text(POLICY)
    return tmp_path / "in"


def lines(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in data.splitlines()]


def made(values: dict[str, Any]) -> tuple[Any, ...]:
    """Returns what a line of a plan and one of a report have in common."""
    shared = ("action", "source_syntax", "target_syntax", "exit_code", "rule", "bytes_in")
    return tuple(values[name] for name in shared)


def test_a_policy_is_carried_out_as_it_was_planned_file_by_file(run: Run, tree: Path) -> None:
    plan = run("plan", "in", "--policy", "a.toml", "--json")
    assert plan.returncode == ExitCode.POLICY
    Path("p.json").write_bytes(plan.stdout)
    wanted = {line["path"]: made(line) for line in lines(plan.stdout)}
    assert {action for action, *_ in wanted.values()} == {"encode", "keep", "refuse"}
    assert len(wanted) == 8
    direct = run("batch", "in", "direct", "--policy", "a.toml", "--json", "--rejected", "no")
    assert direct.returncode == 0, direct.stderr
    done = {o["path"]: made(o) for o in lines(direct.stdout) if o["status"] != "skipped"}
    assert done == wanted
    reviewed = run("batch", "--from-plan", "p.json", "out", "--json", "--rejected", "not")
    assert reviewed.returncode == 0, reviewed.stderr
    assert {o["path"]: made(o) for o in lines(reviewed.stdout)} == wanted
    assert file_trees.content(Path("out")) == file_trees.content(Path("direct"))
    assert file_trees.content(Path("not")) == file_trees.content(Path("no"))
    assert file_trees.content(Path("no")).keys() == {"deep/rtplan.dcm", "cd/x/rtplan.dcm"}
    again = run("batch", "--from-plan", "p.json", "out", "--rejected", "not")
    assert again.returncode == 0
    assert b"0 done, 0 kept, 2 refused, 0 failed, 6 skipped" in again.stdout


def test_what_a_policy_refuses_is_listed_and_an_error_only_if_strict(run: Run, tree: Path) -> None:
    done = run("batch", "in", "out", "--policy", "a.toml")
    assert done.returncode == 0
    assert b"in/deep/rtplan.dcm: refused by a, rule 1: no plans" in done.stderr
    again = run("batch", "in", "out", "--policy", "a.toml")  # known by the journal
    assert again.returncode == 0
    assert b"in/deep/rtplan.dcm: refused by a, rule 1: no plans" in again.stderr
    strict = run("batch", "in", "strict", "--policy", "a.toml", "--strict")
    assert strict.returncode == ExitCode.SOME_FAILED


def test_what_cannot_be_transcoded_is_an_error_or_kept(run: Run, tree: Path) -> None:
    target = (
        "--include",
        "?[TR]_small.dcm",
        "--to",
        "jpeg-baseline",
        "--lossy",
    )  # 16 bits cannot be in it
    failed = run("batch", "in/deep", "out", *target)
    assert failed.returncode == ExitCode.SOME_FAILED
    assert b"0 done, 0 kept, 2 refused" in failed.stdout
    kept = run("batch", "in/deep", "out", *target, "--on-failure", "keep-original")
    assert kept.returncode == 0, kept.stderr
    sources = file_trees.content(tree / "deep")
    assert file_trees.content(Path("out")) == {n: d for n, d in sources.items() if "small" in n}


def test_another_policy_redoes_files_and_the_same_does_not(run: Run, tree: Path) -> None:
    orthanc = Path("orthanc.json")
    told = {"IngestTranscoding": "1.2.840.10008.1.2.4.80", "AcceptedTransferSyntaxes": ["1.2.*"]}
    orthanc.write_text(json.dumps(told))
    for seed in ("1", "2"):  # sets have another order then
        os.environ["PYTHONHASHSEED"] = seed
        try:
            done = run("batch", "in/deep", "out", "--orthanc", "orthanc.json")
        finally:
            del os.environ["PYTHONHASHSEED"]
        assert done.returncode == 0, done.stderr
    assert b"4 skipped" in done.stdout
    done = run("batch", "in/deep", "out", "--policy", "a.toml")
    assert b"2 done, 1 kept, 1 refused, 0 failed, 0 skipped" in done.stdout
    Path("a.toml").write_text(POLICY.replace("MR", "M?"))
    done = run("batch", "in/deep", "out", "--policy", "a.toml")
    assert b"0 skipped" in done.stdout


@pytest.mark.parametrize("how", ["time", "size", "gone"])
@pytest.mark.parametrize("place", sampled([("out",), ("--in-place", "--journal", "j.sqlite")], 2))
def test_a_file_that_has_changed_since_fails_and_the_others_go_on(
    run: Run, tree: Path, place: tuple[str, ...], how: str
) -> None:
    Path("p.json").write_bytes(run("plan", "in/deep", "--to", "rle", "--json").stdout)
    changed = tree / "deep/MR_small.dcm"
    before, status = changed.read_bytes(), changed.stat()
    if how == "gone":
        changed.unlink()
    else:
        changed.write_bytes(before + b"\0" * (how == "size"))
        os.utime(changed, ns=(0, status.st_mtime_ns + 1))
    done = run("batch", "--from-plan", "p.json", *place)
    assert done.returncode == ExitCode.SOME_FAILED
    assert b" 2 done, " in done.stdout
    assert b" 1 failed" in done.stdout
    assert b"in/deep/MR_small.dcm: " in done.stderr
    assert b"since the plan was made" in done.stderr
    assert not (Path("out") / "MR_small.dcm").exists()
    assert how == "gone" or changed.read_bytes().startswith(before)
    changed.write_bytes(before)
    os.utime(changed, ns=(0, status.st_mtime_ns))
    for wanted in (b" 1 done", b" 0 done"):  # what this very plan has replaced is no change
        done = run("batch", "--from-plan", "p.json", *place)
        assert done.returncode == 0, done.stderr
        assert wanted in done.stdout


def test_contradictions_are_usage_errors(run: Run, tree: Path) -> None:
    Path("p.json").touch()
    for arguments in (
        ("--from-plan", "p.json"),
        ("in", "--from-plan", "p.json", "out"),
        ("--from-plan", "p.json", "out", "--to", "rle"),
        ("--from-plan", "p.json", "out", "--policy", "a.toml"),
        ("--from-plan", "p.json", "out", "--include", "*"),
        ("--from-plan", "p.json", "out", "--ratio", "20"),
        ("--from-plan", "p.json", "out", "--no-repair"),
        ("in", "out", "--best-of", "rle", "--policy", "a.toml"),
        ("in", "out", "--to", "rle", "--policy", "a.toml"),
        ("in", "out", "--rejected", "out"),
        ("in", "out", "--rejected", "a.toml"),
        (),
    ):
        assert run("batch", *arguments).returncode == ExitCode.USAGE, arguments
    assert run("batch", "--from-plan", "gone.json", "out").returncode == ExitCode.USAGE


def test_what_stands_at_the_place_of_a_refused_file_is_left_alone(run: Run, tree: Path) -> None:
    Path("aside").mkdir()
    Path("aside/rtplan.dcm").write_text("mine")
    options = ("--policy", "a.toml", "--rejected", "aside", "--include", "rtplan.dcm")
    done = run("batch", "in/deep", "out", *options)
    assert done.returncode == ExitCode.SOME_FAILED
    assert b"could not be set aside" in done.stderr
    assert Path("aside/rtplan.dcm").read_text() == "mine"
    Path("aside/rtplan.dcm").unlink()
    for _ in range(2):  # ours is replaced when the source is another
        done = run("batch", "in/deep", "out", *options, "--json")
        assert done.returncode == 0, done.stderr
        (told,) = lines(done.stdout)
        assert told["warnings"] == [f"set aside: {Path('aside/rtplan.dcm').absolute()}"]
        assert Path("aside/rtplan.dcm").read_bytes() == (tree / "deep/rtplan.dcm").read_bytes()
        (tree / "deep/rtplan.dcm").touch()
