"""A run of a transcoding buffer: receivers, a converter, and a forwarder for each destination.

Each is a process of its own, and shares nothing with the others but the spool. One that dies is
started again, and goes on with what is in the queue.
"""

import signal
import socket
import time
from collections.abc import Callable, Mapping
from functools import partial
from types import FrameType
from typing import Final

from dicomtx.errors import DestinationError
from dicomtx.frozen import Frozen
from dicomtx.network.reception import Answer, Caller, Incoming
from dicomtx.settings import Settings
from dicomtx.workflows.receive.acceptors import Service
from dicomtx.workflows.receive.server import serve
from dicomtx.workflows.receive.staging import Staging, confine
from dicomtx.workflows.receive.supervisor import Channel, Role, Told
from dicomtx.workflows.route.converter import Converter
from dicomtx.workflows.route.courier import Courier
from dicomtx.workflows.route.database import connected
from dicomtx.workflows.route.forwarder import Forwarder
from dicomtx.workflows.route.housekeeping import prune
from dicomtx.workflows.route.intake import Intake, Limits
from dicomtx.workflows.route.metrics import Metrics, measured
from dicomtx.workflows.route.queue import Queue, open_queue
from dicomtx.workflows.route.routes import Peer, Routes
from dicomtx.workflows.route.spool import Spool
from dicomtx.workflows.send.retry import schedule_of
from dicomtx.workflows.workers.executor import Executor

PATIENCE: Final = 30.0  # seconds for the processes of a killed run to end
Note = Callable[[str], None]


class Buffer(Frozen):
    """A transcoding buffer.

    Attributes:
        routes: which instances go where.
        spool: holds the instances until they are delivered.
        aet: our AE title towards destinations.
        settings: the settings for conversions.
        executor: converts instances.
        environ: the environment, which may have credentials.
        limits: how much the spool can hold.
        min_free: bytes of the file system that stay free.
        processes: how many processes receive.
        metrics: a text file for Prometheus; empty for none.
        interval: seconds between two lines of metrics.
        audit_days: days that ended deliveries stay in the queue; 0 is for ever.
    """

    routes: Routes
    spool: Spool
    aet: str
    settings: Settings
    executor: Executor
    environ: Mapping[str, str]
    limits: Limits = Limits()
    min_free: int = 0
    processes: int = 1
    metrics: str = ""
    interval: float = 60.0
    audit_days: float = 0.0

    def run(self, listener: socket.socket, service: Service, note: Note) -> int:
        """Receives, converts and forwards until SIGTERM or SIGINT; returns a second one, or 0.

        The caller holds the spool.
        """
        ticker = _Ticker(self, note)
        told = Told(
            message=lambda _message: None,
            note=note,
            tick=ticker.tick,
            ends=lambda: note("stopping: finishing what is in flight; the rest stays in the queue"),
        )
        self._warn(note)
        forwarders = [
            Role(f"the forwarder to {peer.name}", partial(self.forward, peer))
            for peer in self.routes.peers.values()
        ]
        others = [Role("the converter", self.convert), *forwarders]
        caught = serve(listener, service, self.processes, self.handler, told, others)
        ticker.tell()
        return caught

    def _warn(self, note: Note) -> None:
        """Notes what waits for destinations that the routes do not have any more."""
        for name, depth in self.measure().depths.items():
            if name not in self.routes.peers and depth.waiting:
                note(
                    f"warning: {name}: {depth.waiting} waiting, but it is not in"
                    f" {self.routes.path}. Add it, or use dicomtx queue drop --destination"
                )

    def handler(self, channel: Channel) -> Staging:
        """Returns the handler of a process that receives."""
        queue = Queue(connected(self.spool.database))  # open as long as the process lives

        def refused(incoming: Incoming, answer: Answer, _size: int) -> None:
            told = f"{answer.status:04X} {answer.comment}"
            channel.send(
                f"{incoming.caller.calling_aet}: {incoming.sop_instance_uid} refused: {told}"
            )

        def tell(caller: Caller | str, text: str) -> None:
            name = caller if isinstance(caller, str) else f"{caller.calling_aet}@{caller.host}"
            channel.send(f"{name}: {text}" if name else text)

        confine(self.spool.arriving)
        intake = Intake(self.spool, queue, self.routes, self.limits)
        return Staging(
            folder=self.spool.arriving,
            take=intake.take,
            refused=refused,
            tell=tell,
            min_free=self.min_free,
        )

    def convert(self, _channel: Channel) -> None:
        """Converts until SIGTERM: the main function of the converter."""
        with open_queue(self.spool.database) as queue:
            converter = Converter(queue, self.spool, self.settings)
            _on_sigterm(lambda: setattr(converter, "stopping", True))
            converter.run(self.executor)

    def forward(self, peer: Peer, _channel: Channel) -> None:
        """Delivers to one destination until SIGTERM: the main function of a forwarder."""
        with open_queue(self.spool.database) as queue:
            delay = schedule_of(peer.retry).delay
            forwarder = Forwarder(queue, self.spool, peer.name, delay)
            courier = Courier(peer, self.spool, self.aet, self.settings, self.environ)
            _on_sigterm(forwarder.stopping.set)
            forwarder.run(courier.send)

    def measure(self) -> Metrics:
        """Returns the numbers of the spool, and removes old rows from the audit."""
        with open_queue(self.spool.database) as queue:
            if self.audit_days:
                prune(queue, self.audit_days * 86400)
            return measured(queue, tuple(self.routes.peers))


class _Ticker:
    """Tells the metrics once per interval."""

    def __init__(self, buffer: Buffer, note: Note) -> None:
        self._buffer = buffer
        self._note = note
        self._next = 0.0
        self._line = ""

    def tick(self) -> None:
        """Tells the metrics if their time has come."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + self._buffer.interval
            self.tell()

    def tell(self) -> None:
        """Notes the metrics if they have changed, and writes their file."""
        try:
            metrics = self._buffer.measure()
            if self._buffer.metrics:
                metrics.write(self._buffer.metrics)
        except DestinationError as error:  # the buffer goes on without
            self._note(f"warning: {error}")
            return
        if metrics.line() != self._line:
            self._line = metrics.line()
            self._note(self._line)


def _on_sigterm(stop: Callable[[], None]) -> None:
    def handle(_number: int, _frame: FrameType | None) -> None:
        stop()

    signal.signal(signal.SIGTERM, handle)
