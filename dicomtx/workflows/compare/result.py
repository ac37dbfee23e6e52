"""The request and the result of a comparison of two files."""

from dataclasses import asdict, dataclass, field
from typing import Literal

from dicomtx.codecs.registry import missing
from dicomtx.codecs.shipped import FFMPEG
from dicomtx.dicom.differences import Difference
from dicomtx.dicom.elements import name
from dicomtx.engine.pixels.frame_differences import FrameDifference
from dicomtx.run_facts import RunFacts
from dicomtx.settings import Settings
from dicomtx.transfer_syntaxes import TransferSyntax


@dataclass(frozen=True, slots=True)
class Comparing:
    """A request to compare two files.

    Attributes:
        a: a path, or ``-`` for standard input.
        b: a path, or ``-`` for standard input. Only one of the two can be ``-``.
        tolerance: the largest error of a stored value that counts as equal.
        ignored: tags of elements to ignore, at any depth.
        pixels_only: whether to skip the elements.
        every_element: whether differences that follow from the transfer syntax count too.
        report: path of the HTML page; empty for none.
        overwrite: whether to overwrite an existing page.
        settings: codecs and their order.
        run: what the page says about this run; None for nothing.
    """

    a: str
    b: str
    tolerance: int = 0
    ignored: frozenset[int] = frozenset()
    pixels_only: bool = False
    every_element: bool = False
    report: str = ""
    overwrite: bool = False
    settings: Settings = field(default_factory=Settings)
    run: RunFacts | None = None


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two files.

    Attributes:
        path: the path as given.
        bytes: its size.
        transfer_syntax: the syntax that it is really encoded in.
        frames: its number of frames.
        decoders: the codecs that decoded the frames; empty for native frames.
        code_bases: the libraries that decoded or confirmed the frames; empty for native frames.
        unconfirmed: the only library that decoded a frame, if conversions use it too. Its faults
            would not show. Empty if there is none.
    """

    path: str
    bytes: int
    transfer_syntax: TransferSyntax
    frames: int = 0
    decoders: tuple[str, ...] = ()
    code_bases: tuple[str, ...] = ()
    unconfirmed: str = ""

    def as_json(self) -> dict[str, object]:
        """Returns the object of ``--json``."""
        syntax = self.transfer_syntax
        return asdict(self) | {"transfer_syntax": {"uid": syntax.uid, "name": syntax.name}}


@dataclass(frozen=True, slots=True)
class Pixels:
    """How the pixels of two files compare.

    Attributes:
        compared: ``frames``: stored values. ``bytes``: no codec decodes them, or they are floats.
            ``nothing``: a file has no Pixel Data, or the images are not comparable.
        same: whether no error exceeds the tolerance, and nothing else differs, including the
            bits above Bits Stored.
        reason: why the images differ as a whole; empty if they do not.
        peak: A's largest stored value minus its smallest.
        frames: the frames that both files have.
        ssim_left_out: whether SSIM was not computed because scikit-image is not installed.
    """

    compared: Literal["frames", "bytes", "nothing"]
    same: bool
    reason: str = ""
    peak: int = 0
    frames: tuple[FrameDifference, ...] = ()
    ssim_left_out: bool = False

    @property
    def differing(self) -> tuple[FrameDifference, ...]:
        """The frames that are not exactly equal, whatever the tolerance."""
        return tuple(frame for frame in self.frames if not frame.equal)

    @property
    def high_bits(self) -> int:
        """Number of words whose bits above Bits Stored differ."""
        return sum(frame.high_bits for frame in self.frames)

    @property
    def worst(self) -> FrameDifference | None:
        """The frame with the largest error; None if no frame differs."""
        return max(self.differing, key=lambda f: (f.largest_error, f.mean_error), default=None)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The result of a comparison.

    Attributes:
        a: the first file.
        b: the second file.
        same: whether the files are equal, apart from differences that do not count.
        tolerance: the largest error that counts as equal.
        pixels: the comparison of the pixels.
        elements: the differences that count; None if elements were not compared.
        of_encoding: differences that follow from the transfer syntax. They do not count.
        warnings: irregularities, and parts that were not compared.
    """

    a: Side
    b: Side
    same: bool
    tolerance: int
    pixels: Pixels
    elements: tuple[Difference, ...] | None
    of_encoding: tuple[Difference, ...]
    warnings: tuple[str, ...]

    @property
    def verification(self) -> str:
        """How reliable the comparison is: one of ``verification.WORDS``."""
        if self.pixels.compared == "nothing":
            return "none"
        sides = (self.a, self.b)
        if self.pixels.compared == "bytes" or not any(side.code_bases for side in sides):
            return "bytes-only"
        return "same-code-base" if any(side.unconfirmed for side in sides) else "independent"

    @property
    def verdict(self) -> str:
        """The result in words."""
        if not self.same:
            return "they differ"
        return "the same within the tolerance" if self.pixels.differing else "the same"

    @property
    def caution(self) -> str:
        """A caution if a fault of the only decoder would not show; empty otherwise."""
        if self.verification != "same-code-base":
            return ""
        alone = {name: s for name, s in (("A", self.a), ("B", self.b)) if s.unconfirmed}
        bases = list(dict.fromkeys(side.unconfirmed for side in alone.values()))
        were = "were" if len(alone) > 1 else "was"
        library = "one of these libraries" if len(bases) > 1 else "that library"
        audit = any(side.transfer_syntax.uid in FFMPEG.decodes for side in alone.values())
        hint = "No other library here decodes to exact values."
        if audit and missing(FFMPEG):
            hint = f"Try pip install {FFMPEG.install}"
        return (
            f"{' and '.join(alone)} {were} decoded by {' and '.join(bases)} only. If {library} has"
            f" a fault, this comparison cannot show it. {hint}"
        )

    def as_json(self) -> dict[str, object]:
        """Returns the object of ``--json`` (cli/schemas/comparison.schema.json)."""
        worst = self.pixels.worst
        elements = None if self.elements is None else [*map(_as_json, self.elements)]
        return {
            "a": self.a.as_json(),
            "b": self.b.as_json(),
            "same": self.same,
            "tolerance": self.tolerance,
            "pixels": asdict(self.pixels) | {"worst_frame": worst.frame if worst else None},
            "elements": elements,
            "of_encoding": [*map(_as_json, self.of_encoding)],
            "warnings": self.warnings,
            "verification": self.verification,
        }


def _as_json(difference: Difference) -> dict[str, str]:
    return {
        "kind": difference.kind,
        "place": difference.place,
        "tag": name(difference.tag),
        "keyword": difference.keyword,
        "vr_a": difference.vr_a,
        "vr_b": difference.vr_b,
        "a": difference.a,
        "b": difference.b,
    }
