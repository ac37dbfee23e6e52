"""What a file is: its real syntax, its image, and what its first stream says."""

import struct
from collections.abc import Iterable

import pytest
from pydicom import dcmread
from pydicom.encaps import generate_frames

from dicomtx.dicom.elements import EXPLICIT, EXPLICIT_BIG, IMPLICIT, Encoding
from dicomtx.dicom.inspection import FileInfo, read_file_info
from dicomtx.dicom.part10 import open_part10
from dicomtx.errors import DamagedError
from dicomtx.storage.source import Source
from dicomtx.transfer_syntaxes import by_uid, find
from tests.corpus import file
from tests.dicom import builder
from tests.dicom.builder import element, identity, image, module, native, part10, text

STREAMS = {
    "jpeg-baseline": "SC_rgb_jpeg_dcmtk.dcm",
    "jpeg-extended": "JPGExtended.dcm",
    "jpeg-lossless-sv1": "JPEG-LL.dcm",
    "jpeg-ls-lossless": "MR_small_jpeg_ls_lossless.dcm",
    "jpeg2000-lossless": "MR_small_jp2klossless.dcm",
    "rle-lossless": "MR_small_RLE.dcm",
}
ENCODINGS = {"implicit": IMPLICIT, "explicit": EXPLICIT, "big-endian": EXPLICIT_BIG}


def header(data: bytes) -> FileInfo:
    with open_part10(Source(data)) as part:
        return read_file_info(part)


def stream(slug: str) -> bytes:
    data_set = dcmread(file(STREAMS[slug]))
    return next(generate_frames(data_set.PixelData, number_of_frames=1))


def encapsulated(
    label: str, fragments: Iterable[bytes], rows: int = 64, columns: int = 64
) -> bytes:
    pixel = image(rows, columns, allocated=16)
    return part10(label, identity() + module(pixel) + builder.encapsulated(fragments))


@pytest.mark.parametrize(("name", "encoding"), ENCODINGS.items())
def test_a_native_file_is_told(name: str, encoding: Encoding) -> None:
    pixel = image(2, 3, allocated=16, stored=12, signed=True)
    data = native(pixel, bytes(12), encoding) + text(0x7FE10010, "LO", "after", encoding)
    found = header(part10(name, data))
    assert found.syntax == found.label == find(name)
    assert (found.pixel_data, found.image, found.first_stream) == ("native", pixel, None)
    assert found.sop_class_uid == builder.SOP_CLASS
    assert found.sop_instance_uid == builder.SOP_INSTANCE
    assert found.warnings == ()


@pytest.mark.parametrize(
    ("tag", "kind"), [(0x00100010, "none"), (0x7FE00008, "float"), (0x7FE00009, "float")]
)
def test_a_file_without_pixel_data_is_told(tag: int, kind: str) -> None:
    found = header(part10("explicit", identity() + element(tag, "OF", bytes(8))))
    assert (found.pixel_data, found.image) == (kind, None)


@pytest.mark.parametrize("slug", STREAMS)
def test_the_first_stream_says_what_it_is(slug: str) -> None:
    found = header(encapsulated(slug, [stream(slug)]))
    assert found.syntax == found.label == find(slug)
    assert found.first_stream
    assert found.first_stream.family == find(slug).family
    assert found.warnings == ()


@pytest.mark.parametrize("slug", STREAMS)
@pytest.mark.parametrize("label", ["explicit", "", "jpeg-baseline", "jpeg2000", "rle"])
def test_a_label_that_the_stream_contradicts_is_not_believed(slug: str, label: str) -> None:
    found = header(encapsulated(label, [stream(slug)]))
    assert found.syntax.family == find(slug).family
    if label and find(label).family != find(slug).family:
        assert found.syntax.uid == found.first_stream.syntax if found.first_stream else ""
        assert "but Pixel Data is" in found.warnings[0]


def test_a_lossless_jpeg_labelled_as_baseline_is_told() -> None:
    found = header(encapsulated("jpeg-baseline", [stream("jpeg-lossless-sv1")]))
    assert (found.syntax, found.label) == (find("jpeg-lossless-sv1"), find("jpeg-baseline"))


def test_native_pixel_data_under_an_encapsulated_label_is_told() -> None:
    found = header(part10("jpeg2000", native(image(), bytes(6))))
    assert found.syntax == find("explicit")
    assert found.label == find("jpeg2000")
    assert "but Pixel Data is" in found.warnings[0]


def test_encapsulated_pixel_data_that_nobody_knows_is_damaged() -> None:
    with pytest.raises(DamagedError, match="unknown transfer syntax"):
        header(encapsulated("explicit", [b"whatever this may be " * 9]))


@pytest.mark.parametrize("uid", ["1.2.840.10008.1.2.4.100", "1.2.840.10008.1.2.4.205", "1.2.3.4"])
def test_what_dicomtx_does_not_look_into_is_what_it_is_labelled(uid: str) -> None:
    data = encapsulated("explicit", [b"\xff\xd8 and so on"])
    syntax = text(0x00020010, "UI", find("explicit").uid)
    other = text(0x00020010, "UI", uid)
    found = header(data.replace(syntax, other, 1))
    assert found.syntax == found.label == by_uid(uid)
    assert found.image is None


@pytest.mark.parametrize("bytes_a_pixel", [2, 3])
def test_native_ybr_full_422_is_told_by_its_length(bytes_a_pixel: int) -> None:
    pixel = image(2, 4, samples=3, photometric="YBR_FULL_422")
    found = header(part10("explicit", native(pixel, bytes(8 * bytes_a_pixel))))
    assert found.image
    if bytes_a_pixel == 2:
        assert found.image.photometric_interpretation == "YBR_FULL_422"
        assert found.warnings == ()
    else:
        assert found.image.photometric_interpretation == "YBR_FULL"
        assert "three samples for each pixel" in found.warnings[0]


def test_what_pixel_data_cannot_be_read_without_is_named() -> None:
    data = native(image(), bytes(6)).replace(builder.short(0x00280010, 2), b"")
    found = header(part10("explicit", data))
    assert found.image is None
    assert found.missing == ("Rows",)


def test_only_the_head_of_the_first_stream_is_read() -> None:
    head = stream("jpeg2000-lossless")
    data = encapsulated("jpeg2000", [head + bytes(5 << 20)])
    source = Source(data)
    sizes = []
    read = source.read

    def counted(offset: int, size: int) -> bytes:
        sizes.append(size)
        return read(offset, size)

    source.read = counted  # type: ignore[method-assign]
    with open_part10(source) as part:
        assert read_file_info(part).first_stream
    assert sum(sizes) < 200_000


def test_a_dicomdir_is_told() -> None:
    uid = text(0x00020002, "UI", "1.2.840.10008.1.3.10")
    assert header(part10("explicit", text(0x00041130, "CS", "A"), uid)).file_set
    assert not header(part10("explicit", identity())).file_set


def test_the_file_meta_syntax_may_be_missing() -> None:
    found = header(part10("", native(image(), bytes(6), IMPLICIT)))
    assert found.syntax == found.label == find("implicit")
    found = header(encapsulated("", [stream("jpeg2000-lossless")]))
    assert found.syntax == find("jpeg2000-lossless")


def test_an_empty_basic_offset_table_does_not_hide_the_stream() -> None:
    head = stream("jpeg2000-lossless")
    table = struct.pack("<I", 0)
    pixels = builder.item(table) + builder.item(head) + builder.mark(0xFFFEE0DD)
    data = identity() + module(image(64, 64, allocated=16))
    data += element(0x7FE00010, "OB", pixels, length=builder.UNDEFINED)
    assert header(part10("jpeg2000", data)).first_stream
