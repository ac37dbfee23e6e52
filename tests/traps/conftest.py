"""What the tests of traps work with."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import oracle
from tests.converter import Converter
from tests.traps.three_frames import ALL, PLAIN, Made


@pytest.fixture
def converter(tmp_path: Path) -> Converter:
    """A folder of its own, and what converts in it."""
    return Converter(tmp_path)


@pytest.fixture(scope="session")
def decoder() -> Iterator[oracle.Decoder]:
    """Other libraries than the tool's, in a process of their own."""
    opened = oracle.Decoder()
    yield opened
    opened.close()


@pytest.fixture(params=ALL, ids=" ".join)
def made(request: pytest.FixtureRequest) -> Made:
    """Streams of each syntax and kind of image."""
    return Made(*request.param)


@pytest.fixture(params=PLAIN, ids=" ".join)
def plain(request: pytest.FixtureRequest) -> Made:
    """Streams of a few."""
    return Made(*request.param)
