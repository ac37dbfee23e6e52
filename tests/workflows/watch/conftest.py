"""The watched folder that these tests work on."""

from pathlib import Path

import pytest

from tests.watched_folder import WatchedFolder


@pytest.fixture
def folder(tmp_path: Path) -> WatchedFolder:
    """A watched folder of its own."""
    return WatchedFolder(tmp_path)
