"""Immutable values with named fields."""

import pickle
from typing import Any, ClassVar

import pytest

from dicomtx.frozen import Frozen


class Size(Frozen, kw_only=False):
    unit: ClassVar = "pixel"

    rows: int
    columns: int = 1


class Volume(Frozen):
    kind: ClassVar[str] = "volume"

    depth: int
    size: Size = Size(1)


class Other(Frozen):
    rows: int
    columns: int = 1


def test_fields_have_their_values_and_defaults() -> None:
    assert (Size(2).rows, Size(2).columns, Size(2, 3).columns) == (2, 1, 3)
    assert Size(columns=4, rows=2) == Size(2, 4)
    assert repr(Volume(depth=5)) == "Volume(depth=5, size=Size(rows=1, columns=1))"
    assert Volume(depth=5)._asdict() == {"depth": 5, "size": Size(1)}


def test_class_variables_are_no_fields() -> None:
    assert Size(2)._asdict() == {"rows": 2, "columns": 1}
    assert Volume(depth=1)._asdict().keys() == {"depth", "size"}


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ((), {}),
        ((1, 2, 3), {}),
        ((1,), {"rows": 1}),
        ((1,), {"pages": 1}),
        ((), {"columns": 1}),
    ],
    ids=["missing", "too many", "twice", "unknown", "only an optional one"],
)
def test_a_wrong_call_is_refused_and_names_the_fields(values: Any, named: Any) -> None:
    with pytest.raises(TypeError, match="Size has the fields rows, columns"):
        Size(*values, **named)


def test_a_value_with_keywords_only_takes_no_positions() -> None:
    named: Any = {}
    with pytest.raises(TypeError):
        Volume(1, **named)  # type: ignore[call-arg]  # that is the point


def test_nothing_can_be_changed_but_in_a_copy() -> None:
    size: Any = Size(2)
    with pytest.raises(AttributeError, match=r"Size\.rows"):
        size.rows = 3
    with pytest.raises(AttributeError):
        del size.rows
    assert (size._replace(rows=3), size) == (Size(3), Size(2))
    with pytest.raises(TypeError):
        size._replace(pages=3)


def test_values_of_two_classes_are_never_equal() -> None:
    assert Size(1) != Other(rows=1)
    assert Size(1) != (1, 1)
    assert len({Size(1), Size(1, 1), Size(2)}) == 2


def test_a_value_survives_the_way_to_another_process() -> None:
    volume = Volume(depth=3, size=Size(4))
    assert pickle.loads(pickle.dumps(volume, 5)) == volume


def test_a_pickled_value_with_other_fields_is_refused() -> None:
    wrong = Size(3)
    wrong.__dict__["pages"] = 1
    with pytest.raises(TypeError, match="Size has the fields"):
        pickle.loads(pickle.dumps(wrong, 5))


def test_positions_match_only_where_a_class_has_them() -> None:
    match Size(2, 3):
        case Size(rows, columns):
            assert (rows, columns) == (2, 3)
    assert Volume.__match_args__ == ()
