"""A conversion that ends as the test says, so that what is told of it can be looked at."""

import sys
from collections.abc import Callable
from types import ModuleType

import pytest

from dicomtx.workflows.convert.request import Outcome, Request

Pretend = Callable[[Outcome | Callable[[], Outcome]], list[Request]]


@pytest.fixture(autouse=True)
def no_settings_of_mine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keeps the settings of whoever runs the tests out of them."""
    monkeypatch.setenv("DICOMTX_CONFIG", "/dev/null")


@pytest.fixture
def pretend(monkeypatch: pytest.MonkeyPatch) -> Pretend:
    """Makes every conversion end with this outcome, or so; returns what was asked for."""

    def pretend(end: Outcome | Callable[[], Outcome]) -> list[Request]:
        asked: list[Request] = []

        def convert(request: Request, progress: object = None) -> Outcome:
            asked.append(request)
            return end if isinstance(end, Outcome) else end()

        module = ModuleType("dicomtx.workflows.convert.convert")
        module.convert = convert  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, module.__name__, module)
        return asked

    return pretend
