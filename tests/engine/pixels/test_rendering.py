"""Pictures of frames: windows by PS3.3's formulas, palettes and differences."""

from typing import Any

import numpy as np
import pytest

from dicomtx.dicom.pixel_data.display import Presentation
from dicomtx.dicom.pixel_data.palette import Palette
from dicomtx.engine.pixels import rendering
from dicomtx.image_pixel import Frame
from tests.dicom.builder import image


def grey(values: Any, photometric: str = "MONOCHROME2") -> Frame:
    stored = np.array([values], "<i2")
    pixel = image(1, stored.size, allocated=16, signed=True, photometric=photometric)
    return Frame(stored.tobytes(), pixel)


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        (Presentation(40, 400), [0, 0, 128, 255, 255]),
        (Presentation(40, 400, "LINEAR_EXACT"), [0, 0, 128, 255, 255]),
        (Presentation(40, 400, "SIGMOID"), [0, 30, 128, 224, 255]),
        (Presentation(41, 1), [0, 0, 0, 255, 255]),
        (Presentation(80, 800, slope=2), [0, 0, 128, 255, 255]),
        (Presentation(30, 400, intercept=-10), [0, 0, 128, 255, 255]),
    ],
)
def test_windows_are_those_of_the_standard(how: Presentation, expected: list[int]) -> None:
    shown = rendering.seen(grey([-3000, -160, 40, 240, 3000]), how)
    assert np.abs(shown[0].astype(int) - expected).max() <= 1


def test_monochrome1_is_inverted() -> None:
    how = Presentation(40, 400)
    plain, inverted = (
        rendering.seen(grey([-160, 0, 240], p), how) for p in ("MONOCHROME2", "MONOCHROME1")
    )
    assert (plain + inverted == 255).all()
    assert plain[0, 0] < plain[0, 2]


def test_without_a_window_the_range_is_the_window() -> None:
    frame = grey([-7, 0, 93])
    how = rendering.with_window(frame, Presentation(slope=2))
    assert rendering.seen(frame, how).tolist() == [[0, 18, 255]]
    assert rendering.with_window(frame, Presentation(1, 2)) == Presentation(1, 2)
    flat = grey([5, 5])
    assert rendering.seen(flat, rendering.with_window(flat, Presentation())).tolist() == [[128] * 2]


def test_a_palette_gives_colours_and_ends_at_its_ends() -> None:
    how = Presentation(palette=Palette(2, b"\1\2", b"\3\4", b"\5\6"))
    frame = Frame(bytes([0, 2, 3, 200]), image(1, 4, photometric="PALETTE COLOR"))
    expected = [[[1, 3, 5], [1, 3, 5], [2, 4, 6], [2, 4, 6]]]
    assert rendering.seen(frame, how).tolist() == expected


def test_ycbcr_is_shown_as_rgb_and_deep_colour_in_8_bits() -> None:
    grey_ycbcr = Frame(bytes([100, 128, 128]), image(1, 1, samples=3, photometric="YBR_FULL"))
    assert rendering.seen(grey_ycbcr, Presentation()).tolist() == [[[100] * 3]]
    deep = np.array([0, 2048, 4095], "<u2").tobytes()
    pixel = image(1, 1, samples=3, allocated=16, stored=12, photometric="RGB")
    assert rendering.seen(Frame(deep, pixel), Presentation()).tolist() == [[[0, 128, 255]]]


def test_samples_of_no_known_colour_show_the_first() -> None:
    frame = Frame(bytes([0, 9, 255, 9]), image(1, 2, samples=2, photometric="RGBX"))
    how = rendering.with_window(frame, Presentation())
    assert rendering.seen(frame, how).shape == (1, 2)


def test_one_bit_is_black_and_white() -> None:
    frame = Frame(b"\x02", image(1, 3, allocated=1))
    how = rendering.with_window(frame, Presentation())
    assert rendering.seen(frame, how).tolist() == [[0, 255, 0]]


def test_the_difference_is_amplified_by_the_factor_that_is_said() -> None:
    a, b = np.array([[0, 5, 9]]), np.array([[0, 7, 5]])
    picture, factor = rendering.difference(a, b)
    assert factor == 255 / 4
    assert picture.tolist() == [[0, 128, 255]]
    black, as_is = rendering.difference(a, a)
    assert (black.max(), as_is) == (0, 1.0)
    colours = np.zeros((1, 1, 3), int), np.array([[[0, 3, 1]]])
    assert rendering.difference(*colours)[0].tolist() == [[255]]


def test_no_error_is_lost_in_a_large_frame() -> None:
    a = np.zeros((3, rendering.LARGEST_SIDE * 2 + 1), np.int32)
    b = a.copy()
    b[1, 3001] = 8
    picture, _ = rendering.difference(a, b)
    assert picture.shape[1] <= rendering.LARGEST_SIDE
    assert (picture == 255).sum() == 1


def test_the_histogram_counts_every_value() -> None:
    a = np.zeros((10, 10), np.int32)
    b = a.copy()
    b[0] = range(10)
    assert rendering.histogram(a, b) == [(0, 0, 91), *((n, n, 1) for n in range(1, 10))]
    b[0, 0] = 1000
    bars = rendering.histogram(a, b)
    assert len(bars) <= rendering.BARS
    assert sum(count for *_, count in bars) == 100
    assert bars[-1][0] <= 1000 <= bars[-1][1]
