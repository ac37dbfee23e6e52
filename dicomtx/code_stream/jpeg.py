"""The header of a JPEG (ISO/IEC 10918-1) or JPEG-LS (ISO/IEC 14495-1) stream."""

import re
from typing import Final

from dicomtx.code_stream.code_stream import ROOT, CodeStream
from dicomtx.code_stream.structure import segments

SOI: Final = b"\xff\xd8"
END: Final = b"\xff\xd9"
# Entropy-coded data contains FF 00 and RST (JPEG), or FF and a byte below 80 (JPEG-LS), so no match
MARKER: Final = re.compile(rb"\xff[\xc0-\xcf\xd8-\xfe]")
SOF55: Final = 0xF7
SOF3: Final = 0xC3
# No codec here decodes arithmetic lossless and hierarchical frames.
PROCESSES: Final = {
    0xC0: "50",
    0xC1: "51",
    0xC2: "55",
    SOF3: "57",
    0xC9: "52",
    0xCA: "56",
    SOF55: "81",
}
APP0: Final = 0xE0
APP8: Final = 0xE8
APP14: Final = 0xEE
EOI: Final = 0xD9
SOS: Final = 0xDA
SCAN: Final = b"\xff\xda"


def read(data: bytes) -> CodeStream | None:
    """Returns the properties in the markers before the first scan, or None if there is no SOF."""
    header = _header(data)
    marker, frame = next(((m, body) for m, body in header if m in PROCESSES), (0, b""))
    if len(frame) < 9 or len(frame) != 6 + 3 * frame[5]:
        return None
    across, down = ([factor >> bits & 15 for factor in frame[7::3]] for bits in (4, 0))
    return CodeStream(
        family="JPEG-LS" if marker == SOF55 else "JPEG",
        syntax=f"{ROOT}.4.{_syntax(marker, header)}",
        rows=int.from_bytes(frame[1:3], "big"),
        columns=int.from_bytes(frame[3:5], "big"),
        components=frame[5],
        precision=frame[0],
        transform=_transform(marker, frame, header) if frame[5] == 3 else "",
        subsampled=len(set(frame[7::3])) > 1,
        distances=(max(across) // max(1, min(across)), max(down) // max(1, min(down))),
    )


def is_mapped(stream: bytes) -> bool:
    """Returns whether a scan of a JPEG-LS stream uses a mapping table (ISO/IEC 14495-1 C.2.3).

    Its samples are then indices of that table, and codecs return them without mapping.
    """
    header = _header(stream)
    first = next((body for marker, body in header if marker == SOS), b"")
    frame = next((body for marker, body in header if marker == SOF55), b"")
    at = stream.find(SCAN + (len(first) + 2).to_bytes(2, "big") + first) if first else -1
    while 0 <= at < len(stream) - 5:
        count = stream[at + 4]
        if any(stream[at + 6 : at + 5 + 2 * count : 2]):
            return True
        if frame[5:6] == stream[at + 4 : at + 5]:  # all components are in one scan
            return False
        at = stream.find(SCAN, at + 2)  # cannot match within entropy-coded data
    return False


def end(stream: bytes, stopped: tuple[int, int] | None = None) -> int:
    """Returns the position after EOI, 0 if there is none.

    If following the markers does not reach EOI, the last EOI after them counts.

    Args:
        stream: one code stream, and what follows it.
        stopped: the result of ``stop`` for it, if it is known.
    """
    position, marker = stopped or stop(stream, 0)
    if marker == EOI:
        return position
    last = -1 if marker else stream.rfind(END, position)
    return last + len(END) if last > 0 else 0


def stop(data: bytes, at: int) -> tuple[int, int]:
    """Follows the markers of the stream that starts at ``at``.

    Returns:
        The position after EOI, and EOI. Or the position of another SOI, and SOI. Or the last
        position that the markers lead to, and 0.
    """
    at += len(SOI)
    while found := MARKER.search(data, at):
        marker = data[found.end() - 1]
        if marker == EOI:
            return found.end(), EOI
        if marker == SOI[1]:
            return found.start(), marker
        length = int.from_bytes(data[found.end() : found.end() + 2], "big")
        if length < 2 or found.end() + length > len(data):
            break
        at = found.end() + length
    return at, 0


def _header(data: bytes) -> list[tuple[int, bytes]]:
    """Returns the marker segments up to and including the first scan."""
    found = []
    for marker, body in segments(data, len(SOI)):
        if marker == EOI:
            break
        found.append((marker, body))
        if marker == SOS:
            break
    return found


def _syntax(marker: int, header: list[tuple[int, bytes]]) -> str:
    """Returns the last number of the UID; the scan has the selection value and NEAR."""
    body = next((body for m, body in header if m == SOS), b"")
    told = body[1 + 2 * body[0]] if body and len(body) > 1 + 2 * body[0] else None
    if marker == SOF3 and told == 1:
        return "70"
    if marker == SOF55 and told == 0:
        return "80"
    return PROCESSES[marker]


def _transform(marker: int, frame: bytes, header: list[tuple[int, bytes]]) -> str:
    """Returns YBR, RGB or nothing; the most reliable sign comes first."""
    if adobe := _payload(header, APP14, b"Adobe", 12):
        return "YBR" if adobe[11] else "RGB"
    if _payload(header, APP8, b"mrfx", 5):
        return "RGB"  # the colour transform of the HP codec; decoders that know it undo it
    if _payload(header, APP0, b"JFIF", 5):
        return "YBR"
    if marker in (SOF3, SOF55):
        return ""  # lossless coders do not convert colours, so ids and sampling mean nothing
    if frame[6::3] == b"RGB":
        return "RGB"
    return "YBR" if len(set(frame[7::3])) > 1 else ""


def _payload(header: list[tuple[int, bytes]], marker: int, name: bytes, size: int) -> bytes:
    """Returns the application segment with this name, or nothing."""
    return next(
        (b for m, b in header if m == marker and b.startswith(name) and len(b) >= size), b""
    )
