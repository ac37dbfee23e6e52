"""What imagecodecs is told and what is made of its answers, beyond the table of references."""

import imagecodecs as library
import numpy as np
import pytest

from dicomtx import code_stream
from dicomtx.codecs import openjpeg, stream_repair
from dicomtx.codecs.codec import EncodeOptions
from dicomtx.codecs.imagecodecs import lossless
from dicomtx.errors import CodecError
from dicomtx.image_pixel import Frame
from dicomtx.transfer_syntaxes import by_uid, find
from tests.codecs import references
from tests.dicom import builder
from tests.sampling import sampled

OPTIONS = EncodeOptions()
GREY = builder.image(40, 34)


@pytest.mark.parametrize("name", sampled(["693", "MR2", "RG1", "RG3"], 3))
def test_lossless_jpeg_2000_is_what_it_was_made_of(name: str) -> None:
    stream, image, syntax = references.real(f"{name}_J2KR.dcm")
    native, _, _ = references.real(f"{name}_UNCR.dcm")
    frame = lossless.decode(stream, by_uid(syntax), image)
    assert frame.data == native
    assert openjpeg.decode(stream, by_uid(syntax), image) == frame


def test_colour_of_jpeg_2000_comes_back_as_rgb() -> None:
    stream, image, syntax = references.real("US1_J2KR.dcm")
    native, _, _ = references.real("US1_UNCR.dcm")
    frame = lossless.decode(stream, by_uid(syntax), image)
    assert (image.photometric_interpretation, frame.image.photometric_interpretation) == (
        "YBR_RCT",
        "RGB",
    )
    assert frame.data == native


def test_a_jpeg_2000_stream_of_the_other_sign_keeps_its_bits() -> None:
    stream, image, syntax = references.real("J2K_pixelrep_mismatch.dcm")
    told = code_stream.read(stream)
    assert told
    assert told.signed != image.signed
    values = np.frombuffer(lossless.decode(stream, by_uid(syntax), image).data, "<i2")
    plain = library.jpeg2k_decode(stream)
    assert values.min() == -2000
    assert np.array_equal(values.reshape(plain.shape) & 0x1FFF, plain & 0x1FFF)


def test_jpeg_colour_is_not_converted() -> None:
    stream, image, syntax = references.real("SC_rgb_jpeg_dcmtk.dcm")
    frame = lossless.decode(stream, by_uid(syntax), image)
    assert frame.image.photometric_interpretation == "YBR_FULL"
    assert bytes(frame.data[:3]) == bytes([76, 85, 255])  # a red pixel


@pytest.mark.parametrize("pattern", ["noise", "odd noise"])
def test_one_bit_rle_may_be_packed(pattern: str) -> None:
    frame = references.frame(references.kind(1, 1), pattern)
    packed = stream_repair.rle([library.packbits_encode(frame.data)])
    assert lossless.decode(packed, find("rle-lossless"), frame.image) == frame


@pytest.mark.parametrize("slug", ["deflated-image-frame", "encapsulated-uncompressed"])
def test_a_frame_by_plane_comes_back_by_pixel(slug: str) -> None:
    frame = references.frame(references.kind(16, 16, samples=3, photometric="RGB"), "noise")
    planes = np.frombuffer(frame.data, "<u2").reshape(-1, 3).T.tobytes()
    by_plane = Frame(planes, frame.image._replace(planar_configuration=1))
    stream = lossless.encode(by_plane, find(slug), OPTIONS)
    assert lossless.decode(stream, find(slug), by_plane.image) == frame


def test_a_recompressed_jpeg_gives_what_the_jpeg_gives() -> None:
    stream, image, syntax = references.real("SC_rgb_jpeg_dcmtk.dcm")
    recompressed = bytes(library.jpegxl_encode_jpeg(stream))
    frame = lossless.decode(recompressed, find("jpeg-xl-recompression"), image)
    assert frame == lossless.decode(stream, by_uid(syntax), image)


def test_jpeg_xl_without_a_jpeg_in_it_is_decoded_as_it_is() -> None:
    frame = references.frame(references.kind(8, 8), "noise")
    stream = lossless.encode(frame, find("jpeg-xl-lossless"), OPTIONS)
    assert lossless.decode(stream, find("jpeg-xl-recompression"), frame.image) == frame


@pytest.mark.parametrize("slug", ["jpeg-lossless-sv1", "htj2k-lossless", "jpeg2000-lossless"])
def test_the_stream_says_the_precision_of_the_data_set(slug: str) -> None:
    frame = references.frame(references.kind(12, 16), "noise")
    told = code_stream.read(lossless.encode(frame, find(slug), OPTIONS))
    assert told
    assert told.precision == 12


def test_rgb_is_decorrelated_and_ybr_full_is_not() -> None:
    for slug in ("jpeg2000-lossless", "htj2k-lossless"):
        for name, transform in (("RGB", "RCT"), ("YBR_FULL", "")):
            frame = references.frame(references.kind(8, 8, samples=3, photometric=name), "noise")
            told = code_stream.read(lossless.encode(frame, find(slug), OPTIONS))
            assert told
            assert told.transform == transform


def test_openjpeg_says_the_same_of_colour() -> None:
    for name in ("RGB", "YBR_FULL"):
        frame = references.frame(references.kind(8, 8, samples=3, photometric=name), "noise")
        one, other = (
            code_stream.read(codec.encode(frame, find("jpeg2000-lossless"), OPTIONS))
            for codec in (lossless, openjpeg)
        )
        assert one
        assert other
        assert one._replace(levels=other.levels) == other  # each encoder chooses its levels


def test_lossless_jpeg_of_ybr_full_does_not_say_rgb() -> None:
    for name, transform in (("RGB", "RGB"), ("YBR_FULL", "")):
        frame = references.frame(references.kind(8, 8, samples=3, photometric=name), "noise")
        told = code_stream.read(lossless.encode(frame, find("jpeg-lossless-sv1"), OPTIONS))
        assert told
        assert told.transform == transform


@pytest.mark.parametrize("size", [64, 65, 4096, 4097])
def test_the_smallest_resolution_of_htj2k_is_at_most_64(size: int) -> None:
    image = builder.image(128, size)
    frame = Frame(bytes(128 * size), image)
    stream = lossless.encode(frame, find("htj2k-lossless-rpcl"), OPTIONS)
    assert b"\xff\x55" in stream  # TLM
    coding = stream.index(b"\xff\x52")
    assert stream[coding + 5] == 2  # RPCL
    assert size <= 64 << stream[coding + 9]


@pytest.mark.parametrize("size", [65, 300, 4097])
def test_a_thin_image_has_all_its_resolutions_or_is_refused(size: int) -> None:
    frame = Frame(
        bytes(2 * size),
        builder.image(2, size),
    )
    whole = lossless.encode(frame, find("htj2k-lossless"), OPTIONS)
    if size <= 64 << whole[whole.index(b"\xff\x52") + 9]:
        assert lossless.encode(frame, find("htj2k-lossless-rpcl"), OPTIONS) == whole
        return
    with pytest.raises(CodecError, match=r"PS3\.5 10\.18"):  # imagecodecs 2026.10
        lossless.encode(frame, find("htj2k-lossless-rpcl"), OPTIONS)


def test_sixteen_bits_do_not_fit_in_eight() -> None:
    frame = references.frame(references.kind(16, 16), "noise")
    for slug in ("jpeg2000-lossless", "jpeg-lossless-sv1", "jpeg-ls-lossless"):
        stream = lossless.encode(frame, find(slug), OPTIONS)
        with pytest.raises(CodecError, match="16 bits per sample, but Bits Allocated is 8"):
            lossless.decode(stream, find(slug), GREY)


def test_another_size_is_refused() -> None:
    frame = references.frame(references.kind(8, 8), "noise")
    for slug in ("jpeg2000-lossless", "rle-lossless", "encapsulated-uncompressed"):
        stream = lossless.encode(frame, find(slug), OPTIONS)
        with pytest.raises(CodecError, match="not"):
            lossless.decode(stream, find(slug), GREY._replace(rows=41))


def test_lossy_values_come_back_as_the_stream_holds_them() -> None:
    values = np.where(np.indices((40, 34)).sum(axis=0) % 3 == 0, 1023, 900).astype("<u2")
    stream = bytes(library.jpeg8_encode(values, 90, bitspersample=12))
    assert library.jpeg8_decode(stream).max() > 1023
    image = GREY._replace(bits_allocated=16, bits_stored=10, high_bit=9)
    found = np.frombuffer(lossless.decode(stream, find("jpeg-extended"), image).data, "<u2")
    assert found.max() == library.jpeg8_decode(stream).max()


def test_what_is_in_no_table_is_refused() -> None:
    frame = references.frame(references.kind(8, 8), "noise")
    for slug in ("jpeg-xl-recompression", "explicit-vr-little-endian"):
        with pytest.raises(CodecError, match="does not encode"):
            lossless.encode(frame, find(slug), OPTIONS)
    with pytest.raises(CodecError, match="does not decode"):
        lossless.decode(b"", find("explicit-vr-little-endian"), GREY)
