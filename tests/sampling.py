"""Parameters of which a few run every day and all in ``make test-long``."""

from collections.abc import Iterable
from typing import Any

import pytest


def sampled(values: Iterable[Any], every: int) -> list[Any]:
    """Returns the values as parameters; only every ``every``-th of them runs every day."""
    return sampled_rows(((value,) for value in values), every)


def sampled_rows(rows: Iterable[tuple[Any, ...]], every: int) -> list[Any]:
    """Returns rows of several parameters; only every ``every``-th of them runs every day."""
    return [
        pytest.param(*row, marks=[] if number % every == 0 else pytest.mark.long)
        for number, row in enumerate(rows)
    ]
