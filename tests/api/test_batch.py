"""``dicomtx.batch``: converts trees from Python."""

from pathlib import Path

import pytest
from pydicom import dcmread

import dicomtx
from dicomtx.errors import SettingsError, UsageError
from tests.converter import grey


def _tree(folder: Path) -> Path:
    (folder / "in" / "sub").mkdir(parents=True)
    for name in ("a.dcm", "sub/b.dcm"):
        (folder / "in" / name).write_bytes(grey())
    (folder / "in" / "notes.txt").write_text("not DICOM")
    return folder / "in"


def test_outcomes_are_those_of_a_tree_and_a_second_call_resumes(tmp_path: Path) -> None:
    source, out = _tree(tmp_path), tmp_path / "out"
    first = [*dicomtx.batch(source, out, to="rle", jobs=1)]
    assert sorted(outcome.status for outcome in first) == ["done", "done", "skipped"]
    assert dcmread(out / "sub" / "b.dcm").file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.5"
    times = [path.stat().st_mtime_ns for path in sorted(out.rglob("*.dcm"))]
    assert len([*dicomtx.batch([source], out, to="rle", jobs=1)]) == 3
    assert [path.stat().st_mtime_ns for path in sorted(out.rglob("*.dcm"))] == times


def test_options_of_the_command_are_keywords(tmp_path: Path) -> None:
    source, out = _tree(tmp_path), tmp_path / "out"
    options = {"include": ("a.dcm",), "layout": "{Modality}/x.dcm"}
    outcomes = [*dicomtx.batch(source, out, to="rle", jobs=1, **options)]  # type: ignore[arg-type]
    assert [Path(outcome.destination).name for outcome in outcomes] == ["x.dcm"]


def test_closing_early_leaves_no_part_of_a_file(tmp_path: Path) -> None:
    source, out = _tree(tmp_path), tmp_path / "out"
    outcomes = dicomtx.batch(source, out, to="rle", jobs=1)
    next(outcomes)
    outcomes.close()
    for path in out.rglob("*.dcm"):
        assert dcmread(path).PixelData
    assert [*dicomtx.batch(source, out, to="rle", jobs=1)]


@pytest.mark.parametrize(
    ("destination", "options", "message"),
    [
        (None, {}, "needs a destination"),
        ("out", {"in_place": True}, "not both"),
        ("out", {"layout": "x", "flat": True}, "layout and flat contradict"),
        ("out", {"best_of": ("rle",), "policy": "p.toml"}, "best_of and policy contradict"),
    ],
)
def test_what_contradicts_is_an_error_before_any_work(
    tmp_path: Path, destination: str | None, options: dict[str, object], message: str
) -> None:
    out = tmp_path / destination if destination else None
    with pytest.raises(UsageError, match=message):
        dicomtx.batch(_tree(tmp_path), out, **options)  # type: ignore[arg-type]
    assert not (tmp_path / "out").exists()


def test_an_unknown_option_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="retry_faild"):
        dicomtx.batch(tmp_path, tmp_path / "out", retry_faild=True)  # type: ignore[call-arg]
