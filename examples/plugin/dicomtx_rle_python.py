"""A codec for dicomtx: RLE Lossless (PS3.5 Annex G) in plain Python.

Install it with ``pip install ./examples/plugin``. Then use ``dicomtx convert --codec rle-python``.
A plugin is a module with ``decode``, ``encode`` and a ``CodecSpec``, which an entry point names.
"""

import struct
from itertools import groupby

from dicomtx.codecs.codec import CodecSpec, EncodeOptions
from dicomtx.errors import CodecError
from dicomtx.image_pixel import Frame, ImagePixel
from dicomtx.transfer_syntaxes import TransferSyntax

RLE_LOSSLESS = "1.2.840.10008.1.2.5"
SPEC = CodecSpec(
    name="rle-python",
    module="dicomtx_rle_python",
    decodes={RLE_LOSSLESS: "dicomtx_rle_python"},
    encodes={RLE_LOSSLESS: "dicomtx_rle_python"},
)
HEADER = struct.Struct("<16L")  # number of segments, then the offset of each


def decode(stream: bytes, _syntax: TransferSyntax, image: ImagePixel) -> Frame:
    """Returns the native frame of one RLE stream. Each segment holds one byte of every sample."""
    width = _bytes_per_pixel(image)
    if len(stream) < HEADER.size:
        raise CodecError("the RLE header is truncated")
    count, *starts = HEADER.unpack_from(stream)
    if count != width:
        raise CodecError(f"the RLE stream has {count} segments, the image needs {width}")
    data = bytearray(image.frame_bytes)
    ends = [*starts[1:count], len(stream)]
    for plane, start, end in zip(_planes(image), starts, ends, strict=False):
        data[plane::width] = _unpacked(stream[start:end], image.rows * image.columns)
    return Frame(data, image)


def encode(frame: Frame, _syntax: TransferSyntax, _options: EncodeOptions) -> bytes:
    """Returns the RLE stream of one native frame."""
    width, columns = _bytes_per_pixel(frame.image), frame.image.columns
    segments = []
    for plane in _planes(frame.image):
        samples = bytes(frame.data[plane::width])
        rows = (samples[i : i + columns] for i in range(0, len(samples), columns))
        packed = b"".join(map(_packed, rows))  # a run never crosses rows (PS3.5 G.3.1)
        segments.append(packed + bytes(len(packed) % 2))
    starts = [HEADER.size + sum(map(len, segments[:i])) for i in range(len(segments))]
    header = HEADER.pack(width, *starts, *[0] * (15 - width))
    return header + b"".join(segments)


def _bytes_per_pixel(image: ImagePixel) -> int:
    if image.bits_allocated % 8:
        raise CodecError(f"Bits Allocated {image.bits_allocated} is not a multiple of 8")
    return image.samples_per_pixel * image.bits_allocated // 8


def _planes(image: ImagePixel) -> list[int]:
    """Returns the byte of a pixel that each segment holds, most significant first (PS3.5 G.2)."""
    size = image.bits_allocated // 8
    return [s * size + b for s in range(image.samples_per_pixel) for b in reversed(range(size))]


def _packed(row: bytes) -> bytes:
    """Returns one row of one plane as PackBits: runs of repeated and of literal bytes."""
    packed, literal = bytearray(), bytearray()

    def flush() -> None:
        for i in range(0, len(literal), 128):
            part = literal[i : i + 128]
            packed.extend((len(part) - 1, *part))
        literal.clear()

    for value, run in groupby(row):
        length = len(list(run))
        if length < 3:
            literal.extend([value] * length)
            continue
        flush()
        for i in range(0, length, 128):
            part = min(128, length - i)
            packed.extend((257 - part, value) if part > 1 else (0, value))
    flush()
    return bytes(packed)


def _unpacked(segment: bytes, length: int) -> bytes:
    data, i = bytearray(), 0
    while len(data) < length and i + 1 < len(segment):
        code = segment[i]
        if code < 128:
            data += segment[i + 1 : i + 2 + code]
            i += 2 + code
        elif code > 128:
            data += segment[i + 1 : i + 2] * (257 - code)
            i += 2
        else:
            i += 1
    if len(data) < length:
        raise CodecError(f"an RLE segment ends after {len(data)} of {length} bytes")
    return bytes(data[:length])
