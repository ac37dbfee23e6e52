"""Stores many elements in little memory: in arrays of numbers, without objects per element."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Final, overload

from dicomtx.dicom.elements import Element
from dicomtx.errors import DamagedError
from dicomtx.limits import how_to_raise

FEW: Final = 4096  # up to this number, tuples are faster and small enough


class Packed(Sequence[Element]):
    """The elements of one data set, at about 30 bytes each; append-only."""

    def __init__(self) -> None:
        """Starts empty."""
        self._tags = array("I")
        self._vrs = array("H")
        self._starts = array("Q")
        self._headers = array("B")
        self._lengths = array("I")
        self._ends = array("Q")
        self._names: list[str] = []
        self._numbers: dict[str, int] = {}
        self._sorted = True  # as PS3.5 7.1 requires
        self._order: Sequence[int] | None = None

    def append(self, element: Element) -> None:
        """Adds an element at the end."""
        if element.vr not in self._numbers:
            self._numbers[element.vr] = len(self._names)
            self._names.append(element.vr)
        self._sorted = self._sorted and (not self._tags or self._tags[-1] <= element.tag)
        self._tags.append(element.tag)
        self._vrs.append(self._numbers[element.vr])
        self._starts.append(element.start)
        self._headers.append(element.value - element.start)
        self._lengths.append(element.length)
        self._ends.append(element.end)

    def __len__(self) -> int:
        return len(self._tags)

    @overload
    def __getitem__(self, index: int) -> Element: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Element, ...]: ...
    def __getitem__(self, index: int | slice) -> Element | tuple[Element, ...]:
        if isinstance(index, slice):
            return tuple(self[n] for n in range(*index.indices(len(self))))
        start = self._starts[index]
        return Element(
            self._tags[index],
            self._names[self._vrs[index]],
            start,
            start + self._headers[index],
            self._lengths[index],
            self._ends[index],
        )

    def __iter__(self) -> Iterator[Element]:
        return map(self.__getitem__, range(len(self)))

    def find(self, tag: int) -> Element | None:
        """Returns the first element with this tag."""
        order = self._by_tag()
        at = bisect_left(order, tag, key=self._tags.__getitem__)
        if at == len(self) or self._tags[order[at]] != tag:
            return None
        return self[order[at]]

    def by_tag(self) -> Iterator[Element]:
        """Yields the elements by tag; those with the same tag in their order."""
        return map(self.__getitem__, self._by_tag())

    def _by_tag(self) -> Sequence[int]:
        """Returns the indices of the elements, sorted by tag."""
        if self._order is None:
            self._order = range(len(self))
            if not self._sorted:  # one number per element needs less memory than a sort key
                numbers = sorted(tag << 32 | index for index, tag in enumerate(self._tags))
                self._order = array("I", (number & 0xFFFFFFFF for number in numbers))
        return self._order


def packed(found: Iterable[Element], most: int) -> Packed | tuple[Element, ...]:
    """Returns the elements as a tuple if they are few, otherwise packed.

    Raises:
        DamagedError: there are more than ``most``.
    """
    waiting = iter(found)
    first = tuple(islice(waiting, FEW))
    if len(first) < FEW:
        return first
    elements = Packed()
    for element in chain(first, waiting):
        if len(elements) >= most:
            raise DamagedError(
                f"a data set has more than {most} elements; {how_to_raise('elements')}"
            )
        elements.append(element)
    return elements
