"""JPEG 2000 streams with subsampled chroma, put together from three grey ones."""

import struct
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from dicomtx.code_stream.structure import segments

Plane = NDArray[Any]
SOC, CAP, SIZ, COD, QCD, SOT = 0x4F, 0x50, 0x51, 0x52, 0x5C, 0x90
CPRL = b"\4"  # the packets of one component after those of another: as they are concatenated
LEVELS = 1  # imagecodecs takes fewer for small planes, and all must have the same
# Y, Cb and Cr of RGB (200, 30, 40) and of three other colours
COLOURS = ((82, 104, 212), (145, 54, 34), (41, 240, 110), (200, 100, 140))


def planes(rows: int, columns: int, across: int, down: int, bits: int = 8) -> list[Plane]:
    """Returns luma with a ramp, and chroma of four quarters of one colour each."""
    y, x = np.mgrid[:rows, :columns]
    quarter = 2 * (y >= rows // 2) + (x >= columns // 2)
    colours = np.array(COLOURS)[quarter] << bits - 8
    luma = colours[..., 0] + np.where((y < 8) & (x < 8), 0, (x + y) % 16)
    small = colours[::down, ::across]
    kind = np.uint8 if bits == 8 else np.uint16
    return [found.astype(kind) for found in (luma, small[..., 1], small[..., 2])]


def whole(parts: list[Plane], across: int, down: int) -> Plane:
    """Returns the components at full size: rows x columns x 3."""
    rows, columns = parts[0].shape
    larger = [part.repeat(down, 0).repeat(across, 1)[:rows, :columns] for part in parts[1:]]
    return np.stack([parts[0], *larger], axis=-1)


def subsampled(parts: list[Plane], syntax: str, across: int, down: int, bits: int = 8) -> bytes:
    """Returns one stream of three components, without a component transform."""
    streams = [_grey(part, syntax, bits) for part in parts]
    header = dict(segments(streams[0], 2))
    assert {dict(segments(stream, 2))[COD] for stream in streams} == {header[COD]}
    size = struct.pack(">H8IH", *struct.unpack_from(">H8I", header[SIZ]), 3)
    distances = ((1, 1), (across, down), (across, down))
    size += b"".join(bytes((bits - 1, x, y)) for x, y in distances)
    coding = header[COD][:1] + CPRL + header[COD][2:4] + b"\0" + header[COD][5:]
    main = {CAP: header.get(CAP, b""), SIZ: size, COD: coding, QCD: header[QCD]}
    order = (SIZ, CAP, COD, QCD)
    packets = b"".join(map(_packets, streams))
    tile = struct.pack(">HHHIBBH", 0xFF00 | SOT, 10, 0, 14 + len(packets), 0, 1, 0xFF93)
    made = b"".join(_segment(marker, main[marker]) for marker in order if main[marker])
    stream = b"\xff\x4f" + made + tile + packets + b"\xff\xd9"
    return stream + b"\0" * (len(stream) % 2)


def _grey(part: Plane, syntax: str, bits: int) -> bytes:
    reversible = not syntax.endswith((".91", ".203"))
    if "20" in syntax.rpartition(".")[2]:
        centred = part.astype(np.int32) - (1 << bits - 1)
        centred <<= 0 if reversible else 16 - bits  # irreversible steps are parts of the word
        how: dict[str, Any] = {"level": 0.001, "resolutions": LEVELS, "reversible": reversible}
        return bytes(imagecodecs.htj2k_encode(centred.astype(np.int16), **how))
    return bytes(
        imagecodecs.jpeg2k_encode(
            part,
            level=0,
            codecformat="J2K",
            resolutions=LEVELS + 1,
            bitspersample=bits,
            reversible=reversible,
        )
    )


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def _packets(stream: bytes) -> bytes:
    """Returns what is between the start of data and the end of a stream of one tile-part."""
    end = stream.rindex(b"\xff\xd9")
    return stream[stream.index(b"\xff\x93") + 2 : end]
