"""Numbers in text: what an IS or a DS may look like, and what only looks like one."""

import pytest

from dicomtx.dicom.values import numbers


@pytest.mark.parametrize(
    ("text", "number"),
    [("2", 2), ("+2", 2), ("-2", -2), (" 2 ", 2), ("0002", 2), ("0" * 5000 + "2", 2), ("3\\4", 3)],
)
def test_an_integer_may_have_a_sign_and_padding(text: str, number: int) -> None:
    assert numbers.integer(text) == number


@pytest.mark.parametrize("text", ["", "+", "--2", "2.0", "two", "²", "1_0", "0x2", "+ 2"])
def test_what_is_not_an_integer_is_none(text: str) -> None:
    assert numbers.integer(text) is None


@pytest.mark.parametrize("digits", [11, 4299, 5000, 100_000])
def test_more_digits_than_an_integer_can_have_are_an_error(digits: int) -> None:
    with pytest.raises(OverflowError, match=f"{digits} digits"):
        numbers.integer("9" * digits)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *(("1.5", 1.5), (" +2 ", 2), ("-1e3", -1000), ("", None), ("nan", None)),
        *(("1e999", None), ("1_0", None), ("٣", None), ("9" * 5000, None)),
    ],
)
def test_a_decimal_is_a_finite_number_or_none(text: str, number: float | None) -> None:
    assert numbers.decimal(text) == number
