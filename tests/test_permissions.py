"""Nobody may read an output who may not read its source."""

import os
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dicomtx.cli import main
from tests import file_trees
from tests.sampling import sampled, sampled_rows

MODES = [0o600, 0o640, 0o644, 0o440]


@pytest.fixture(autouse=True)
def umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def source(path: Path, bits: int, number: int = 1) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(file_trees.small(number))
    path.chmod(bits)
    return path


def done(*arguments: object) -> None:
    assert main([*map(str, arguments), "--quiet"]) == 0


@pytest.mark.parametrize("bits", MODES)
@pytest.mark.parametrize("to", ["rle", "implicit", "explicit"])
def test_an_output_has_no_more_bits_than_its_source(tmp_path: Path, bits: int, to: str) -> None:
    path, out = source(tmp_path / "in" / "a.dcm", bits), tmp_path / "out.dcm"
    done("convert", path, out, "--to", to)
    assert mode(out) == bits
    out.chmod(0o666)
    done("convert", path, out, "--to", to, "--overwrite")
    assert mode(out) == bits
    done("convert", path, "--in-place", "--to", "rle")
    assert mode(path) == bits


@pytest.mark.parametrize(
    ("bits", "options"),
    sampled_rows([(0o600, ()), (0o440, ("--best-of", "rle,jpeg-ls-lossless"))], 2),
)
def test_a_batch_writes_outputs_with_the_bits_of_their_sources(
    tmp_path: Path, bits: int, options: tuple[str, ...]
) -> None:
    source(tmp_path / "in/a.dcm", bits)
    source(tmp_path / "in/b.dcm", 0o644, 2)
    done("batch", tmp_path / "in", tmp_path / "out", *(options or ("--to", "rle")))
    assert mode(tmp_path / "out/a.dcm") == bits
    assert mode(tmp_path / "out/b.dcm") == 0o644
    place = ("--in-place", "--journal", tmp_path / "j.sqlite")
    done("batch", tmp_path / "in", *(options or ("--to", "rle")), *place)
    assert mode(tmp_path / "in/a.dcm") == bits


def test_a_member_of_an_archive_has_the_bits_of_the_archive(tmp_path: Path) -> None:
    for number, method in enumerate((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)):
        path = tmp_path / f"in{number}.zip"
        with zipfile.ZipFile(path, "w", method) as archive:
            archive.writestr("a.dcm", file_trees.small(1))
        path.chmod(0o600)
        done("batch", path, tmp_path / f"out{number}", "--to", "rle")
        (made,) = (tmp_path / f"out{number}").rglob("a.dcm")
        assert mode(made) == 0o600


@pytest.mark.parametrize("bits", sampled(MODES, 3))
def test_an_export_has_the_bits_that_all_its_files_have(tmp_path: Path, bits: int) -> None:
    source(tmp_path / "in/a.dcm", bits)
    source(tmp_path / "in/b.dcm", 0o644, 2)
    out = tmp_path / "out.zip"
    done("export", "archive", tmp_path / "in", out, "--to", "rle")
    assert mode(out) == bits
    out.chmod(0o666)
    done("export", "archive", tmp_path / "in", out, "--to", "rle", "--overwrite")
    assert mode(out) == bits
    with zipfile.ZipFile(out) as archive:
        modes = [info.external_attr >> 16 & 0o777 for info in archive.infolist()]
    assert set(modes) == {bits & 0o644 | 0o600, 0o644}  # the manifest has those of all


@pytest.mark.parametrize("bits", sampled(MODES, 2))
def test_no_file_on_media_has_more_bits_than_its_source(tmp_path: Path, bits: int) -> None:
    source(tmp_path / "in/a.dcm", bits)
    out = tmp_path / "out"
    done("export", "media", tmp_path / "in", out)
    assert {mode(path) for path in out.rglob("*") if path.is_file()} == {bits}
    more = source(tmp_path / "more/b.dcm", 0o644)
    more.write_bytes(more.read_bytes().replace(b"1.2.3.4", b"1.2.3.5"))
    done("export", "media", tmp_path / "more", out, "--append")
    assert mode(out / "DICOMDIR") == bits
    assert max(mode(path) for path in out.rglob("*") if path.is_file()) == 0o644


def test_reports_are_private(tmp_path: Path) -> None:
    source(tmp_path / "in/a.dcm", 0o644)
    names = [tmp_path / name for name in ("a.jsonl", "a.csv", "a.html")]
    names[1].touch(0o644)
    reports = [text for name in names for text in ("--report", str(name))]
    done("batch", tmp_path / "in", tmp_path / "out", "--to", "rle", *reports)
    page = tmp_path / "page.html"
    done("compare", tmp_path / "in/a.dcm", tmp_path / "out/a.dcm", "--report", page)
    assert [mode(path) for path in (*names, page)] == [0o600] * 4


def test_a_umask_that_is_tighter_is_heeded(tmp_path: Path) -> None:
    path = source(tmp_path / "a.dcm", 0o644)
    os.umask(0o077)
    done("convert", path, tmp_path / "out.dcm", "--to", "rle")
    assert mode(tmp_path / "out.dcm") == 0o600


def test_standard_input_has_the_bits_of_any_new_file_unless_it_is_a_file(
    tmp_path: Path, run: object
) -> None:
    path = source(tmp_path / "a.dcm", 0o600)
    for name, data in (("file.dcm", path.open("rb")), ("pipe.dcm", None)):
        out = tmp_path / name
        before = os.dup(0)
        reading, writing = os.pipe()
        os.write(writing, path.read_bytes())
        os.close(writing)
        os.dup2(data.fileno() if data else reading, 0)
        try:
            done("convert", "-", out, "--to", "rle")
        finally:
            os.dup2(before, 0)
        assert mode(out) == (0o600 if data else 0o644)
