"""What others do to a source while it is converted."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from dicomtx.codecs.registry import Codecs
from dicomtx.errors import DicomtxError
from dicomtx.settings import Settings
from dicomtx.storage.local_file import LocalFile
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.batch.batch import opened
from dicomtx.workflows.batch.job import Batch
from dicomtx.workflows.convert.best_of import smallest
from dicomtx.workflows.convert.convert import convert
from dicomtx.workflows.convert.request import FileRules, Request
from dicomtx.workflows.inputs.layout import Layout
from tests import file_trees
from tests.dicom.builder import part10, text
from tests.in_process import InProcess

RLE = find("rle")


def replaced(path: Path) -> None:
    new = path.with_suffix(".new")
    new.write_bytes(file_trees.small(2))
    new.replace(path)


def written_to(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(-8, os.SEEK_END)
        file.write(b"changed!")
    os.utime(path, (1, 1))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "a.dcm"
    path.write_bytes(file_trees.small(1))
    return path


@pytest.mark.parametrize("change", [replaced, written_to, Path.unlink])
@pytest.mark.parametrize("best_of", [(), (RLE, find("jpeg-ls-lossless"))])
def test_in_place_nothing_newer_is_overwritten(
    source: Path, change: Callable[[Path], None], best_of: tuple[object, ...]
) -> None:
    after: list[bytes | None] = []

    def meanwhile(_memory: int) -> None:
        if not after:
            change(source)
            after.append(source.read_bytes() if source.exists() else None)

    rules = FileRules(best_of=best_of)  # type: ignore[arg-type]
    request = Request(
        LocalFile(str(source)), str(source), RLE, in_place=True, overwrite=True, rules=rules
    )
    with Codecs(Settings()) as codecs:
        try:
            outcome = smallest(request, codecs, meanwhile)
            told = outcome.error
        except Exception as error:  # noqa: BLE001 - best_of raises, as its callers know
            told = str(error)
    assert told
    assert [source.read_bytes() if source.exists() else None] == after
    assert not file_trees.part_files(source.parent)


def written_to_with_its_time_set_back(path: Path) -> None:
    before = path.stat()
    written_to(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize(
    "change", [replaced, written_to, written_to_with_its_time_set_back, Path.unlink]
)
@pytest.mark.parametrize("best_of", [(), (RLE, find("jpeg-ls-lossless"))])
@pytest.mark.parametrize("syntax", ["rle", "implicit", "deflated"])
def test_in_place_a_change_while_the_disk_is_slow_is_not_lost(
    source: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Path], None],
    best_of: tuple[object, ...],
    syntax: str,
) -> None:
    sync = os.fsync
    after: list[bytes | None] = []

    def slow(fd: int) -> None:
        sync(fd)
        if not after:
            change(source)
            after.append(source.read_bytes() if source.exists() else None)

    monkeypatch.setattr(os, "fsync", slow)
    rules = FileRules(best_of=best_of)  # type: ignore[arg-type]
    request = Request(LocalFile(str(source)), str(source), find(syntax), in_place=True, rules=rules)
    with Codecs(Settings()) as codecs:
        try:
            told = smallest(request, codecs, lambda _: None).error
        except DicomtxError as error:
            told = str(error)
    assert told == "changed, replaced or removed during the conversion; left unchanged"
    assert [source.read_bytes() if source.exists() else None] == after
    assert not file_trees.part_files(source.parent)


def test_what_was_written_to_while_it_was_read_is_no_result(source: Path) -> None:
    out = source.with_name("out.dcm")
    outcome = convert(
        Request(LocalFile(str(source)), str(out), RLE), allow=lambda _: written_to(source)
    )
    assert outcome.error == "changed while it was read"
    assert not out.exists()


def test_what_was_replaced_as_a_whole_is_converted_as_it_was(source: Path) -> None:
    alone, out = source.with_name("alone.dcm"), source.with_name("out.dcm")
    convert(Request(LocalFile(str(source)), str(alone), RLE))
    outcome = convert(
        Request(LocalFile(str(source)), str(out), RLE), allow=lambda _: replaced(source)
    )
    assert outcome.status == "done"
    assert out.read_bytes() == alone.read_bytes()


def test_no_file_gets_a_name_made_of_what_was_there_before(tmp_path: Path) -> None:
    def of(patient: str) -> bytes:
        return part10("explicit", text(0x00080016, "UI", "1.2"), text(0x00100020, "LO", patient))

    source = tmp_path / "in" / "slot.dcm"
    source.parent.mkdir()
    source.write_bytes(of("FIRST"))
    asked = Batch(
        (str(source.parent),),
        str(tmp_path / "out"),
        find("implicit"),
        executor=InProcess(),
        layout=Layout.parse("{PatientID}.dcm"),
    )
    with opened(asked) as run:
        source.write_bytes(of("SECOND"))
        (outcome,) = run.outcomes()
    assert "has changed since it was looked up" in outcome.error
    assert not file_trees.content(tmp_path / "out")
    with opened(asked) as run:
        (outcome,) = run.outcomes()
    assert outcome.destination == str(tmp_path / "out/SECOND.dcm")
