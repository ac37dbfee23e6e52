"""``python -m dicomtx`` and the console script."""

import gc
import sys
import warnings
from collections.abc import Sequence
from typing import Final

from dicomtx import cli

__all__ = ["main"]

MANY: Final = 50_000  # objects; imports make that many, and no garbage


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line as all that this process does, and returns the exit code."""
    gc.set_threshold(MANY)  # 10 ms less
    if not sys.warnoptions:  # what a library warns of is reported by file, or not at all
        warnings.simplefilter("ignore")
    code = cli.main(arguments)
    gc.freeze()  # the system takes all back: looking for garbage first takes 10 to 30 ms
    return code


if __name__ == "__main__":
    sys.exit(main())
