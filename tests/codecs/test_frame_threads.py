"""Threads within one frame: the same streams, and never for the streams of a source."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
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

KINDS: list[dict[str, Any]] = [
    {},
    {"allocated": 16, "stored": 12},
    {"allocated": 16, "signed": True},
    {"samples": 3, "photometric": "RGB"},
]
TO = find("jpeg2000-lossless")


@pytest.fixture
def used(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Which functions of OpenJPEG were called, with how many threads."""
    calls: list[tuple[str, int]] = []

    def counted(name: str) -> Callable[..., Any]:
        function = getattr(imagecodecs, name)

        def call(*args: Any, **options: Any) -> Any:
            calls.append((name, options["numthreads"]))
            return function(*args, **options)

        return call

    for name in ("jpeg2k_encode", "jpeg2k_decode"):
        monkeypatch.setattr(imagecodecs, name, counted(name))
    return calls


@pytest.mark.parametrize("kind", KINDS)
def test_the_stream_is_the_same_with_several_threads(
    kind: dict[str, Any], used: list[tuple[str, int]]
) -> None:
    pixel = image(300, 200, **kind)
    words = np.random.default_rng(5).integers(0, 1 << pixel.bits_stored, pixel.samples_per_frame)
    frame = Frame(words.astype(f"<u{pixel.bits_allocated // 8}").tobytes(), pixel)
    alone = lossless.encode(frame, TO, EncodeOptions())
    with frame_threads(3):
        assert lossless.encode(frame, TO, EncodeOptions()) == alone
        assert bytes(lossless.decode(alone, TO, pixel).data) == frame.data
    assert [number for _, number in used] == [1, 3, 3]


def test_other_threads_and_what_follows_have_one() -> None:
    with frame_threads(4), ThreadPoolExecutor(1) as pool:
        assert (threads(), pool.submit(threads).result()) == (4, 1)
    assert threads() == 1
