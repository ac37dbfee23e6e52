"""Reads frames of native (PS3.5 8.1) and encapsulated (PS3.5 A.4) Pixel Data."""

from array import array
from typing import TYPE_CHECKING, Final
from zlib import crc32

from dicomtx.dicom import attributes, tags
from dicomtx.dicom.attributes import MOST_MISSING
from dicomtx.dicom.data_set import DataSet
from dicomtx.dicom.pixel_data import encapsulation, fragments
from dicomtx.dicom.pixel_data.encapsulation import Fragment
from dicomtx.dicom.rope import swapped
from dicomtx.errors import DamagedError, UnsupportedError
from dicomtx.image_pixel import Frame, ImagePixel
from dicomtx.limits import how_to_raise
from dicomtx.storage.checksum import Crc, checksum
from dicomtx.storage.source import Source

if TYPE_CHECKING:
    from dicomtx.code_stream.unmarked import Unmarked

LONGEST_NATIVE: Final = 0xFFFFFFFE
WORD_CODES: Final = {8: "B", 16: "H", 32: "I", 64: "Q"}


class NativeFrames:
    """Reads native frames by index."""

    def __init__(
        self, source: Source, place: tuple[int, int], image: ImagePixel, *, words: bool
    ) -> None:
        """Stores the arguments. Nothing is read yet.

        Args:
            source: the source of Pixel Data.
            place: offset and length of its value.
            image: the Image Pixel attributes of the data set.
            words: whether it has 16-bit words in big endian byte order.
        """
        self.image = image
        self._source = source
        self._offset, self._size = place
        self._words = words
        self._one = image._replace(planar_configuration=0, number_of_frames=1)

    @property
    def count(self) -> int:
        """Number of frames."""
        return self.image.number_of_frames

    def read(self, index: int) -> Frame:
        """Returns one frame, little endian and colour-by-pixel."""
        bits = self.image.bits_per_frame
        first, last = index * bits, (index + 1) * bits
        data = self._bytes(first // 8, (last + 7) // 8)
        if bits % 8:
            data = _shifted(data, first % 8, bits)
        planes = self.image.planar_configuration == 1 and self.image.samples_per_pixel > 1
        if planes and not self.image.subsampled:  # 4:2:2 has only one order
            data = by_pixel(data, self.image.samples_per_pixel, self.image.bits_allocated)
        return Frame(data, self._one)

    def checksum(self, index: int, crc: Crc = crc32) -> int:
        """Returns the CRC-32 of the bytes of one frame, as ``read`` returns them."""
        bits, image = self.image.bits_per_frame, self.image
        by_plane = image.planar_configuration == 1 and image.samples_per_pixel > 1
        start, size = index * bits // 8, bits // 8
        if bits % 8 or self._words or by_plane or start + size > self._size:
            return crc(self.read(index).data, 0)
        return checksum(self._source, self._offset + start, size, crc)

    def _bytes(self, start: int, stop: int) -> bytes:
        if not self._words:
            return self._there(start, stop)
        even = start - start % 2  # read whole words, even if a frame starts inside one
        data = swapped(self._there(even, stop + stop % 2), 2)
        return data[start - even : stop - even]

    def _there(self, start: int, stop: int) -> bytes:
        """Returns bytes of the value; bytes after its end are zero."""
        data = self._source.read(self._offset + start, max(0, min(stop, self._size) - start))
        return data.ljust(stop - start, b"\0")


def size_fault(size: int, image: ImagePixel) -> str:
    """Returns why native Pixel Data of this size does not hold the image; empty if it does."""
    extra = (size - image.native_bytes) // max(1, image.frame_bytes)
    if size >= image.native_bytes and not (extra > 0 and image.frame_bytes > 1):
        return ""
    return (
        f"Pixel Data has {size} bytes, but the image (frames: {image.number_of_frames},"
        f" size: {image.rows} x {image.columns}) needs {image.native_bytes}"
    )


def native_frames(
    data_set: DataSet, image: ImagePixel, warnings: list[str] | None = None
) -> NativeFrames:
    """Returns the frames of native Pixel Data.

    Args:
        data_set: a data set with Pixel Data.
        image: its Image Pixel attributes.
        warnings: if given, missing bytes are zero and a warning is added here.

    Raises:
        DamagedError: Pixel Data is shorter or longer than the image.
    """
    element = data_set.find(tags.PIXEL_DATA)
    if element is None:
        raise DamagedError("no Pixel Data")
    _check_count(image.number_of_frames, data_set.source)
    size = element.end - element.value
    what = size_fault(size, image)
    if what:
        if warnings is None or size * MOST_MISSING < image.native_bytes:
            raise DamagedError(what)
        warnings.append(f"salvaged: {what}")
        extra = (size - image.native_bytes) // max(1, image.frame_bytes)
        image = image._replace(number_of_frames=image.number_of_frames + max(0, extra))
    # samples of more than 8 bits are words, even if the VR is wrongly OB
    words = data_set.big_endian_pixels and (element.vr != "OB" or image.bits_allocated > 8)
    return NativeFrames(data_set.source, (element.value, size), image, words=words)


def _check_count(frames: int, source: Source) -> None:
    if frames > source.limits.frames:
        most = source.limits.frames
        raise DamagedError(f"Pixel Data has more than {most} frames; {how_to_raise('frames')}")


def _shifted(data: bytes, by: int, bits: int) -> bytes:
    """Returns ``bits`` bits starting at bit ``by``, with the first in the lowest bit."""
    number = (int.from_bytes(data, "little") >> by) & ((1 << bits) - 1)
    return number.to_bytes((bits + 7) // 8, "little")


def by_pixel(data: bytes, samples: int, bits_allocated: int) -> bytes:
    """Converts colour-by-plane data to colour-by-pixel (PS3.3 C.7.6.3.1.3).

    Raises:
        UnsupportedError: samples do not have 8, 16, 32 or 64 bits allocated.
    """
    code = WORD_CODES.get(bits_allocated)
    if code is None:
        raise UnsupportedError(f"{bits_allocated} bits allocated: not supported in colour planes")
    planes, pixels = array(code, data), array(code, bytes(len(data)))
    size = len(planes) // samples
    for sample in range(samples):
        pixels[sample::samples] = planes[sample * size : (sample + 1) * size]
    return pixels.tobytes()


class EncapsulatedFrames:
    """Reads encapsulated frames by index."""

    def __init__(self, source: Source, frames: tuple[tuple[Fragment, ...], ...]) -> None:
        """Stores the fragments of each frame. Nothing is read yet."""
        self.source = source
        self.frames = frames

    @property
    def count(self) -> int:
        """Number of frames."""
        return len(self.frames)

    @property
    def size(self) -> int:
        """Total size of all code streams in bytes."""
        return sum(part.size for parts in self.frames for part in parts)

    def read(self, index: int) -> bytes:
        """Returns the code stream of one frame, with its fragments joined."""
        parts = [self.source.read(part.offset, part.size) for part in self.frames[index]]
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def head(self, index: int, size: int) -> bytes:
        """Returns at most ``size`` bytes of the first fragment of a frame."""
        first = self.frames[index][:1]
        return b"".join(self.source.peek(part.offset, min(part.size, size)) for part in first)


def encapsulated_frames(
    data_set: DataSet,
    warnings: list[str],
    *,
    unmarked: "Unmarked | None" = None,
    salvage: bool = False,
) -> EncapsulatedFrames:
    """Returns the frames of encapsulated Pixel Data.

    Args:
        data_set: a data set with Pixel Data.
        warnings: receives a warning for each deviation that was handled.
        unmarked: splits frames of syntaxes without markers.
        salvage: whether to accept truncated Pixel Data and missing frames.

    Raises:
        DamagedError: the items are damaged or truncated, or frames are missing.
    """
    pixels = encapsulation.read(data_set, warnings if salvage else None)
    wanted = attributes.number_of_frames(data_set)
    found = fragments.frames(
        data_set.source, pixels, wanted, warnings, unmarked=unmarked, salvage=salvage
    )
    _check_count(len(found), data_set.source)
    return EncapsulatedFrames(data_set.source, found)
