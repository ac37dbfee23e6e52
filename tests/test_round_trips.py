"""Any image, to any lossless syntax and back: the same stored values."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydicom import Dataset

from dicomtx.dicom.elements import EXPLICIT, EXPLICIT_BIG
from dicomtx.encoding_profiles import Permission, permission
from dicomtx.image_pixel import ImagePixel
from dicomtx.transfer_syntaxes import find
from tests.converter import Converter
from tests.dicom.builder import native, part10
from tests.test_every_file import LOSSLESS, NATIVE

Values = NDArray[np.int64]


@pytest.fixture(scope="module")
def converter() -> Iterator[Converter]:
    with tempfile.TemporaryDirectory() as folder:
        yield Converter(Path(folder))


@st.composite
def images(draw: st.DrawFn) -> tuple[ImagePixel, Values]:
    """Draws an Image Pixel module and stored values: frames, pixels, samples."""
    allocated = draw(st.sampled_from([8, 16]))
    stored = draw(st.integers(1, allocated))
    samples = draw(st.sampled_from([1, 3]))
    photometric = draw(st.sampled_from(["RGB", "YBR_FULL"])) if samples == 3 else "MONOCHROME2"
    image = ImagePixel(
        rows=draw(st.integers(1, 20)),
        columns=draw(st.integers(1, 20)),
        samples_per_pixel=samples,
        photometric_interpretation=photometric,
        bits_allocated=allocated,
        bits_stored=stored,
        high_bit=stored - 1,
        pixel_representation=draw(st.integers(0, 1)) if stored > 1 else 0,
        planar_configuration=draw(st.integers(0, 1)) if samples == 3 else 0,
        number_of_frames=draw(st.sampled_from([1, 1, 2, 3, 7, 40])),
    )
    low = -(1 << stored - 1) if image.signed else 0
    random = np.random.default_rng(draw(st.integers(0, 1 << 16)))
    shape = (image.number_of_frames, image.rows * image.columns, samples)
    return image, random.integers(low, low + (1 << stored), shape)


def source_of(image: ImagePixel, values: Values, *, big: bool) -> bytes:
    """Returns a native file with these stored values, in the order of the data set."""
    planes = values.transpose(0, 2, 1) if image.planar_configuration else values
    words = planes.astype(f"{'>' if big else '<'}i{image.bits_allocated // 8}").tobytes()
    encoding = EXPLICIT_BIG if big else EXPLICIT
    data_set = native(image, words, encoding, frames=str(image.number_of_frames))
    return part10("big-endian" if big else "explicit", data_set)


def values_of(data_set: Dataset, image: ImagePixel) -> Values:
    """Returns the stored values of native Pixel Data, colour by pixel, sign-extended."""
    assert data_set.get("PlanarConfiguration", 0) == 0
    big = data_set.file_meta.TransferSyntaxUID == find("big-endian").uid
    kind = f"{'>' if big else '<'}u{image.bits_allocated // 8}"
    count = image.number_of_frames * image.samples_per_frame
    words = np.frombuffer(data_set.PixelData, kind)[:count].astype(np.int64)
    words &= (1 << image.bits_stored) - 1
    if image.signed:
        words -= (words >> image.bits_stored - 1) << image.bits_stored
    return words.reshape(image.number_of_frames, -1, image.samples_per_pixel)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    drawn=images(), to=st.sampled_from(LOSSLESS), back=st.sampled_from(NATIVE), big=st.booleans()
)
def test_any_image_is_the_same_after_any_lossless_syntax(
    converter: Converter, drawn: tuple[ImagePixel, Values], to: str, back: str, *, big: bool
) -> None:
    image, values = drawn
    outcome = converter.convert(source_of(image, values, big=big), to)
    stands, _ = permission(find(to), image._replace(planar_configuration=0))
    if stands is Permission.FORBIDDEN:
        assert outcome.status == "refused"
        return
    assert outcome.status == "done", outcome.error
    assert outcome.verification != "none"
    native_again = converter.done(converter.out.read_bytes(), back)
    assert native_again.PhotometricInterpretation == image.photometric_interpretation
    assert int(native_again.NumberOfFrames) == image.number_of_frames
    assert np.array_equal(values_of(native_again, image), values)
