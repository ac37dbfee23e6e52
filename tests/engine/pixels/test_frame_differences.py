"""Figures of two sets of frames, held to numpy and to scikit-image by hand."""

import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from dicomtx.engine.pixels.colour import to_rgb
from dicomtx.engine.pixels.frame_differences import FrameDifference, compared, pair
from dicomtx.engine.pixels.values import IncomparableError, errors, values
from dicomtx.errors import UnsupportedError
from dicomtx.image_pixel import Frame, ImagePixel
from tests.dicom.builder import image

RANDOM = np.random.default_rng(7)


@dataclass
class Held:
    """Frames in memory."""

    frames: list[Frame]

    @property
    def count(self) -> int:
        return len(self.frames)

    def read(self, index: int) -> Frame:
        return self.frames[index]


def held(pixel: ImagePixel, *arrays: NDArray[Any]) -> Held:
    return Held([Frame(array.tobytes(), pixel) for array in arrays])


def grey(count: int = 3) -> tuple[ImagePixel, list[NDArray[Any]]]:
    pixel = image(24, 32, allocated=16, stored=12, signed=True)
    return pixel, [RANDOM.integers(-2048, 2048, (24, 32)).astype("<i2") for _ in range(count)]


def test_equal_frames_have_no_error() -> None:
    pixel, arrays = grey()
    found = compared(held(pixel, *arrays), held(pixel, *arrays))
    assert found.frames == tuple(FrameDifference(n, equal=True, ssim=1.0) for n in (1, 2, 3))


def test_one_bit_of_one_frame_is_found() -> None:
    pixel, arrays = grey()
    changed = arrays[1].copy()
    changed[3, 4] ^= 1
    found = compared(held(pixel, *arrays), held(pixel, arrays[0], changed, arrays[2])).frames
    assert [frame.equal for frame in found] == [True, False, True]
    assert (found[1].frame, found[1].samples, found[1].largest_error) == (2, 1, 1)
    assert found[1].mean_error == pytest.approx(1 / 768)


def test_the_figures_are_those_of_numpy_and_the_peak_is_that_of_the_whole_file() -> None:
    pixel, arrays = grey()
    arrays[0] //= 4  # the range of the first frame is not that of the file
    noisy = [np.clip(a + RANDOM.integers(-9, 10, a.shape), -2048, 2047) for a in arrays]
    noisy = [a.astype("<i2") for a in noisy]
    found = compared(held(pixel, *arrays), held(pixel, *noisy))
    peak = int(max(a.max() for a in arrays)) - int(min(a.min() for a in arrays))
    assert found.peak == peak
    for frame, a, b in zip(found.frames, arrays, noisy, strict=True):
        apart = np.abs(a.astype(float) - b)
        assert frame.largest_error == apart.max()
        assert frame.mean_error == pytest.approx(apart.mean())
        by_hand = 10 * np.log10(peak**2 / np.mean(apart**2))
        assert frame.psnr == pytest.approx(by_hand)
        assert frame.psnr == pytest.approx(peak_signal_noise_ratio(a, b, data_range=peak))
        assert frame.ssim == pytest.approx(structural_similarity(a, b, data_range=peak))


def test_colour_counts_all_components_together() -> None:
    pixel = image(16, 16, samples=3, photometric="RGB")
    a = RANDOM.integers(0, 256, (16, 16, 3), np.uint8)
    b = a.copy()
    b[..., 2] ^= 3
    (found,) = compared(held(pixel, a), held(pixel, b)).frames
    square = np.mean((a.astype(float) - b) ** 2)
    peak = int(a.max()) - int(a.min())
    assert found.psnr == pytest.approx(10 * np.log10(peak**2 / square))
    assert found.ssim == pytest.approx(structural_similarity(a, b, data_range=peak, channel_axis=2))


def test_ycbcr_is_compared_with_rgb_as_rgb() -> None:
    pixel = image(8, 8, samples=3, photometric="YBR_FULL")
    frame = Frame(RANDOM.integers(0, 256, (8, 8, 3), np.uint8).tobytes(), pixel)
    (found,) = compared(Held([frame]), Held([to_rgb(frame)])).frames
    assert found.equal
    (same_space,) = compared(Held([frame]), Held([frame])).frames
    assert same_space.equal


def test_bits_above_the_stored_ones_are_counted_apart() -> None:
    pixel = image(1, 2, allocated=16, stored=12)
    a, b = np.array([[0x0123, 0xF456]], "<u2"), np.array([[0xA123, 0x0456]], "<u2")
    found = compared(held(pixel, a), held(pixel, b)).frames[0]
    assert (found.equal, found.samples, found.high_bits) == (False, 0, 2)
    high = pixel._replace(high_bit=15)
    assert values(Frame(a.tobytes(), high)).tolist() == [[0x012, 0xF45]]


def test_one_bit_samples_and_signs_are_read() -> None:
    bits = image(1, 10, allocated=1)
    assert values(Frame(b"\x05\x02", bits)).tolist() == [[1, 0, 1, 0, 0, 0, 0, 0, 0, 1]]
    signed = image(1, 3, allocated=16, stored=12, signed=True)
    frame = Frame(np.array([0x0FFF, 0x0800, 0x07FF], "<u2").tobytes(), signed)
    assert values(frame).tolist() == [[-1, -2048, 2047]]


def test_errors_of_the_widest_values_are_exact() -> None:
    ends = [np.array([[limit]], np.int64) for limit in (-(2**63), 2**63 - 1)]
    assert errors(*ends).tolist() == [[2**64 - 1]]
    unsigned = [np.array([[limit]], np.uint64) for limit in (0, 2**64 - 1)]
    assert errors(*unsigned).tolist() == [[2**64 - 1]]
    wide = image(1, 1, allocated=32)
    a, b = (held(wide, np.array([[v]], "<u4")) for v in (0, 2**32 - 1))
    assert compared(a, b).frames[0].largest_error == 2**32 - 1


def test_a_constant_frame_has_no_psnr_and_a_tiny_one_no_ssim() -> None:
    pixel = image(2, 2)
    a, b = np.full((2, 2), 7, np.uint8), np.full((2, 2), 9, np.uint8)
    (found,) = compared(held(pixel, a), held(pixel, b)).frames
    assert (found.largest_error, found.psnr, found.ssim) == (2, None, None)


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (image(3, 2), "A's frames are 3 x 2, B's frames are 2 x 3"),
        (image(2, 3, samples=3, photometric="RGB"), "B's frames are 3 x 2 of 3 samples"),
    ],
)
def test_frames_of_another_size_are_not_compared(other: ImagePixel, why: str) -> None:
    a, b = (Held([Frame(bytes(pixel.frame_bytes), pixel)]) for pixel in (image(2, 3), other))
    with pytest.raises(IncomparableError, match=why):
        pair(a, b, 0)


def test_colour_spaces_that_are_not_turned_into_each_other_are_not_compared() -> None:
    pixels = [image(2, 2, samples=3, photometric=p) for p in ("RGB", "HSV")]
    a, b = (Held([Frame(bytes(12), pixel)]) for pixel in pixels)
    with pytest.raises(IncomparableError, match="A is RGB, B is HSV"):
        pair(a, b, 0)


def test_odd_bits_allocated_are_refused() -> None:
    with pytest.raises(UnsupportedError, match="12 bits allocated"):
        values(Frame(bytes(6), image(2, 2, allocated=12)))


def test_without_scikit_image_all_but_ssim_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "skimage"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "skimage", None)
    pixel, (a, b) = grey(2)
    found = compared(held(pixel, a), held(pixel, b))
    assert found.ssim_left_out
    assert found.frames[0].ssim is None
    assert found.frames[0].psnr
    assert not compared(held(pixel, a), held(pixel, a)).ssim_left_out
