"""Hides the audit extra, or shows it.

Most tests are of dicomtx as ``pip install dicomtx`` brings it. FFmpeg costs a process and decodes
slowly, so ``conftest`` hides it; the fixture ``audit`` shows it again.
"""

import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import pytest

HIDING: Final = str(Path(__file__).parent / "without_audit")  # its sitecustomize hides av


def hide() -> None:
    """Hides av in this process, and in the commands that it starts."""
    sys.modules["av"] = None  # type: ignore[assignment]
    found = [p for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if p and p != HIDING]
    os.environ["PYTHONPATH"] = os.pathsep.join((HIDING, *found))


def modules() -> tuple[Any, Any]:
    """Returns av and the codec that uses it, imported in this process; av stays hidden."""
    sys.modules.pop("av", None)
    av = import_module("av")
    ffmpeg = import_module("dicomtx.codecs.ffmpeg")
    hide()
    return av, ffmpeg


def show(monkeypatch: pytest.MonkeyPatch) -> None:
    """Undoes ``hide`` for one test."""
    monkeypatch.delitem(sys.modules, "av", raising=False)
    kept = [p for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if p and p != HIDING]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(kept))
