"""Whenever a run is killed, nothing is lost, and the next run puts all right.

``make torture`` kills 200 runs of each kind, ``make test-long`` a few; ROUNDS says otherwise.
"""

import os
import random
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.torture.workloads import ROUNDS, WORKLOADS, Round, commands

SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)


@pytest.mark.long
@pytest.mark.parametrize("kind", WORKLOADS)
def test_killed_runs_lose_nothing_and_leave_nothing(tmp_path: Path, kind: str) -> None:
    chance = random.Random(kind)
    wrong: dict[str, dict[str, str]] = {}
    with commands() as command:
        this = Round(WORKLOADS[kind], tmp_path / "at", command)
        this.reset()
        started = time.monotonic()
        command.run(this.arguments, this.out)
        takes = time.monotonic() - started
        for number in range(ROUNDS):
            this.reset()
            sign = SIGNALS[number % len(SIGNALS)]
            pid = command.start(this.arguments, this.out)
            time.sleep(chance.random() * takes * 1.1)
            with suppress(ProcessLookupError):  # a terminal interrupts all that it runs
                (os.killpg if sign == signal.SIGINT else os.kill)(pid, sign)
            code = command.end()
            found = this.wrong()
            if code not in (0, -sign, 128 + sign):
                found["exit code"] = f"{code}: {this.out.read_text()[-300:]}"
            if found := found | this.rerun():
                wrong[f"round {number}, {sign.name}, {code}"] = found
    assert not wrong, "\n".join(f"{at}: {found}" for at, found in wrong.items())
