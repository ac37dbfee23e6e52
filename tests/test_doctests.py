"""The examples in docstrings are run."""

import doctest
from importlib import import_module

import pytest


@pytest.mark.parametrize("name", ["dicomtx", "dicomtx.api"])
def test_the_examples_of_a_module_are_true(name: str) -> None:
    done = doctest.testmod(import_module(name))
    assert done.attempted
    assert not done.failed
