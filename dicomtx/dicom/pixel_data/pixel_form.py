"""Detects the real form of Pixel Data. Its length and its label can both be wrong."""

from typing import TYPE_CHECKING, Final

from dicomtx.dicom import tags
from dicomtx.dicom.data_set import DataSet
from dicomtx.dicom.elements import EXPLICIT, Element, header
from dicomtx.dicom.rope import swapped
from dicomtx.errors import DamagedError
from dicomtx.image_pixel import ImagePixel
from dicomtx.storage.source import Source
from dicomtx.transfer_syntaxes import TransferSyntax

if TYPE_CHECKING:
    from dicomtx.code_stream import CodeStream

STREAM_HEAD: Final = 1 << 16
LONGEST_HEAD: Final = 1 << 24  # JPEG with an ICC profile, which can have 255 parts
SOI: Final = b"\xff\xd8"
ITEM_TAG: Final = b"\xfe\xff\x00\xe0"
STARTS: Final = {
    b"\xff\xd8\xff": "JPEG",
    b"\xff\x4f\xff\x51": "JPEG 2000",
    b"\0\0\0\x0cjP  ": "JPEG 2000",
    b"\0\0\0\x0cJXL ": "JPEG XL",
    b"\xff\x0a": "JPEG XL",
}
SHORT_START: Final = 2  # bytes; too few to trust without parsing the header
RLE_START: Final = b"\0\0\0\x40\0\0\0"  # after the number of segments: the offset of the first


def has_items(source: Source, element: Element) -> bool:
    """Returns whether Pixel Data begins with an item, as encapsulated data does (PS3.5 A.4)."""
    return source.peek(element.value, len(ITEM_TAG)) == ITEM_TAG


def first_stream(data_set: DataSet) -> "CodeStream | None":
    """Parses the header of the first code stream in encapsulated Pixel Data."""
    element, source = data_set.find(tags.PIXEL_DATA), data_set.source
    if element is None:
        return None
    at, size = element.value, element.end - element.value
    if element.undefined or has_items(source, element):
        table = header(source, at, EXPLICIT)
        if table.end + 8 > source.size:
            return None
        fragment = header(source, table.end, EXPLICIT)
        at, size = fragment.value, fragment.length
    from dicomtx import code_stream  # noqa: PLC0415 - native files do not need it

    head = source.read(at, min(size, STREAM_HEAD))
    said = code_stream.read(head)
    if said is None and head.startswith(SOI) and size > STREAM_HEAD:
        said = code_stream.read(source.read(at, min(size, LONGEST_HEAD)))
    return said


def disguised(data_set: DataSet, label: TransferSyntax, image: ImagePixel | None) -> str:
    """Returns how Pixel Data of defined length is encapsulated, if the label is a compressed one.

    It has items, or is one code stream without items. Returns empty if Pixel Data is native.

    Raises:
        DamagedError: Pixel Data has none of these forms.
    """
    element, source = data_set.find(tags.PIXEL_DATA), data_set.source
    assert element is not None
    if has_items(source, element):
        return "Pixel Data has a defined length, but consists of items; read as encapsulated"
    if family := _family(source.peek(element.value, STREAM_HEAD)):
        return f"Pixel Data is a {family} stream without items; read as encapsulated"
    if image and not any(_is_native(source, element, size) for size in _native_sizes(image)):
        raise DamagedError(
            f"the transfer syntax is {label.name}, but Pixel Data has no items and no known"
            f" code stream, and its {element.end - element.value} bytes are not the"
            f" {image.native_bytes} of the native image"
        )
    return ""


def _native_sizes(image: ImagePixel) -> tuple[int, int]:
    """Returns the possible sizes of native Pixel Data; a 4:2:2 label is often wrong."""
    whole = image._replace(photometric_interpretation="RGB")
    return image.native_bytes, whole.native_bytes


def _is_native(source: Source, element: Element, size: int) -> bool:
    """Returns whether Pixel Data has at least this size, with only zeros after it."""
    behind = element.end - element.value - size
    if behind < 0:
        return False
    return not any(chunk.strip(b"\0") for chunk in source.chunks(element.value + size, behind))


def hidden(data_set: DataSet, image: ImagePixel | None) -> str:
    """Returns the kind of code streams in Pixel Data labelled as native; empty if none."""
    element, source = data_set.find(tags.PIXEL_DATA), data_set.source
    if element is None or image is None:
        return ""
    start = source.peek(element.value, 12)
    for word in (1, 2) if data_set.encoding.big_endian else (1,):
        if not swapped(start, word).startswith((ITEM_TAG, *STARTS)):
            continue
        head = swapped(source.peek(element.value, STREAM_HEAD), word)
        if not head.startswith(ITEM_TAG):
            return _stream_of(image, head)
        behind = 8 + int.from_bytes(head[4:8], "little")  # the Basic Offset Table
        following = swapped(source.peek(element.value + behind, STREAM_HEAD), word)
        if following.startswith(ITEM_TAG):
            return f"items of {_family(following[8:]) or 'encapsulated'} frames"
    return ""


def _stream_of(image: ImagePixel, head: bytes) -> str:
    """Returns the kind of a code stream; empty unless its size matches the image."""
    from dicomtx import code_stream  # noqa: PLC0415 - native files do not need it

    said = code_stream.read(head)
    if said is None or (said.rows, said.columns) != (image.rows, image.columns):
        return ""
    return f"a {said.family} stream"


def _family(head: bytes) -> str:
    """Returns the family of the code stream with these first bytes; empty if unknown."""
    start = next((start for start in STARTS if head.startswith(start)), b"")
    if len(start) > SHORT_START:
        return STARTS[start]
    if not start and head[1:8] != RLE_START:
        return ""
    from dicomtx import code_stream  # noqa: PLC0415 - native files do not need it

    said = code_stream.read(head)
    return said.family if said else ""
