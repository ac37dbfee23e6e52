"""The numbers of a queue: for the log, and for Prometheus."""

from typing import Final, NamedTuple

from dicomtx.storage.atomic_write import atomic_write
from dicomtx.workflows.route import counters
from dicomtx.workflows.route.queue import Queue

UNFINISHED: Final = ("waiting", "sending", "dead")
COUNTERS: Final = (
    ("forwarded", "Instances delivered."),
    ("failed", "Attempts to deliver that failed."),
    ("dead", "Deliveries that were given up."),
)
READABLE: Final = 0o644  # node_exporter is another user


class Depth(NamedTuple):
    """The queue of one destination.

    Attributes:
        waiting: deliveries that wait for a conversion or an attempt.
        sending: deliveries that are being sent.
        dead: deliveries that were given up.
        oldest: seconds since the oldest of the waiting and sending ones was received; 0 if none.
    """

    waiting: int = 0
    sending: int = 0
    dead: int = 0
    oldest: float = 0.0


class Metrics(NamedTuple):
    """The numbers of a spool. Counters count since the spool was made.

    Attributes:
        received: instances acknowledged.
        instances: instances that are not delivered everywhere.
        bytes: the size of their received files.
        counts: by name and destination: forwarded, failed, dead.
        depths: the queues by destination.
    """

    received: int
    instances: int
    bytes: int
    counts: dict[tuple[str, str], int]
    depths: dict[str, Depth]

    def line(self) -> str:
        """Returns the line for the log."""
        forwarded = sum(v for (name, _), v in self.counts.items() if name == "forwarded")
        told = [f"received {self.received}, forwarded {forwarded}"]
        for name, depth in self.depths.items():
            parts = [f"{getattr(depth, s)} {s}" for s in UNFINISHED if getattr(depth, s)]
            if depth.oldest:
                parts.append(f"oldest {depth.oldest:.0f} s")
            if parts:
                told.append(f"{name}: {', '.join(parts)}")
        return "; ".join(told)

    def as_text(self) -> str:
        """Returns the numbers in the text format of Prometheus."""
        lines = [
            *_family("received_total", "counter", "Instances received."),
            f"dicomtx_route_received_total {self.received}",
            *_family("spool_instances", "gauge", "Instances that are not delivered everywhere."),
            f"dicomtx_route_spool_instances {self.instances}",
            *_family("spool_bytes", "gauge", "Size of these instances as received."),
            f"dicomtx_route_spool_bytes {self.bytes}",
        ]
        for counter, text in COUNTERS:
            lines += _family(f"{counter}_total", "counter", text)
            lines += [
                f"dicomtx_route_{counter}_total{{{_label(name)}}} {self.counts[counter, name]}"
                for name in self.depths
            ]
        lines += _family("queue_depth", "gauge", "Deliveries that have not ended.")
        lines += [
            f'dicomtx_route_queue_depth{{{_label(name)},state="{state}"}} {getattr(depth, state)}'
            for name, depth in self.depths.items()
            for state in UNFINISHED
        ]
        lines += _family("oldest_seconds", "gauge", "Age of the oldest delivery that is not dead.")
        lines += [
            f"dicomtx_route_oldest_seconds{{{_label(name)}}} {depth.oldest:.3f}"
            for name, depth in self.depths.items()
        ]
        return "\n".join(lines) + "\n"

    def write(self, path: str) -> None:
        """Replaces a text file for the textfile collector of Prometheus.

        Raises:
            DestinationError: it cannot be written.
        """
        with (
            atomic_write(path, overwrite=True, sync="nothing", mode=READABLE) as fd,
            open(fd, "w", encoding="utf-8", closefd=False) as file,
        ):
            file.write(self.as_text())


def measured(queue: Queue, destinations: tuple[str, ...]) -> Metrics:
    """Returns the numbers of a queue.

    Args:
        queue: the queue.
        destinations: names to list even if nothing waits for them.
    """
    depths = dict.fromkeys(destinations, Depth())
    rows = queue.base.execute(
        "SELECT d.destination, d.state, COUNT(*), MIN(i.received) FROM deliveries d"
        " JOIN instances i ON i.id = d.instance WHERE d.state IN ('waiting', 'sending', 'dead')"
        " GROUP BY d.destination, d.state"
    )
    for name, state, count, received in rows:
        depth = depths.get(name, Depth())._replace(**{state: count})
        if state != "dead":
            depth = depth._replace(oldest=max(depth.oldest, queue.now() - received))
        depths[name] = depth
    counts = counters.read(queue.base)
    totals = (counts["received", ""], *queue.size())
    return Metrics(*totals, counts, depths)


def _family(name: str, kind: str, text: str) -> tuple[str, str]:
    return f"# HELP dicomtx_route_{name} {text}", f"# TYPE dicomtx_route_{name} {kind}"


def _label(name: str) -> str:
    escaped = name.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
    return f'destination="{escaped}"'
