"""Frames of one file are worked on side by side, within what they may take."""

import threading
from typing import Any

import pytest

from dicomtx.codecs.imagecodecs import lossless
from dicomtx.codecs.isolation.child import Child
from dicomtx.settings import Settings
from dicomtx.storage.local_file import LocalFile
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.convert.convert import convert
from dicomtx.workflows.convert.request import Outcome, Request
from tests.converter import Converter
from tests.corpus import file

MULTI_FRAME = str(file("emri_small.dcm"))  # 10 frames of 64 x 64 x 16 bits


def converted(tmp_path: Any, to: str, progress: Any = None, **settings: Any) -> Outcome:
    destination = str(tmp_path / "out.dcm")
    return convert(
        Request(
            LocalFile(MULTI_FRAME),
            destination,
            find(to),
            overwrite=True,
            settings=Settings(**settings),
        ),
        progress,
    )


def test_a_frame_that_needs_more_than_it_may_is_refused_before_it_is_decoded(
    tmp_path: Any,
) -> None:
    outcome = converted(tmp_path, "jpeg2000-lossless", max_memory=90_000)
    assert (outcome.status, outcome.exit_code) == ("refused", 4)
    assert "--max-memory" in outcome.error
    assert not (tmp_path / "out.dcm").exists()


def test_memory_for_one_frame_is_enough(tmp_path: Any) -> None:
    one = 64 * 64 * 2 * 12
    assert converted(tmp_path, "jpeg2000-lossless", max_memory=one, threads=8).status == "done"


@pytest.mark.parametrize(("memory", "most"), [(0, 4), (64 * 64 * 2 * 7 * 2, 2)])
def test_no_more_frames_at_once_than_memory_allows(
    memory: int, most: int, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, right = set(), lossless.encode

    def encode(*arguments: Any) -> bytes:
        here.add(threading.get_ident())
        return right(*arguments)

    monkeypatch.setattr(lossless, "encode", encode)
    assert converted(tmp_path, "rle-lossless", max_memory=memory, threads=4).status == "done"
    assert 1 <= len(here) <= most


def test_each_frame_is_told_in_order(tmp_path: Any) -> None:
    told: list[tuple[int, int]] = []
    converted(tmp_path, "jpeg-ls-lossless", lambda *made: told.append(made), threads=4)
    assert told == [(number + 1, 10) for number in range(10)]


@pytest.mark.parametrize("codec", ["openjpeg", "gdcm"])
def test_codecs_that_hold_the_gil_have_a_process_for_each_cpu(
    codec: str, converter: Converter, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, right = set(), Child.ask

    def ask(self: Child, *arguments: Any) -> Any:
        asked.add(self)
        barrier.wait(20)  # so that the second frame finds the first process busy
        return right(self, *arguments)

    barrier = threading.Barrier(2)
    monkeypatch.setattr(Child, "ask", ask)
    outcome = converted(tmp_path, "jpeg2000-lossless", codecs=(codec,), threads=2, verify="none")
    assert (outcome.status, outcome.encoder) == ("done", codec)
    assert len(asked) == 2
