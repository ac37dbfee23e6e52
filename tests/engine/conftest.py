"""The bench that these tests work on."""

from pathlib import Path

import pytest

from tests.conversion_bench import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A folder of its own, and what converts in it."""
    return Bench(tmp_path)
