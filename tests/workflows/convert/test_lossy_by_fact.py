"""A data set is marked as lossy by what its code streams are, frame by frame."""

from typing import Any

import imagecodecs
import numpy as np
import pytest
from pydicom import Dataset

from dicomtx.errors import ExitCode
from tests.converter import Converter
from tests.dicom import builder

GREY = np.random.default_rng(1).integers(0, 256, (32, 32)).astype(np.uint8)
COLOUR = np.random.default_rng(2).integers(0, 256, (32, 32, 3)).astype(np.uint8)
SET = "(0028,2110) set to 01"


def baseline(pixels: Any) -> bytes:
    how: dict[str, Any] = {"colorspace": "RGB", "outcolorspace": "RGB"} if pixels.ndim == 3 else {}
    return bytes(imagecodecs.jpeg8_encode(pixels, 90, **how))


def lossless(pixels: Any) -> bytes:
    how: dict[str, Any] = {"colorspace": "RGB", "outcolorspace": "RGB"} if pixels.ndim == 3 else {}
    return bytes(imagecodecs.jpeg8_encode(pixels, lossless=True, predictor=1, **how))


def j2k(pixels: Any, *, reversible: bool) -> bytes:
    how: dict[str, Any] = {"mct": pixels.ndim == 3, "codecformat": "J2K", "planar": False}
    level = 0 if reversible else 40
    return bytes(imagecodecs.jpeg2k_encode(pixels, level=level, reversible=reversible, **how))


def file_of(syntax: str, streams: list[bytes], pixels: Any, label: str = "") -> bytes:
    colour = pixels.ndim == 3
    said = label or ("RGB" if colour else "MONOCHROME2")
    pixel = builder.image(32, 32, samples=3 if colour else 1, photometric=said)
    module = builder.identity() + builder.module(pixel, frames=str(len(streams)))
    parts = [stream + b"\0" * (len(stream) % 2) for stream in streams]
    return builder.part10(syntax, module + builder.encapsulated(parts))


LATER = {
    "jpeg": file_of("jpeg-lossless-sv1", [lossless(GREY), baseline(GREY)], GREY),
    "jpeg-colour": file_of("jpeg-lossless-sv1", [lossless(COLOUR), baseline(COLOUR)], COLOUR),
    "j2k": file_of(
        "jpeg2000-lossless", [j2k(GREY, reversible=True), j2k(GREY, reversible=False)], GREY
    ),
    "j2k-colour": file_of(
        "jpeg2000-lossless",
        [j2k(COLOUR, reversible=True), j2k(COLOUR, reversible=False)],
        COLOUR,
        "YBR_RCT",
    ),
    "jpeg-ls": file_of(
        "jpeg-ls-lossless",
        [bytes(imagecodecs.jpegls_encode(GREY, near)) for near in (0, 3)],
        GREY,
    ),
}


def marked(made: Dataset, warnings: tuple[str, ...]) -> bool:
    """Returns whether the file and a warning say that it is lossy; both or none do."""
    said = made.get("LossyImageCompression") == "01"
    assert said == any(SET in warning for warning in warnings)
    assert said == ("LossyImageCompressionMethod" in made)
    return bool(said)


@pytest.mark.parametrize("to", ["explicit", "rle", "jpeg2000-lossless", "jpeg-ls-lossless"])
@pytest.mark.parametrize("kind", LATER)
def test_a_later_frame_that_is_lossy_marks_the_file(
    converter: Converter, kind: str, to: str
) -> None:
    outcome = converter.convert(LATER[kind], to, repair=True)
    assert marked(converter.done(LATER[kind], to, repair=True), outcome.warnings), outcome


@pytest.mark.parametrize("kind", LATER)
def test_a_later_frame_that_is_lossy_is_not_made_more_so(converter: Converter, kind: str) -> None:
    outcome = converter.convert(LATER[kind], "htj2k")
    assert "--allow-generation-loss" in converter.failed(outcome, ExitCode.UNSUPPORTED)
    converter.done(LATER[kind], "htj2k", allow_generation_loss=True, min_psnr=0.0)


@pytest.mark.parametrize(
    ("label", "to", "stream"),
    [
        ("jpeg-lossless-sv1", "jpeg-baseline", baseline(GREY)),
        ("jpeg2000-lossless", "jpeg2000", j2k(GREY, reversible=False)),
        ("jpeg-ls-lossless", "jpeg-ls-near-lossless", bytes(imagecodecs.jpegls_encode(GREY, 3))),
        ("jpeg-baseline", "jpeg-xl-recompression", baseline(GREY)),
    ],
)
def test_a_copy_under_the_right_label_is_marked(
    converter: Converter, label: str, to: str, stream: bytes
) -> None:
    data = file_of(label, [stream], GREY)
    outcome = converter.convert(data, to)
    assert marked(converter.done(data, to), outcome.warnings)


@pytest.mark.parametrize("to", ["explicit", "rle"])
def test_what_is_not_lossy_is_not_marked(converter: Converter, to: str) -> None:
    streams = [j2k(GREY, reversible=True)] * 2
    data = file_of("jpeg2000", streams, GREY)
    outcome = converter.convert(data, to)
    assert not marked(converter.done(data, to), outcome.warnings)
