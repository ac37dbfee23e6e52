"""Files of three frames in every syntax, and what their streams decode to."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from pydicom import dcmread

from tests.converter import Converter
from tests.dicom import builder
from tests.dicom.builder import image, native, part10
from tests.traps.altered_files import fragments

FRAMES = 3
IMAGES = {
    "grey 8": image(9, 14),
    "grey 12": image(9, 14, allocated=16, stored=12),
    "grey 16": image(9, 14, allocated=16),
    "RGB": image(9, 14, samples=3, photometric="RGB"),
}
LOSSLESS = [
    (syntax, kind)
    for syntax in (
        "jpeg-lossless-sv1",
        "jpeg-ls-lossless",
        "jpeg2000-lossless",
        "htj2k-lossless",
        "jpeg-xl-lossless",
        "rle-lossless",
    )
    for kind in IMAGES
]
MARKED = [
    ("jpeg-baseline", "grey 8"),
    ("jpeg-baseline", "RGB"),
    ("jpeg-extended", "grey 12"),
    *(case for case in LOSSLESS if case[0] not in ("jpeg-xl-lossless", "rle-lossless")),
]
ALL = [*MARKED, *(case for case in LOSSLESS if case not in MARKED)]
PLAIN = [("jpeg-baseline", "RGB"), ("jpeg-ls-lossless", "grey 12"), ("rle-lossless", "grey 16")]


@cache
def _coded(syntax: str, kind: str) -> tuple[tuple[bytes, ...], bytes, bytes]:
    """Returns the streams of a file, what precedes them, and what they decode to."""
    pixel = IMAGES[kind]
    random = np.random.default_rng(len(syntax))
    top = 1 << pixel.bits_stored
    steps = random.integers(0, top, (FRAMES, pixel.samples_per_frame)) // 3
    data = steps.astype(f"<u{pixel.bits_allocated // 8}").tobytes()
    settings = {"min_psnr": 0.0} if syntax in ("jpeg-baseline", "jpeg-extended") else {}
    with TemporaryDirectory() as folder:
        converter = Converter(Path(folder))
        native_file = part10("explicit", native(pixel, data, frames="3"))
        streams = fragments(converter.done(native_file, syntax, **settings))
        head = converter.out.read_bytes()
        pixels = converter.done(head).PixelData
    return tuple(streams), head[: head.rindex(b"\xe0\x7f\x10\0OB\0\0\xff\xff")], pixels


class Made:
    """A file of three frames: its streams, and what they decode to."""

    def __init__(self, syntax: str, kind: str) -> None:
        self.syntax, self.kind = syntax, kind
        streams, self.head, self.pixels = _coded(syntax, kind)
        self.streams = [*streams]

    def file(self, parts: list[bytes], frames: str = "3", table: tuple[int, ...] = ()) -> bytes:
        """Returns a file with these fragments and this Number of Frames."""
        said = builder.text(0x00280008, "IS", "3")
        assert self.head.count(said) == 1
        changed = builder.text(0x00280008, "IS", frames) if frames else b""
        return self.head.replace(said, changed) + builder.encapsulated(parts, table)


def check_all(converter: Converter, data: bytes, made: Made, said: str) -> None:
    """All three frames come out, with a warning, and the output is tidy."""
    outcome = converter.convert(data, "implicit")
    assert outcome.status == "done", outcome.error
    assert any(said in warning for warning in outcome.warnings), outcome.warnings
    back = dcmread(converter.out)
    assert (back.NumberOfFrames, back.PixelData) == (FRAMES, made.pixels)
