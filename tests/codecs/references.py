"""Images of every kind, as native frames: what each codec has to give back bit for bit."""

from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.encaps import get_frame

from dicomtx.image_pixel import Frame, ImagePixel
from tests import corpus
from tests.first_frames import image_of

Values = NDArray[np.int64]


def kind(
    bits: int,
    allocated: int,
    *,
    signed: bool = False,
    samples: int = 1,
    photometric: str = "MONOCHROME2",
) -> ImagePixel:
    """Returns an ImagePixel that has no size yet."""
    return ImagePixel(
        rows=0,
        columns=0,
        samples_per_pixel=samples,
        photometric_interpretation=photometric,
        bits_allocated=allocated,
        bits_stored=bits,
        high_bit=bits - 1,
        pixel_representation=int(signed),
    )


KINDS: Final = {
    "8-bit grey": kind(8, 8),
    "signed 8-bit": kind(8, 8, signed=True),
    "6 in 8": kind(6, 8),
    "1 in 8": kind(1, 8),
    "8 in 16": kind(8, 16),
    "signed 8 in 16": kind(8, 16, signed=True),
    "10 in 16": kind(10, 16),
    "12 in 16": kind(12, 16),
    "signed 12 in 16": kind(12, 16, signed=True),
    "16-bit": kind(16, 16),
    "signed 16-bit": kind(16, 16, signed=True),
    "RGB": kind(8, 8, samples=3, photometric="RGB"),
    "16-bit RGB": kind(16, 16, samples=3, photometric="RGB"),
    "12-bit RGB": kind(12, 16, samples=3, photometric="RGB"),
    "YBR_FULL": kind(8, 8, samples=3, photometric="YBR_FULL"),
    "16-bit YBR_FULL": kind(16, 16, samples=3, photometric="YBR_FULL"),
    "8-bit palette": kind(8, 8, photometric="PALETTE COLOR"),
    "16-bit palette": kind(16, 16, photometric="PALETTE COLOR"),
    "1-bit": kind(1, 1),
    "24 in 32": kind(24, 32),
    "signed 24 in 32": kind(24, 32, signed=True),
    "32-bit": kind(32, 32),
    "signed 32-bit": kind(32, 32, signed=True),
}


def _noise(shape: tuple[int, ...], low: int, high: int) -> Values:
    return np.random.default_rng(7).integers(low, high, shape, endpoint=True)


def _gradient(shape: tuple[int, ...], low: int, high: int) -> Values:
    return np.linspace(low, high, int(np.prod(shape))).astype(np.int64).reshape(shape)


def _checker(shape: tuple[int, ...], low: int, high: int) -> Values:
    odd = np.indices(shape).sum(axis=0) % 2
    return np.where(odd == 1, high, low)


def _lowest(shape: tuple[int, ...], low: int, high: int) -> Values:
    return np.full(shape, low, np.int64)


def _highest(shape: tuple[int, ...], low: int, high: int) -> Values:
    return np.full(shape, high, np.int64)


Pattern = tuple[int, int, Callable[[tuple[int, ...], int, int], Values]]
PATTERNS: Final[dict[str, Pattern]] = {
    "noise": (40, 34, _noise),
    "odd noise": (33, 47, _noise),
    "gradient": (48, 64, _gradient),
    "lowest": (40, 34, _lowest),
    "highest": (40, 34, _highest),
    "checker": (40, 34, _checker),
    "1 x 1": (1, 1, _highest),
    "1 x 33": (1, 33, _noise),
    "33 x 1": (33, 1, _noise),
    "2 x 3": (2, 3, _noise),
}


def native(values: Values, image: ImagePixel) -> Frame:
    """Returns these stored values as a native frame, sign-extended."""
    if image.bits_allocated == 1:
        return Frame(np.packbits(values.reshape(-1) == 1, bitorder="little").tobytes(), image)
    dtype = f"<{'i' if image.signed else 'u'}{image.bits_allocated // 8}"
    return Frame(values.astype(dtype).tobytes(), image)


def frame(image: ImagePixel, pattern: str) -> Frame:
    """Returns one image of the table."""
    rows, columns, function = PATTERNS[pattern]
    low = -(1 << image.bits_stored - 1) if image.signed else 0
    high = low + (1 << image.bits_stored) - 1
    sized = image._replace(rows=rows, columns=columns)
    shape = (rows, columns, image.samples_per_pixel)
    return native(function(shape, low, high), sized)


def frames(image: ImagePixel) -> Iterator[tuple[str, Frame]]:
    """Yields every pattern of one kind."""
    for pattern in PATTERNS:
        yield pattern, frame(image, pattern)


def low_bits(frame: Frame) -> NDArray[Any]:
    """Returns the Bits Stored of every sample; what is above does not count."""
    image = frame.image
    if image.bits_allocated == 1:
        return np.frombuffer(frame.data, np.uint8)
    words = np.frombuffer(frame.data, f"<u{image.bits_allocated // 8}").astype(np.uint64)
    return words & np.uint64((1 << image.bits_stored) - 1)


def real(name: str) -> tuple[bytes, ImagePixel, str]:
    """Returns the first frame's stream of a test file, its image, and its transfer syntax."""
    data_set = dcmread(corpus.file(name), force=True)
    image = image_of(data_set)
    syntax = data_set.file_meta.TransferSyntaxUID
    if not syntax.is_encapsulated:
        return data_set.PixelData, image, syntax
    return get_frame(data_set.PixelData, 0, number_of_frames=image.number_of_frames), image, syntax
