"""When to send again what was not delivered.

>>> schedule_of("2x10s,1x5m").delay(2)
10.0
>>> schedule_of("2x10s,1x5m").delay(3)
300.0
"""

import re
from typing import Final, NamedTuple

from dicomtx.comma_list import comma_list
from dicomtx.errors import SettingsError

DEFAULT: Final = "5x10s,5x1m,10x10m,24x1h"
"""What a queue does by default: it gives up after 26 hours."""
NEVER: Final = "never"
UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
STEP: Final = re.compile(r"([0-9]{1,6})x([0-9]{1,6}(?:\.[0-9]{1,3})?)([smhd])")


class Schedule(NamedTuple):
    """Further tries after the first one has failed.

    Attributes:
        steps: how often to try again, and the seconds to wait before each of these tries.
    """

    steps: tuple[tuple[int, float], ...] = ()

    def delay(self, failures: int) -> float | None:
        """Returns the seconds to wait after this many failures; None to give up.

        Args:
            failures: how many tries have failed, at least one.
        """
        for count, seconds in self.steps:
            if failures <= count:
                return seconds
            failures -= count
        return None

    def __bool__(self) -> bool:
        """Whether there is a further try."""
        return self.delay(1) is not None


def schedule_of(text: str) -> Schedule:
    """Returns a schedule such as ``5x1m,10x10m``: 5 tries a minute apart, then 10 every 10 minutes.

    The units are s, m, h and d. ``never`` has no further try.

    Raises:
        SettingsError: the text is not a schedule.
    """
    if text.strip() == NEVER:
        return Schedule()
    found = [STEP.fullmatch(part) for part in comma_list(text)]
    steps = [(int(m[1]), float(m[2]) * UNITS[m[3]]) for m in found if m]
    if not steps or len(steps) < len(found):
        raise SettingsError(
            f"{text!r} is not a schedule. Use {NEVER}, or tries and the time between them: 5x1m,"
            " or 5x1m,10x10m (units: s, m, h, d)"
        )
    return Schedule(tuple(steps))
