"""Hides av, as if ``dicomtx[audit]`` were not installed."""

import sys

sys.modules["av"] = None  # type: ignore[assignment]
