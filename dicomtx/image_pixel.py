"""The Image Pixel module of a data set (PS3.3 C.7.6.3) as a value, and one frame of it."""

from typing import Final, NamedTuple

PARTIAL: Final = "YBR_PARTIAL"
"""YCbCr with luma from 16 to 235 and chroma in each pixel: only between decoder and encoder."""


class ImagePixel(NamedTuple):
    """What the data set says of its pixels, by the names of the attributes (PS3.3 C.7.6.3)."""

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
        """Number of samples of a frame, all of its samples per pixel counted."""
        return self.rows * self.columns * self.samples_per_pixel

    @property
    def bits_per_frame(self) -> int:
        """Size of a native frame in bits; 4:2:2 has two samples a pixel."""
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
        """Whether native frames hold half of the chroma samples (PS3.3 C.7.6.3.1.2)."""
        return (
            self.photometric_interpretation in ("YBR_FULL_422", "YBR_PARTIAL_422")
            and self.samples_per_pixel == 3
        )


class Frame(NamedTuple):
    """One native frame.

    Attributes:
        data: little endian, rows x columns x samples (colour by pixel), in
            ``image.bits_allocated`` bits a sample. One-bit samples are packed eight to a byte,
            the first in the lowest bit (PS3.5 8.1.1), padded to whole bytes.
        image: what these samples are; decoders may change the colour space.
    """

    data: bytes | bytearray | memoryview
    image: ImagePixel
