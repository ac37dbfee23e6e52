"""Counts requests, for ``GET /metrics``."""

from collections import Counter


class Metrics:
    """The numbers since the server started.

    Attributes:
        results: requests by result: a status of an Outcome, an HTTP status, or ``abandoned``.
        seconds: wall time of all requests.
        bytes_in: size of all bodies received.
        bytes_out: size of all files sent.
        queued: requests that wait for a worker.
        running: requests that a worker is converting.
    """

    def __init__(self) -> None:
        self.results: Counter[str] = Counter()
        self.seconds = 0.0
        self.bytes_in = 0
        self.bytes_out = 0
        self.queued = 0
        self.running = 0

    def add(self, result: str, seconds: float) -> None:
        """Counts a request that has ended."""
        self.results[result] += 1
        self.seconds += seconds

    def as_text(self) -> str:
        """Returns the numbers in the text format of Prometheus."""
        count = self.results.total()
        lines = [
            "# TYPE dicomtx_requests_total counter",
            *(
                f'dicomtx_requests_total{{result="{result}"}} {number}'
                for result, number in sorted(self.results.items())
            ),
            "# TYPE dicomtx_request_seconds summary",
            f"dicomtx_request_seconds_sum {self.seconds:.6f}",
            f"dicomtx_request_seconds_count {count}",
            "# TYPE dicomtx_bytes_total counter",
            f'dicomtx_bytes_total{{direction="in"}} {self.bytes_in}',
            f'dicomtx_bytes_total{{direction="out"}} {self.bytes_out}',
            "# TYPE dicomtx_requests_running gauge",
            f"dicomtx_requests_running {self.running}",
            "# TYPE dicomtx_requests_queued gauge",
            f"dicomtx_requests_queued {self.queued}",
        ]
        return "\n".join(lines) + "\n"
