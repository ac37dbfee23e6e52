"""Pictures as PNG: every pixel comes back, grey or RGB. A browser reads them in test_html.py."""

import imagecodecs
import numpy as np
import pytest

from dicomtx.codecs.imagecodecs.png import png


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3), (1, 1)])
def test_every_pixel_comes_back(shape: tuple[int, ...]) -> None:
    picture = np.random.default_rng(3).integers(0, 256, shape, np.uint8)
    found = png(picture)
    assert found.startswith(b"\x89PNG\r\n\x1a\n")
    assert (imagecodecs.png_decode(found) == picture).all()


def test_pixels_that_are_not_side_by_side_in_memory_are_written_in_their_order() -> None:
    picture = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)[::2, ::-1]
    assert (imagecodecs.png_decode(png(picture)) == picture).all()
