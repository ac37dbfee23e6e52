"""JPEG 2000 with subsampled chroma comes back as the components that were coded."""

import numpy as np
import pytest

from dicomtx.codecs import openjpeg
from dicomtx.codecs.codec import Codec
from dicomtx.codecs.imagecodecs import lossless
from dicomtx.errors import CodecError
from dicomtx.transfer_syntaxes import find
from tests.dicom.builder import image
from tests.subsampled_streams import planes, subsampled, whole


@pytest.mark.parametrize("codec", [lossless, openjpeg])
@pytest.mark.parametrize("number", ["90", "91", "201", "203"])
@pytest.mark.parametrize("distances", [(2, 1), (2, 2), (1, 2)])
@pytest.mark.parametrize(("rows", "columns", "bits"), [(48, 64, 8), (47, 63, 8), (33, 35, 12)])
def test_components_keep_their_values(
    codec: Codec, number: str, distances: tuple[int, int], rows: int, columns: int, bits: int
) -> None:
    parts = planes(rows, columns, *distances, bits)
    syntax = find(f"1.2.840.10008.1.2.4.{number}")
    stream = subsampled(parts, syntax.uid, *distances, bits)
    allocated = 8 if bits == 8 else 16
    pixel = image(rows, columns, samples=3, photometric="RGB", allocated=allocated, stored=bits)
    frame = codec.decode(stream, syntax, pixel)
    assert frame.image.photometric_interpretation == "YBR_FULL"
    expected = whole(parts, *distances).astype(np.int32)
    found = np.frombuffer(frame.data, f"<u{allocated // 8}").reshape(expected.shape)
    tolerance = (1 << bits - 8) + 2 if syntax.lossy else 0
    assert np.abs(found - expected).max() <= tolerance


def test_a_reference_grid_that_cannot_be_stretched_is_refused() -> None:
    stream = bytearray(subsampled(planes(48, 64, 2, 1), "1.2.840.10008.1.2.4.90", 2, 1))
    at = stream.index(b"\xff\x51") + 41
    stream[at] = 200
    with pytest.raises(CodecError, match="too large"):
        openjpeg.decode(
            bytes(stream), find("jpeg2000-lossless"), image(48, 64, samples=3, photometric="RGB")
        )
