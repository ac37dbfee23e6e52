"""Dry runs of convert, batch and export: they show what the command does, and write nothing."""

import json
import shutil
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from dicomtx.cli import main
from dicomtx.errors import ExitCode
from dicomtx.transfer_syntaxes import find
from tests import corpus
from tests.dicom.builder import image, native, part10
from tests.sampling import sampled

SCHEMA = json.loads(files("dicomtx.cli").joinpath("schemas/planned.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
GREY = image(8, 9, allocated=16, stored=12)
NAMES = ("CT_small.dcm", "JPEG2000.dcm", "MR_small.dcm", "rtdose_1frame.dcm", "rtplan.dcm")
Lines = dict[str, dict[str, Any]]


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    folder = tmp_path / "in"
    (folder / "sub").mkdir(parents=True)
    for name in NAMES:
        shutil.copy(corpus.file(name), folder / ("sub" if name == "MR_small.dcm" else ""))
    (folder / "notes.txt").write_text("not DICOM")
    return folder


def all_files(folder: Path) -> dict[Path, tuple[int, bytes]]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in found}


def ran(
    capfd: pytest.CaptureFixture[str], arguments: Sequence[object], *, dry: bool = False
) -> tuple[int, Lines]:
    """Returns the exit code of a command, and its JSON lines by path."""
    capfd.readouterr()
    code = main([*map(str, arguments), "--json", *["-n"] * dry])
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    for line in lines if dry else ():
        VALIDATOR.validate(line)
    return code, {line["path"]: line for line in lines}


def kinds(lines: Lines) -> dict[str, tuple[Any, ...]]:
    """Returns what a plan and an outcome must agree on."""
    names = ("status", "target_syntax", "error", "exit_code")
    return {path: tuple(line[name] for name in names) for path, line in lines.items()}


def check_same(capfd: pytest.CaptureFixture[str], tree: Path, arguments: Sequence[str]) -> Lines:
    """Checks that a dry run writes nothing and shows what the command does; returns its lines."""
    before = all_files(tree.parent)
    code, planned = ran(capfd, arguments, dry=True)
    assert all_files(tree.parent) == before
    ended, done = ran(capfd, arguments)
    assert (code, kinds(planned)) == (ended, kinds(done))
    for path, line in planned.items():
        if done[path]["target_syntax"]:
            assert line["destination"] == done[path]["destination"]
    return planned


@pytest.mark.parametrize(
    "options",
    sampled(
        [
            ["--to", "explicit", "--only", "uncompressed"],
            ["--to", "jpeg-ls-lossless", "--copy-others"],
            ["--policy", "keep.toml", "--skip-same"],
        ],
        2,
    ),
)
def test_a_reviewed_plan_can_be_the_dry_run_of_a_batch(
    capfd: pytest.CaptureFixture[str],
    tree: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
) -> None:
    monkeypatch.chdir(tree.parent)
    Path("keep.toml").write_text("[[policy.keep.rule]]\nkeep = true\n")
    private = (
        (tree / "rtplan.dcm").read_bytes().replace(b"1.2.840.10008.1.2\0", b"1.2.3.4.5.6.7.8.9\0")
    )
    (tree / "private.dcm").write_bytes(private)
    code, planned = ran(capfd, ["batch", "in", "a", *options], dry=True)
    lines = "".join(json.dumps(line) + "\n" for line in planned.values())
    Path("plan.jsonl").write_text(lines)
    assert main(["batch", "in", "a", *options]) == code
    capfd.readouterr()
    ended, done = ran(capfd, ["batch", "--from-plan", "plan.jsonl", "b"])
    assert ended == code
    assert all(
        (one["status"] == "skipped") == (planned[p]["action"] == "skip") for p, one in done.items()
    )
    made = [
        {
            p.relative_to(Path(d)): p.read_bytes()
            for p in Path(d).rglob("*.*")
            if p.name[0] != "." and p.is_file()
        }
        for d in "ab"
    ]
    assert made[0] == made[1]
    assert main(["batch", "in", "a", *options, "-n"]) == code  # now most files are done
    code, planned = ran(capfd, ["batch", "in", "a", *options], dry=True)
    Path("plan.jsonl").write_text("".join(json.dumps(line) + "\n" for line in planned.values()))
    assert main(["batch", "--from-plan", "plan.jsonl", "c"]) == code


@pytest.mark.parametrize(
    "options",
    sampled(
        [
            ["out", "--to", "jpeg2000", "--quality", "90", "--copy-others"],
            ["out", "--to", "jpeg2000-lossless"],
            ["--in-place", "--to", "jpeg-ls-lossless"],
            ["out", "--to", "explicit", "--skip-same", "--only", "uncompressed"],
            ["out", "--to", "rle", "--layout", "{Modality}/{SOPInstanceUID}.dcm"],
        ],
        2,
    ),
)
def test_a_dry_run_of_batch_shows_what_batch_does(
    capfd: pytest.CaptureFixture[str], tree: Path, options: list[str]
) -> None:
    places = [str(tree.parent / name) if name == "out" else name for name in options]
    if "--copy-others" in options:  # an outcome has no syntax for a copy of a text file
        (tree / "notes.txt").unlink()
    check_same(capfd, tree, ["batch", str(tree), *places])


def test_a_dry_run_names_the_syntaxes_of_best_of_and_when_only_if_smaller_copies(
    capfd: pytest.CaptureFixture[str], tree: Path
) -> None:
    best = ["--best-of", "jpeg2000-lossless,rle", "--only-if-smaller"]
    code, lines = ran(capfd, ["batch", tree, tree.parent / "out", *best], dry=True)
    ct, dose = lines[f"{tree}/CT_small.dcm"], lines[f"{tree}/rtdose_1frame.dcm"]
    assert ct["reason"] == "the smallest of jpeg2000-lossless, rle-lossless"
    assert ct["otherwise"] == ["copied unchanged if the result is not smaller"]
    assert dose["target_syntax"] == find("rle").uid  # JPEG 2000 cannot hold 32 bits
    assert code == ExitCode.DONE


def test_a_dry_run_knows_what_an_earlier_run_did_and_leaves_its_journal_unchanged(
    capfd: pytest.CaptureFixture[str], tree: Path
) -> None:
    command = ["batch", tree, tree.parent / "out", "--to", "rle"]
    ran(capfd, command)
    shutil.copy(tree / "CT_small.dcm", tree / "new.dcm")
    (tree.parent / "out" / "other.dcm").write_bytes(b"not written by dicomtx")
    shutil.copy(tree / "CT_small.dcm", tree / "other.dcm")
    before = all_files(tree.parent)
    code, lines = ran(capfd, command, dry=True)
    assert all_files(tree.parent) == before
    assert lines[f"{tree}/CT_small.dcm"]["reason"] == "done in an earlier run"
    assert lines[f"{tree}/new.dcm"]["action"] == "encode"
    assert lines[f"{tree}/other.dcm"]["exit_code"] == ExitCode.DESTINATION
    assert code == ExitCode.SOME_FAILED
    assert ran(capfd, [*command, "-f"], dry=True)[0] == ExitCode.DONE


def test_a_dry_run_of_a_batch_follows_its_policy_and_says_what_is_set_aside(
    capfd: pytest.CaptureFixture[str], tree: Path
) -> None:
    policy, aside = tree.parent / "policy.toml", tree.parent / "aside"
    policy.write_text("[[policy.a.rule]]\nmodality='RT*'\nrefuse='no'\n[[policy.a.rule]]\nto='rle'")
    command = ["batch", tree, tree.parent / "out", "--policy", policy, "--rejected", aside]
    code, lines = ran(capfd, command, dry=True)
    plan = lines[f"{tree}/rtplan.dcm"]
    assert (plan["action"], plan["exit_code"]) == ("refuse", ExitCode.POLICY)
    assert plan["warnings"] == [f"copied to {aside}/rtplan.dcm"]
    assert (code, aside.exists()) == (ExitCode.DONE, False)
    assert ran(capfd, [*command, "--strict"], dry=True)[0] == ExitCode.SOME_FAILED


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["in/CT_small.dcm", "new.dcm", "--to", "rle"], ExitCode.DONE),
        (["in/CT_small.dcm", "in", "--to", "rle", "-f"], ExitCode.USAGE),  # the source itself
        (["in/CT_small.dcm", "in/sub", "--to", "rle"], ExitCode.DONE),
        (["in/CT_small.dcm", "in/rtplan.dcm", "--to", "rle"], ExitCode.DESTINATION),
        (["in/CT_small.dcm", "in/rtplan.dcm", "--to", "rle", "-f"], ExitCode.DONE),
        (["in/CT_small.dcm", "no/new.dcm", "--to", "rle"], ExitCode.DESTINATION),
        (["in/rtdose_1frame.dcm", "new.dcm", "--to", "jpeg2000-lossless"], ExitCode.UNSUPPORTED),
        (["in/notes.txt", "new.dcm", "--to", "rle"], ExitCode.SOURCE),
        (["in/CT_small.dcm", "--in-place", "--to", "rle"], ExitCode.DONE),
    ],
)
def test_a_dry_run_of_convert_ends_as_convert_does(
    capfd: pytest.CaptureFixture[str],
    tree: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    code: ExitCode,
) -> None:
    monkeypatch.chdir(tree.parent)
    before = all_files(tree.parent)
    assert main(["convert", *options, "-n"]) == code
    dry = capfd.readouterr()
    assert all_files(tree.parent) == before
    assert main(["convert", *options]) == code
    real = capfd.readouterr()
    assert bool(dry.out) == bool(real.out) == (code == ExitCode.DONE)
    assert dry.out.partition(": ")[0] == real.out.partition(": ")[0]


def test_a_dry_run_notices_that_a_folder_cannot_be_made(
    capfd: pytest.CaptureFixture[str], tree: Path
) -> None:
    command = ["batch", tree, tree.parent / "out", "--to", "rle"]
    (tree.parent / "out").mkdir()
    (tree.parent / "out" / "sub").write_text("a file where a folder is needed")
    _, lines = ran(capfd, command, dry=True)
    assert lines[f"{tree}/sub/MR_small.dcm"]["exit_code"] == ExitCode.DESTINATION
    assert lines[f"{tree}/CT_small.dcm"]["exit_code"] == ExitCode.DONE


@pytest.mark.parametrize(
    "options",
    [
        ["archive", "out.zip", "--to", "rle"],
        ["archive", "out.zip", "--layout", "{Modality}/{SOPInstanceUID}.dcm"],
        ["media", "cd", "--profile", "STD-GEN-CD"],
        ["media", "cd.zip", "--naming", "standard"],
    ],
)
def test_a_dry_run_of_export_shows_what_export_does(
    capfd: pytest.CaptureFixture[str], tree: Path, options: list[str]
) -> None:
    (tree / "rtdose_1frame.dcm").unlink()
    kind, out, *rest = options
    check_same(capfd, tree, ["export", kind, str(tree), str(tree.parent / out), *rest])


def test_a_dry_run_of_export_says_that_a_file_is_exported_unchanged_or_that_nothing_is(
    capfd: pytest.CaptureFixture[str], tree: Path
) -> None:
    to = ["export", "archive", tree, tree.parent / "out.zip", "--to", "jpeg2000-lossless"]
    code, lines = ran(capfd, to, dry=True)
    assert lines[f"{tree}/rtdose_1frame.dcm"]["warnings"] == ["exported unchanged"]
    assert code == ExitCode.SOME_FAILED
    assert main([*map(str, to), "-n", "--strict"]) == ExitCode.UNSUPPORTED
    assert "nothing would be written: 2 of the files would fail" in capfd.readouterr().err


def test_a_dry_run_of_append_numbers_files_from_the_first_that_is_free(
    capfd: pytest.CaptureFixture[str], tree: Path
) -> None:
    cd = tree.parent / "cd"
    ran(capfd, ["export", "media", tree / "CT_small.dcm", cd])
    append = ["export", "media", str(tree / "sub"), str(cd), "--append"]
    planned = check_same(capfd, tree, append)
    assert planned[f"{tree}/sub/MR_small.dcm"]["destination"] == f"{cd}/IMAGES/IM1"
    assert main(["export", "media", str(tree), str(cd), "-n"]) == ExitCode.DESTINATION


def test_what_would_fail_is_on_standard_error_and_the_totals_are_last(
    capfd: pytest.CaptureFixture[str], tree: Path
) -> None:
    command = ["batch", str(tree), str(tree.parent / "out"), "--to", "jpeg2000-lossless", "-n"]
    assert main(command) == ExitCode.SOME_FAILED
    out, err = capfd.readouterr()
    said = f"dicomtx: {tree}/rtdose_1frame.dcm: cannot convert to jpeg2000-lossless: JPEG 2000"
    assert err.startswith(said)
    *_, last = out.splitlines()
    said = "3 would be done, 1 kept, 1 refused, 1 skipped"
    assert last == f"dry run: {said}, 57.0 kB; nothing was written"
    main(command[:-1])
    assert "batch: 3 done, 1 kept, 1 refused, 0 failed, 1 skipped" in capfd.readouterr().out


@pytest.mark.parametrize("option", [["--report", "x.csv"], ["--uid-map", "x.tsv"]])
def test_a_dry_run_writes_no_report(
    capfd: pytest.CaptureFixture[str], tree: Path, option: list[str]
) -> None:
    command = ["batch", str(tree), str(tree.parent / "out"), "-n", *option]
    assert main(command) == ExitCode.USAGE
    assert f"--dry-run and {option[0]} contradict each other" in capfd.readouterr().err


def test_a_dry_run_fails_if_no_codec_can_verify_the_result(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    source = tmp_path / "a.dcm"
    source.write_bytes(part10("explicit", native(GREY, bytes(GREY.frame_bytes))))
    command = ["convert", str(source), str(tmp_path / "b.dcm"), "--verify", "independent", "--to"]
    assert main([*command, "jpeg-xl-lossless", "-n"]) == ExitCode.VERIFICATION
    dry = capfd.readouterr().err
    assert main([*command, "jpeg-xl-lossless"]) == ExitCode.VERIFICATION
    assert capfd.readouterr().err == dry
    assert main([*command, "rle", "-n"]) == ExitCode.DONE
