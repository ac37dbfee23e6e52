"""The transcoding buffer, between a real sender and real receivers."""

import hashlib
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.route.administration import Selection, listed
from dicomtx.workflows.route.queue import open_queue
from dicomtx.workflows.route.records import Delivery
from tests.dicom_peers import StoreScp, data_set_of
from tests.dicom_peers import instance as opened
from tests.route_buffer import RouteBuffer, instance_file, wait_for

ROUTES = """
[[route]]
calling_aet = "SECRET*"
modality = "MR"
to = "jpeg-ls-lossless"
destination = {{ name = "archive", url = "{archive}", retry = "9x1s" }}

[[route]]
modality = ["CT", "MR"]
to = "rle-lossless"
retry = "9x1s"
destination = [
  {{ name = "archive", url = "{archive}" }},
  {{ name = "viewer", url = "{viewer}", to = "keep" }},
]

[[route]]
modality = "XA"
to = "rle-lossless"
destination = {{ name = "viewer", url = "{viewer}", retry = "9x1s" }}

[[route]]
modality = "RF"
to = "rle-lossless"
on_failure = "keep-original"
destination = {{ name = "viewer", url = "{viewer}", retry = "9x1s" }}

[[route]]
modality = "US"
to = "keep"
destination = {{ name = "nobody", url = "dicom://NOBODY@127.0.0.1:{closed}", retry = "99x1h" }}
"""
RLE, EXPLICIT = find("rle-lossless").uid, find("explicit").uid


class Site:
    """A buffer with an archive and a viewer."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.archive = StoreScp(folder / "archive")
        self.viewer = StoreScp(folder / "viewer", (EXPLICIT,))
        self.buffer: RouteBuffer

    def rows(self, uid: str) -> list[Delivery]:
        """Returns the deliveries of an instance."""
        with open_queue(str(self.buffer.spool / "queue.sqlite")) as queue:
            return list(listed(queue, Selection(sop_instance_uid=uid)))

    def wait(self, uid: str, *states: str) -> list[Delivery]:
        """Waits until the deliveries of an instance have these states; returns them."""
        wait_for(lambda: tuple(one.state for one in self.rows(uid)) == states, f"{uid} {states}")
        return self.rows(uid)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    site = Site(folder)
    with site.archive, site.viewer, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # it never listens, and nobody else can
        port = closed.getsockname()[1]
        urls = {"archive": site.archive.url, "viewer": site.viewer.url, "closed": port}
        metrics = ("--metrics", str(folder / "metrics.prom"), "--keep-original")
        site.buffer = RouteBuffer(folder / "buffer", ROUTES.format(**urls), *metrics)
        with site.buffer:
            yield site
            assert site.buffer.stop() == 0


def test_each_destination_gets_its_own_syntax(site: Site, tmp_path: Path) -> None:
    source = instance_file(tmp_path, 1)
    (answer,) = site.buffer.send([source])
    assert answer.status == "0000"
    archived, viewed = site.wait("1.2.3.1", "delivered", "delivered")
    assert (archived.syntax_out, viewed.syntax_out) == (RLE, EXPLICIT)
    (at_archive,) = [p for p in site.archive.files() if p.name.endswith("1.2.3.1")]
    (at_viewer,) = [p for p in site.viewer.files() if p.name.endswith("1.2.3.1")]
    with opened(at_archive) as found:
        assert found.transfer_syntax_uid == RLE
    assert data_set_of(at_viewer) == data_set_of(source)


def test_the_audit_says_what_came_and_what_went(site: Site, tmp_path: Path) -> None:
    site.buffer.send([instance_file(tmp_path, 2)], calling="CT7")
    archived, viewed = site.wait("1.2.3.2", "delivered", "delivered")
    assert (archived.calling_aet, archived.called_aet, archived.sender) == (
        *("CT7", "DICOMTX", "127.0.0.1"),
    )
    assert (archived.route, archived.syntax_in, archived.status) == ("route 2", EXPLICIT, "0000")
    assert (archived.verification, viewed.verification) == ("independent", "bytes-only")
    assert archived.attempts == 1
    assert viewed.hash_out == viewed.hash_in != archived.hash_out
    hashes = [
        hashlib.blake2b(path.read_bytes(), digest_size=32).hexdigest()
        for path in (site.buffer.spool / "originals").iterdir()
    ]
    assert archived.hash_in in hashes


def test_a_route_can_depend_on_who_calls(site: Site, tmp_path: Path) -> None:
    site.buffer.send([instance_file(tmp_path, 3, "MR")], calling="SECRET1")
    site.buffer.send([instance_file(tmp_path, 4, "MR")], calling="OTHER")
    (only,) = site.wait("1.2.3.3", "delivered")
    assert only.syntax_out == find("jpeg-ls-lossless").uid
    site.wait("1.2.3.4", "delivered", "delivered")


def test_an_instance_that_no_route_wants_is_refused(site: Site, tmp_path: Path) -> None:
    (answer,) = site.buffer.send([instance_file(tmp_path, 5, "OT")])
    assert (answer.delivered, answer.status) == (False, "0124")
    assert "no route matches" in answer.reason
    assert site.rows("1.2.3.5") == []


def test_a_dead_destination_holds_up_no_other(site: Site, tmp_path: Path) -> None:
    site.buffer.send([instance_file(tmp_path, 6, "US"), instance_file(tmp_path, 7)])
    site.wait("1.2.3.7", "delivered", "delivered")
    wait_for(lambda: site.rows("1.2.3.6")[0].attempts == 1)
    (waiting,) = site.wait("1.2.3.6", "waiting")
    assert "connection refused" in waiting.reason
    assert waiting.due > waiting.received + 3000
    shown = site.buffer.queue("list", "--destination", "nobody")
    assert [(row["sop_instance_uid"], row["state"]) for row in shown] == [("1.2.3.6", "waiting")]
    assert site.buffer.queue("drop", str(waiting.id)) == [{"dropped": 1}]
    site.wait("1.2.3.6", "dropped")


def test_a_destination_that_does_not_accept_the_syntax_gets_nothing_else(
    site: Site, tmp_path: Path
) -> None:
    site.buffer.send([instance_file(tmp_path, 11, "XA")])
    (dead,) = site.wait("1.2.3.11", "dead")
    assert "does not accept rle-lossless" in dead.reason
    assert not [path for path in site.viewer.files() if path.name.endswith("1.2.3.11")]
    assert site.buffer.queue("drop", "--instance", "1.2.3.11") == [{"dropped": 1}]


def test_unless_the_route_allows_it_and_then_the_audit_says_so(site: Site, tmp_path: Path) -> None:
    source = instance_file(tmp_path, 12, "RF")
    site.buffer.send([source])
    (kept,) = site.wait("1.2.3.12", "delivered")
    assert "does not accept rle-lossless" in kept.reason
    assert kept.syntax_out == EXPLICIT
    assert len(kept.hash_out) == 64
    (arrived,) = [path for path in site.viewer.files() if path.name.endswith("1.2.3.12")]
    assert data_set_of(arrived) == data_set_of(source)


def test_the_same_instance_twice_is_forwarded_twice(site: Site, tmp_path: Path) -> None:
    path = instance_file(tmp_path, 8)
    assert [one.status for one in site.buffer.send([path, path])] == ["0000", "0000"]
    site.wait("1.2.3.8", *["delivered"] * 4)


def test_what_is_delivered_leaves_the_spool(site: Site, tmp_path: Path) -> None:
    site.buffer.send([instance_file(tmp_path, 9)])
    site.wait("1.2.3.9", "delivered", "delivered")
    wait_for(
        lambda: (
            [
                p
                for n in ("arriving", "received", "ready")
                for p in (site.buffer.spool / n).iterdir()
            ]
            == []
        )
    )


def test_the_metrics_file_counts(site: Site, tmp_path: Path) -> None:
    site.buffer.send([instance_file(tmp_path, 10)])
    site.wait("1.2.3.10", "delivered", "delivered")
    file = site.folder / "metrics.prom"

    def value(name: str) -> float:
        lines = [line for line in file.read_text().splitlines() if line.startswith(name)]
        return float(lines[0].rpartition(" ")[2]) if lines else -1

    wait_for(lambda: value('dicomtx_route_queue_depth{destination="archive",state="waiting"}') == 0)
    wait_for(lambda: value('dicomtx_route_forwarded_total{destination="archive"}') >= 1)
    assert value("dicomtx_route_received_total") >= 1
