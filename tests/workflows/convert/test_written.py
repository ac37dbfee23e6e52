"""What reaches the disk otherwise than it was made is found, whatever it is and who wrote it."""

from pathlib import Path
from typing import Any

import pytest

from dicomtx.dicom import rope
from dicomtx.settings import Settings
from dicomtx.storage import source
from dicomtx.storage.local_file import LocalFile
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.convert.convert import convert
from dicomtx.workflows.convert.request import Outcome, Request
from tests.corpus import file

NATIVE, ENCODED, JPEG = (
    "SC_rgb_rle_16bit_2frame.dcm",
    "MR_small_RLE.dcm",
    "SC_rgb_small_odd_jpeg.dcm",
)
WAYS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "native": (NATIVE, "explicit", {}),
    "big endian": (NATIVE, "explicit-vr-big-endian", {}),
    "encoded": (ENCODED, "jpeg-ls-lossless", {}),
    "rle": ("MR_small.dcm", "rle", {}),
    "lossy": ("MR_small.dcm", "jpeg2000", {"lossy": True}),
    "rewrapped": (ENCODED, "rle", {"repair": True}),
    "repacked": (JPEG, "jpeg-xl-recompression", {}),
    "rewritten": ("MR_small.dcm", "explicit-vr-big-endian", {}),
}


def flipped(data: bytes | bytearray | memoryview) -> bytes:
    """Returns the bytes, the one in the middle another one."""
    wrong = bytearray(data)
    if wrong:
        wrong[len(wrong) // 2] ^= 0x10
    return bytes(wrong)


def made(tmp_path: Path, way: str, threads: int) -> Outcome:
    name, target, more = WAYS[way]
    settings = Settings(threads=threads, **more)
    out = tmp_path / "out.dcm"
    outcome = convert(
        Request(LocalFile(str(file(name))), str(out), find(target), settings=settings)
    )
    assert out.exists() == (not outcome.error)
    return outcome


@pytest.mark.parametrize("threads", [1, 4])
@pytest.mark.parametrize("way", WAYS)
def test_a_byte_that_flips_on_its_way_to_the_output_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str, threads: int
) -> None:
    assert made(tmp_path, way, threads).error == ""
    (tmp_path / "out.dcm").unlink()

    def wrong(
        fd: int, data: bytes
    ) -> None:  # what is longer is copied from the spool by the system
        source.write_all(fd, data[:400] + flipped(data[400:]))

    monkeypatch.setattr(rope, "write_all", wrong)
    assert made(tmp_path, way, threads).error_class == "VerificationError"


@pytest.mark.parametrize("threads", [1, 4])
@pytest.mark.parametrize("way", [way for way in WAYS if way != "rewritten"])
def test_a_byte_that_flips_in_the_spool_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str, threads: int
) -> None:
    right = source.Spool.write

    def write(spool: source.Spool, *parts: bytes | bytearray | memoryview) -> None:
        longest = max(parts, key=len)
        right(spool, *(flipped(part) if part is longest else part for part in parts))

    monkeypatch.setattr(source.Spool, "write", write)
    assert made(tmp_path, way, threads).error_class == "VerificationError"
