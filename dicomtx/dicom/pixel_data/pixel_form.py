"""What form Pixel Data really has: its length and its label can both be wrong."""

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
LONGEST_HEAD: Final = 1 << 24  # of JPEG with an ICC profile: as many pieces as can be numbered
SOI: Final = b"\xff\xd8"
ITEM_TAG: Final = b"\xfe\xff\x00\xe0"
STARTS: Final = {
    b"\xff\xd8\xff": "JPEG",
    b"\xff\x4f\xff\x51": "JPEG 2000",
    b"\0\0\0\x0cjP  ": "JPEG 2000",
    b"\0\0\0\x0cJXL ": "JPEG XL",
    b"\xff\x0a": "JPEG XL",
}
SHORT_START: Final = 2  # bytes: too few to believe them without the header behind
RLE_START: Final = b"\0\0\0\x40\0\0\0"  # behind the number of segments: the first one's offset


def has_items(source: Source, element: Element) -> bool:
    """Whether Pixel Data begins with an item, as it does if it is encapsulated (PS3.5 A.4)."""
    return source.peek(element.value, len(ITEM_TAG)) == ITEM_TAG


def first_stream(data_set: DataSet) -> "CodeStream | None":
    """Returns what the first fragment of encapsulated Pixel Data says of itself."""
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
    from dicomtx import code_stream  # noqa: PLC0415 - native files need none

    head = source.read(at, min(size, STREAM_HEAD))
    said = code_stream.read(head)
    if said is None and head.startswith(SOI) and size > STREAM_HEAD:
        said = code_stream.read(source.read(at, min(size, LONGEST_HEAD)))
    return said


def disguised(data_set: DataSet, label: TransferSyntax, image: ImagePixel | None) -> str:
    """Returns how Pixel Data of defined length under a compressed label is encapsulated.

    That is in items, or as one code stream without items. It is empty if Pixel Data is native.

    Raises:
        DamagedError: it is none of these.
    """
    element, source = data_set.find(tags.PIXEL_DATA), data_set.source
    assert element is not None
    if has_items(source, element):
        return "Pixel Data has a defined length, but consists of items: read as encapsulated"
    if family := _family(source.peek(element.value, STREAM_HEAD)):
        return f"Pixel Data is a {family} stream without items: read as encapsulated"
    if image and not any(_is_native(source, element, size) for size in _native_sizes(image)):
        raise DamagedError(
            f"the file meta says {label.name}, but Pixel Data has neither items nor a known code"
            f" stream, and its {element.end - element.value} bytes are not the"
            f" {image.native_bytes} of the native image"
        )
    return ""


def _native_sizes(image: ImagePixel) -> tuple[int, int]:
    """Returns the bytes of native Pixel Data; 4:2:2 is often a label only."""
    whole = image._replace(photometric_interpretation="RGB")
    return image.native_bytes, whole.native_bytes


def _is_native(source: Source, element: Element, size: int) -> bool:
    """Whether Pixel Data has so many bytes, and nothing but zeros behind them."""
    behind = element.end - element.value - size
    if behind < 0:
        return False
    return not any(chunk.strip(b"\0") for chunk in source.chunks(element.value + size, behind))


def hidden(data_set: DataSet, image: ImagePixel | None) -> str:
    """Returns which code streams are in Pixel Data that is native by its label, empty if none."""
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
    """Returns what a code stream of this image is; words that look like one by chance are not."""
    from dicomtx import code_stream  # noqa: PLC0415 - native files need none

    said = code_stream.read(head)
    if said is None or (said.rows, said.columns) != (image.rows, image.columns):
        return ""
    return f"a {said.family} stream"


def _family(head: bytes) -> str:
    """Returns the family of the code stream that begins so, empty if none does."""
    start = next((start for start in STARTS if head.startswith(start)), b"")
    if len(start) > SHORT_START:
        return STARTS[start]
    if not start and head[1:8] != RLE_START:
        return ""
    from dicomtx import code_stream  # noqa: PLC0415 - native files need none

    said = code_stream.read(head)
    return said.family if said else ""
