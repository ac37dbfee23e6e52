"""Threads within one frame: the same streams, and never for the streams of a source."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from typing import Any

import imagecodecs
import numpy as np
import pytest

from dicomtx.codecs.codec import EncodeOptions
from dicomtx.codecs.frame_threads import frame_threads, threads
from dicomtx.codecs.imagecodecs import lossless
from dicomtx.image_pixel import Frame
from dicomtx.transfer_syntaxes import find
from tests.dicom.builder import image

UNSIGNED: list[dict[str, Any]] = [
    {},
    {"allocated": 16, "stored": 12},
    {"samples": 3, "photometric": "RGB"},
]
SIGNED = {"allocated": 16, "signed": True}  # not in JPEG XL
TARGETS = {
    "jpeg2000-lossless": ("jpeg2k_encode", "jpeg2k_decode"),
    "jpeg-xl-lossless": ("jpegxl_encode", "jpegxl_decode"),
}


@pytest.fixture
def used(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Which functions of OpenJPEG and libjxl were called, with how many threads."""
    calls: list[tuple[str, int]] = []

    def counted(name: str) -> Callable[..., Any]:
        function = getattr(imagecodecs, name)

        def call(*args: Any, **options: Any) -> Any:
            calls.append((name, options["numthreads"]))
            return function(*args, **options)

        return call

    for name in (name for both in TARGETS.values() for name in both):
        monkeypatch.setattr(imagecodecs, name, counted(name))
    return calls


@pytest.mark.parametrize(
    ("target", "kind"), [*product(TARGETS, UNSIGNED), ("jpeg2000-lossless", SIGNED)]
)
def test_the_stream_is_the_same_with_several_threads(
    target: str, kind: dict[str, Any], used: list[tuple[str, int]]
) -> None:
    pixel, to = image(300, 200, **kind), find(target)
    words = np.random.default_rng(5).integers(0, 1 << pixel.bits_stored, pixel.samples_per_frame)
    frame = Frame(words.astype(f"<u{pixel.bits_allocated // 8}").tobytes(), pixel)
    alone = lossless.encode(frame, to, EncodeOptions())
    with frame_threads(3):
        assert lossless.encode(frame, to, EncodeOptions()) == alone
        assert bytes(lossless.decode(alone, to, pixel).data) == frame.data
    encoder, decoder = TARGETS[target]
    assert used == [(encoder, 1), (encoder, 3), (decoder, 3)]


def test_other_threads_and_what_follows_have_one() -> None:
    with frame_threads(4), ThreadPoolExecutor(1) as pool:
        assert (threads(), pool.submit(threads).result()) == (4, 1)
    assert threads() == 1
