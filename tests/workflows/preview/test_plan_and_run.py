"""A run does what the plan says, also where frames do not allow the first choice."""

from typing import Any

import numpy as np
import pytest
from pydicom import dcmread

from dicomtx.code_stream import read
from dicomtx.engine.planning.policy import OneTarget
from dicomtx.errors import ExitCode
from dicomtx.image_pixel import ImagePixel
from dicomtx.settings import Settings
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.preview.dry_run import Asked, dry_run
from dicomtx.workflows.preview.plan_record import Planned
from tests.converter import Converter
from tests.dicom.builder import image, native, part10
from tests.traps.altered_files import streams

RGB = image(24, 32, samples=3, photometric="RGB")
NARROW = image(24, 32, allocated=16, stored=12)


def words(pixel: ImagePixel, bits: int) -> bytes:
    """Returns random words of so many bits."""
    drawn = np.random.default_rng(1).integers(0, 1 << bits, pixel.samples_per_frame)
    return part10(
        "explicit", native(pixel, drawn.astype(f"<u{pixel.bits_allocated // 8}").tobytes())
    )


def planned(converter: Converter, to: str, **settings: Any) -> Planned:
    policy = OneTarget(find(to))
    return next(dry_run(Asked((str(converter.source),), policy, Settings(**settings))))


@pytest.mark.parametrize(
    ("data", "to", "settings", "otherwise", "warning"),
    [
        (words(RGB, 8), "jpeg-baseline", {"psnr": 35.0}, "RGB components", "RGB components"),
        (words(RGB, 8), "jpeg-xl", {"psnr": 150.0}, "coded without loss", "coded without loss"),
        (
            words(NARROW, 16),
            "jpeg2000-lossless",
            {},
            "code streams of 16 bits per sample",
            "in code streams of 16 bits per sample",
        ),
    ],
    ids=["chroma", "loss", "bits"],
)
def test_what_is_done_instead_was_planned(
    converter: Converter,
    data: bytes,
    to: str,
    settings: dict[str, Any],
    otherwise: str,
    warning: str,
) -> None:
    outcome = converter.convert(data, to, **settings)
    assert outcome.status == "done", outcome.error
    assert any(warning in said for said in outcome.warnings)
    made = planned(converter, to, **settings)
    assert [text.partition(" if ")[0] for text in made.otherwise] == [otherwise]
    assert (made.action, made.encoder) == (outcome.action, outcome.encoder)


def test_rgb_components_are_labelled_as_they_are(converter: Converter) -> None:
    made = converter.done(words(RGB, 8), "jpeg-baseline", psnr=35.0)
    said = read(streams(dcmread(converter.out))[0])
    assert said
    assert (made.PhotometricInterpretation, said.transform, said.subsampled) == (
        "RGB",
        "RGB",
        False,
    )


def test_words_that_the_target_cannot_hold_end_as_planned(converter: Converter) -> None:
    wide = image(24, 32, allocated=32, stored=16)
    outcome = converter.convert(words(wide, 32), "jpeg2000-lossless")
    assert "the samples use all 32 allocated bits" in converter.failed(
        outcome, ExitCode.UNSUPPORTED
    )
    made = planned(converter, "jpeg2000-lossless")
    assert made.otherwise == ("refused if words need bits above Bits Stored",)


@pytest.mark.parametrize("to", ["implicit", "rle", "jpeg2000"])
def test_other_plans_have_no_alternative(converter: Converter, to: str) -> None:
    converter.done(words(NARROW, 12), to)
    assert planned(converter, to).otherwise == ()
