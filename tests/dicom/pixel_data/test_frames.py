"""Pixel Data frame by frame, native and encapsulated."""

import struct
from zlib import crc32

import pytest

from dicomtx.dicom.elements import EXPLICIT, EXPLICIT_BIG
from dicomtx.dicom.pixel_data.encapsulation import Fragment
from dicomtx.dicom.pixel_data.frames import (
    EncapsulatedFrames,
    by_pixel,
    native_frames,
)
from dicomtx.errors import DamagedError
from dicomtx.image_pixel import ImagePixel
from dicomtx.storage.source import Source
from tests.dicom import builder
from tests.dicom.builder import bits


def frames_of(image: ImagePixel, data: bytes, *, big: bool = False, vr: str = "") -> list[bytes]:
    encoding = EXPLICIT_BIG if big else EXPLICIT
    data_set = builder.data_set(builder.native(image, data, encoding, vr=vr), encoding)
    frames = native_frames(data_set, image)
    found = [frames.read(index) for index in range(frames.count)]
    assert all(frame.image.number_of_frames == 1 for frame in found)
    assert all(frame.image.planar_configuration == 0 for frame in found)
    sums = [frames.checksum(index) for index in range(frames.count)]
    assert sums == [crc32(frame.data) for frame in found]
    return [bytes(frame.data) for frame in found]


# ------------------------------------------------------------------ native frames


def test_frames_of_whole_bytes_follow_each_other() -> None:
    image = builder.image(2, 3)._replace(number_of_frames=2)
    assert frames_of(image, bytes(range(12))) == [bytes(range(6)), bytes(range(6, 12))]


@pytest.mark.parametrize("big", [False, True])
def test_frames_of_single_bits_need_not_begin_with_a_byte(*, big: bool) -> None:
    image = builder.image(3, 3, allocated=1)._replace(number_of_frames=4)
    frames = ["101010101", "111000111", "000000001", "110011001"]
    data = bits("".join(frames))
    if big:  # OW: the bytes of a word change places
        data += b"\0" * (len(data) % 2)
        data = b"".join(data[at : at + 2][::-1] for at in range(0, len(data), 2))
    found = frames_of(image, data, big=big, vr="OW" if big else "OB")
    assert found == [bits(frame) for frame in frames]


@pytest.mark.parametrize(
    ("allocated", "code"), [(8, "B"), (16, "H"), (32, "I"), (64, "Q")], ids=str
)
def test_colour_by_plane_becomes_colour_by_pixel(allocated: int, code: str) -> None:
    planes = struct.pack(f"<12{code}", *range(12))
    pixels = struct.pack(f"<12{code}", *(p + 4 * s for p in range(4) for s in range(3)))
    assert by_pixel(planes, 3, allocated) == pixels
    image = builder.image(2, 2, samples=3, photometric="RGB", allocated=allocated)
    assert frames_of(image._replace(planar_configuration=1), planes) == [pixels]
    assert frames_of(image, pixels) == [pixels]


def test_colour_by_plane_is_by_frame() -> None:
    image = builder.image(1, 2, samples=3, photometric="RGB")
    image = image._replace(planar_configuration=1, number_of_frames=2)
    assert frames_of(image, b"rRgGbB" + b"123456") == [b"rgbRGB", b"135246"]


def test_a_grey_image_has_no_planes() -> None:
    image = builder.image(1, 4)._replace(planar_configuration=1)
    assert frames_of(image, b"abcd") == [b"abcd"]


@pytest.mark.parametrize(
    ("allocated", "vr", "big", "little"),
    [
        (8, "OB", b"abcd", b"abcd"),
        (8, "OW", b"badc", b"abcd"),
        (16, "OW", b"badc", b"abcd"),
        (32, "OW", b"badc", b"abcd"),  # by words of 16 bits, the low one first (PS3.5 8.1.1)
        (64, "OW", b"badcfehg", b"abcdefgh"),
        (16, "OB", b"badc", b"abcd"),  # the VR is wrong, the byte order is the data set's
    ],
)
def test_big_endian_words_are_swapped(allocated: int, vr: str, big: bytes, little: bytes) -> None:
    image = builder.image(1, len(big) * 8 // allocated, allocated=allocated)
    assert frames_of(image, big, big=True, vr=vr) == [little]


def test_big_endian_words_are_swapped_before_frames_are_told_apart() -> None:
    image = builder.image(1, 3)._replace(number_of_frames=2)
    assert frames_of(image, b"badcfe", big=True, vr="OW") == [b"abc", b"def"]


def test_native_pixel_data_that_is_too_short_is_damaged() -> None:
    image = builder.image(2, 3, allocated=16)._replace(number_of_frames=2)
    with pytest.raises(DamagedError, match=r"image \(frames: 2, size: 2 x 3\) needs 24"):
        frames_of(image, bytes(22))


@pytest.mark.parametrize("extra", [1, 2])
def test_a_few_bytes_too_many_are_padding(extra: int) -> None:
    assert frames_of(builder.image(2, 2), b"abcd" + bytes(extra)) == [b"abcd"]


def test_the_fragments_of_a_frame_are_joined() -> None:
    fragments = ((Fragment(0, 2), Fragment(4, 3)), (Fragment(7, 1),))
    frames = EncapsulatedFrames(Source(b"ab--cdef"), fragments)
    assert [frames.read(index) for index in range(frames.count)] == [b"abcde", b"f"]
