"""The header of a code stream as a value."""

from collections.abc import Mapping
from typing import Final, NamedTuple

ROOT: Final = "1.2.840.10008.1.2"
# A stream of the narrow syntax is also valid under these wider ones.
WIDER: Final[Mapping[str, tuple[str, ...]]] = {
    ROOT + ".4.50": (ROOT + ".4.51",),
    ROOT + ".4.55": (ROOT + ".4.53",),
    ROOT + ".4.56": (ROOT + ".4.54",),
    ROOT + ".4.70": (ROOT + ".4.57",),
    ROOT + ".4.80": (ROOT + ".4.81",),
    ROOT + ".4.90": (ROOT + ".4.91",),
    ROOT + ".4.201": (ROOT + ".4.203",),
    ROOT + ".4.202": (ROOT + ".4.201", ROOT + ".4.203"),
    ROOT + ".4.110": (ROOT + ".4.112",),
    ROOT + ".4.111": (ROOT + ".4.112",),
}


class CodeStream(NamedTuple):
    """The properties that the header of one frame's code stream declares; zero if unknown.

    Attributes:
        family: "JPEG", "JPEG-LS", "JPEG 2000", "HTJ2K", "JPEG XL" or "RLE".
        syntax: UID of the narrowest transfer syntax that fits the header. A reversible JPEG 2000
            stream counts as lossless, though it may have been truncated. So does a JPEG XL
            stream that is not XYB. A progressive JPEG counts as full progression.
        rows: height in pixels.
        columns: width in pixels.
        components: Samples per Pixel of the data set.
        precision: bits per sample, the largest of all components.
        signed: the samples are two's complement; only JPEG 2000 declares it.
        transform: the colour space of the coded components, if declared: "YBR" or "RGB" (JPEG),
            "RCT" or "ICT" (JPEG 2000), "XYB" (JPEG XL). A decoder undoes the last three.
        subsampled: some components have fewer samples than others.
        boxed: the code stream is inside a file format (JP2, JPH, JPEG XL).
        segments: number of RLE segments.
        orientation: the EXIF orientation that readers apply to the decoded samples; 1 is none.
            Only JPEG XL declares it. Rows and columns are those of the rotated image.
        distances: the sample spacing of the sparsest component, across and down, in samples of
            the densest one: 2, 1 is 4:2:2.
        progression: the order of the packets; only JPEG 2000 and HTJ2K have it.
        levels: the decomposition levels of JPEG 2000 and HTJ2K.
        tile_size: the columns and rows of a tile of JPEG 2000 and HTJ2K; one tile can be larger
            than the image.
    """

    family: str
    syntax: str
    rows: int = 0
    columns: int = 0
    components: int = 0
    precision: int = 0
    signed: bool = False
    transform: str = ""
    subsampled: bool = False
    boxed: bool = False
    segments: int = 0
    orientation: int = 1
    distances: tuple[int, int] = (1, 1)
    progression: str = ""
    levels: int = 0
    tile_size: tuple[int, int] = (0, 0)

    @property
    def least_bits(self) -> int:
        """The fewest bits that the entropy-coded data can have; 0 if there is no such bound.

        A Huffman code has at least one bit. Lossless JPEG has one code per sample, sequential
        JPEG two per block of 8 x 8, progressive JPEG one (ISO/IEC 10918-1 F, G, H).
        """
        blocks = -(-self.rows // 8) * -(-self.columns // 8)
        least = {
            "50": 2 * blocks,
            "51": 2 * blocks,
            "55": blocks,
            "57": self.rows * self.columns,
            "70": self.rows * self.columns,
        }.get(self.syntax.removeprefix(f"{ROOT}.4."), 0)
        return least // 4 if self.subsampled else least

    def fits(self, uid: str) -> bool:
        """Returns whether the stream is valid under the Transfer Syntax ``uid``."""
        return uid == self.syntax or uid in WIDER.get(self.syntax, ())
