"""Part 10 out: whatever is written has its file meta information (PS3.10 7.1), with a warning."""

import struct
from pathlib import Path

import pytest
from pydicom import dcmread

from dicomtx.dicom.elements import EXPLICIT, EXPLICIT_BIG, IMPLICIT
from dicomtx.engine.planning.policy import RuleBook
from dicomtx.settings import Settings
from dicomtx.storage.local_file import LocalFile
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.convert.convert import ADDED_META, convert
from dicomtx.workflows.convert.request import Request
from tests.conftest import Run
from tests.converter import Converter
from tests.dicom import builder
from tests.dicom.builder import image, native, part10
from tests.sampling import sampled

SAMPLES = bytes(range(6))
WHOLE = part10("explicit", native(image(), SAMPLES))
BARE = {
    "explicit": native(image(), SAMPLES, EXPLICIT),
    "implicit": native(image(), SAMPLES, IMPLICIT),
    "big endian": native(image(), SAMPLES, EXPLICIT_BIG),
    "no preamble": WHOLE[128:],
    "no prefix": WHOLE[:128] + WHOLE[132:],
    "no syntax": part10("", native(image(), SAMPLES)),
}
NATIVE = {"explicit": "explicit", "implicit": "implicit", "big endian": "big-endian"}


def check(path: Path) -> None:
    """A whole Part 10 file, by a reader that does not guess."""
    assert path.read_bytes()[128:132] == b"DICM"
    found = dcmread(path)
    assert found.file_meta.MediaStorageSOPInstanceUID == found.SOPInstanceUID
    assert found.file_meta.TransferSyntaxUID
    assert found.file_meta.FileMetaInformationVersion == b"\0\1"


@pytest.mark.parametrize("name", BARE)
@pytest.mark.parametrize("to", ["explicit", "implicit", "big-endian", "deflated", "rle"])
@pytest.mark.parametrize("repair", [False, True])
def test_a_conversion_writes_it(converter: Converter, name: str, to: str, *, repair: bool) -> None:
    outcome = converter.convert(BARE[name], to, repair=repair)
    assert outcome.status == "done", outcome.error
    assert ADDED_META in outcome.warnings
    check(converter.out)
    again = converter.out.with_name("again.dcm")
    converter.again(converter.out, again, "explicit")
    assert dcmread(again).PixelData == SAMPLES


@pytest.mark.parametrize("name", BARE)
def test_it_is_written_in_place(converter: Converter, name: str) -> None:
    converter.source.write_bytes(BARE[name])
    outcome = converter.again(
        converter.source, converter.source, NATIVE.get(name, "explicit"), in_place=True
    )
    assert outcome.status == "done", outcome.error
    check(converter.source)


@pytest.mark.parametrize("name", BARE)
@pytest.mark.parametrize("why", ["no pixels", "a policy"])
def test_what_is_kept_stays_byte_for_byte(converter: Converter, name: str, why: str) -> None:
    data = BARE[name]
    asked = Request(
        LocalFile(str(converter.source)), str(converter.out), find("rle"), settings=Settings()
    )
    if why == "no pixels":
        whole = part10("explicit", builder.identity())
        cut = {"no preamble": whole[128:], "no prefix": whole[:128] + whole[132:]}
        encoding = {"implicit": IMPLICIT, "big endian": EXPLICIT_BIG}.get(name, EXPLICIT)
        data = cut.get(name) or builder.identity(encoding)
    else:
        asked = asked._replace(policy=RuleBook("keep", ()))
    converter.source.write_bytes(data)
    outcome = convert(asked)
    assert outcome.status == "kept", outcome.error
    assert ADDED_META not in outcome.warnings
    assert converter.out.read_bytes() == data


def test_a_whole_file_is_copied_byte_for_byte(converter: Converter) -> None:
    outcome = converter.convert(WHOLE)
    assert ADDED_META not in outcome.warnings
    assert converter.out.read_bytes() == WHOLE


@pytest.mark.parametrize("name", sampled(BARE, 3))
def test_batch_and_media_write_it(run: Run, tmp_path: Path, name: str) -> None:
    source = tmp_path / "in"
    source.mkdir()
    (source / "a.dcm").write_bytes(BARE[name])
    done = run("batch", source, tmp_path / "out", "--to", "explicit")
    assert done.returncode == 0, done.stderr
    check(tmp_path / "out" / "a.dcm")
    done = run("export", "media", source, tmp_path / "media")
    assert done.returncode == 0, done.stderr
    records = dcmread(tmp_path / "media" / "DICOMDIR").DirectoryRecordSequence
    files = [record.ReferencedFileID for record in records if "ReferencedFileID" in record]
    assert len(files) == 1
    check(tmp_path.joinpath("media", *files[0]))


@pytest.mark.parametrize(
    "start", [b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08", b"II+\0\x08\0\0\0", b"MM\0+\0\x08\0\0"]
)
def test_the_preamble_of_a_tiff_is_cleared_with_a_warning(
    converter: Converter, start: bytes
) -> None:
    data = part10("explicit", native(image(), SAMPLES), preamble=start.ljust(128, b"\0"))
    outcome = converter.convert(data, "implicit")
    assert "TIFF" in " ".join(outcome.warnings)
    assert converter.out.read_bytes()[:128] == bytes(128)


@pytest.mark.parametrize("start", [b"", b"made by a scanner", b"II", b"MM\0", struct.pack("<Q", 1)])
def test_another_preamble_is_kept_without_a_warning(converter: Converter, start: bytes) -> None:
    preamble = start.ljust(128, b"\0")
    outcome = converter.convert(
        part10("explicit", native(image(), SAMPLES), preamble=preamble), "implicit"
    )
    assert outcome.warnings == ()
    assert converter.out.read_bytes()[:128] == preamble
