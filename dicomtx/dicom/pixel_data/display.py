"""Reads how to display stored values: rescale, window and palette of one frame."""

from collections.abc import Iterator
from itertools import islice
from typing import Final, NamedTuple

from dicomtx.dicom import tags
from dicomtx.dicom.data_set import DataSet
from dicomtx.dicom.pixel_data.palette import Palette, read_palette
from dicomtx.dicom.values import numbers
from dicomtx.errors import DamagedError

MACROS: Final = (tags.FRAME_VOI_LUT, tags.PIXEL_VALUE_TRANSFORMATION)
SPACINGS: Final = (tags.PIXEL_SPACING, tags.IMAGER_PIXEL_SPACING, tags.PIXEL_ASPECT_RATIO)
WIDEST: Final = 100.0


class Presentation(NamedTuple):
    """How to display a frame (PS3.3 C.11.2). Without a window, its own range is used.

    Attributes:
        centre: centre of the window, after rescale.
        width: width of the window; 0 if there is no window.
        function: VOI LUT Function: LINEAR, LINEAR_EXACT or SIGMOID.
        slope: Rescale Slope.
        intercept: Rescale Intercept.
        palette: the palette of PALETTE COLOR images, or None.
    """

    centre: float = 0.0
    width: float = 0.0
    function: str = "LINEAR"
    slope: float = 1.0
    intercept: float = 0.0
    palette: Palette | None = None


def presentation(data_set: DataSet, frame: int) -> Presentation:
    """Returns how to display a frame: the data set first, then its own or shared groups."""
    places = [data_set, *_macros(data_set, tags.PER_FRAME_FUNCTIONAL_GROUPS, frame)]
    places += _macros(data_set, tags.SHARED_FUNCTIONAL_GROUPS, 0)
    centre, width = _number(places, tags.WINDOW_CENTER), _number(places, tags.WINDOW_WIDTH)
    functions = [place.text(tags.VOI_LUT_FUNCTION) for place in places]
    slope, intercept = _number(places, tags.RESCALE_SLOPE), _number(places, tags.RESCALE_INTERCEPT)
    return Presentation(
        centre=centre or 0.0,
        width=width if width and centre is not None and width > 0 else 0.0,
        function=next(filter(None, functions), "LINEAR"),
        slope=slope or 1.0,
        intercept=intercept or 0.0,
        palette=_palette(data_set),
    )


def pixel_aspect(data_set: DataSet) -> float:
    """Returns pixel height divided by width, from the spacing or Pixel Aspect Ratio; else 1."""
    for tag in SPACINGS:
        vertical, horizontal = _pair(data_set.text(tag))
        if vertical > 0 and horizontal > 0 and WIDEST > vertical / horizontal > 1 / WIDEST:
            return vertical / horizontal
    return 1.0


def _pair(text: str) -> tuple[float, float]:
    """Returns two values of DS or IS; zeros if they are not two numbers."""
    values = [numbers.decimal(value) for value in text.split("\\", 2)]
    first, second = values if len(values) == 2 else (None, None)
    return first or 0.0, second or 0.0


def _macros(data_set: DataSet, groups: int, index: int) -> Iterator[DataSet]:
    for item in islice(data_set.items(groups), index, index + 1):
        for macro in MACROS:
            yield from islice(item.items(macro), 1)


def _number(places: list[DataSet], tag: int) -> float | None:
    """Returns the first number that one of the places has in a DS."""
    for place in places:
        number = numbers.decimal(place.text(tag).split("\\", 1)[0])
        if number is not None:
            return number
    return None


def _palette(data_set: DataSet) -> Palette | None:
    """Returns the palette; None if there is none or it is damaged."""
    try:
        return read_palette(data_set)
    except DamagedError:
        return None
