"""Calls imagecodecs directly: frames in memory, one call for each, no DICOM.

Run as ``python -m benchmarks.bare SYNTAX encode|decode FRAMES``. It prints the CPU seconds of one
thread, and the wall seconds of one thread and of two.
The options are those of ``dicomtx.codecs.imagecodecs.lossless``, so that the same work is done.
"""

import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from benchmarks import images
from dicomtx.codecs import stream_repair

Array = NDArray[np.uint16]


def _rle(array: Array) -> bytes:
    """Returns an RLE stream; the library has only the packing of one segment."""
    planes = [(array >> shift).astype(np.uint8) for shift in (8, 0)]
    return stream_repair.rle([imagecodecs.packbits_encode(plane) for plane in planes])


def _jpeg(array: Array) -> bytes:
    return bytes(imagecodecs.jpeg8_encode(array, lossless=True, predictor=1, bitspersample=12))


def _jpegls(array: Array) -> bytes:
    return bytes(imagecodecs.jpegls_encode(array, 0, out=2 * array.nbytes + 1024))


def _jpeg2000(array: Array) -> bytes:
    wanted: dict[str, Any] = {"level": 0, "codecformat": "J2K", "planar": False, "mct": False}
    wanted |= {"bitspersample": 12, "reversible": True, "numthreads": 1}
    return bytes(imagecodecs.jpeg2k_encode(array, **wanted))


def _htj2k(array: Array) -> bytes:
    centred = (array.astype(np.int32) - 2048).astype(np.int16)
    wanted: dict[str, Any] = {"rgb": False, "planar": False, "resolutions": 5}
    return bytes(imagecodecs.htj2k_encode(centred, **wanted, reversible=True, tlm=True))


def _jpegxl(array: Array) -> bytes:
    wanted: dict[str, Any] = {"effort": 2, "lossless": True, "photometric": "GRAY"}
    return bytes(imagecodecs.jpegxl_encode(array, **wanted, bitspersample=12, numthreads=1))


def _deflate(array: Array) -> bytes:
    return bytes(imagecodecs.deflate_encode(array.tobytes(), 6, raw=True))


def _inflate(stream: bytes) -> Any:
    return imagecodecs.deflate_decode(stream, raw=True, out=images.CT.frame_bytes)


def _decode_jpeg2000(stream: bytes) -> Any:
    return imagecodecs.jpeg2k_decode(stream, planar=False, numthreads=1)


CODECS: dict[str, tuple[Callable[[Array], bytes], Callable[[bytes], Any]]] = {
    "rle-lossless": (_rle, lambda stream: imagecodecs.dicomrle_decode(stream, "<u2")),
    "jpeg-lossless-sv1": (_jpeg, imagecodecs.jpeg8_decode),
    "jpeg-ls-lossless": (_jpegls, imagecodecs.jpegls_decode),
    "jpeg2000-lossless": (_jpeg2000, _decode_jpeg2000),
    "htj2k-lossless": (_htj2k, _decode_jpeg2000),
    "jpeg-xl-lossless": (_jpegxl, lambda s: imagecodecs.jpegxl_decode(s, numthreads=1)),
    "deflated-image-frame": (_deflate, _inflate),
}


def measured(syntax: str, direction: str, count: int) -> tuple[float, float, float]:
    """Returns CPU and wall seconds of ``count`` frames with one thread, and wall with two."""
    encode, decode = CODECS[syntax]
    pixel = images.CT
    inputs: list[Any] = [
        np.frombuffer(frame, "<u2").reshape(pixel.rows, pixel.columns)
        for frame in images.frames(pixel, images.DISTINCT)
    ]
    work: Callable[[Any], Any] = encode
    if direction == "decode":
        inputs, work = [encode(array) for array in inputs], decode
    work(inputs[0])

    def one(index: int) -> int:
        return len(work(inputs[index % len(inputs)]))

    cpu, start = time.process_time(), time.perf_counter()
    for index in range(count):
        one(index)
    cpu, alone = time.process_time() - cpu, time.perf_counter() - start
    with ThreadPoolExecutor(2) as pool:
        start = time.perf_counter()
        for _ in pool.map(one, range(count)):
            pass
        return cpu, alone, time.perf_counter() - start


if __name__ == "__main__":
    print(*measured(sys.argv[1], sys.argv[2], int(sys.argv[3])))
