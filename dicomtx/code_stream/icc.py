"""ICC profiles inside image formats."""

from typing import Final

from dicomtx.code_stream import jpeg
from dicomtx.code_stream.structure import boxes, segments

APP2: Final = 0xE2
NAME: Final = b"ICC_PROFILE\0"
RESTRICTED, ANY = 2, 3  # the METH values of a colour specification box with a profile


def profile(stream: bytes) -> bytes:
    """Returns the ICC profile in a JPEG stream or JP2 file; empty if missing or incomplete.

    JPEG splits it into chunks, each with its number and their count (ISO 15076-1 B.4). JP2 has it
    in a box (ISO/IEC 15444-1 I.5.3.3).
    """
    return _of_jpeg(stream) if stream.startswith(jpeg.SOI) else _of_jp2(stream)


def _of_jpeg(stream: bytes) -> bytes:
    pieces: dict[int, bytes] = {}
    count = 0
    for marker, body in segments(stream, len(jpeg.SOI)):
        if marker == jpeg.SOS:
            break
        if marker == APP2 and body.startswith(NAME) and len(body) > len(NAME) + 2:
            count = body[len(NAME) + 1]
            pieces[body[len(NAME)]] = body[len(NAME) + 2 :]
    whole = sorted(pieces) == list(range(1, count + 1))
    return b"".join(pieces[number] for number in sorted(pieces)) if whole else b""


def _of_jp2(stream: bytes) -> bytes:
    for kind, start, end in boxes(stream):
        if kind == b"jp2h":
            for inner, at, stop in boxes(stream[start:end]):
                box = stream[start + at : start + stop]
                if inner == b"colr" and box[:1] in (bytes((RESTRICTED,)), bytes((ANY,))):
                    return box[3:]
    return b""
