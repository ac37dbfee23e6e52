"""The image header of a JPEG XL code stream (ISO/IEC 18181-1), bare or in boxes (18181-2)."""

from typing import Final

from dicomtx.code_stream.code_stream import ROOT, CodeStream
from dicomtx.code_stream.structure import boxes

BARE: Final = b"\xff\x0a"
BOXED: Final = b"\x00\x00\x00\x0cJXL \x0d\x0a\x87\x0a"
HEADER: Final = 256  # bytes; an image header without extra channels is shorter
RATIOS: Final = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))

# The four forms of a U32: an offset and a number of bits (18181-1 B.2.2).
SIZE: Final = ((1, 9), (1, 13), (1, 18), (1, 30))
PREVIEW: Final = ((1, 6), (65, 8), (321, 10), (1345, 12))
PREVIEW_BY_8: Final = ((16, 0), (32, 0), (1, 5), (33, 9))
DEPTH: Final = ((8, 0), (10, 0), (12, 0), (1, 6))
COUNT: Final = ((0, 0), (1, 0), (2, 4), (1, 12))
COLOUR_SPACE: Final = ((0, 0), (1, 0), (2, 4), (18, 6))
TICKS: Final = ((100, 0), (1000, 0), (1, 10), (1, 30))
TICKS_DIVISOR: Final = ((1, 0), (1001, 0), (1, 8), (1, 10))
LOOPS: Final = ((0, 0), (0, 3), (0, 16), (0, 32))
GREY: Final = 1


class _Bits:
    """A cursor over bits, lowest first; bits beyond the end are zero."""

    def __init__(self, value: int) -> None:
        """Starts at the lowest bit."""
        self.value = value
        self.at = 0

    def take(self, count: int) -> int:
        """Returns the next ``count`` bits as a number."""
        taken = self.value >> self.at & ((1 << count) - 1)
        self.at += count
        return taken

    def choose(self, forms: tuple[tuple[int, int], ...]) -> int:
        """Returns a variable-length number in one of four forms."""
        offset, count = forms[self.take(2)]
        return offset + self.take(count)


def read(data: bytes) -> CodeStream | None:
    """Returns the properties in the image header.

    DICOM has no extra channels (alpha) and no floating-point samples. With these, the number of
    components or the precision is zero.
    """
    stream = bytes(data[place] for place in _places(data))
    if not stream.startswith(BARE):
        return None
    bits = _bits(stream)
    rows, columns = _size(bits)
    orientation = _orientation(bits)
    if orientation > 4:
        rows, columns = columns, rows
    precision, components, xyb, _ = _samples(bits)
    if bits.at > 8 * (len(stream) - len(BARE)):
        return None
    boxed = data.startswith(BOXED)
    recompressed = boxed and any(kind == b"jbrd" for kind, _, _ in boxes(data))
    return CodeStream(
        family="JPEG XL",
        syntax=f"{ROOT}.4.{111 if recompressed else 112 if xyb else 110}",
        rows=rows,
        columns=columns,
        components=components,
        precision=precision,
        transform="XYB" if xyb else "",
        boxed=boxed,
        orientation=orientation,
    )


def has_profile(data: bytes) -> bool:
    """Returns whether an ICC profile in the stream gives the colours of the decoded samples.

    Samples of XYB are decoded to standard colours.
    """
    bits = _bits(bytes(data[place] for place in _places(data)))
    _size(bits)
    _, _, xyb, profile = _samples(bits)
    return profile and not xyb


def upright(data: bytes) -> bytes:
    """Returns the stream with a header that does not make readers rotate the image.

    Samples, coded sizes and metadata do not change, and neither does a JPEG stream in it.
    """
    places = _places(data)
    bits = _bits(bytes(data[place] for place in places))
    _size(bits)
    if _orientation(bits) == 1:
        return data
    made = bytearray(data)
    for bit in range(bits.at + 2, bits.at + 5):
        made[places[len(BARE) + bit // 8]] &= ~(1 << bit % 8)
    return bytes(made)


def _bits(stream: bytes) -> _Bits:
    """Returns the bits after the signature of a bare code stream."""
    return _Bits(int.from_bytes(stream[len(BARE) :], "little"))


def _places(data: bytes) -> list[int]:
    """Returns the positions of the first bytes of the code stream, which can span boxes."""
    if not data.startswith(BOXED):
        return list(range(min(len(data), HEADER)))
    places: list[int] = []
    for kind, start, end in boxes(data):
        if kind in (b"jxlc", b"jxlp") and len(places) < HEADER:
            number = 4 if kind == b"jxlp" else 0
            places += range(start + number, min(end, start + number + HEADER))
    return places


def _orientation(bits: _Bits) -> int:
    """Returns the orientation after the size (18181-1 ImageMetadata), without moving the cursor."""
    following = bits.value >> bits.at
    return 1 + (following >> 2 & 7) if following & 3 == 2 else 1


def _size(bits: _Bits) -> tuple[int, int]:
    """Returns rows and columns (18181-1 SizeHeader)."""
    by_8 = bits.take(1)
    rows = 8 * (1 + bits.take(5)) if by_8 else bits.choose(SIZE)
    ratio = bits.take(3)
    if ratio:
        over, under = RATIOS[ratio - 1]
        return rows, rows * over // under
    return rows, 8 * (1 + bits.take(5)) if by_8 else bits.choose(SIZE)


def _samples(bits: _Bits) -> tuple[int, int, bool, bool]:
    """Returns precision, components, and whether there are XYB and an ICC profile (18181-1)."""
    if bits.take(1):  # all defaults
        return 8, 3, True, False
    if bits.take(1):
        _skip_extra_fields(bits)
    floating = bits.take(1)
    precision = bits.choose(DEPTH)
    if floating:
        return 0, 0, False, False
    bits.take(1)  # whether 16-bit buffers suffice
    if bits.choose(COUNT):
        return precision, 0, False, False
    xyb = bool(bits.take(1))
    if bits.take(1):  # the default colour encoding: sRGB
        return precision, 3, xyb, False
    profile = bool(bits.take(1))
    return precision, 1 if bits.choose(COLOUR_SPACE) == GREY else 3, xyb, profile


def _skip_extra_fields(bits: _Bits) -> None:
    """Skips orientation, intrinsic size, preview and animation."""
    bits.take(3)
    if bits.take(1):
        _size(bits)
    if bits.take(1):
        sizes = PREVIEW_BY_8 if bits.take(1) else PREVIEW
        bits.choose(sizes)
        if not bits.take(3):
            bits.choose(sizes)
    if bits.take(1):
        for form in (TICKS, TICKS_DIVISOR, LOOPS):
            bits.choose(form)
        bits.take(1)
