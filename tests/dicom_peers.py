"""Real peers on the loopback interface: storescp of DCMTK and of pynetdicom, and dcmqrscp.
Orthanc is orthanc_server.

Each is a context manager that ends the process it started, and no other. ``Fake`` plays hostile
peers: it answers a connection with what a test says.
"""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from dicomtx.dicom import tags
from dicomtx.dicom.part10 import open_part10
from dicomtx.network.address import DicomAddress
from dicomtx.network.delivery import Instance
from dicomtx.storage.local_file import LocalFile
from tests.orthanc_server import free_port

SECONDS = 60
STORAGE = (
    "1.2.840.10008.5.1.4.1.1.1",  # CR
    "1.2.840.10008.5.1.4.1.1.1.1",  # DX
    "1.2.840.10008.5.1.4.1.1.2",  # CT
    "1.2.840.10008.5.1.4.1.1.2.1",  # Enhanced CT
    "1.2.840.10008.5.1.4.1.1.4",  # MR
    "1.2.840.10008.5.1.4.1.1.4.1",  # Enhanced MR
    "1.2.840.10008.5.1.4.1.1.6.1",  # US
    "1.2.840.10008.5.1.4.1.1.3.1",  # US Multi-frame
    "1.2.840.10008.5.1.4.1.1.7",  # Secondary Capture
    "1.2.840.10008.5.1.4.1.1.7.4",  # Multi-frame True Color Secondary Capture
    "1.2.840.10008.5.1.4.1.1.481.5",  # RT Plan
    "1.2.840.10008.5.1.4.1.1.66.4",  # Segmentation
)
"""The SOP classes of a peer that accepts only some syntaxes."""


class Program:
    """A server of others that listens on a free port."""

    title = "PEER"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = 0
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> DicomAddress:
        """Where it listens."""
        return DicomAddress(self.title, "127.0.0.1", self.port)

    @property
    def url(self) -> str:
        """Where it listens, as users write it."""
        return str(self.address)

    def command(self) -> list[str]:
        """Returns the command to start; it uses ``port``."""
        raise NotImplementedError

    def start(self) -> None:
        """Starts it, on the same port as before if there was one, and waits until it listens."""
        self.folder.mkdir(exist_ok=True)
        again = self.port
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            self.port = again or free_port()
            with (self.folder.parent / f"{self.folder.name}.log").open("ab") as log:
                self.process = subprocess.Popen(
                    self.command(), stdout=log, stderr=log, stdin=subprocess.DEVNULL
                )
            while self.process.poll() is None and time.monotonic() < end:
                if self._listens():
                    return
                time.sleep(0.01)
        raise RuntimeError(f"{self.command()[0]} does not start")

    def _listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True

    def kill(self) -> None:
        """Kills it with SIGKILL."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


class StoreScp(Program):
    """DCMTK's storescp. It stores the bytes of data sets as they came, in ``folder``."""

    title = "STORESCP"

    def __init__(
        self,
        folder: Path,
        accepts: Sequence[str] | None = None,
        *options: str,
        sop_classes: Sequence[str] = STORAGE,
    ) -> None:
        """Takes the UIDs of the syntaxes to accept; None accepts all that DCMTK knows."""
        super().__init__(folder)
        self._accepts = accepts
        self._options = options
        self._sop_classes = sop_classes

    def command(self) -> list[str]:
        """Returns the command to start."""
        chosen = ["+xa", "-pm"]
        if self._accepts is not None:
            profile = self.folder.parent / f"{self.folder.name}.cfg"
            profile.write_text(_profile(self._accepts, self._sop_classes))
            chosen = ["-xf", str(profile), "Chosen"]
        place = ["-od", str(self.folder), str(self.port)]
        return ["storescp", "-q", "+B", *chosen, *self._options, *place]

    def files(self) -> list[Path]:
        """Returns what it has stored, by name."""
        return sorted(self.folder.iterdir())


def _profile(syntaxes: Sequence[str], sop_classes: Sequence[str]) -> str:
    """Returns a configuration of DCMTK's associations."""
    lines = ["[[TransferSyntaxes]]", "[Chosen]"]
    lines += [f"TransferSyntax{n} = {uid}" for n, uid in enumerate(syntaxes, 1)]
    lines += ["[[PresentationContexts]]", "[Chosen]"]
    lines += [f"PresentationContext{n} = {uid}\\Chosen" for n, uid in enumerate(sop_classes, 1)]
    lines += ["[[Profiles]]", "[Chosen]", "PresentationContexts = Chosen"]
    return "\n".join(lines) + "\n"


class PynetdicomScp(Program):
    """The storescp application of pynetdicom. It stores files in ``folder``."""

    title = "PYSTORE"

    def __init__(self, folder: Path, *options: str) -> None:
        """Takes options such as ``-xi``: accept only Implicit VR Little Endian."""
        super().__init__(folder)
        self._options = options

    def command(self) -> list[str]:
        """Returns the command to start."""
        place = ["-ba", "127.0.0.1", "-od", str(self.folder), str(self.port)]
        return [sys.executable, "-m", "pynetdicom", "storescp", *self._options, *place]

    def files(self) -> list[Path]:
        """Returns what it has stored, by name."""
        return sorted(self.folder.iterdir())


class QueryScp(Program):
    """DCMTK's dcmqrscp with one storage area. It answers C-STORE, C-FIND, C-MOVE and C-GET."""

    title = "ARCHIVE"

    def __init__(self, folder: Path, *options: str, peers: Sequence[DicomAddress] = ()) -> None:
        """Takes options, and the peers to which C-MOVE may send."""
        super().__init__(folder)
        self._options = options
        self._peers = peers

    def command(self) -> list[str]:
        """Returns the command to start."""
        profile = self.folder.parent / f"{self.folder.name}.cfg"
        hosts = [
            f"peer{n} = ({peer.called_aet}, {peer.host}, {peer.port})"
            for n, peer in enumerate(self._peers)
        ]
        profile.write_text(
            f"NetworkTCPPort = {self.port}\nMaxPDUSize = 16384\nMaxAssociations = 16\n"
            "HostTable BEGIN\n" + "\n".join(hosts) + "\nHostTable END\n"
            "VendorTable BEGIN\nVendorTable END\n"
            f"AETable BEGIN\n{self.title} {self.folder} RW (200, 1024mb) ANY\nAETable END\n"
        )
        return ["dcmqrscp", "-q", "-c", str(profile), *self._options]


class Fake:
    """A peer that answers each connection with ``play``, in a thread; it closes the connection."""

    def __init__(self, play: Callable[[socket.socket], None]) -> None:
        """Takes what to do with a connection."""
        self._play = play
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = DicomAddress("FAKE", *self._listener.getsockname()[:2])
        self.connections = 0
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            with connection:
                connection.settimeout(SECONDS)
                try:
                    self._play(connection)
                except OSError:
                    continue

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(SECONDS)


def read_pdu(connection: socket.socket) -> tuple[int, bytes]:
    """Returns the type of the next PDU and its bytes behind the header."""
    head = _exactly(connection, 6)
    return head[0], _exactly(connection, int.from_bytes(head[2:6]))


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = connection.recv(size - len(data))
        if not more:
            raise OSError("closed")
        data += more
    return data


def accept(connection: socket.socket, max_pdu: int = 16384) -> bytes:
    """Accepts all contexts of the association that the peer requests; returns the request."""
    _, request = read_pdu(connection)
    items, at = b"", 68
    while at < len(request):
        size = int.from_bytes(request[at + 2 : at + 4])
        value = request[at + 4 : at + 4 + size]
        if request[at] == 0x20:  # keep its transfer syntax, which is the last sub-item
            start = value.index(b"\x40\x00", 4 + 4 + int.from_bytes(value[6:8]))
            answer = bytes([value[0], 0, 0, 0]) + value[start:]
            items += b"\x21\x00" + len(answer).to_bytes(2) + answer
        at += 4 + size
    length = b"\x51\x00\x00\x04" + max_pdu.to_bytes(4)
    items += b"\x50\x00" + len(length).to_bytes(2) + length
    body = request[:68] + items
    connection.sendall(b"\x02\x00" + len(body).to_bytes(4) + body)
    return request


def read_message(connection: socket.socket) -> tuple[int, bytes]:
    """Returns the context ID and the data set of the next message with a data set."""
    data, flags = b"", 0
    while flags != 2:
        kind, body = read_pdu(connection)
        if kind != 4:
            raise OSError(f"PDU {kind}")
        while body:
            end = 4 + int.from_bytes(body[:4])
            context, flags = body[4], body[5]
            data += b"" if flags & 1 else body[6:end]
            body = body[end:]
    return context, data


def respond(connection: socket.socket, context: int, status: int, message: int = 1) -> None:
    """Sends a C-STORE-RSP."""

    def us(element: int, number: int) -> bytes:
        return b"\0\0" + element.to_bytes(2, "little") + b"\2\0\0\0" + number.to_bytes(2, "little")

    body = us(0x100, 0x8001) + us(0x120, message) + us(0x800, 0x101) + us(0x900, status)
    whole = b"\0\0\0\0\4\0\0\0" + len(body).to_bytes(4, "little") + body
    pdv = (len(whole) + 2).to_bytes(4) + bytes([context, 3]) + whole
    connection.sendall(b"\x04\x00" + len(pdv).to_bytes(4) + pdv)


@contextmanager
def instance(path: Path) -> Iterator[Instance]:
    """Yields a file as an instance to send."""
    with (
        LocalFile(str(path)).open() as file,
        open_part10(file, whole=False) as part10,
    ):
        assert part10.label
        yield Instance(
            sop_class_uid=part10.data_set.text(tags.SOP_CLASS_UID),
            sop_instance_uid=part10.data_set.text(tags.SOP_INSTANCE_UID),
            transfer_syntax_uid=part10.label.uid,
            file=file,
            data_set=part10.start,
        )


def data_set_of(path: Path) -> bytes:
    """Returns the bytes of the data set of a file, without file meta information."""
    with instance(path) as found:
        return path.read_bytes()[found.data_set :]
