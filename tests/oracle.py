"""What a file says, read by other libraries than the tool's: pydicom, pylibjpeg, GDCM."""

import struct
import subprocess
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, dcmread
from pydicom.dataelem import RawDataElement
from pydicom.encaps import generate_frames
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.decoders.rle import _rle_decode_segment
from pydicom.uid import UID

Values = NDArray[Any]
Key = tuple[int, ...]

ROOT = "1.2.840.10008.1.2"
LOSSY = {f"{ROOT}.4.{n}" for n in ("50", "51", "53", "55", "81", "91", "203", "111", "112")}
JPEG_XL = {f"{ROOT}.4.{n}" for n in ("110", "111", "112")}
WORD = dict.fromkeys(("US", "SS", "OW", "AT"), 2) | dict.fromkeys(("UL", "SL", "FL", "OF", "OL"), 4)
WORD |= dict.fromkeys(("FD", "OD", "OV", "SV", "UV"), 8)


def syntax_of(data_set: Dataset) -> str:
    """Returns the Transfer Syntax UID that the file says, or that pydicom found it to have."""
    implicit, little = data_set.original_encoding
    found = f"{ROOT}{'' if implicit else '.1' if little else '.2'}"
    return str(getattr(data_set, "file_meta", {}).get("TransferSyntaxUID") or found)


# ---------------------------------------------------------------- elements


def swapped(value: bytes, vr: str | None) -> bytes:
    """Returns a value in the other byte order."""
    size = WORD.get(vr or "", 1)
    whole = len(value) - len(value) % size
    return np.frombuffer(value[:whole], f">u{size}").astype(f"<u{size}").tobytes() + value[whole:]


def raw_value(element: Any) -> bytes:
    if not isinstance(element, RawDataElement):
        return bytes(element.value) if isinstance(element.value, bytes) else b""
    value = element.value or b""
    return value if element.is_little_endian else swapped(value, element.VR)


def elements(data_set: Dataset, above: Key = ()) -> Iterator[tuple[Key, bytes]]:
    """Yields (tags and item numbers, value bytes in little endian); an item count for sequences.

    Group Length is left out: it belongs to the encoding.
    """
    for tag in sorted(data_set.keys()):
        if tag.element == 0:
            continue
        raw = data_set.get_item(tag)
        value = raw_value(raw)
        try:
            element = data_set[tag]
            items = element.value if element.VR == "SQ" else None
        except Exception:  # noqa: BLE001  pydicom cannot understand the value; its bytes will do
            items = None
        if items is None:
            yield (*above, int(tag)), value
            continue
        yield (*above, int(tag)), struct.pack("<I", len(items))
        for number, item in enumerate(items):
            yield from elements(item, (*above, int(tag), number))


def read(path: Path) -> Dataset:
    """Returns a data set; DCMTK rewrites first what pydicom fails on.

    That is big endian with an UN of undefined length, whose inside is little endian (CP-246).
    """
    try:
        data_set = dcmread(path, force=True)
    except (OSError, struct.error):
        with TemporaryDirectory() as folder:
            subprocess.run(["dcmconv", "+te", path, f"{folder}/out.dcm"], check=True)
            data_set = dcmread(f"{folder}/out.dcm")
            data_set.file_meta.TransferSyntaxUID = UID(f"{ROOT}.2")
    return data_set


def same_bytes(one: bytes, other: bytes) -> bool:
    """Whether two values are equal, but for the byte that makes an odd length even."""
    short, long = sorted((one, other), key=len)
    return short == long or (len(short) % 2 == 1 and short == long[:-1] and long[-1:] in b"\0 ")


# ---------------------------------------------------------------- pixels


def _by_gdcm(path: str, data_set: Dataset) -> tuple[Values, str]:
    """Decodes by GDCM itself; pydicom asks it for nothing that it might get wrong."""
    import gdcm

    reader = gdcm.ImageReader()
    reader.SetFileName(path)
    if not reader.Read():
        raise ValueError("GDCM cannot read it")
    image = reader.GetImage()
    data = image.GetBuffer().encode("utf-8", "surrogateescape")
    frames = int(data_set.get("NumberOfFrames") or 1)
    samples = int(data_set.SamplesPerPixel)
    kind = f"{'i' if data_set.PixelRepresentation else 'u'}{data_set.BitsAllocated // 8}"
    shape = (frames, data_set.Rows, data_set.Columns) + ((samples,) if samples > 1 else ())
    values = np.frombuffer(data, f"<{kind}")
    if image.GetPlanarConfiguration() and samples > 1:
        values = np.moveaxis(values.reshape(frames, samples, *shape[1:3]), 1, -1)
    return values.reshape(shape), str(image.GetPhotometricInterpretation())


def _by_pydicom(data_set: Dataset, syntax: str, plugin: str) -> tuple[Values, str]:
    values, properties = get_decoder(syntax).as_array(data_set, raw=True, decoding_plugin=plugin)
    frames = int(data_set.get("NumberOfFrames") or 1)
    return values[None] if frames == 1 else values, str(properties["photometric_interpretation"])


def _one_bit_rle(data_set: Dataset, syntax: str) -> bool:
    return syntax.endswith("1.2.5") and data_set.BitsAllocated == 1


def _packed(samples: bytes | bytearray, count: int) -> bytes:
    """Returns one-bit samples eight to a byte; in RLE they are found either way."""
    if len(samples) < count:
        return bytes(samples)
    return np.packbits(np.frombuffer(samples, "u1")[:count], bitorder="little").tobytes()


def _by_hand(data_set: Dataset, syntax: str) -> tuple[Values, str]:
    """Unpacks fragments that hold native frames, deflated frames or one-bit RLE."""
    bits = data_set.Rows * data_set.Columns * data_set.SamplesPerPixel * data_set.BitsAllocated
    frames = list(
        generate_frames(data_set.PixelData, number_of_frames=data_set.get("NumberOfFrames", 1))
    )
    if _one_bit_rle(data_set, syntax):
        frames = [_packed(_rle_decode_segment(frame[64:]), bits) for frame in frames]
    elif syntax.endswith(".8.1"):
        frames = [zlib.decompressobj(-15).decompress(frame) for frame in frames]
    if data_set.BitsAllocated == 1:
        each = [np.unpackbits(np.frombuffer(f, "u1"), bitorder="little")[:bits] for f in frames]
        return _native(data_set, np.packbits(np.concatenate(each), bitorder="little").tobytes())
    return _native(data_set, b"".join(frame[: bits // 8] for frame in frames))


def _native(data_set: Dataset, data: bytes) -> tuple[Values, str]:
    """Unpacks native little endian pixel data."""
    native = Dataset()
    native.update({tag: element for tag, element in data_set.items() if tag.group == 0x28})
    native.PixelData = data
    native["PixelData"].VR = "OW"
    return _by_pydicom(native, f"{ROOT}.1", "")


def _by_libjxl(data_set: Dataset) -> tuple[Values, str]:
    """Decodes JPEG XL, for which there is only one library."""
    import imagecodecs

    frames = generate_frames(data_set.PixelData, number_of_frames=data_set.get("NumberOfFrames", 1))
    values = np.stack([np.asarray(imagecodecs.jpegxl_decode(frame)) for frame in frames])
    return values, str(data_set.PhotometricInterpretation)


def _ways(path: str, data_set: Dataset, syntax: str) -> Iterator[Callable[[], tuple[Values, str]]]:
    if syntax in JPEG_XL:
        yield lambda: _by_libjxl(data_set)
    elif syntax in (f"{ROOT}.8.1", f"{ROOT}.1.98") or _one_bit_rle(data_set, syntax):
        yield lambda: _by_hand(data_set, syntax)
    elif UID(syntax).is_encapsulated:
        for plugin in ("pylibjpeg", "pydicom", "gdcm"):
            if plugin in get_decoder(syntax).available_plugins:
                yield lambda plugin=plugin: _by_pydicom(data_set, syntax, plugin)  # type: ignore[misc]
        yield lambda: _by_gdcm(path, data_set)
    else:
        data = raw_value(data_set.get_item("PixelData"))
        yield lambda: _native(data_set, data)


def _decode(path: str) -> tuple[Values, str] | str:
    """Returns the stored values of every frame and what they are, or why not; runs in a child."""
    data_set = dcmread(path, force=True)
    syntax = syntax_of(data_set)
    reasons = []
    for way in _ways(path, data_set, syntax):
        try:
            values, photometric = way()
            return _stored(values, data_set), photometric
        except Exception as error:  # noqa: BLE001  whatever it is, the next decoder is asked
            reasons.append(f"{type(error).__name__}: {error}")
    return "; ".join(reasons) or f"no decoder for {syntax}"


def _stored(values: Values, data_set: Dataset) -> Values:
    """Returns values without what is above Bits Stored, sign-extended."""
    stored, allocated = int(data_set.BitsStored), int(data_set.BitsAllocated)
    if values.dtype.kind not in "iu" or not 0 < stored < allocated:
        return values
    values = values.astype(np.int64) & ((1 << stored) - 1)
    return values - ((values >> (stored - 1)) << stored) if data_set.PixelRepresentation else values


@dataclass
class Decoder:
    """Decodes in a child, since GDCM may end the process that it runs in."""

    pool: ProcessPoolExecutor | None = None

    def __call__(self, path: Path) -> tuple[Values, str] | str:
        """Returns stored values (frames, rows, columns[, samples]) and photometric, or why not."""
        self.pool = self.pool or ProcessPoolExecutor(1, mp_context=get_context("spawn"))
        try:
            return self.pool.submit(_decode, str(path)).result(timeout=100)
        except BrokenProcessPool:
            self.pool = None
            return "the decoder crashed"

    def close(self) -> None:
        """Ends the child."""
        if self.pool:
            self.pool.shutdown()


def as_rgb(values: Values, photometric: str) -> NDArray[np.float64]:
    """Returns RGB of full-range YCbCr samples (PS3.3 C.7.6.3.1.2); others as they are."""
    if photometric not in ("YBR_FULL", "YBR_FULL_422"):
        return values.astype(np.float64)
    y, cb, cr = (values[..., number].astype(np.float64) for number in range(3))
    red, blue = y + 1.402 * (cr - 128), y + 1.772 * (cb - 128)
    green = (y - 0.299 * red - 0.114 * blue) / 0.587
    return np.stack([red, green, blue], -1).round().clip(0, 255)
