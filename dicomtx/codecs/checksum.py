"""CRC-32 by the fastest library that is loaded already; the result is the same for each."""

import sys
import zlib
from typing import Final

SHORT: Final = 1 << 14  # bytes up to which a call of the other library costs more than it saves


def crc32(data: bytes | bytearray | memoryview, value: int = 0) -> int:
    """Returns the CRC-32 of ``value``'s data and ``data``, as ``zlib.crc32`` does.

    That of libdeflate, in imagecodecs, is five times as fast. To import it would cost more.
    """
    library = sys.modules.get("imagecodecs")
    faster = getattr(library, "deflate_crc32", None) if len(data) > SHORT else None
    return int(faster(data, value)) if faster else zlib.crc32(data, value)
