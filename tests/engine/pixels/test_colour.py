"""Colour spaces of native frames."""

import imagecodecs
import numpy as np
import pytest

from dicomtx.engine.pixels.colour import to_full, to_rgb
from dicomtx.image_pixel import Frame
from tests.dicom.builder import image


def fixed(number: float) -> int:
    """Returns a factor as libjpeg has it, in 16 bits."""
    return int(number * 65_536 + 0.5)


def rgb(luma: int, blue: int, red: int) -> tuple[int, int, int]:
    """Returns what libjpeg's ycc_rgb_convert makes of one pixel."""
    cb, cr = blue - 128, red - 128
    half = 32_768
    values = (
        luma + (fixed(1.402) * cr + half >> 16),
        luma + (-fixed(0.34414) * cb - fixed(0.71414) * cr + half >> 16),
        luma + (fixed(1.772) * cb + half >> 16),
    )
    return tuple(min(255, max(0, value)) for value in values)  # type: ignore[return-value]


def test_ybr_full_becomes_rgb_as_libjpeg_computes_it() -> None:
    chroma = np.arange(256, dtype=np.uint8)
    for luma in (0, 1, 100, 255):
        pixels = np.stack([*np.meshgrid(chroma, chroma[::5]), np.zeros((52, 256))], axis=-1)
        samples = np.roll(pixels, 1, axis=-1).astype(np.uint8)
        samples[..., 0] = luma
        frame = Frame(samples.tobytes(), image(52, 256, samples=3, photometric="YBR_FULL"))
        made = to_rgb(frame)
        assert made.image.photometric_interpretation == "RGB"
        expected = bytes(v for pixel in samples.reshape(-1, 3).tolist() for v in rgb(*pixel))
        assert made.data == expected


def test_ybr_full_becomes_the_rgb_that_libjpeg_itself_gives() -> None:
    noise = np.random.default_rng(7).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    stream = imagecodecs.jpeg8_encode(noise, level=95, colorspace="RGB", subsampling="444")
    ours = imagecodecs.jpeg8_decode(stream, colorspace="YCBCR", outcolorspace="YCBCR")
    theirs = imagecodecs.jpeg8_decode(stream, colorspace="YCBCR", outcolorspace="RGB")
    frame = Frame(ours.tobytes(), image(64, 64, samples=3, photometric="YBR_FULL"))
    assert to_rgb(frame).data == theirs.tobytes()


@pytest.mark.parametrize("allocated", [8, 16])
def test_each_pixel_of_a_422_pair_gets_the_chroma_of_the_pair(allocated: int) -> None:
    pixel = image(1, 4, samples=3, photometric="YBR_FULL_422", allocated=allocated)
    kind = f"<u{allocated // 8}"
    data = np.array([1, 2, 30, 40, 5, 6, 70, 80], kind).tobytes()
    made = to_full(Frame(data, pixel))
    expected = [1, 30, 40, 2, 30, 40, 5, 70, 80, 6, 70, 80]
    assert np.frombuffer(bytes(made.data), kind).tolist() == expected
    assert made.image.photometric_interpretation == "YBR_FULL"
    assert len(made.data) == made.image.frame_bytes
