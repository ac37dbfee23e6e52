"""A single frame is encoded and checked by several threads; a source is decoded by one."""

from typing import Any

import imagecodecs
import pytest

from tests.converter import Converter, grey
from tests.dicom.builder import image, native, part10


def several(count: int) -> bytes:
    pixel = image(40, 40)._replace(number_of_frames=count)
    return part10("explicit", native(pixel, bytes(pixel.native_bytes), frames=str(count)))


@pytest.mark.parametrize(("frames", "expected"), [(1, {3}), (2, {1})])
def test_only_a_single_frame_uses_all_threads(
    converter: Converter, monkeypatch: pytest.MonkeyPatch, frames: int, expected: set[int]
) -> None:
    used: dict[str, set[int]] = {"jpeg2k_encode": set(), "jpeg2k_decode": set()}
    for name, found in used.items():
        function = getattr(imagecodecs, name)

        def counted(*args: Any, function: Any = function, found: Any = found, **more: Any) -> Any:
            found.add(more["numthreads"])
            return function(*args, **more)

        monkeypatch.setattr(imagecodecs, name, counted)
    data = grey(40, 40) if frames == 1 else several(frames)
    converter.done(data, "jpeg2000-lossless", threads=3)
    assert used == {"jpeg2k_encode": expected, "jpeg2k_decode": expected}
    used["jpeg2k_decode"].clear()
    converter.done(converter.out.read_bytes(), "explicit", threads=3)
    assert used["jpeg2k_decode"] == {1}
