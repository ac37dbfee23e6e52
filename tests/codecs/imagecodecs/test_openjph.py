"""OpenJPH fills its tables at the first frame; no thread may use them meanwhile."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import imagecodecs
import numpy as np
import pytest

from dicomtx.codecs.imagecodecs import openjph


def test_the_first_frames_of_a_process_are_encoded_by_one_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    filled, together = threading.Event(), []

    def slow(array: Any, **options: Any) -> bytes:
        if array.shape == (8, 8, 3):  # the one that fills the tables
            time.sleep(0.05)
            if not options["reversible"]:
                filled.set()
        else:
            together.append(filled.is_set())
        return b""

    monkeypatch.setattr(imagecodecs, "htj2k_encode", slow)
    openjph._fill_tables.cache_clear()
    try:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: openjph.encode(np.zeros((4, 4), np.uint8)), range(8)))
    finally:
        openjph._fill_tables.cache_clear()
    assert together == [True] * 8
