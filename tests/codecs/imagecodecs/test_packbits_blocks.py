"""RLE segments are decoded one by one, and encoded in blocks of rows and in several threads."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from dicomtx.codecs import stream_repair
from dicomtx.codecs.codec import EncodeOptions
from dicomtx.codecs.frame_threads import frame_threads
from dicomtx.codecs.imagecodecs import lossless, packbits
from dicomtx.errors import CodecError
from dicomtx.image_pixel import Frame, ImagePixel
from dicomtx.transfer_syntaxes import find
from tests.dicom.builder import image

RLE = find("rle-lossless")
RGB: dict[str, Any] = {"samples": 3, "photometric": "RGB"}
KINDS: list[dict[str, Any]] = [
    {},
    {"allocated": 16, "stored": 12},
    {"allocated": 16, "signed": True},
    {"allocated": 32},
    RGB,
    RGB | {"allocated": 16},
]


def noise(pixel: ImagePixel) -> Frame:
    words = np.random.default_rng(7).integers(0, 1 << pixel.bits_stored, pixel.samples_per_frame)
    return Frame(words.astype(f"<u{pixel.bits_allocated // 8}").tobytes(), pixel)


def encoded(frame: Frame) -> bytes:
    return lossless.encode(frame, RLE, EncodeOptions())


def literals(*lengths: int) -> bytes:
    return stream_repair.rle([bytes((size - 1, *range(size))) for size in lengths])


@pytest.mark.parametrize(
    ("kind", "lengths"),
    [
        ({"allocated": 16}, (4, 8)),
        ({"allocated": 16}, (8, 4)),
        ({"allocated": 16, "signed": True}, (7, 5)),
        ({"allocated": 32}, (6, 2, 10, 6)),
        (RGB, (4, 8, 6)),
        (RGB, (6, 8, 4)),
    ],
)
def test_a_segment_that_is_too_long_does_not_make_up_for_one_that_is_too_short(
    kind: dict[str, Any], lengths: tuple[int, ...]
) -> None:
    held = ", ".join(map(str, lengths))
    with pytest.raises(CodecError, match=f"the RLE segments hold {held} bytes, not 6 each"):
        lossless.decode(literals(*lengths), RLE, image(2, 3, **kind))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("behind", [b"", b"\0", b"\xff", b"\0\0\0", b"\xffmore"])
def test_a_frame_says_if_nothing_follows_its_stream(kind: dict[str, Any], behind: bytes) -> None:
    frame = noise(image(5, 7, **kind))
    found = lossless.decode(encoded(frame) + behind, RLE, frame.image)
    assert bytes(found.data) == frame.data
    tail = b"".join(packbits.tails(encoded(frame) + behind, 35))
    assert found.exact == (behind in (b"", b"\0"))
    assert not found.exact or not tail.strip(b"\0")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [(1, 40), (40, 1), (7, 9)])
@pytest.mark.parametrize("block", [1, 16, 1 << 18])
def test_blocks_of_rows_do_not_show_in_the_stream(
    kind: dict[str, Any], size: tuple[int, int], block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = noise(image(*size, **kind))
    whole = encoded(frame)
    monkeypatch.setattr(packbits, "BLOCK", block)
    assert encoded(frame) == whole
    assert bytes(lossless.decode(whole, RLE, frame.image).data) == frame.data


@pytest.mark.parametrize("kind", KINDS)
def test_threads_do_not_show_in_the_stream(
    kind: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packbits, "WORTH_THREADS", 1)
    frame = noise(image(30, 20, **kind))
    alone = encoded(frame)
    with frame_threads(3):
        assert encoded(frame) == alone
    edges = (*stream_repair.RLE_HEADER.unpack_from(alone)[1 : 1 + alone[0]], len(alone))
    assert all(a % 2 == 0 and a < b for a, b in pairwise(edges))
