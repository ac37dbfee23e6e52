"""The label of decoded samples says what they are."""

import pytest

from dicomtx.code_stream import CodeStream
from dicomtx.codecs import photometric
from dicomtx.image_pixel import ImagePixel

JPEG = "1.2.840.10008.1.2.4."


def image(said: str, samples: int = 3) -> ImagePixel:
    return ImagePixel(
        rows=8,
        columns=8,
        samples_per_pixel=samples,
        photometric_interpretation=said,
        bits_allocated=8,
        bits_stored=8,
        high_bit=7,
        pixel_representation=0,
    )


@pytest.mark.parametrize(
    ("process", "transform", "said", "expected"),
    [
        ("50", "YBR", "RGB", "YBR_FULL"),
        ("50", "RGB", "YBR_FULL_422", "RGB"),
        ("50", "", "RGB", "RGB"),
        ("50", "", "YBR_FULL_422", "YBR_FULL"),
        ("70", "RGB", "YBR_FULL", "YBR_FULL"),
        ("70", "YBR", "RGB", "RGB"),
    ],
)
def test_jpeg_markers_decide_where_they_can_be_trusted(
    process: str, transform: str, said: str, expected: str
) -> None:
    stream = CodeStream("JPEG", JPEG + process, components=3, transform=transform)
    assert photometric.of_jpeg(stream, image(said)) == expected


@pytest.mark.parametrize(
    ("transform", "said", "expected"),
    [
        ("RCT", "YBR_FULL", "RGB"),
        ("ICT", "YBR_ICT", "RGB"),
        ("", "YBR_RCT", "RGB"),
        ("", "YBR_FULL", "YBR_FULL"),
        ("", "RGB", "RGB"),
    ],
)
def test_the_component_transform_of_jpeg_2000_is_undone(
    transform: str, said: str, expected: str
) -> None:
    stream = CodeStream("JPEG 2000", JPEG + "90", components=3, transform=transform)
    assert photometric.of_jpeg2000(stream, image(said)) == expected


@pytest.mark.parametrize("said", ["MONOCHROME1", "PALETTE COLOR"])
def test_one_component_keeps_its_label(said: str) -> None:
    stream = CodeStream("JPEG", JPEG + "50", components=1)
    assert photometric.of_jpeg(stream, image(said, 1)) == said
    assert photometric.of_jpeg2000(None, image(said, 1)) == said
