"""The one parameter of each lossy encoder, and the bounded search for its value."""

from collections.abc import Callable, Iterator
from math import log10
from typing import Any, Final, NamedTuple, TypeVar

from dicomtx.codecs.codec import EncodeOptions
from dicomtx.engine.lossy.measurement import Goal
from dicomtx.image_pixel import ImagePixel
from dicomtx.transfer_syntaxes import ROOT

ENCODES: Final = 8  # at most, per frame; one more at the finest setting if none of them succeeds

T = TypeVar("T")


class Knob(NamedTuple):
    """An encoder's quality parameter, on a scale that gets finer by about one dB per step.

    Attributes:
        option: the field of ``EncodeOptions``.
        coarsest: the start of the scale.
        finest: the end of the scale.
        value: maps a place on the scale to a value of the option.
        start: the place to try first, from the wanted error (root mean square) and the largest
            value of the stream's precision.
    """

    option: str
    coarsest: float
    finest: float
    value: Callable[[float], float]
    start: Callable[[float, float], float]

    def options(self, place: float, *, subsampled: bool) -> EncodeOptions:
        """Returns the encoder options at a place on the scale."""
        told: dict[str, Any] = {
            self.option: self.value(min(self.finest, max(self.coarsest, place)))
        }
        return EncodeOptions(subsampled=subsampled)._replace(**told)


def _power(place: float) -> float:
    return float(10 ** (-place / 20))


def _near(place: float) -> int:
    return round((_power(place) - 1) / 2)


JPEG: Final = Knob("quality", 1, 100, round, lambda _error, _full: 90)
KNOBS: Final = {
    ROOT + ".4.50": JPEG,
    ROOT + ".4.51": JPEG,
    # a largest error of N is a root mean square error of sqrt(N (N + 1) / 3)
    ROOT + ".4.81": Knob(
        "near", -20 * log10(511), 0, _near, lambda error, _full: -20 * log10(1 + 3.46 * error)
    ),
    ROOT + ".4.91": Knob("psnr", 1, 200, float, lambda error, full: 20 * log10(full / error) + 0.5),
    # a step of S gives an error of S / sqrt(12)
    ROOT + ".4.203": Knob(
        "step", 6, 120, _power, lambda error, full: -20 * log10(min(0.5, 3.46 * error / full))
    ),
    ROOT + ".4.112": Knob(
        "distance", -28, 40, _power, lambda error, full: 20 * log10(full / error) - 22
    ),
}


def wanted_error(goal: Goal, peak: int) -> float:
    """Returns the error (root mean square) at which a goal is probably met."""
    if goal.kind == "psnr":
        return float(peak * 10 ** (-goal.value / 20))
    if goal.kind == "max_error":
        return max(goal.value, 0.5) / 3
    return float(peak * 10 ** (-45 / 20))


def full_scale(image: ImagePixel) -> int:
    """Returns the largest value of a stream with this image's precision."""
    return int((1 << image.bits_stored) - 1)


class Tried(NamedTuple):
    """One place on the scale, and by how many dB its result exceeds the goal."""

    place: float
    surplus: float


def search(
    attempt: Callable[[float], tuple[float, T]],
    knob: Knob,
    start: float,
    *,
    window: float,
    rising: bool,
) -> T:
    """Returns the result that meets the goal most closely.

    That is the result with the smallest surplus that is not negative. If none meets the goal, it
    is the result that comes closest.

    Args:
        attempt: encodes at a place; returns by how many dB it exceeds the goal, and the result.
        knob: the parameter and its scale.
        start: the first place.
        window: the surplus in dB that is small enough to stop.
        rising: whether a finer setting raises the measure (PSNR) or lowers it (compression ratio).
    """
    sign = 1 if rising else -1
    low, high = sorted((sign * knob.coarsest, sign * knob.finest))
    place = min(high, max(low, sign * start))
    failing: Tried | None = None
    doing: Tried | None = None
    found: list[tuple[float, T]] = []
    seen: set[float] = set()
    while True:
        seen.add(knob.value(sign * place))
        surplus, made = attempt(sign * place)
        found.append((surplus, made))
        if surplus >= 0:
            doing = Tried(place, surplus)
        else:
            failing = Tried(place, surplus)
        if 0 <= surplus < window or len(found) > ENCODES or (doing and len(found) == ENCODES):
            break
        last = len(found) == ENCODES
        places = iter((high,)) if last else _next_places(failing, doing, window, len(found))
        bounded = (min(high, max(low, p)) for p in places)
        unseen = (p for p in bounded if knob.value(sign * p) not in seen)
        following = next(unseen, None)
        if following is None:
            break
        place = following
    return min(found, key=_preference)[1]


def _preference(found: tuple[float, object]) -> tuple[bool, float]:
    """Returns a sort key: results that meet the goal first, each group by distance to it."""
    surplus = found[0]
    return surplus < 0, abs(surplus)


def _next_places(
    failing: Tried | None, doing: Tried | None, window: float, count: int
) -> Iterator[float]:
    """Yields places to try next: between success and failure, or farther and farther out."""
    if failing and doing:
        share = (window / 2 - failing.surplus) / (doing.surplus - failing.surplus)
        shares = (min(0.9, max(0.1, share)), 0.5) if count % 3 else (0.5,)
        width = doing.place - failing.place
        yield from (failing.place + part * width for part in (*shares, 0.25, 0.75))
        return
    only = failing or doing
    assert only is not None
    step = window / 2 - only.surplus
    yield from (only.place + step * 2**more for more in range(count - 1, count + ENCODES))
