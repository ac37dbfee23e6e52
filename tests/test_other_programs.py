"""What the tool writes, DCMTK's and GDCM's own programs decode to the same frames."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage

from dicomtx.storage.local_file import LocalFile
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.convert.convert import convert
from dicomtx.workflows.convert.request import Request
from tests import oracle
from tests.corpus import file
from tests.sampling import sampled

DCMTK = {
    "implicit-vr-little-endian": ("dcmconv", "+te"),
    "explicit-vr-little-endian": ("dcmconv", "+te"),
    "explicit-vr-big-endian": ("dcmconv", "+te"),
    "deflated-explicit-vr-little-endian": ("dcmconv", "+te"),
    "rle-lossless": ("dcmdrle", "+te"),
    "jpeg-lossless": ("dcmdjpeg", "+te", "+cn"),
    "jpeg-lossless-sv1": ("dcmdjpeg", "+te", "+cn"),
    "jpeg-ls-lossless": ("dcmdjpls", "+te"),
}
GDCM = (
    "implicit-vr-little-endian",
    "explicit-vr-little-endian",
    "rle-lossless",
    "jpeg-lossless",
    "jpeg-lossless-sv1",
    "jpeg-ls-lossless",
    "jpeg2000-lossless",
)
REAL = {
    "signed 16": "CT_small.dcm",
    "12 in 16": "693_UNCR.dcm",
    "RGB": "SC_rgb_small_odd.dcm",
    "RGB, planar": "color-pl.dcm",
    "palette": "examples_palette.dcm",
    "10 frames": "emri_small.dcm",
    "big endian": "MR_small_bigendian.dcm",
    "from JPEG 2000": "MR_small_jp2klossless.dcm",
}
MADE = {
    "8 bits, 31 x 33": (31, 33, 8, 8, 0),
    "8 bits, 1 x 1": (1, 1, 8, 8, 0),
    "10 in 16, 33 x 31": (33, 31, 16, 10, 0),
    "16 bits, 5 x 64": (5, 64, 16, 16, 0),
    "signed 12 in 16, 40 x 40": (40, 40, 16, 12, 1),
}
"""Rows, columns, bits allocated, bits stored, pixel representation."""


def _made(path: Path, rows: int, columns: int, allocated: int, stored: int, signed: int) -> Path:
    """Writes an image of noise over the full range of its values."""
    low, high = (-(1 << stored - 1), 1 << stored - 1) if signed else (0, 1 << stored)
    values = np.random.default_rng(7).integers(low, high, (rows, columns))
    data_set = Dataset()
    data_set.file_meta = FileMetaDataset()
    data_set.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data_set.SOPClassUID = SecondaryCaptureImageStorage
    data_set.SOPInstanceUID = "1.2.826.0.1.3680043.8.498.1"
    data_set.PatientName = data_set.PatientID = ""
    data_set.StudyInstanceUID, data_set.SeriesInstanceUID = "1.2.3", "1.2.3.4"
    data_set.Modality = "OT"
    data_set.SamplesPerPixel, data_set.PhotometricInterpretation = 1, "MONOCHROME2"
    data_set.Rows, data_set.Columns = rows, columns
    data_set.BitsAllocated, data_set.BitsStored, data_set.HighBit = allocated, stored, stored - 1
    data_set.PixelRepresentation = signed
    raw = values.astype(f"<i{allocated // 8}").tobytes()
    data_set.PixelData = raw + b"\0" * (len(raw) % 2)
    data_set["PixelData"].VR = "OB" if allocated == 8 else "OW"
    data_set.save_as(path, enforce_file_format=True)
    return path


@pytest.fixture(scope="module")
def decoder() -> Iterator[oracle.Decoder]:
    made = oracle.Decoder()
    yield made
    made.close()


@pytest.fixture(params=[*REAL, *sampled(MADE, 3)], scope="module")
def source(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One image of each kind."""
    if request.param in REAL:
        return file(REAL[request.param])
    return _made(tmp_path_factory.mktemp("made") / "made.dcm", *MADE[request.param])


def _check(
    source: Path, target: str, program: tuple[str, ...], folder: Path, decoder: oracle.Decoder
) -> None:
    ours, theirs = folder / "ours.dcm", folder / "theirs.dcm"
    outcome = convert(Request(LocalFile(str(source)), str(ours), find(target)))
    assert outcome.status == "done", outcome.error
    done = subprocess.run([*program, ours, theirs], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    before, after = decoder(source), decoder(theirs)
    assert not isinstance(before, str), before
    assert not isinstance(after, str), after
    assert not oracle.syntax_of(dcmread(theirs)).startswith(f"{oracle.ROOT}.4")
    assert before[1] == after[1]
    np.testing.assert_array_equal(after[0], before[0])


@pytest.mark.peer("dcmdjpeg")
@pytest.mark.parametrize("target", DCMTK)
def test_dcmtk_decodes_what_we_write(
    source: Path, target: str, tmp_path: Path, decoder: oracle.Decoder
) -> None:
    _check(source, target, DCMTK[target], tmp_path, decoder)


@pytest.mark.peer("gdcmconv")
@pytest.mark.parametrize("target", GDCM)
def test_gdcm_decodes_what_we_write(
    source: Path, target: str, tmp_path: Path, decoder: oracle.Decoder
) -> None:
    _check(source, target, ("gdcmconv", "-w", "-X"), tmp_path, decoder)
