"""The histogram of errors: its bars and its axes."""

import re
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest

from dicomtx.workflows.compare.histogram import histogram

ONE = [(0, 0, 5)]
FEW = [(0, 0, 1000), (1, 1, 0), (2, 2, 1)]
MANY = [(n * 8, n * 8 + 7, 10**6 >> n) for n in range(32)]


@pytest.mark.parametrize("bars", [ONE, FEW, MANY], ids=["one", "few", "many"])
def test_both_axes_have_titles_and_values(bars: list[tuple[int, int, int]]) -> None:
    drawn = ET.fromstring(histogram(bars))
    texts = [text.text or "" for text in drawn.iter("text")]
    assert any(text.startswith("Error: absolute difference of stored values") for text in texts)
    assert "Values (logarithmic)" in texts
    assert "1" in texts  # the lowest count
    assert str(bars[0][0]) in texts


def test_bars_grow_with_the_count_and_a_single_value_can_be_seen() -> None:
    drawn = ET.fromstring(histogram(FEW))
    heights = [float(rect.attrib["height"]) for rect in drawn.iter("rect")]
    assert len(heights) == 2  # no bar for a count of 0
    assert heights[0] > heights[1] > 5


def test_counts_are_marked_at_powers_of_ten() -> None:
    assert re.findall(r"text-anchor='end'>([\d,]+)<", histogram(FEW)) == ["1", "10", "100", "1,000"]


def test_labels_of_errors_do_not_overlap() -> None:
    labels = re.findall(r"<text x='([\d.]+)'[^>]*middle'>([^<]+)<", histogram(MANY))
    ends = [(float(x) - 3.5 * len(text), float(x) + 3.5 * len(text)) for x, text in labels]
    assert all(right < left for (_, right), (left, _) in pairwise(ends))
