"""Figures of what was lost, by their definitions."""

from typing import Any

import numpy as np
import pytest

from dicomtx.engine.lossy.measurement import Errors, Range, asked, measured, summary
from dicomtx.image_pixel import Frame
from dicomtx.settings import Settings
from dicomtx.transfer_syntaxes import find
from tests.dicom.builder import image


def frame(values: Any, **pixel: Any) -> Frame:
    array = np.asarray(values)
    size: dict[str, Any] = {"samples": 3, "photometric": "RGB"} if array.ndim == 3 else {}
    made = image(*array.shape[:2], allocated=array.itemsize * 8, **(size | pixel))
    return Frame(array.tobytes(), made)


@pytest.mark.parametrize(
    ("to", "given", "text"),
    [
        ("jpeg-baseline", {"quality": 80}, "--quality 80"),
        ("jpeg-ls-near-lossless", {"quality": 90}, "--quality 90 (a PSNR of 48 dB)"),
        ("jpeg2000", {"lossy": True}, "the default quality 90 (a PSNR of 48 dB)"),
        ("jpeg-ls-near-lossless", {"near": 2}, "--near 2"),
        ("htj2k", {"ratio": 7.5}, "--ratio 7.5"),
    ],
)
def test_messages_name_the_goal_that_the_user_gave(
    to: str, given: dict[str, Any], text: str
) -> None:
    assert asked(Settings(**given), find(to)).text == text


def test_errors_are_measured_with_their_sign_in_mind() -> None:
    before = frame(np.array([[-2, -1], [0, 1]], np.int16), signed=True)
    after = frame(np.array([[-2, 0], [-1, 4]], np.int16), signed=True)
    errors = measured(before, after, 4)
    assert errors == Errors(11 / 4, 5 / 4, 3, 8, 4, Range(-2, 4))
    assert errors.ratio == 2
    assert errors.psnr(10) == pytest.approx(10 * np.log10(100 / (11 / 4)))


def test_bits_above_those_stored_do_not_count() -> None:
    before = frame(np.array([[0xF001, 2]], np.uint16), stored=12)
    after = frame(np.array([[1, 2]], np.uint16), stored=12)
    assert measured(before, after, 1).largest == 0


def test_more_samples_than_one_block_are_all_measured() -> None:
    values = np.zeros((1200, 1000), np.uint8)
    other = values.copy()
    other[-1, -1] = 9
    errors = measured(frame(values), frame(other), 1)
    assert (errors.largest, errors.squared) == (9, 81 / values.size)


def test_psnr_of_ycbcr_is_that_of_rgb_and_errors_are_those_of_the_samples() -> None:
    before = frame(np.full((2, 2, 3), 128, np.uint8), photometric="YBR_FULL")
    after = frame(np.full((2, 2, 3), (128, 128, 130), np.uint8), photometric="YBR_FULL")
    errors = measured(before, after, 1)
    assert errors.largest == 2
    assert errors.squared == pytest.approx((3**2 + 1**2) / 3)
    assert Range.of(after) == (127, 131)


def test_a_file_is_told_by_all_frames_and_by_the_worst() -> None:
    frames = [Errors(s, s, s, 100, 10 * s, Range(0, s)) for s in (1, 4, 1)]
    told = summary(frames, 10)
    assert told.psnr == pytest.approx(10 * np.log10(100 / 2), abs=0.01)
    assert (told.mean_error, told.largest_error, told.ratio) == (2, 4, 5)
    assert (told.worst_frame, told.frames[1].largest_error) == (2, 4)


def test_without_any_error_there_is_no_psnr() -> None:
    told = summary([Errors(0, 0, 0, 8, 4, Range(0, 0))], 1)
    assert (told.psnr, told.frames[0].psnr, told.largest_error) == (None, None, 0)


def test_the_peak_is_never_zero() -> None:
    assert Range.of(frame(np.full((2, 2), 7, np.uint8))).peak == 1


@pytest.mark.parametrize(
    ("settings", "to", "goal"),
    [
        ({}, "jpeg-baseline", ("quality", 90)),
        ({}, "jpeg2000", ("psnr", 48)),
        ({"quality": 50}, "htj2k", ("psnr", 40)),
        ({"near": 2}, "jpeg2000", ("max_error", 2)),
        ({"near": 0}, "jpeg-xl", ("max_error", 0)),
        ({"max_error": 3}, "jpeg-ls-near-lossless", ("max_error", 3)),
        ({"ratio": 8.0}, "jpeg-extended", ("ratio", 8)),
        ({"psnr": 45.0}, "jpeg-baseline", ("psnr", 45)),
    ],
)
def test_what_is_asked_is_in_the_terms_of_the_target(
    settings: dict[str, Any], to: str, goal: tuple[str, float]
) -> None:
    found = asked(Settings(**settings), find(to))
    assert (found.kind, found.value) == goal
