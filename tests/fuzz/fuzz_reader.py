"""Fuzzes the reader and the rewriter by atheris, which ``make fuzz`` installs."""

import sys
from importlib import import_module
from typing import Any


def main() -> None:
    """Runs until something is found, or the time is up."""
    atheris: Any = import_module("atheris")
    with atheris.instrument_imports(include=["dicomtx"]):
        targets = import_module("tests.fuzz.targets")
    atheris.Setup(sys.argv, targets.read)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
