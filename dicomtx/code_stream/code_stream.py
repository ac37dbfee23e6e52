"""What a code stream says of itself, as a value."""

from collections.abc import Mapping
from typing import Final, NamedTuple

ROOT: Final = "1.2.840.10008.1.2"
# A stream of the narrow syntax may stand under these wider ones as well.
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
    """What the header of one frame's code stream says; zero where it says nothing.

    Attributes:
        family: "JPEG", "JPEG-LS", "JPEG 2000", "HTJ2K", "JPEG XL" or "RLE".
        syntax: UID of the narrowest transfer syntax that the header tells. A reversible JPEG 2000
            stream counts as lossless, though it may have been truncated, and a JPEG XL stream
            outside of XYB too; a progressive JPEG counts as full progression.
        rows: height in pixels.
        columns: width in pixels.
        components: what the data set calls Samples per Pixel.
        precision: bits a sample, the greatest of all components.
        signed: the samples are two's complement; only JPEG 2000 can tell.
        transform: what the coded components are if the stream tells it: "YBR" or "RGB" (JPEG),
            "RCT" or "ICT" (JPEG 2000), "XYB" (JPEG XL); a decoder undoes the last three.
        subsampled: some components have fewer samples than others.
        boxed: a file format (JP2, JPH, JPEG XL) is around the code stream.
        segments: number of RLE segments.
        orientation: how readers turn the decoded samples, as EXIF counts; 1 is not at all. Only
            JPEG XL tells. Rows and columns are those of the turned image.
        distances: of two samples of the sparsest component, across and down, in samples of the
            densest one: 2, 1 is 4:2:2.
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

    @property
    def least_bits(self) -> int:
        """The fewest bits that the entropy-coded data can have; 0 where no rule tells.

        A Huffman code has at least one bit. Lossless JPEG has a code for each sample, sequential
        JPEG two for each block of 8 x 8, progressive JPEG one (ISO/IEC 10918-1 F, G, H).
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
        """Returns whether such a stream may stand under the Transfer Syntax ``uid``."""
        return uid == self.syntax or uid in WIDER.get(self.syntax, ())
