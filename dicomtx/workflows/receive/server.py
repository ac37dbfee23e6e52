"""A server that receives instances: one process per core, and a supervisor.

``receive`` and ``route`` use it, each with its own handler of complete instances.
"""

import socket
from collections.abc import Callable, Sequence
from functools import partial

from dicomtx.network.reception import Handler
from dicomtx.workflows.receive.acceptors import Acceptors, Counts, Service
from dicomtx.workflows.receive.supervisor import Channel, Role, Told, supervise

NewHandler = Callable[[Channel], Handler]
"""Returns the handler of one process, such as a ``Staging``. Called in that process."""


def serve(
    listener: socket.socket,
    service: Service,
    processes: int,
    new_handler: NewHandler,
    told: Told,
    others: Sequence[Role] = (),
) -> int:
    """Receives instances until SIGTERM or SIGINT; returns a second one, or 0.

    Args:
        listener: the socket of ``acceptors.listening``. It is closed when the signal arrives.
        service: what to accept.
        processes: how many processes receive.
        new_handler: makes the handler of each process.
        told: what happens with messages and the log.
        others: roles of other processes that run beside the receivers.
    """
    counts = Counts(processes)

    def has_room(process: int, count: int) -> bool:
        counts.set(process, count)
        return counts.total() <= service.associations

    def receive(process: int, channel: Channel) -> None:
        counts.set(process, 0)
        handler = new_handler(channel)
        Acceptors(service, handler, partial(has_room, process)).serve(listener)

    def ends() -> None:
        listener.close()
        told.ends()

    roles = [Role(f"receiver {n + 1}", partial(receive, n)) for n in range(processes)]
    return supervise([*roles, *others], told._replace(ends=ends))
