"""Small data sets and files, byte by byte, made without the code that is tested."""

import struct
from collections.abc import Iterable

from dicomtx.dicom.data_set import DataSet
from dicomtx.dicom.elements import EXPLICIT, Encoding, elements
from dicomtx.image_pixel import ImagePixel
from dicomtx.storage.source import Source
from dicomtx.transfer_syntaxes import find

LONG = ("OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV")
UNDEFINED = 0xFFFFFFFF
SOP_CLASS = "1.2.840.10008.5.1.4.1.1.7"
SOP_INSTANCE = "1.2.3.4"


def order(encoding: Encoding) -> str:
    """Returns the byte order as ``struct`` wants it."""
    return ">" if encoding.big_endian else "<"


def mark(tag: int, length: int = 0, encoding: Encoding = EXPLICIT) -> bytes:
    """Returns a header without a VR: of an item, a delimiter or an implicit element."""
    return struct.pack(f"{order(encoding)}HHI", tag >> 16, tag & 0xFFFF, length)


def element(
    tag: int,
    vr: str,
    value: bytes = b"",
    encoding: Encoding = EXPLICIT,
    *,
    length: int | None = None,
) -> bytes:
    """Returns one element; the value is in the byte order of the encoding."""
    length = len(value) if length is None else length
    if encoding.implicit_vr:
        return mark(tag, length, encoding) + value
    start = struct.pack(f"{order(encoding)}HH", tag >> 16, tag & 0xFFFF) + vr.encode()
    if vr in LONG:
        return start + struct.pack(f"{order(encoding)}HI", 0, length) + value
    return start + struct.pack(f"{order(encoding)}H", length) + value


def short(tag: int, value: int, encoding: Encoding = EXPLICIT) -> bytes:
    """Returns an element of one US."""
    return element(tag, "US", struct.pack(f"{order(encoding)}H", value), encoding)


def text(tag: int, vr: str, value: str, encoding: Encoding = EXPLICIT) -> bytes:
    """Returns an element of text, padded."""
    return element(tag, vr, padded(value, vr), encoding)


def padded(value: str, vr: str = "") -> bytes:
    """Returns the bytes of a text, of even length."""
    return value.encode() + (b"\0" if vr == "UI" else b" ") * (len(value) % 2)


def bits(text: str) -> bytes:
    """Returns bits, the first one lowest, packed."""
    padded = text + "0" * (-len(text) % 8)
    return bytes(int(padded[at : at + 8][::-1], 2) for at in range(0, len(padded), 8))


def item(content: bytes, encoding: Encoding = EXPLICIT, *, undefined: bool = False) -> bytes:
    """Returns one item."""
    if not undefined:
        return mark(0xFFFEE000, len(content), encoding) + content
    return mark(0xFFFEE000, UNDEFINED, encoding) + content + mark(0xFFFEE00D, 0, encoding)


def sequence(
    tag: int,
    items: Iterable[bytes],
    encoding: Encoding = EXPLICIT,
    *,
    undefined: bool = False,
) -> bytes:
    """Returns a sequence; it and its items are of defined or undefined length."""
    value = b"".join(item(content, encoding, undefined=undefined) for content in items)
    if not undefined:
        return element(tag, "SQ", value, encoding)
    value += mark(0xFFFEE0DD, 0, encoding)
    return element(tag, "SQ", value, encoding, length=UNDEFINED)


def encapsulated(fragments: Iterable[bytes], offsets: Iterable[int] = ()) -> bytes:
    """Returns encapsulated Pixel Data, its Basic Offset Table as given."""
    items = (struct.pack(f"<{len(table)}I", *table) for table in [tuple(offsets)])
    value = b"".join(item(content) for content in (*items, *fragments))
    return element(0x7FE00010, "OB", value + mark(0xFFFEE0DD), length=UNDEFINED)


def meta(syntax: str, *more: bytes) -> bytes:
    """Returns file meta information with a right group length; ``more`` in tag order."""
    first = element(0x00020001, "OB", b"\0\1")
    uid = text(0x00020010, "UI", find(syntax).uid) if syntax else b""
    before = [extra for extra in more if extra[2:4] < b"\x10\0"]
    after = [extra for extra in more if extra[2:4] > b"\x10\0"]
    content = b"".join([first, *before, uid, *after])
    return element(0x00020000, "UL", struct.pack("<I", len(content))) + content


def part10(syntax: str, data_set: bytes, *more: bytes, preamble: bytes = bytes(128)) -> bytes:
    """Returns a file; ``syntax`` is a name, or empty for no Transfer Syntax UID."""
    return preamble + b"DICM" + meta(syntax, *more) + data_set


def identity(encoding: Encoding = EXPLICIT) -> bytes:
    """Returns SOP Class UID and SOP Instance UID."""
    return text(0x00080016, "UI", SOP_CLASS, encoding) + text(
        0x00080018, "UI", SOP_INSTANCE, encoding
    )


def image(
    rows: int = 2,
    columns: int = 3,
    *,
    samples: int = 1,
    photometric: str = "MONOCHROME2",
    allocated: int = 8,
    stored: int = 0,
    signed: bool = False,
) -> ImagePixel:
    """Returns an Image Pixel module; all bits are stored if nothing else is said."""
    return ImagePixel(
        rows=rows,
        columns=columns,
        samples_per_pixel=samples,
        photometric_interpretation=photometric,
        bits_allocated=allocated,
        bits_stored=stored or allocated,
        high_bit=(stored or allocated) - 1,
        pixel_representation=int(signed),
    )


KINDS = {
    "8 bits": image(2, 4),
    "12 bits": image(2, 4, allocated=16, stored=12),
    "signed": image(2, 4, allocated=16, signed=True),
    "colour": image(2, 4, samples=3, photometric="RGB"),
    "32 bits": image(2, 4, allocated=32),
}
"""Small images of each kind of native pixels."""


def module(pixel: ImagePixel, encoding: Encoding = EXPLICIT, *, frames: str = "") -> bytes:
    """Returns the elements of an Image Pixel module, Pixel Data left out."""
    colour = pixel.samples_per_pixel > 1
    return b"".join(
        [
            short(0x00280002, pixel.samples_per_pixel, encoding),
            text(0x00280004, "CS", pixel.photometric_interpretation, encoding),
            short(0x00280006, pixel.planar_configuration, encoding) if colour else b"",
            text(0x00280008, "IS", frames, encoding) if frames else b"",
            short(0x00280010, pixel.rows, encoding),
            short(0x00280011, pixel.columns, encoding),
            short(0x00280100, pixel.bits_allocated, encoding),
            short(0x00280101, pixel.bits_stored, encoding),
            short(0x00280102, pixel.high_bit, encoding),
            short(0x00280103, pixel.pixel_representation, encoding),
        ]
    )


def native(
    pixel: ImagePixel, data: bytes, encoding: Encoding = EXPLICIT, *, frames: str = "", vr: str = ""
) -> bytes:
    """Returns a whole native data set; ``data`` is in the byte order of the encoding."""
    vr = vr or ("OW" if pixel.bits_allocated > 8 else "OB")
    pixels = element(0x7FE00010, vr, data + b"\0" * (len(data) % 2), encoding)
    return identity(encoding) + module(pixel, encoding, frames=frames) + pixels


def data_set(data: bytes, encoding: Encoding = EXPLICIT) -> DataSet:
    """Returns the data set that stands in these bytes, without file meta."""
    source = Source(data)
    return DataSet(source, encoding, elements(source, 0, len(data), encoding))
