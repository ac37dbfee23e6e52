"""What is decided for lossy targets: labels, what is repacked, and what is refused."""

from typing import Any

import pytest

from dicomtx.engine.planning.plan import Action, Recompress, reason_of
from tests.dicom.builder import image
from tests.engine.planning.test_planner import RGB, coded, header, planned, stream


def test_a_plan_says_whether_it_loses_something_and_what_comes_of_it() -> None:
    made = coded(header(pixel=RGB), "jpeg-baseline")
    assert made.lossy
    assert made.after == RGB._replace(photometric_interpretation="YBR_FULL_422")
    made = coded(header(pixel=RGB), "jpeg2000", reversible=True)
    assert not made.lossy
    assert made.after == RGB._replace(photometric_interpretation="YBR_RCT")


def test_ten_bits_become_twelve_in_extended_jpeg() -> None:
    made = coded(header(pixel=image(64, 64, allocated=16, stored=10)), "jpeg-extended")
    assert made.after == image(64, 64, allocated=16, stored=12)
    assert not made.warnings


def test_only_jpeg_baseline_is_repacked_and_without_a_codec_between() -> None:
    found = header("jpeg-baseline", RGB)
    made = planned(found, "jpeg-xl-recompression")
    assert isinstance(made, Recompress)
    assert (made.action, made.lossy) == (Action.RECODE, False)
    assert (made.decoder, made.encoder) == ("", "imagecodecs")
    back = planned(header("jpeg-xl-recompression", RGB), "jpeg-baseline")
    assert isinstance(back, Recompress)
    assert (back.action, back.decoder) == (Action.RECODE, "imagecodecs")
    other = planned(header("jpeg-lossless-sv1", RGB), "jpeg-xl-recompression")
    assert "jpeg-baseline" in reason_of(other)
    assert "not enabled" in reason_of(planned(found, "jpeg-xl-recompression", codecs=("gdcm",)))


@pytest.mark.parametrize(
    ("told", "settings", "reason"),
    [
        ({}, {}, "lossy-compressed"),
        ({}, {"allow_generation_loss": True}, ""),
        ({"first_stream": stream("jpeg2000-lossless")}, {}, ""),
        (
            {"first_stream": stream("jpeg2000-lossless"), "lossy_before": True},
            {},
            "lossy-compressed",
        ),
        ({"first_stream": stream("jpeg2000")}, {"reversible": True}, ""),
    ],
)
def test_lossy_over_lossy_is_refused_by_what_the_stream_and_the_data_set_say(
    told: dict[str, Any], settings: dict[str, Any], reason: str
) -> None:
    made = planned(header("jpeg2000", RGB, **told), "htj2k", **settings)
    assert reason in reason_of(made)
    assert bool(reason_of(made)) == bool(reason)


def test_a_lossy_past_is_remembered_only_where_it_is_not_told() -> None:
    lossy = header("jpeg2000", RGB, first_stream=stream("jpeg2000"))
    assert coded(lossy, "explicit").lossy_past
    assert not coded(lossy._replace(lossy_before=True), "explicit").lossy_past
    reversible = lossy._replace(first_stream=stream("jpeg2000-lossless"))
    assert not coded(reversible, "explicit").lossy_past


def test_lossy_jpeg_xl_is_made_of_rgb_only() -> None:
    full = RGB._replace(photometric_interpretation="YBR_FULL")
    assert not reason_of(planned(header(pixel=full), "jpeg-xl"))
    wide = full._replace(bits_allocated=16, bits_stored=16, high_bit=15)
    assert "16-bit YBR_FULL" in reason_of(planned(header(pixel=wide), "jpeg-xl"))
