"""The memory for one more element is small: counted, since a file may have millions."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from dicomtx.dicom import packed
from dicomtx.storage.location import locate
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.compare.compare import compare
from dicomtx.workflows.compare.result import Comparing
from dicomtx.workflows.convert.convert import convert
from dicomtx.workflows.convert.request import Request
from tests.dicom.builder import element, identity, image, native, part10, sequence, text

REST = native(image(8, 8), bytes(range(64)))[len(identity()) :]

MOST = 110
"""Bytes per element: about 30 in each of two data sets, a sort key of 40, or what is written."""


def shuffled(count: int) -> bytes:
    return b"".join(text(0x00110000 + n * 7919 % 65521, "LO", "") for n in range(count))


def items(count: int) -> bytes:
    return sequence(0x00081140, [text(0x00081150, "UI", "1.2")] * count)


INPUTS: dict[str, Callable[[int], bytes]] = {
    "empty": lambda count: text(0x00100020, "LO", "") * count,
    "empty, tags out of order": shuffled,
    "numbers": lambda count: element(0x00190010, "US", b"\1\0") * count,
    "items of one element": items,
}


def converted(path: str, target: str) -> None:
    request = Request(locate(path), f"{path}.out", find(target), overwrite=True)
    assert convert(request).error == ""


def compared(path: str, *_: object) -> None:
    assert compare(Comparing(path, path)).same


def most_memory(function: Callable[[str, str], None], path: str, target: str) -> int:
    tracemalloc.start()
    try:
        function(path, target)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.long
@pytest.mark.parametrize("name", INPUTS)
@pytest.mark.parametrize(
    ("function", "target"), [(converted, "implicit"), (converted, "rle"), (compared, "")]
)
def test_one_of_many_elements_needs_little_memory(
    tmp_path: Path, name: str, function: Callable[[str, str], None], target: str
) -> None:
    path, found = tmp_path / "in.dcm", []
    few, many = packed.FEW + 100, packed.FEW + 6000
    for count in (1, few, many):  # the first one imports
        path.write_bytes(part10("explicit", identity() + INPUTS[name](count) + REST))
        found.append(most_memory(function, str(path), target))
    assert found[2] - found[1] <= MOST * (many - few)
