"""``python -m dicomtx`` and the console script."""

import sys

from dicomtx.cli import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
