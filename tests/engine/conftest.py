"""The converter that these tests work on."""

from pathlib import Path

import pytest

from tests.converter import Converter


@pytest.fixture
def converter(tmp_path: Path) -> Converter:
    """A folder of its own, and what converts in it."""
    return Converter(tmp_path)
