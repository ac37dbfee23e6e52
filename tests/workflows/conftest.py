"""The bench that these tests work on, and the folder that exports come from."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conversion_bench import Bench
from tests.export_folder import Folder


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A folder of its own, and what converts in it."""
    return Bench(tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    """Sources to export; nothing hidden may be left beside them."""
    made = Folder(tmp_path)
    yield made
    assert not [n for n in made.left() if n.startswith(".")]
