"""How a result is verified: the setting, the sample, and the vocabulary."""

import pytest

from dicomtx import verification
from dicomtx.verification import Verify


@pytest.mark.parametrize(
    ("value", "means"),
    [
        ("all", Verify(1.0)),
        ("independent", Verify(1.0, independent=True)),
        ("none", Verify(0.0)),
        ("sample=5%", Verify(0.05)),
        ("sample=0.1%", Verify(0.001)),
        ("sample=100%", Verify(1.0)),
    ],
)
def test_each_value_says_how_much_and_by_whom(value: str, means: Verify) -> None:
    assert verification.read(value) == means


@pytest.mark.parametrize(
    "value", ["", "some", "sample", "sample=", "sample=5", "sample=0%", "sample=-1%", "sample=101%",
              "sample=inf%", "sample=nan%", "sample=x%", "sample=5%%"],
)  # fmt: skip
def test_other_values_are_errors(value: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the settings make a message of it
        verification.plain(value)


@pytest.mark.parametrize(("count", "share", "chosen"), [(60, 0.05, 3), (7, 1.0, 7), (40, 0.5, 20)])
def test_a_sample_has_its_share_of_the_frames(count: int, share: float, chosen: int) -> None:
    assert len(verification.sample("1.2.3", count, share)) == chosen


def test_a_sample_is_repeatable_and_each_file_has_its_own() -> None:
    samples = [verification.sample(f"1.2.{n}", 100, 0.05) for n in range(50)]
    assert samples == [verification.sample(f"1.2.{n}", 100, 0.05) for n in range(50)]
    assert len(set(samples)) == len(samples)
    assert set().union(*samples) > set(range(0, 100, 10))


def test_files_of_one_frame_are_checked_as_often_as_the_share_says() -> None:
    found = [verification.sample(f"1.2.{n}", 1, 0.05) for n in range(4000)]
    assert 150 < sum(map(len, found)) < 250


def test_the_weakest_word_counts() -> None:
    assert (
        verification.weakest(["independent", "same-code-base", "independent"]) == "same-code-base"
    )
    assert verification.weakest(["same-codec", "same-code-base"]) == "same-codec"
    assert verification.weakest([]) == "none"
