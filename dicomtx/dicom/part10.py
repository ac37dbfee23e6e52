"""Reads Part 10 files (PS3.10 7) and bare data sets, and detects their real encoding."""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

from dicomtx.dicom import tags
from dicomtx.dicom.data_set import DataSet, Edit
from dicomtx.dicom.elements import (
    EXPLICIT,
    EXPLICIT_BIG,
    IMPLICIT,
    Element,
    Encoding,
    elements,
    header,
    salvaged,
)
from dicomtx.dicom.rewriter import Rewriter
from dicomtx.dicom.rope import Rope
from dicomtx.dicom.vrs import VRS
from dicomtx.errors import NOT_DICOM, DamagedError, NotDicomError
from dicomtx.storage.source import CHUNK, Source, Spool, temporary_folder
from dicomtx.transfer_syntaxes import (
    BY_UID,
    GE_BIG_ENDIAN_PIXELS,
    ROOT,
    TransferSyntax,
    by_uid,
)
from dicomtx.version import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION

PREAMBLE: Final = 128
PREFIX: Final = b"DICM"
DEFLATED_HEAD: Final = 512  # bytes that are enough to inflate the first header
# the headers of TIFF and BigTIFF, whose offsets lead to the original pixels (PS3.10 7.1)
TIFF: Final = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


class Part10(NamedTuple):
    """The parts of a file.

    Attributes:
        file: the file's bytes.
        preamble: its first 128 bytes; empty if it has none.
        meta: the file meta information; it has no elements if there is none.
        label: the syntax in the file meta information; None if it has none.
        data_set: the elements; those of a deflated data set are in the inflated bytes.
        warnings: deviations from the standard.
        deflated: the data set is deflated (PS3.5 A.5).
        damaged: part of the file was lost when it was salvaged.
        start: the offset of the data set in the file, deflated or not.
    """

    file: Source
    preamble: bytes
    meta: DataSet
    label: TransferSyntax | None
    data_set: DataSet
    warnings: tuple[str, ...]
    deflated: bool = False
    damaged: bool = False
    start: int = 0

    @property
    def encoding(self) -> Encoding:
        """The real encoding of the data set."""
        return self.data_set.encoding

    @property
    def has_meta(self) -> bool:
        """Whether the file has a preamble, a prefix, and a Transfer Syntax UID (PS3.10 7.1)."""
        return self.label is not None and self.file.peek(PREAMBLE, 4) == PREFIX


@contextmanager
def open_part10(file: Source, *, whole: bool = True, salvage: bool = False) -> Iterator[Part10]:
    """Opens a file and finds its elements; without ``whole``, up to encapsulated Pixel Data.

    With ``salvage``, a data set that ends too early yields its available part.

    Raises:
        NotDicomError: it is not a DICOM file.
        DamagedError: it is a DICOM file, but its structure is damaged.
    """
    preamble, start = _preamble(file)
    meta = DataSet(file, EXPLICIT, _meta_elements(file, start))
    start = at = meta.elements[-1].end if meta.elements else start
    uid = meta.text(tags.TRANSFER_SYNTAX_UID)
    label = by_uid(uid) if uid else None
    warnings = [] if uid else ["the file meta has no transfer syntax; detected from the data"]
    inflated = None
    data = file
    if label and (label.deflated or _looks_deflated(file, start)):
        inflated = _inflate(file, start)
        if inflated:
            data, at = inflated.source(), 0
        if not inflated and label.deflated:
            warnings.append("the data set is not deflated, though the file meta says so")
        elif inflated and not label.deflated:
            warnings.append(f"the data set is deflated, though the file meta says {label.name}")
    try:
        encoding = _encoding(data, at, label, is_part10=bool(meta.elements))
        if encoding not in _NAMES:
            raise DamagedError("the data set is implicit VR big endian, which DICOM does not allow")
        if label and label.keyword and encoding != _encoding_of(label):
            told = _NAMES[_encoding_of(label)]
            warnings.append(f"the data set is {_NAMES[encoding]}, though the file meta says {told}")
        found = elements(data, at, data.size, encoding, whole=whole)
        lost: list[str] = []
        found = salvaged(found, data.size, lost) if salvage else found
        swapped = label is GE_BIG_ENDIAN_PIXELS
        data_set = DataSet(data, encoding, found, big_endian_pixels=swapped)
        deflated, warned = inflated is not None, (*warnings, *lost)
        yield Part10(file, preamble, meta, label, data_set, warned, deflated, bool(lost), start)
    finally:
        if inflated:
            inflated.close()


_NAMES = {IMPLICIT: "implicit VR", EXPLICIT: "explicit VR", EXPLICIT_BIG: "big endian"}


def _preamble(file: Source) -> tuple[bytes, int]:
    """Returns the preamble and the start of the file meta information, or of the data set."""
    start = file.peek(0, PREAMBLE + 8)
    if start[PREAMBLE : PREAMBLE + 4] == PREFIX:
        return start[:PREAMBLE], PREAMBLE + 4
    if start[:4] == PREFIX:
        return b"", 4
    if start[PREAMBLE : PREAMBLE + 4] == b"\x02\0\0\0" and not start[:PREAMBLE].strip(b"\0"):
        return start[:PREAMBLE], PREAMBLE  # the prefix is missing
    return b"", 0


def _meta_elements(file: Source, at: int) -> Iterator[Element]:
    """Yields the elements of group 2, even if its group length is wrong."""
    while file.peek(at, 2) == b"\x02\0":
        element = header(file, at, EXPLICIT)
        if element.end > file.size:
            raise NotDicomError(f"{NOT_DICOM}: the file meta information is truncated")
        yield element
        at = element.end


def _looks_deflated(file: Source, start: int) -> bool:
    """Returns whether the data set begins with a deflated element, and not with an element."""
    raw = file.peek(start, DEFLATED_HEAD)
    if min(int.from_bytes(raw[:2], "little"), int.from_bytes(raw[:2], "big")) <= _HIGHEST_GROUP:
        return False
    try:
        first = zlib.decompressobj(-zlib.MAX_WBITS).decompress(raw, 8)
    except zlib.error:
        return False
    return int.from_bytes(first[:2], "little") <= _HIGHEST_GROUP and first[4:6] in VRS


def _inflate(file: Source, start: int) -> Spool | None:
    """Returns the inflated data set (PS3.5 A.5), or None if it is not a deflate stream."""
    for window in (-zlib.MAX_WBITS, zlib.MAX_WBITS):  # some writers add a zlib header
        spool = Spool(temporary_folder())
        try:
            whole = _inflate_to(spool, zlib.decompressobj(window), file, start)
        except zlib.error:
            whole = False
        except DamagedError:
            spool.close()
            raise
        if whole:
            return spool
        inflated = spool.size
        spool.close()
        if inflated:
            raise DamagedError("the deflated data set is damaged or truncated")
    return None


def _inflate_to(spool: Spool, inflater: "zlib._Decompress", file: Source, start: int) -> bool:
    """Inflates in bounded pieces; returns whether the stream is complete.

    Data after the stream is not read.

    Raises:
        DamagedError: it expands to more bytes than the limits allow.
    """
    size = file.size - start
    for chunk in file.chunks(start, size):
        data = inflater.decompress(chunk, CHUNK)
        while data:
            spool.write(data)
            if bomb := file.limits.bomb(size, spool.size):
                raise DamagedError(f"the deflated data set is too large: {bomb}")
            data = inflater.decompress(inflater.unconsumed_tail, CHUNK)
        if inflater.eof:
            break
    return inflater.eof


def _encoding_of(syntax: TransferSyntax) -> Encoding:
    return Encoding(syntax.implicit_vr, syntax.big_endian)


def _encoding(data: Source, at: int, label: TransferSyntax | None, *, is_part10: bool) -> Encoding:
    """Returns the real encoding of the data set, which its first element shows.

    Raises:
        NotDicomError: the source is neither a Part 10 file nor a bare data set.
    """
    raw = data.peek(at, 8)
    label = label if label and label.keyword else None  # an unknown syntax has no known encoding
    expected = _encoding_of(label) if label else EXPLICIT
    if len(raw) < 8:
        if is_part10:
            return expected
        raise NotDicomError(NOT_DICOM if data.size else f"{NOT_DICOM}: it is empty")
    little, big = int.from_bytes(raw[:2], "little"), int.from_bytes(raw[:2], "big")
    big_endian = big < little and big <= _HIGHEST_GROUP
    found = Encoding(raw[4:6] not in VRS, big_endian)
    if label and expected.implicit_vr == found.implicit_vr and _plausible(data, at, expected):
        swapped = big_endian and not expected.big_endian and little > _HIGHEST_GROUP
        if not swapped or not _plausible(data, at, found):
            return expected
    if not _plausible(data, at, found) or (not is_part10 and min(big, little) > _HIGHEST_GROUP):
        if is_part10:
            return expected
        raise NotDicomError(f"{NOT_DICOM} (no Part 10 header)")
    return found


_HIGHEST_GROUP: Final = 0x0028  # of the first element


def _plausible(data: Source, at: int, encoding: Encoding) -> bool:
    """Returns whether an element is there, and after it one with a higher tag, or the end."""
    first = header(data, at, encoding)
    if first.undefined or first.end == data.size:
        return bool(first.tag)
    if first.end + 8 > data.size:
        return False
    return first.tag < header(data, first.end, encoding).tag


def syntax_of(encoding: Encoding) -> TransferSyntax:
    """Returns the native syntax with this encoding (implicit big endian has none)."""
    if encoding.big_endian:
        return BY_UID[ROOT + ".2"]
    return BY_UID[ROOT] if encoding.implicit_vr else BY_UID[ROOT + ".1"]


def is_tiff(preamble: bytes) -> bool:
    """Returns whether the preamble is a TIFF header, so that the file is also a TIFF."""
    return preamble.startswith(TIFF)


def _kept_preamble(preamble: bytes) -> bytes:
    return bytes(PREAMBLE) if is_tiff(preamble) else preamble.ljust(PREAMBLE, b"\0")


def file_meta(part10: Part10, syntax: TransferSyntax, new_uid: str = "") -> Rope:
    """Returns preamble, prefix and file meta information for an output in ``syntax``.

    Existing values are kept, except the syntax, the implementation and the preamble of a TIFF.
    Missing identifiers are copied from the data set and never invented (PS3.10 7.1). With
    ``new_uid``, the output is another instance.

    Raises:
        DamagedError: a private transfer syntax does not have a valid UID.
    """
    if not syntax.uid.isascii():
        raise DamagedError(f"the transfer syntax {syntax.uid!r} is not a UID (PS3.5 9.1)")
    edits = [
        Edit.text(tags.TRANSFER_SYNTAX_UID, "UI", syntax.uid),
        Edit.text(tags.IMPLEMENTATION_CLASS_UID, "UI", IMPLEMENTATION_CLASS_UID),
        Edit.text(tags.IMPLEMENTATION_VERSION_NAME, "SH", IMPLEMENTATION_VERSION),
    ]
    wanted = {
        tags.MEDIA_STORAGE_SOP_CLASS_UID: tags.SOP_CLASS_UID,
        tags.MEDIA_STORAGE_SOP_INSTANCE_UID: tags.SOP_INSTANCE_UID,
    }
    for tag, origin in wanted.items():
        if not part10.meta.value(tag) and part10.data_set.value(origin):
            value = part10.data_set.value(origin)
            edits.append(Edit(tag, "UI", value + b"\0" * (len(value) % 2)))
    if new_uid:
        edits = [edit for edit in edits if edit.tag != tags.MEDIA_STORAGE_SOP_INSTANCE_UID]
        edits.append(Edit.text(tags.MEDIA_STORAGE_SOP_INSTANCE_UID, "UI", new_uid))
    if tags.FILE_META_VERSION not in part10.meta:
        edits.append(Edit(tags.FILE_META_VERSION, "OB", b"\0\1"))
    if tags.FILE_META_GROUP_LENGTH not in part10.meta:
        edits.append(Edit(tags.FILE_META_GROUP_LENGTH, "UL", b"\0\0\0\0"))
    rope = Rope()
    rope.add(_kept_preamble(part10.preamble) + PREFIX)
    rope.extend(Rewriter(part10.meta, EXPLICIT, edits).rope())
    return rope
