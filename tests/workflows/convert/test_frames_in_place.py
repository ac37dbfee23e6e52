"""Large frames are written once, at their place in the output."""

import os
from array import array
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dicomtx.dicom import tags
from dicomtx.dicom.modification.modification import Modification
from dicomtx.dicom.modification.parsing import assigned
from dicomtx.dicom.pixel_data.frame_writers import EncapsulatedWriter, NativeWriter
from dicomtx.errors import ExitCode
from dicomtx.image_pixel import ImagePixel
from dicomtx.storage import source
from dicomtx.storage.local_file import LocalFile
from dicomtx.storage.source import IN_MEMORY, Spool
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.convert.convert import convert
from dicomtx.workflows.convert.request import Outcome, Request
from tests.dicom.builder import element, image, native, part10
from tests.sampling import sampled

SIDE = 1200
KINDS: dict[str, dict[str, Any]] = {
    "8 bits": {"frames": 7},
    "12 bits": {"allocated": 16, "stored": 12, "frames": 5},
    "colour": {"samples": 3, "photometric": "RGB", "frames": 3},
}
TARGETS = ("rle", "deflated-image-frame", "implicit")
PIXEL_DATA = b"\xe0\x7f\x10\x00"
BEHIND = element(0x7FE1_0010, "LO", b"AFTER ") + element(0xFFFC_FFFC, "OB", bytes(6))


def large(**kind: Any) -> bytes:
    """Returns a native file of noise, with elements behind Pixel Data."""
    frames = kind.pop("frames")
    pixel: ImagePixel = image(SIDE, SIDE, **kind)
    words = np.random.default_rng(3).integers(
        0, 1 << pixel.bits_stored, pixel.samples_per_frame * frames
    )
    data = words.astype(f"<u{pixel.bits_allocated // 8}").tobytes()
    assert len(data) > IN_MEMORY
    return part10("explicit", native(pixel, data, frames=str(frames)) + BEHIND)


class Files:
    """Converts a large file, and counts the bytes that go to unnamed files."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.unnamed = 0
        nameless = source.nameless

        def counted(where: str) -> int:
            self.unnamed += 1
            return nameless(where)

        monkeypatch.setattr(source, "nameless", counted)

    def convert(self, data: bytes, to: str, **more: Any) -> tuple[Outcome, bytes]:
        """Returns the outcome, and the bytes of the output; none if there is none."""
        self.unnamed = 0
        (self.folder / "in.dcm").write_bytes(data)
        out = self.folder / "out.dcm"
        out.unlink(missing_ok=True)
        request = Request(LocalFile(str(self.folder / "in.dcm")), str(out), find(to))
        outcome = convert(request._replace(**more))
        return outcome, out.read_bytes() if out.exists() else b""


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    return Files(tmp_path, monkeypatch)


def without_place(monkeypatch: pytest.MonkeyPatch) -> None:
    reset = Spool.reset
    monkeypatch.setattr(Spool, "reset", lambda spool, *_: reset(spool))


@pytest.mark.parametrize("kind", sampled(KINDS, 3))
@pytest.mark.parametrize("to", TARGETS)
def test_the_output_is_the_same_as_by_a_spool(
    files: Files, monkeypatch: pytest.MonkeyPatch, kind: str, to: str
) -> None:
    data = large(**KINDS[kind])
    if to == "implicit":
        _, data = files.convert(data, "rle")
    outcome, direct = files.convert(data, to)
    assert (outcome.status, outcome.frames_verified) == ("done", KINDS[kind]["frames"])
    assert files.unnamed == 0
    without_place(monkeypatch)
    _, spooled = files.convert(data, to)
    assert files.unnamed == 1
    assert direct == spooled


@pytest.mark.parametrize("table", ["basic", "extended", "empty"])
def test_any_offset_table_precedes_the_frames(files: Files, table: Any) -> None:
    request = Request(LocalFile(""), "")
    settings = request.settings._replace(offset_table=table)
    outcome, _ = files.convert(large(**KINDS["8 bits"]), "rle", settings=settings)
    assert (outcome.status, files.unnamed) == ("done", 0)


@pytest.mark.parametrize("to", ["rle", "implicit"])
def test_frames_move_if_something_else_precedes_them_than_expected(
    files: Files, monkeypatch: pytest.MonkeyPatch, to: str
) -> None:
    data = large(**KINDS["12 bits"])
    if to == "implicit":
        _, data = files.convert(data, "rle")
    _, right = files.convert(data, to)
    edits = EncapsulatedWriter.edits, NativeWriter.edits

    def fewer(writer: Any) -> Any:
        """Returns what is expected wrongly: without the edits that remove offset tables."""
        made = edits[isinstance(writer, NativeWriter)](writer)
        return made if writer._spool.size else made[1:]

    monkeypatch.setattr(EncapsulatedWriter, "edits", fewer)
    monkeypatch.setattr(NativeWriter, "edits", fewer)
    outcome, moved = files.convert(data, to)
    assert (outcome.status, files.unnamed) == ("done", 1)
    assert moved == right


@pytest.mark.parametrize("to", TARGETS)
def test_frames_of_a_modified_data_set_are_behind_its_changes(files: Files, to: str) -> None:
    data = large(**KINDS["8 bits"])
    if to == "implicit":
        _, data = files.convert(data, "rle")
    made = Modification(changes=(assigned("set", "PatientID=A longer one than before"),))
    outcome, modified = files.convert(data, to, modification=made)
    assert (outcome.status, files.unnamed) == ("done", 1), outcome.error
    assert b"A longer one than before" in modified
    _, plain = files.convert(data, to)
    assert modified[modified.index(PIXEL_DATA) :] == plain[plain.index(PIXEL_DATA) :]


@pytest.mark.parametrize("to", ["deflated", "big-endian"])
def test_native_frames_that_are_not_written_as_they_are_go_to_a_spool(
    files: Files, to: str
) -> None:
    _, data = files.convert(large(**KINDS["12 bits"]), "rle")
    outcome, _ = files.convert(data, to)
    assert outcome.status == "done"
    assert files.unnamed >= 1


def test_a_source_that_is_kept_leaves_nothing_of_the_frames(files: Files) -> None:
    _, data = files.convert(large(**KINDS["8 bits"]), "rle")
    broken = bytearray(data)
    last = data.rindex(b"\xfe\xff\x00\xe0")
    broken[last + 8 : last + 72] = bytes(64)  # the header of the last frame
    outcome, out = files.convert(bytes(broken), "explicit", on_failure="keep-original")
    assert outcome.status == "kept", outcome.error
    assert out == bytes(broken)


def test_frames_that_change_after_they_were_coded_are_noticed(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = source.write_parts

    def wrong(fd: int, parts: Any) -> None:
        write(fd, [bytes(parts[0]), bytes(len(parts[1])), *parts[2:]])

    monkeypatch.setattr(source, "write_parts", wrong)
    outcome, out = files.convert(large(**KINDS["8 bits"]), "rle")
    assert (outcome.exit_code, out) == (ExitCode.VERIFICATION, b"")


def test_a_spool_that_leaves_the_output_has_the_same_content(tmp_path: Path) -> None:
    with open(tmp_path / "out", "w+b", buffering=0) as out:
        spool = Spool(str(tmp_path), 10, out.fileno())
        spool.reset(100)
        spool.write(b"0123456789", b"abc")
        assert (spool.in_output, os.fstat(out.fileno()).st_size) == (True, 113)
        assert spool.source().read(8, 99) == b"89abc"
        spool.leave_output()
        spool.write(b"def")
        assert (spool.in_output, os.fstat(out.fileno()).st_size) == (False, 0)
        assert spool.source().read(0, 99) == b"0123456789abcdef"
        spool.reset()
        assert spool.source().read(0, 99) == b""
        spool.close()


def test_expected_tables_have_the_size_of_real_ones() -> None:
    for table in ("auto", "basic", "extended", "empty"):
        writer = EncapsulatedWriter(Spool(""), table)
        for _ in range(5):
            writer.add(b"stream")
        expected = writer.expecting(5)
        sizes = [
            (w.pixel_data(big_endian=False).lead, [len(e.value or b"") for e in w.edits()])
            for w in (writer, expected)
        ]
        assert sizes[0] == sizes[1]
    assert array("Q", bytes(8 * 5)) == expected._offsets
    assert tags.EXTENDED_OFFSET_TABLE not in {edit.tag for edit in expected.edits() if edit.value}
