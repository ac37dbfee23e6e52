"""Schedules of further tries."""

import pytest

from dicomtx.errors import SettingsError
from dicomtx.workflows.send.retry import DEFAULT, schedule_of


def test_each_step_has_its_own_delay() -> None:
    schedule = schedule_of("2x10s, 3x1.5m,1x2h,1x1d")
    delays = [schedule.delay(failures) for failures in range(1, 9)]
    assert delays == [10, 10, 90, 90, 90, 7200, 86400, None]


@pytest.mark.parametrize("text", ["never", "0x1m"])
def test_there_may_be_no_further_try(text: str) -> None:
    assert schedule_of(text).delay(1) is None
    assert not schedule_of(text)
    assert schedule_of(DEFAULT)


@pytest.mark.parametrize(
    "text",
    ["", "5", "5x", "x1m", "5x1w", "-1x1m", "5x1m;3x1h", "5x1m,often", "5x1m,,3x1h!", "\u0665x1m"],
)
def test_what_is_not_a_schedule_says_what_is(text: str) -> None:
    with pytest.raises(SettingsError, match="Use never, or tries"):
        schedule_of(text)
