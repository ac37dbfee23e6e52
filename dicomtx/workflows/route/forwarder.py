"""Delivers what waits for one destination. Each destination has a process of its own."""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from itertools import islice
from threading import Event
from typing import Final, NamedTuple

from dicomtx.errors import DicomtxError
from dicomtx.workflows.route.administration import Selection, listed
from dicomtx.workflows.route.queue import Delay, Ending, Queue
from dicomtx.workflows.route.records import Delivery
from dicomtx.workflows.route.spool import Spool

AT_ONCE: Final = 50  # deliveries to claim in one transaction, and to send over one connection
IDLE: Final = 0.1  # seconds until the next look at an empty queue
DIED: Final = "the process that sent it died"
HOLD: Final = 5.0  # seconds at most until the next connection to a destination that is down


class Answered(NamedTuple):
    """What the destination answered to one delivery.

    Attributes:
        delivered: whether it has the instance now.
        again: whether another attempt could succeed.
        ending: its status, and what was sent.
    """

    delivered: bool
    again: bool
    ending: Ending


Send = Callable[[Sequence[Delivery]], Generator[tuple[Delivery, Answered], None, None]]
"""Sends deliveries over one connection, in order; raises DicomtxError if there is none."""


class Forwarder:
    """Delivers to one destination.

    Attributes:
        stopping: set it to end after the instance in flight.
    """

    def __init__(self, queue: Queue, spool: Spool, destination: str, delay: Delay) -> None:
        self.stopping = Event()
        self._queue = queue
        self._spool = spool
        self._destination = destination
        self._delay = delay
        self._is_down = True  # until it answers

    def run(self, send: Send) -> None:
        """Delivers until it should stop.

        If an earlier process of this run died, one of the instances that it had claimed may be
        the reason. They are claimed one by one, so that the next death shows which one it is.
        """
        suspects = self._recovered()
        while not self.stopping.is_set():
            claimed = self._queue.claim(self._destination, 1 if suspects else AT_ONCE)
            suspects = max(0, suspects - 1)
            if claimed:
                self.deliver(claimed, send)
            else:
                self.stopping.wait(IDLE)

    def _recovered(self) -> int:
        """Puts back what an earlier process had claimed; returns how much that was."""
        found = Selection(("sending",), self._destination)
        claimed = list(islice(listed(self._queue, found), 2))
        if len(claimed) == 1:
            self._queue.failed(claimed, Ending(reason=DIED), self._delay)
            return 0
        return self._queue.recover(self._destination)

    def deliver(self, claimed: list[Delivery], send: Send) -> None:
        """Sends claimed deliveries. Those that the connection did not reach go again later."""
        waiting = {delivery.id: delivery for delivery in claimed}
        try:
            with closing(send(claimed)) as results:
                for delivery, answer in results:
                    del waiting[delivery.id]
                    self._end(delivery, answer)
                    if self.stopping.is_set():
                        break
        except DicomtxError as error:
            self._queue.failed(waiting.values(), Ending(reason=str(error)), self._delay)
            self._is_down = True
            wait = self._delay(1)
            self.stopping.wait(HOLD if wait is None else min(wait, HOLD))
        else:
            self._queue.release(list(waiting.values()))

    def _end(self, delivery: Delivery, answer: Answered) -> None:
        """Records what the destination answered, and removes files that nothing needs any more."""
        if self._is_down and answer.ending.status:
            self._is_down = False
            self._queue.wake(self._destination)
        if not answer.delivered:
            delay = self._delay if answer.again else lambda _failures: None
            self._queue.failed([delivery], answer.ending, delay)
        elif self._queue.delivered(delivery, answer.ending):
            self._spool.finish(self._queue, delivery.instance)
