"""What a plan does instead if frames do not allow it: the plan says so beforehand."""

from typing import Any

import pytest

from dicomtx.engine.planning.plan import Code, Refuse, alternatives_of
from dicomtx.image_pixel import ImagePixel
from tests.dicom.builder import image
from tests.engine.planning.test_planner import RGB, coded, header, planned

YBR = RGB._replace(photometric_interpretation="YBR_FULL")
NARROW = image(8, 8, allocated=16, stored=12)


@pytest.mark.parametrize("to", ["jpeg-baseline", "jpeg-extended"])
@pytest.mark.parametrize("pixel", [RGB, YBR], ids=["RGB", "YBR_FULL"])
def test_lossy_jpeg_writes_rgb_if_4_2_2_misses_the_goal(to: str, pixel: ImagePixel) -> None:
    made = coded(header(pixel=pixel), to, psnr=60.0)
    assert made.after.photometric_interpretation == "YBR_FULL_422"
    instead = made.if_missed
    assert instead
    assert instead.working.photometric_interpretation == "RGB"
    assert instead.after.photometric_interpretation == "RGB"
    assert instead.to_rgb == (pixel is YBR)
    assert (instead.lossy, instead.if_missed) == (True, None)
    assert alternatives_of(made) == ("RGB components if the goal is missed",)


@pytest.mark.parametrize(
    "pixel", [image(8, 8), RGB, image(8, 8, allocated=16)], ids=["8 bits", "RGB", "16 bits"]
)
def test_jpeg_xl_loses_nothing_if_its_finest_misses_the_goal(pixel: ImagePixel) -> None:
    made = coded(header(pixel=pixel), "jpeg-xl", psnr=60.0)
    instead = made.if_missed
    assert instead
    assert (made.lossy, instead.lossy) == (True, False)
    assert instead.after == pixel
    assert alternatives_of(made) == ("coded without loss if the goal is missed",)


@pytest.mark.parametrize(
    ("pixel", "to", "settings"),
    [
        (YBR, "jpeg-xl", {"psnr": 60.0}),
        (image(8, 8), "jpeg-baseline", {"psnr": 60.0}),
        (RGB, "jpeg2000", {"psnr": 60.0}),
        (RGB, "jpeg2000-lossless", {}),
    ],
    ids=["rounded colours", "grey", "JPEG 2000", "lossless"],
)
def test_other_plans_fail_if_they_miss_the_goal(
    pixel: ImagePixel, to: str, settings: dict[str, Any]
) -> None:
    assert coded(header(pixel=pixel), to, **settings).if_missed is None


@pytest.mark.parametrize("to", ["jpeg2000-lossless", "htj2k-lossless", "jpeg-ls-lossless"])
def test_streams_are_as_wide_as_words_that_need_it(to: str) -> None:
    made = coded(header(pixel=NARROW), to)
    assert isinstance(made.if_unfit, Code)
    assert (made.whole_words, made.if_unfit.whole_words) == (False, True)
    assert made.if_unfit == made._replace(whole_words=True, if_unfit=None)
    told = "code streams of 16 bits per sample if words need bits above Bits Stored"
    assert alternatives_of(made) == (told,)


def test_words_that_the_target_cannot_hold_are_refused() -> None:
    wide = image(8, 8, allocated=32, stored=16)
    made = coded(header(pixel=wide), "jpeg2000-lossless")
    assert isinstance(made.if_unfit, Refuse)
    assert "all 32 allocated bits, not only the 16 of Bits Stored" in made.if_unfit.reason
    assert alternatives_of(made) == ("refused if words need bits above Bits Stored",)


@pytest.mark.parametrize(
    ("pixel", "to"),
    [
        (NARROW, "rle"),
        (NARROW, "implicit"),
        (image(8, 8, allocated=16), "jpeg2000-lossless"),
        (NARROW, "jpeg2000"),
    ],
    ids=["whole words", "native", "no bits above", "lossy"],
)
def test_other_plans_have_no_need_of_wider_streams(pixel: ImagePixel, to: str) -> None:
    made = planned(header(pixel=pixel), to)
    assert not (isinstance(made, Code) and made.if_unfit)
    assert alternatives_of(made) == ()
