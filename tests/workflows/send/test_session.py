"""What leaves over one connection, in which syntax, and what is reported."""

import socket
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.uid import UID

from dicomtx.engine.planning.policy import OneTarget
from dicomtx.errors import UnreachableError
from dicomtx.network.address import DicomAddress
from dicomtx.network.dimse.association import DimseOptions
from dicomtx.settings import Settings
from dicomtx.storage.local_file import LocalFile
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.send.options import SendOptions
from dicomtx.workflows.send.sent import Sent
from dicomtx.workflows.send.session import opened
from tests.corpus import file
from tests.dicom_peers import Fake, StoreScp, accept, data_set_of, read_message, respond
from tests.oracle import Decoder, as_rgb
from tests.orthanc_server import OrthancServer

IMPLICIT, EXPLICIT, RLE, J2K = (find(n).uid for n in ("implicit", "explicit", "rle", "j2k"))
NAMES = (
    *("CT_small.dcm", "MR_small_implicit.dcm", "MR_small_bigendian.dcm", "image_dfl.dcm"),
    *("MR_small_RLE.dcm", "JPEG-LL.dcm", "US1_J2KR.dcm", "JPGExtended.dcm", "rtplan.dcm"),
)
Pixels = Callable[[Path], NDArray[np.float64]]
pytestmark = pytest.mark.peer("storescp")


@pytest.fixture(scope="module")
def picky(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreScp]:
    """Accepts implicit VR little endian and RLE."""
    with StoreScp(tmp_path_factory.mktemp("scp") / "received", [IMPLICIT, RLE]) as running:
        yield running


@pytest.fixture(scope="module")
def pixels() -> Iterator[Pixels]:
    """Returns the samples of a file, decoded by other programs."""
    decoder = Decoder()

    def decoded(path: Path) -> NDArray[np.float64]:
        values = decoder(path)
        assert not isinstance(values, str), values
        return as_rgb(*values)

    yield decoded
    decoder.close()


def sent(
    address: DicomAddress, paths: Sequence[Path], options: SendOptions | None = None
) -> list[Sent]:
    files = [LocalFile(str(path)) for path in paths]
    with opened(address, files, options or SendOptions()) as session:
        return [session.send(one) for one in files]


def arrived(scp: StoreScp, one: Sent) -> Path:
    uid = one.new_sop_instance_uid or one.sop_instance_uid
    (path,) = [path for path in scp.files() if path.name.endswith(f".{uid}")]
    return path


@pytest.mark.parametrize("name", NAMES)
def test_an_accepted_syntax_leaves_unchanged_and_others_become_native(
    picky: StoreScp, pixels: Pixels, name: str
) -> None:
    (one,) = sent(picky.address, [file(name)])
    got = dcmread(arrived(picky, one))
    assert (one.status, one.peer_status, one.tries, one.error) == ("done", "0000", 1, "")
    assert one.target_syntax == got.file_meta.TransferSyntaxUID
    assert one.new_sop_instance_uid is None
    assert got.SOPInstanceUID == dcmread(file(name)).SOPInstanceUID
    if one.source_syntax in (IMPLICIT, RLE):
        assert (one.action, one.rule, one.target_syntax) == ("copy", "37b", one.source_syntax)
        assert data_set_of(arrived(picky, one)) == data_set_of(file(name))
    else:
        assert (one.rule, one.target_syntax) == ("37d", IMPLICIT)
        if "PixelData" in got:
            assert (pixels(arrived(picky, one)) == pixels(file(name))).all()


@pytest.mark.parametrize("name", ["CT_small.dcm", "JPEG-LL.dcm", "US1_J2KR.dcm"])
def test_the_preferred_syntax_comes_before_the_native_ones(
    picky: StoreScp, pixels: Pixels, name: str
) -> None:
    options = SendOptions(preferred=find("rle"))
    (one,) = sent(picky.address, [file(name)], options)
    assert (one.status, one.rule, one.target_syntax) == ("done", "37c", RLE)
    assert one.verification == "independent"
    assert dcmread(arrived(picky, one)).file_meta.TransferSyntaxUID == RLE
    assert (pixels(arrived(picky, one)) == pixels(file(name))).all()


@pytest.mark.parametrize(
    ("name", "statuses"),
    [
        ("MR_small_RLE.dcm", ("done", "done", "done")),  # accepted as it is
        ("CT_small.dcm", ("done", "done", "done")),  # nothing to decode
        ("JPEG-LL.dcm", ("refused", "done", "done")),
        ("JPGExtended.dcm", ("refused", "refused", "done")),
    ],
)
def test_decompress_says_what_may_be_decoded(
    picky: StoreScp, name: str, statuses: tuple[str, ...]
) -> None:
    never, lossless, lossy = (
        sent(picky.address, [file(name)], SendOptions(decompress=word))[0]
        for word in ("never", "lossless", "lossy")
    )
    assert (never.status, lossless.status, lossy.status) == statuses
    for one in (never, lossless):
        if one.status == "refused":
            assert "--decompress" in one.error
            assert (one.exit_code, one.tries, one.rule) == (4, 0, "37e")


def test_what_cannot_be_sent_as_asked_is_not_sent(picky: StoreScp) -> None:
    for path in picky.files():
        path.unlink()
    options = SendOptions(policy=OneTarget(find("j2k")))
    one, plan = sent(picky.address, [file("CT_small.dcm"), file("rtplan.dcm")], options)
    assert (one.status, one.exit_code, one.peer_status) == ("refused", 4, "")
    assert "does not accept jpeg2000-lossless for this SOP class" in one.error
    assert plan.status == "kept"  # it has no pixel data
    assert [path.name[:2] for path in picky.files()] == ["RP"]


def test_keep_original_sends_as_without_a_policy_and_says_so(picky: StoreScp) -> None:
    options = SendOptions(policy=OneTarget(find("j2k")), on_failure="keep-original")
    one, other = sent(picky.address, [file("CT_small.dcm"), file("MR_small_RLE.dcm")], options)
    assert (one.status, one.rule, one.target_syntax) == ("kept", "37d", IMPLICIT)
    assert (other.status, other.rule, other.target_syntax) == ("kept", "37b", RLE)
    assert "not sent as asked: the peer does not accept jpeg2000-lossless" in one.warnings[0]


def test_a_conversion_that_fails_goes_on_with_the_next_syntax(
    picky: StoreScp, tmp_path: Path
) -> None:
    """A damaged stream can be neither RLE nor native, so all that is left is the error."""
    damaged = dcmread(file("US1_J2KR.dcm"))
    damaged.PixelData = damaged.PixelData[:2000] + bytes(len(damaged.PixelData) - 2000)
    damaged.save_as(tmp_path / "damaged.dcm")
    (one,) = sent(picky.address, [tmp_path / "damaged.dcm"], SendOptions(preferred=find("rle")))
    assert one.status in ("failed", "refused")
    assert one.error
    assert one.peer_status == ""


def test_a_wrong_label_never_leaves(picky: StoreScp, pixels: Pixels, tmp_path: Path) -> None:
    """RLE labelled as JPEG 2000 leaves as RLE."""
    path = tmp_path / "mislabelled.dcm"
    labelled = dcmread(file("MR_small_RLE.dcm"))
    labelled.file_meta.TransferSyntaxUID = UID(J2K)
    labelled.save_as(path)
    (one,) = sent(picky.address, [path])
    assert (one.status, one.source_syntax, one.target_syntax) == ("done", RLE, RLE)
    assert (pixels(arrived(picky, one)) == pixels(file("MR_small_RLE.dcm"))).all()


def test_a_lossy_preferred_syntax_gives_a_new_uid(tmp_path: Path) -> None:
    lossy = find("jpeg-ls-near-lossless")
    options = SendOptions(preferred=lossy, settings=Settings(near=2))
    with StoreScp(tmp_path / "received", [lossy.uid]) as scp:
        (one,) = sent(scp.address, [file("CT_small.dcm")], options)
        assert (one.status, one.rule) == ("done", "37c")
        got = dcmread(arrived(scp, one))
        assert got.SOPInstanceUID == one.new_sop_instance_uid != one.sop_instance_uid
        assert got.LossyImageCompression == "01"


def test_what_is_not_an_instance_fails_by_name(picky: StoreScp, tmp_path: Path) -> None:
    text, nameless, cut = (tmp_path / n for n in ("text.dcm", "nameless.dcm", "cut.dcm"))
    text.write_text("not DICOM")
    without = dcmread(file("CT_small.dcm"))
    del without.SOPInstanceUID
    without.save_as(nameless)
    cut.write_bytes(file("CT_small.dcm").read_bytes()[:-1000])
    missing = tmp_path / "missing.dcm"
    before = len(picky.files())
    results = sent(picky.address, [text, nameless, cut, missing, file("DICOMDIR")])
    assert [one.exit_code for one in results] == [3, 3, 3, 3, 4]
    assert "no SOP Instance UID" in results[1].error
    assert all(one.status in ("failed", "refused") and not one.tries for one in results)
    assert len(picky.files()) == before


@pytest.mark.parametrize("name", ["MR_small_implicit.dcm", "MR_small_RLE.dcm"])
def test_a_file_that_changed_after_it_was_looked_up_is_read_again(
    picky: StoreScp, tmp_path: Path, name: str
) -> None:
    path = tmp_path / "changing.dcm"
    path.write_bytes(file("MR_small.dcm").read_bytes())
    source = LocalFile(str(path))
    with opened(picky.address, [source, LocalFile(str(file(name)))], SendOptions()) as session:
        path.write_bytes(file(name).read_bytes())
        one = session.send(source)
    assert (one.status, one.action, one.rule) == ("done", "copy", "37b")
    assert data_set_of(arrived(picky, one)) == data_set_of(file(name))


def test_a_failed_status_is_reported_with_its_meaning() -> None:
    def play(connection: socket.socket) -> None:
        accept(connection)
        for number, status in enumerate((0xA700, 0x0122, 0xB006), 1):
            context, _ = read_message(connection)
            respond(connection, context, status, number)

    with Fake(play) as peer:
        full, unknown, coerced = sent(peer.address, [file("CT_small.dcm")] * 3)
    assert (full.status, full.peer_status, full.again) == ("failed", "A700", True)
    assert full.error == "not delivered: status A700: out of resources"
    assert full.exit_code == 10
    assert (unknown.status, unknown.peer_status, unknown.again) == ("failed", "0122", False)
    assert (coerced.status, coerced.peer_status) == ("done", "B006")
    assert "the peer answered B006: the peer discarded elements" in coerced.warnings


def test_an_unreachable_peer_ends_the_session() -> None:
    nobody = DicomAddress("NOBODY", "127.0.0.1", 1)
    with pytest.raises(UnreachableError, match="cannot be reached"):
        sent(nobody, [file("CT_small.dcm")])


def test_a_lost_connection_can_be_tried_again() -> None:
    def play(connection: socket.socket) -> None:
        accept(connection)
        read_message(connection)

    with Fake(play) as peer:
        first, second = sent(peer.address, [file("CT_small.dcm"), file("rtplan.dcm")])
    assert (first.again, second.again) == (True, True)
    assert first.error == f"{peer.address}: closed the connection"


@pytest.mark.long
@pytest.mark.peer("Orthanc")
def test_orthanc_gets_what_it_accepts(tmp_path: Path) -> None:
    configuration = {
        "DicomServerEnabled": True,
        "DicomAlwaysAllowStore": True,
        "DicomCheckCalledAet": False,
        "AcceptedTransferSyntaxes": [EXPLICIT, RLE],
    }
    with OrthancServer(configuration) as orthanc:
        address = DicomAddress("ORTHANC", "127.0.0.1", orthanc.dicom_port)
        for one in sent(address, [file(name) for name in NAMES], SendOptions(dimse=DimseOptions())):
            assert one.status == "done", one
        stored = [
            orthanc.ask("GET", f"/instances/{name}/metadata/TransferSyntax")[1].decode()
            for name in orthanc.get("/instances")
        ]
    assert sorted(set(stored)) == sorted({EXPLICIT, RLE})
    assert len(stored) == len({dcmread(file(n)).SOPInstanceUID for n in NAMES})
