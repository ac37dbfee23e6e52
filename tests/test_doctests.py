"""The examples in docstrings are run."""

import doctest
from importlib import import_module

import pytest

API = [f"dicomtx.api.{name}" for name in ("batch", "compare", "frames", "plan", "transcode")]


@pytest.mark.parametrize("name", ["dicomtx", "dicomtx.pydicom_plugins", *API])
def test_the_examples_of_a_module_are_true(name: str) -> None:
    done = doctest.testmod(import_module(name))
    assert done.attempted
    assert not done.failed
