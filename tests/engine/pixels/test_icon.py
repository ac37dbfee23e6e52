"""Small pictures of frames."""

from typing import Any

import numpy as np
import pytest

from dicomtx.dicom.pixel_data.display import Presentation
from dicomtx.engine.pixels.icon import icon
from dicomtx.image_pixel import Frame, ImagePixel
from tests.dicom.builder import image


def made(
    pixel: ImagePixel, data: bytes, how: Presentation | None = None, aspect: float = 1.0
) -> Any:
    found = icon(Frame(data, pixel), how or Presentation(), aspect, 64)
    assert len(found) == 64 * 64
    return np.frombuffer(found, np.uint8).reshape(64, 64)


@pytest.mark.parametrize(
    ("rows", "columns", "aspect", "shown"),
    [
        (128, 128, 1.0, (64, 64)),
        (128, 64, 1.0, (64, 32)),
        (30, 120, 1.0, (16, 64)),
        (3, 3, 1.0, (64, 64)),
        (100, 50, 0.5, (64, 64)),
        (1, 5000, 1.0, (1, 64)),
        (65, 63, 1.0, (64, 62)),
    ],
)
def test_the_whole_frame_is_shown_on_black(
    rows: int, columns: int, aspect: float, shown: tuple[int, int]
) -> None:
    white = image(rows, columns)
    found = made(white, bytes([255]) * (rows * columns), Presentation(128, 256), aspect)
    lit = np.argwhere(found == 255)
    assert tuple(lit.max(axis=0) - lit.min(axis=0) + 1) == shown
    assert (found > 0).sum() == shown[0] * shown[1]


def test_what_falls_on_one_pixel_is_its_mean() -> None:
    stripes = bytes([0, 200]) * (128 * 64)
    assert set(made(image(128, 128), stripes, Presentation(128, 256)).ravel()) == {100}


def test_the_window_is_kept_and_without_one_it_is_the_range() -> None:
    twelve = image(64, 64, allocated=16, stored=12)
    data = np.arange(4096, dtype="<u2").tobytes()
    assert made(twelve, data, Presentation(10, 20))[1:].min() == 255
    whole = made(twelve, data)
    assert (whole[0, 0], whole[-1, -1]) == (0, 255)
    assert 120 < whole[32, 0] < 136


def test_monochrome1_is_inverted_and_colours_become_grey() -> None:
    inverted = image(64, 64, photometric="MONOCHROME1")
    assert made(inverted, bytes(4096), Presentation(128, 256)).min() == 255
    rgb = image(64, 64, samples=3, photometric="RGB")
    assert set(made(rgb, bytes([0, 255, 0]) * 4096).ravel()) == {150}
