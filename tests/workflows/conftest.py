"""The converter that these tests work on, and the folder that exports come from."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.converter import Converter
from tests.export_folder import Folder


@pytest.fixture
def converter(tmp_path: Path) -> Converter:
    """A folder of its own, and what converts in it."""
    return Converter(tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    """Sources to export; nothing hidden may be left beside them."""
    made = Folder(tmp_path)
    yield made
    assert not [n for n in made.left() if n.startswith(".")]
