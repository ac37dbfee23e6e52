"""lj92 decodes what libjpeg-turbo encoded, to verify it."""

from typing import Any

import numpy as np
import pytest

from dicomtx.codecs.codec import EncodeOptions
from dicomtx.codecs.imagecodecs import lj92, lossless
from dicomtx.errors import CodecError
from dicomtx.image_pixel import Frame
from dicomtx.transfer_syntaxes import find
from tests.dicom.builder import image

TARGETS = ("jpeg-lossless-sv1", "jpeg-lossless")
KINDS: list[dict[str, Any]] = [
    {},
    {"stored": 6},
    {"allocated": 16, "stored": 9},
    {"allocated": 16, "stored": 12},
    {"allocated": 16, "signed": True},
    {"samples": 3, "photometric": "RGB"},
    {"samples": 3, "photometric": "YBR_FULL"},
    {"allocated": 16, "samples": 3, "photometric": "RGB"},
]
SIDES = [(1, 1), (1, 33), (33, 1), (2, 3), (24, 31), (200, 150)]


@pytest.mark.parametrize("to", TARGETS)
@pytest.mark.parametrize("sides", SIDES)
@pytest.mark.parametrize("kind", KINDS)
def test_it_decodes_to_the_same_words(
    to: str, sides: tuple[int, int], kind: dict[str, Any]
) -> None:
    pixel = image(*sides, **kind)
    random = np.random.default_rng(7)
    words = random.integers(0, 1 << pixel.bits_stored, pixel.samples_per_frame)
    if pixel.signed:
        words -= 1 << pixel.bits_stored - 1
    word = f"<{'i' if pixel.signed else 'u'}{pixel.bits_allocated // 8}"
    frame = Frame(words.astype(word).tobytes(), pixel)
    stream = lossless.encode(frame, find(to), EncodeOptions())
    found = lj92.decode(stream, find(to), pixel)
    assert bytes(found.data) == frame.data
    assert found.image.photometric_interpretation == pixel.photometric_interpretation


@pytest.mark.parametrize("stream", [b"", b"\xff\xd8\xff\xd9", bytes(100)])
def test_something_else_is_an_error(stream: bytes) -> None:
    with pytest.raises(CodecError, match="lj92: "):
        lj92.decode(stream, find(TARGETS[0]), image(8, 8))
