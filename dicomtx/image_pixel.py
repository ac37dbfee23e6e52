"""The Image Pixel attributes of a data set (PS3.3 C.7.6.3), and one native frame."""

from typing import Final

from dicomtx.frozen import Frozen

PARTIAL: Final = "YBR_PARTIAL"
"""YCbCr, luma 16 to 235, chroma in each pixel. Used internally; never written to a file."""


class ImagePixel(Frozen):
    """The Image Pixel attributes of a data set, by keyword (PS3.3 C.7.6.3)."""

    rows: int
    columns: int
    samples_per_pixel: int
    photometric_interpretation: str
    bits_allocated: int
    bits_stored: int
    high_bit: int
    pixel_representation: int
    planar_configuration: int = 0
    number_of_frames: int = 1

    @property
    def signed(self) -> bool:
        """Whether the stored values are two's complement."""
        return self.pixel_representation == 1

    @property
    def samples_per_frame(self) -> int:
        """Number of samples in a frame: rows x columns x samples per pixel."""
        return self.rows * self.columns * self.samples_per_pixel

    @property
    def bits_per_frame(self) -> int:
        """Size of a native frame in bits; 4:2:2 has two samples per pixel."""
        if self.subsampled:
            return self.rows * self.columns * 2 * self.bits_allocated
        return self.samples_per_frame * self.bits_allocated

    @property
    def frame_bytes(self) -> int:
        """Size of a native frame in bytes, rounded up."""
        return (self.bits_per_frame + 7) // 8

    @property
    def native_bytes(self) -> int:
        """Size of all native frames in bytes, rounded up."""
        return (self.bits_per_frame * self.number_of_frames + 7) // 8

    @property
    def subsampled(self) -> bool:
        """Whether native frames hold half the chroma samples (PS3.3 C.7.6.3.1.2)."""
        return (
            self.photometric_interpretation in ("YBR_FULL_422", "YBR_PARTIAL_422")
            and self.samples_per_pixel == 3
        )


class Frame(Frozen, kw_only=False):
    """One native frame.

    Attributes:
        data: little endian, rows x columns x samples (colour-by-pixel),
            ``image.bits_allocated`` bits per sample. One-bit samples are packed eight to a byte,
            the first in the lowest bit (PS3.5 8.1.1), padded to whole bytes.
        image: the attributes of these samples. Decoders can change the colour space.
        exact: it is known that the code stream of the frame holds nothing else. Two frames are
            equal whatever is known about their streams.
    """

    data: bytes | bytearray | memoryview
    image: ImagePixel
    exact: bool = False

    def __eq__(self, other: object) -> bool:
        """Compares data and attributes."""
        return isinstance(other, Frame) and (self.data, self.image) == (other.data, other.image)

    def __hash__(self) -> int:
        """Hashes data and attributes."""
        return hash((self.data, self.image))
