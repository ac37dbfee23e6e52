"""The search over a knob: what is asked, hardly more, and with a bounded number of encodes."""

from math import log10

import pytest

from dicomtx.engine.lossy.search import ENCODES, KNOBS, Knob, search
from dicomtx.transfer_syntaxes import find

FINE = Knob("psnr", 0, 100, float, lambda _error, _full: 50)
WHOLE = Knob("quality", 1, 100, round, lambda _error, _full: 90)


@pytest.mark.parametrize("wanted", [3.0, 20.0, 49.0, 51.0, 80.0, 99.5])
@pytest.mark.parametrize("slope", [0.2, 1.0, 3.0])
def test_the_least_that_does_is_found(wanted: float, slope: float) -> None:
    tried: list[float] = []

    def attempt(place: float) -> tuple[float, float]:
        tried.append(place)
        return slope * (place - wanted), place

    found = search(attempt, FINE, 50, window=1.0, rising=True)
    assert 0 <= slope * (found - wanted) < 3
    assert len(tried) <= ENCODES + 1


@pytest.mark.parametrize("wanted", range(2, 100, 7))
def test_of_whole_numbers_the_very_one_is_found(wanted: int) -> None:
    def attempt(place: float) -> tuple[float, int]:
        return (round(place) - wanted) * 2.0, round(place)

    assert search(attempt, WHOLE, 90, window=1.0, rising=True) == wanted


def test_a_falling_figure_is_searched_from_the_other_side() -> None:
    def attempt(place: float) -> tuple[float, float]:
        return 30 - place, place

    assert 29 < search(attempt, FINE, 50, window=1.0, rising=False) <= 30


def test_what_cannot_be_had_ends_at_the_finest() -> None:
    def attempt(place: float) -> tuple[float, float]:
        return place - 200, place

    assert search(attempt, FINE, 50, window=1.0, rising=True) == 100


def test_what_is_always_exact_is_coded_as_coarsely_as_can_be() -> None:
    tried: list[float] = []

    def attempt(place: float) -> tuple[float, float]:
        tried.append(place)
        return float("inf"), place

    assert search(attempt, FINE, 50, window=1.0, rising=True) in tried
    assert len(tried) <= ENCODES + 1


@pytest.mark.parametrize("slug", ["jpeg-ls-near-lossless", "htj2k", "jpeg-xl", "jpeg2000"])
def test_a_finer_place_is_a_finer_option(slug: str) -> None:
    knob = KNOBS[find(slug).uid]
    places = [knob.coarsest + (knob.finest - knob.coarsest) * n / 20 for n in range(21)]
    told = [getattr(knob.options(place, subsampled=False), knob.option) for place in places]
    assert told == sorted(told, reverse=slug != "jpeg2000")
    start = knob.start(4.0, 4095)
    assert knob.coarsest <= start <= knob.finest
    if slug == "jpeg-ls-near-lossless":
        assert knob.value(start) == 7  # sqrt(7 * 8 / 3) is 4.3
    if slug == "htj2k":
        assert start == pytest.approx(-20 * log10(4 * 3.46 / 4095))
