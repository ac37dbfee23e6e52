"""The first frame of each encapsulated test file, with what its data set says of it."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pydicom import Dataset, dcmread
from pydicom.encaps import generate_frames
from pydicom.errors import InvalidDicomError

from dicomtx.image_pixel import ImagePixel
from dicomtx.transfer_syntaxes import TransferSyntax, by_uid
from tests import corpus

# Bytes of a delimiter stand inside of its code stream; pydicom ends the frame there.
BROKEN = {"JPEG2000-embedded-sequence-delimiter.dcm"}


@dataclass(frozen=True, slots=True)
class Encapsulated:
    """A frame as its file has it, fragments joined."""

    name: str
    syntax: TransferSyntax
    image: ImagePixel
    stream: bytes


@cache
def first_frames() -> tuple[Encapsulated, ...]:
    """Returns the first frame of every encapsulated test file that is not known to be broken."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return tuple(found for path in corpus.files() for found in _first_frame(path))


def _first_frame(path: Path) -> Iterator[Encapsulated]:
    try:
        data_set = dcmread(path)
    except (InvalidDicomError, ValueError):
        return
    syntax = by_uid(str(data_set.file_meta.get("TransferSyntaxUID", "")))
    if not (syntax.known and syntax.encapsulated and "PixelData" in data_set):
        return
    if path.name in BROKEN:
        return
    image = image_of(data_set)
    stream = next(generate_frames(data_set.PixelData, number_of_frames=image.number_of_frames))
    yield Encapsulated(path.name, syntax, image, stream)


def image_of(data_set: Dataset) -> ImagePixel:
    """Returns what pydicom reads of the Image Pixel module."""
    return ImagePixel(
        rows=data_set.Rows,
        columns=data_set.Columns,
        samples_per_pixel=data_set.SamplesPerPixel,
        photometric_interpretation=data_set.PhotometricInterpretation,
        bits_allocated=data_set.BitsAllocated,
        bits_stored=data_set.BitsStored,
        high_bit=data_set.HighBit,
        pixel_representation=data_set.PixelRepresentation,
        number_of_frames=int(data_set.get("NumberOfFrames") or 1),
    )
