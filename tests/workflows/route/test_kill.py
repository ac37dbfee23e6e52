"""A buffer loses nothing, whatever is killed."""

import os
import signal
import threading
import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Self

import pytest

from dicomtx.api.frames import frames
from dicomtx.errors import NetworkError
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.route.administration import Selection, listed
from dicomtx.workflows.route.queue import open_queue
from tests.dicom_peers import StoreScp
from tests.dicom_peers import instance as opened
from tests.route_buffer import RouteBuffer, instance_file, wait_for

INSTANCES = 300
SIZE = 231  # pixels: 107 kB of 16 bits
KILLS = 5  # of each
ROUTES = """
[[route]]
to = "jpeg-ls-lossless"
destination = {{ name = "archive", url = "{url}", retry = "1000x0.5s" }}
"""


class Sender:
    """Sends files one after the other; each again until it is acknowledged."""

    def __init__(self, buffer: RouteBuffer, files: list[Path]) -> None:
        self.acknowledged = 0
        self._buffer = buffer
        self._files = files
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join(60)

    def has_reached(self, count: int) -> bool:
        """Whether so many files are acknowledged."""
        return self.acknowledged >= count

    def _run(self) -> None:
        for path in self._files:
            while not self._is_acknowledged(path):
                time.sleep(0.05)
            self.acknowledged += 1

    def _is_acknowledged(self, path: Path) -> bool:
        try:
            (answer,) = self._buffer.send([path])
        except NetworkError:  # it was just killed
            return False
        return answer.delivered


def counted(buffer: RouteBuffer) -> Counter[str]:
    """Returns how many deliveries are in each state."""
    with open_queue(str(buffer.spool / "queue.sqlite")) as queue:
        return Counter(one.state for one in listed(queue, Selection()))


def has_delivered(buffer: RouteBuffer, count: int) -> bool:
    """Whether so many deliveries have ended well."""
    return counted(buffer)["delivered"] >= count


def is_over(children: Path, child: str) -> bool:
    """Whether a process has ended and its parent knows."""
    return child not in children.read_text().split()


@pytest.mark.long
def test_three_hundred_instances_survive_ten_kills(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    files = [instance_file(tmp_path / "in", n, size=SIZE) for n in range(INSTANCES)]
    step = INSTANCES // (KILLS + 1)
    with StoreScp(tmp_path / "archive") as archive:
        buffer = RouteBuffer(tmp_path / "buffer", ROUTES.format(url=archive.url))
        with buffer, Sender(buffer, files) as sender:
            for kill in range(1, KILLS + 1):
                wait_for(partial(sender.has_reached, kill * step), f"kill {kill}")
                buffer.kill()
                buffer.start()
                least = counted(buffer)["delivered"] + step // 2
                wait_for(partial(has_delivered, buffer, least), f"delivery {least}")
                archive.kill()
                archive.start()
            wait_for(lambda: sender.acknowledged == INSTANCES, "acknowledging")
            wait_for(lambda: set(counted(buffer)) == {"delivered"}, "delivering")
            assert counted(buffer)["delivered"] >= INSTANCES
            assert buffer.stop() == 0
        stored = {}
        for path in archive.files():
            with opened(path) as found:
                assert found.transfer_syntax_uid == find("jpeg-ls-lossless").uid
                assert found.sop_instance_uid not in stored
                stored[found.sop_instance_uid] = path
    assert len(stored) == INSTANCES
    for number, source in enumerate(files):
        (before,), (after,) = frames(source), frames(stored[f"1.2.3.{number}"])
        assert (before == after).all()
    left = [
        path
        for name in ("arriving", "received", "ready")
        for path in (buffer.spool / name).iterdir()
    ]
    assert left == []


@pytest.mark.long
def test_a_process_of_the_buffer_that_dies_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    with StoreScp(tmp_path / "archive") as archive:
        buffer = RouteBuffer(tmp_path / "buffer", ROUTES.format(url=archive.url))
        with buffer:
            children = Path(f"/proc/{buffer.process}/task/{buffer.process}/children")
            buffer.send([instance_file(tmp_path / "in", 0)])
            wait_for(partial(has_delivered, buffer, 1), "delivering")
            before = set(children.read_text().split())  # receivers, converter, forwarder
            assert len(before) >= 3
            for number, child in enumerate(before, 1):
                os.kill(int(child), signal.SIGKILL)
                wait_for(partial(is_over, children, child), "its end")
                file = instance_file(tmp_path / "in", number)
                with Sender(buffer, [file]) as sender:
                    wait_for(partial(sender.has_reached, 1), "acknowledging")
                wait_for(partial(has_delivered, buffer, number + 1), "delivering")
            assert set(counted(buffer)) == {"delivered"}
            assert buffer.stop() == 0
    assert buffer.log.count("SIGKILL") == len(before)
