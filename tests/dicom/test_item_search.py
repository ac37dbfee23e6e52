"""Questions about the items of a data set, at any depth."""

import pytest

from dicomtx.dicom.elements import EXPLICIT, EXPLICIT_BIG, IMPLICIT, Encoding
from dicomtx.dicom.item_search import has_delimiters
from tests.dicom import builder

OUTER, INNER = 0x00081115, 0x0008114A


@pytest.mark.parametrize("encoding", [IMPLICIT, EXPLICIT, EXPLICIT_BIG])
@pytest.mark.parametrize(
    "undefined", [(), ("outer",), ("outer item",), ("inner",), ("inner item",)]
)
def test_undefined_lengths_are_found_at_any_depth(
    undefined: tuple[str, ...], encoding: Encoding
) -> None:
    def part(name: str) -> bool:
        return name in undefined

    text = builder.text(0x00081155, "UI", "1.2.3", encoding)
    inner = builder.item(text, encoding, undefined=part("inner item"))
    content = builder.sequence(INNER, [inner], encoding, undefined=part("inner"))
    item = builder.item(content, encoding, undefined=part("outer item"))
    data = builder.sequence(OUTER, [item], encoding, undefined=part("outer"))
    assert has_delimiters(builder.data_set(data, encoding)) == bool(undefined)


def test_fragments_are_not_items_of_a_sequence() -> None:
    assert not has_delimiters(builder.data_set(builder.encapsulated([b"1234"])))
