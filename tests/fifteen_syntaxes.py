"""One image in 15 transfer syntaxes, and 10 sets of syntaxes that a peer accepts."""

from pathlib import Path
from typing import Final

import numpy as np
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID, ExplicitVRLittleEndian

import dicomtx
from dicomtx.transfer_syntaxes import find

SYNTAXES: Final = (
    *("implicit", "explicit", "big-endian", "deflated", "rle"),
    *("jpeg-baseline", "jpeg-extended", "jpeg-lossless", "jpeg-lossless-sv1"),
    *("jpeg-ls-lossless", "jpeg-ls-near-lossless", "jpeg2000-lossless", "jpeg2000"),
    *("1.2.840.10008.1.2.4.100", "1.2.840.10008.1.2.4.102"),
)
"""The last two are video: MPEG2 and MPEG-4, which nobody transcodes."""
NATIVE: Final = SYNTAXES[:3]
ACCEPTED: Final = (
    ("implicit",),
    ("explicit",),
    ("big-endian",),
    ("implicit", "explicit"),
    ("implicit", "explicit", "big-endian"),
    ("implicit", "jpeg-baseline", "jpeg-extended", "jpeg-lossless-sv1"),
    ("explicit", "jpeg2000-lossless", "jpeg2000"),
    ("jpeg2000-lossless",),
    ("rle", "deflated", "jpeg-ls-lossless"),
    SYNTAXES,
)
LOSSY: Final = ("jpeg-baseline", "jpeg-extended", "jpeg-ls-near-lossless", "jpeg2000")
SECONDARY_CAPTURE: Final = "1.2.840.10008.5.1.4.1.1.7"


def uids(names: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the UIDs of syntaxes."""
    return tuple(find(name).uid for name in names)


def write(folder: Path) -> dict[str, Path]:
    """Writes a file in each syntax, with a SOP Instance UID of its own, and returns the paths.

    The image is grey, 12 bits in 16, or 8 bits where the syntax holds no more.
    """
    folder.mkdir()
    native = folder / "native.dcm"
    made = {}
    for number, name in enumerate(SYNTAXES, 1):
        path = folder / f"{number:02}.dcm"
        data_set = _image(number, 8 if name == "jpeg-baseline" else 12)
        if find(name).family == "video":
            data_set.PixelData = encapsulate([b"\0\0\1\xb3 not really a stream"])
            data_set["PixelData"].VR = "OB"
            data_set.file_meta.TransferSyntaxUID = UID(name)
            data_set.save_as(path, enforce_file_format=True)
        else:
            data_set.save_as(native, enforce_file_format=True)
            dicomtx.transcode(native, path, to=name, lossy=name in LOSSY, uid="keep")
        made[name] = path
    native.unlink()
    return made


def _image(number: int, bits: int) -> Dataset:
    rows, columns = np.mgrid[0:24, 0:32]
    pixels = (5 * rows * columns + number) >> (12 - bits)  # smooth, for lossy coding
    data_set = Dataset()
    data_set.file_meta = FileMetaDataset()
    data_set.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data_set.SOPClassUID = SECONDARY_CAPTURE
    data_set.SOPInstanceUID = f"1.2.826.0.1.3680043.10.54321.{number}"
    data_set.StudyInstanceUID = "1.2.826.0.1.3680043.10.54321.100"
    data_set.SeriesInstanceUID = "1.2.826.0.1.3680043.10.54321.101"
    data_set.PatientID, data_set.Modality = "FIFTEEN", "OT"
    data_set.SamplesPerPixel, data_set.PhotometricInterpretation = 1, "MONOCHROME2"
    data_set.Rows, data_set.Columns = pixels.shape
    data_set.BitsAllocated = 8 if bits == 8 else 16
    data_set.BitsStored, data_set.HighBit = bits, bits - 1
    data_set.PixelRepresentation = 0
    data_set.PixelData = pixels.astype("u1" if bits == 8 else "<u2").tobytes()
    data_set["PixelData"].VR = "OB" if bits == 8 else "OW"
    return data_set
