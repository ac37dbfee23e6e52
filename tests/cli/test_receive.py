import json
import os
import signal
import socket
import struct
import sys
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path

import pydicom
import pytest
from jsonschema import Draft202012Validator

from tests.conftest import Run
from tests.raw_peer import (
    CT,
    EXPLICIT,
    IMPLICIT,
    J2K,
    RawPeer,
    associate,
    c_store,
    context,
    data_set,
    element,
    fragments,
    pdu,
    pdv,
)
from tests.receiver import Receiver, wait_for

SCHEMA = json.loads(files("dicomtx.cli").joinpath("schemas/received.schema.json").read_text())
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
PIXELS = bytes((1, 200)) * 128


def image_data(uid: str) -> bytes:
    """Returns the data set of an image of 16 x 16 pixels in explicit VR little endian."""
    numbers = {0x00280002: 1, 0x00280010: 16, 0x00280011: 16}
    numbers |= {0x00280100: 8, 0x00280101: 8, 0x00280102: 7, 0x00280103: 0}
    elements = {tag: element(tag, "US", struct.pack("<H", n)) for tag, n in numbers.items()}
    elements[0x00280004] = element(0x00280004, "CS", b"MONOCHROME2")
    pixels = struct.pack("<HH2sxxL", 0x7FE0, 0x0010, b"OB", len(PIXELS)) + PIXELS
    image = b"".join(elements[tag] for tag in sorted(elements))
    return data_set(uid, SECONDARY_CAPTURE) + image + pixels


def opened(receiver: Receiver, sop_class: str = CT) -> RawPeer:
    """Returns an association with a receiver."""
    return RawPeer(receiver.port).opens(context(1, sop_class, EXPLICIT))


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiver]:
    """A receiver for tests that do not disturb each other."""
    with Receiver(tmp_path_factory.mktemp("receive") / "stored", "--processes", "2") as running:
        yield running
        assert running.stop() == 0
        assert list((running.folder / ".dicomtx-incoming").glob("*.part")) == []


def test_an_instance_is_stored_by_its_uids_with_the_bytes_that_came(receiver: Receiver) -> None:
    data = data_set("1.9.1", study="1.9", series="1.9.0")
    with opened(receiver) as peer:
        assert peer.store("1.9.1", data).status == 0
    path = receiver.folder / "1.9" / "1.9.0" / "1.9.1.dcm"
    assert path.read_bytes().endswith(data)
    assert pydicom.dcmread(path).PatientID == "TEST"
    record = receiver.record_of("1.9.1")
    assert Draft202012Validator(SCHEMA).is_valid(record)
    assert (record["path"], record["status"], record["dimse_status"]) == (
        str(path),
        "stored",
        "0000",
    )
    assert (record["calling_aet"], record["called_aet"]) == ("SENDER", "RECEIVER")
    assert record["address"] == "127.0.0.1"
    assert record["source_syntax"] == record["target_syntax"] == EXPLICIT
    assert record["bytes_in"] == len(data)
    assert record["bytes_out"] == path.stat().st_size


@pytest.mark.parametrize(
    ("study", "folder"),
    [
        ("../../../../etc", "_."),
        ("/etc/cron.d/x", "_etc_cron.d_x"),
        ("..", "unknown"),
        ("1.2\n3", "1.2_3"),
        ("", "unknown"),
    ],
)
def test_a_path_in_a_uid_never_leaves_the_folder(
    receiver: Receiver, study: str, folder: str
) -> None:
    uid = f"1.10.{abs(hash(study)) % 10**9}"
    with opened(receiver) as peer:
        assert peer.store(uid, data_set(uid, study=study)).status == 0
    record = receiver.record_of(uid)
    path = Path(record["path"])
    assert path.resolve().is_relative_to(receiver.folder.resolve())
    assert len(path.relative_to(receiver.folder).parts) == 3
    assert path.exists()
    assert path.relative_to(receiver.folder).parts[0].startswith(folder)


@pytest.mark.parametrize(
    ("uid", "data", "status"),
    [
        ("../../../evil", data_set("../../../evil"), 0x0117),
        ("1.11.1", data_set("1.11.2"), 0xA900),
        ("1.11.3", data_set("1.11.3", "1.2.840.10008.5.1.4.1.1.4"), 0xA900),
        ("1.11.4", data_set("1.11.4")[:-3], 0xC000),
    ],
)
def test_what_is_refused_leaves_no_file_and_has_a_record(
    receiver: Receiver, uid: str, data: bytes, status: int
) -> None:
    with opened(receiver) as peer:
        assert peer.store(uid, data).status == status
        assert peer.store(f"1.12.{status}").status == 0
    record = receiver.record_of(uid)
    assert Draft202012Validator(SCHEMA).is_valid(record)
    assert (record["status"], record["dimse_status"]) == ("refused", f"{status:04X}")
    assert record["reason"]
    assert not [path for path in receiver.files() if "evil" in path.name or "1.11" in path.name]


def test_ae_titles_are_only_text(receiver: Receiver) -> None:
    title = "../..;rm -rf /"
    with RawPeer(receiver.port).send(
        associate(context(1, CT, EXPLICIT), calling=title, called="RECEIVER")
    ) as peer:
        assert peer.receive().kind == 2
        assert peer.store("1.13.1").status == 0
    assert receiver.record_of("1.13.1")["calling_aet"] == title


def test_a_data_set_with_very_many_elements_is_refused_soon(receiver: Receiver) -> None:
    many = [struct.pack("<HH2sH", 0x0029, n, b"LO", 0) for n in range(0x10000)]
    many += [struct.pack("<HH2sH", 0x002B, n, b"LO", 0) for n in range(0x1000)]
    with opened(receiver) as peer:
        assert peer.store("1.18.1", data_set("1.18.1") + b"".join(many)).status == 0xC000
        assert peer.store("1.18.2").status == 0
    assert "elements" in receiver.record_of("1.18.1")["reason"]


def test_associations_run_side_by_side(receiver: Receiver) -> None:
    peers = [opened(receiver) for _ in range(8)]
    data = data_set("1.14.1")
    for peer in peers:
        peer.send(pdu(4, pdv(1, 3, c_store(CT, "1.14.1"))), pdu(4, pdv(1, 0, data[:40])))
    for number, peer in enumerate(peers):
        peer.send(pdu(4, pdv(1, 2, data[40:])))
        assert peer.receive().status == 0, number
        peer.socket.close()
    assert wait_for(lambda: [r["sop_instance_uid"] for r in receiver.records].count("1.14.1") == 8)


def test_the_same_instance_again_is_a_success_and_other_content_is_kept_beside_it(
    receiver: Receiver,
) -> None:
    other = data_set("1.15.1") + element(0x00280010, "US", b"\1\0")
    with opened(receiver) as peer:
        for data in (data_set("1.15.1"), data_set("1.15.1"), other, other):
            assert peer.store("1.15.1", data).status == 0
    found = wait_for(
        lambda: (
            [r["status"] for r in receiver.records if r["sop_instance_uid"] == "1.15.1"][3:]
            and [r["status"] for r in receiver.records if r["sop_instance_uid"] == "1.15.1"]
        )
    )
    assert found == ["stored", "duplicate", "stored", "duplicate"]
    names = [path.name for path in receiver.files() if path.name.startswith("1.15.1")]
    assert len(names) == 2
    assert "1.15.1.dcm" in names


def test_a_dead_child_is_started_again_and_its_instance_is_not_there(receiver: Receiver) -> None:
    before = wait_for(lambda: receiver.children()[1:] and receiver.children())
    with opened(receiver) as peer:
        peer.send(pdu(4, pdv(1, 3, c_store(CT, "1.16.1"))))
        for child in before:
            os.kill(child, signal.SIGKILL)
        peer.send(*fragments(data_set("1.16.1")))
        assert peer.receive().kind == 0
    wait_for(lambda: len(set(receiver.children()) - set(before)) == 2)
    with opened(receiver) as peer:
        assert peer.store("1.16.2").status == 0
    assert not [path for path in receiver.files() if path.name.startswith("1.16.1")]
    assert "was killed (SIGKILL)" in receiver.log


def run_with(folder: Path, *options: str) -> Receiver:
    """Returns a receiver with one process."""
    return Receiver(folder / "stored", "--processes", "1", *options)


@pytest.mark.parametrize(
    ("duplicates", "statuses"), [("reject", [0, 0x0111, 0x0111]), ("overwrite", [0, 0, 0])]
)
@pytest.mark.long
def test_duplicates_are_rejected_or_overwrite_by_option(
    tmp_path: Path, duplicates: str, statuses: list[int]
) -> None:
    first, other = data_set("1.2.9"), data_set("1.2.9") + element(0x00280010, "US", b"\1\0")
    with run_with(tmp_path, "--duplicates", duplicates) as receiver:
        with opened(receiver) as peer:
            assert [peer.store("1.2.9", d).status for d in (first, first, other)] == statuses
        (path,) = receiver.files()
        assert path.read_bytes().endswith(other if duplicates == "overwrite" else first)


def test_sigterm_finishes_the_instance_in_flight_and_refuses_new_associations(
    tmp_path: Path,
) -> None:
    data = data_set("1.2.9")
    with run_with(tmp_path) as receiver, opened(receiver) as idle, opened(receiver) as peer:
        assert idle.store("1.2.8").status == 0
        peer.send(pdu(4, pdv(1, 3, c_store(CT, "1.2.9"))), pdu(4, pdv(1, 0, data[:40])))
        wait_for(lambda: list((receiver.folder / ".dicomtx-incoming").glob(".instance*.part")))
        receiver.process.send_signal(signal.SIGTERM)
        assert idle.receive().kind == 7
        wait_for(lambda: "stopping" in receiver.log)
        with pytest.raises(ConnectionRefusedError):
            RawPeer(receiver.port)
        peer.send(pdu(4, pdv(1, 2, data[40:])))
        assert peer.receive().status == 0
        assert peer.receive().kind == 7
        peer.socket.close()
        idle.socket.close()
        assert receiver.process.wait(60) == 0
        assert [path.name for path in receiver.files()] == ["1.2.8.dcm", "1.2.9.dcm"]


@pytest.mark.long
def test_ctrl_c_ends_with_130_and_a_second_signal_ends_at_once(tmp_path: Path) -> None:
    with run_with(tmp_path) as receiver, opened(receiver) as peer:
        peer.send(pdu(4, pdv(1, 3, c_store(CT, "1.2.9"))))
        receiver.process.send_signal(signal.SIGINT)
        wait_for(lambda: "stopping" in receiver.log)
        receiver.process.send_signal(signal.SIGINT)
        assert receiver.process.wait(60) in (130, -signal.SIGINT)  # shells show both as 130
        assert receiver.files() == []


def test_a_port_of_another_program_is_an_error_with_a_hint(tmp_path: Path, run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = run("receive", str(tmp_path / "d"), "--bind", "127.0.0.1", "--port", str(port))
    assert done.returncode == 10
    assert f"port {port}: address already in use. Use another --port" in done.stderr.decode()


@pytest.mark.long
def test_two_receivers_cannot_use_one_folder(tmp_path: Path, run: Run) -> None:
    with run_with(tmp_path) as receiver:
        done = run("receive", str(receiver.folder), "--bind", "127.0.0.1", "--port", "0")
    assert done.returncode == 7
    assert "another run" in done.stderr.decode()


@pytest.mark.parametrize(
    "options",
    [
        ("--aet", "A TITLE THAT IS TOO LONG"),
        ("--allow-aet", "A\\B"),
        ("--allow-host", "hospital.example"),
        ("--exec-on-study", "'unfinished"),
        ("--tls-key", "key.pem"),
        ("--quality", "90", "--to", "jpeg-baseline"),
        ("--bit-preserving", "--to", "rle-lossless"),
        ("--to", "rle-lossless", "--verify", "none"),
        ("--layout", "../{SOPInstanceUID}"),
        ("--report", "records.txt"),
        ("--min-free", "much"),
    ],
)
@pytest.mark.long
def test_wrong_options_are_an_error_before_the_start(
    tmp_path: Path, run: Run, options: Sequence[str]
) -> None:
    done = run("receive", str(tmp_path / "d"), "--bind", "127.0.0.1", "--port", "0", *options)
    assert done.returncode == 2
    assert options[-2] in done.stderr.decode() or "AE title" in done.stderr.decode()


def test_accepted_syntaxes_and_classes_follow_the_options(tmp_path: Path) -> None:
    options = ("--accept", "explicit,jpeg2000-lossless", "--prefer", "jpeg2000-lossless")
    with run_with(tmp_path, *options, "--sop-class", "CTImageStorage") as receiver:
        asked = (
            context(1, CT, EXPLICIT, J2K),
            context(3, CT, IMPLICIT),
            context(5, SECONDARY_CAPTURE, EXPLICIT),
        )
        with RawPeer(receiver.port).send(associate(*asked)) as peer:
            assert peer.receive().results == {1: (0, J2K), 3: (4, ""), 5: (3, "")}


@pytest.mark.long
def test_an_orthanc_configuration_decides_what_is_accepted_and_transcoded(
    tmp_path: Path,
) -> None:
    """Rules 41 and 42: JpegLossless is JPEG-LS, and explicit VR comes first."""
    configuration = {
        "IngestTranscoding": "1.2.840.10008.1.2.5",
        "Jpeg2000TransferSyntaxAccepted": False,
    }
    (tmp_path / "orthanc.json").write_text(json.dumps(configuration))
    with run_with(tmp_path, "--orthanc", str(tmp_path / "orthanc.json")) as receiver:
        asked = (
            context(1, SECONDARY_CAPTURE, "1.2.840.10008.1.2.5", EXPLICIT),
            context(3, SECONDARY_CAPTURE, J2K),
            context(5, "1.2.3.4", EXPLICIT),
        )
        with RawPeer(receiver.port).send(associate(*asked)) as peer:
            assert peer.receive().results == {1: (0, EXPLICIT), 3: (4, ""), 5: (3, "")}
            assert peer.store("1.2.9", image_data("1.2.9"), SECONDARY_CAPTURE).status == 0
        record = receiver.record_of("1.2.9")
        assert record["target_syntax"] == "1.2.840.10008.1.2.5"


def test_an_instance_is_transcoded_after_its_answer_and_replaced_in_one_step(
    tmp_path: Path,
) -> None:
    with run_with(tmp_path, "--to", "rle-lossless", "-j", "1") as receiver:
        with opened(receiver, SECONDARY_CAPTURE) as peer:
            assert peer.store("1.2.9", image_data("1.2.9"), SECONDARY_CAPTURE).status == 0
            record = receiver.record_of("1.2.9")
            assert peer.store("1.2.9", image_data("1.2.9"), SECONDARY_CAPTURE).status == 0
        assert record["source_syntax"] == EXPLICIT
        assert record["target_syntax"] == "1.2.840.10008.1.2.5"
        assert record["verification"] == "independent"
        (path,) = receiver.files()
        read = pydicom.dcmread(path)
        assert read.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.5"
        assert read.pixel_array.tobytes() == PIXELS
        assert wait_for(lambda: [r["status"] for r in receiver.records][1:]) == ["duplicate"]


@pytest.mark.long
def test_what_cannot_be_transcoded_stays_as_it_came_with_the_reason(tmp_path: Path) -> None:
    with run_with(tmp_path, "--to", "jpeg-baseline", "--lossy", "--allow-lossy-in-place") as rx:
        with opened(rx) as peer:
            damaged = data_set("1.2.8") + element(0x00280010, "US", b"\x10\0")
            damaged += struct.pack("<HH2sxxL", 0x7FE0, 0x0010, b"OW", 8) + bytes(8)
            assert peer.store("1.2.8", damaged).status == 0
        record = rx.record_of("1.2.8")
        assert record["target_syntax"] == EXPLICIT
        assert record["reason"].startswith("not transcoded: ")
        (path,) = rx.files()
        assert path.read_bytes().endswith(damaged)


@pytest.mark.long
def test_a_command_runs_for_each_complete_study_without_a_shell(tmp_path: Path) -> None:
    script = "import sys; open(sys.argv[1], 'a').write(repr(sys.argv[2:]) + '\\n')"
    told = tmp_path / "told"
    command = f"{sys.executable} -c \"{script}\" {told} {{dir}} '{{study_uid}} ; $(x)'"
    options = ("--exec-on-study", command, "--study-idle", "0.1")
    with run_with(tmp_path, *options) as receiver, opened(receiver) as peer:
        for uid, study in (("1.2.3.1", "1.2"), ("1.2.3.2", "1.2"), ("1.2.3.3", "; rm -rf /")):
            assert peer.store(uid, data_set(uid, study=study, series=f"{uid}.5")).status == 0
        wait_for(lambda: told.exists() and told.read_text().endswith("\n"))
        wait_for(lambda: "without a valid UID" in receiver.log)
    lines = set(told.read_text().splitlines())
    assert lines == {repr([str(receiver.folder / "1.2"), "1.2 ; $(x)"])}


@pytest.mark.long
def test_a_command_that_fails_is_in_the_log(tmp_path: Path) -> None:
    command = f"{sys.executable} -c 'raise SystemExit(\"no room for {{study_uid}}\")'"
    with run_with(tmp_path, "--exec-on-study", command, "--study-idle", "0") as receiver:
        with opened(receiver) as peer:
            assert peer.store("1.2.9").status == 0
        wait_for(lambda: "no room for 1.2.3" in receiver.log)


@pytest.mark.long
def test_the_report_has_the_records(tmp_path: Path) -> None:
    report = tmp_path / "report.jsonl"
    with run_with(tmp_path, "--report", str(report)) as receiver:
        with opened(receiver) as peer:
            peer.store("1.2.9")
        receiver.record_of("1.2.9")
        assert [json.loads(line) for line in report.read_text().splitlines()] == receiver.records


@pytest.mark.long
def test_memory_is_flat_and_the_disk_is_clean_when_data_never_ends(tmp_path: Path) -> None:
    with run_with(tmp_path, "--max-instance", "40M") as receiver:
        (child,) = wait_for(receiver.children)
        with opened(receiver) as peer:
            peer.store("1.2.8")
            before = _peak(child)
            peer.send(pdu(4, pdv(1, 3, c_store(CT, "1.2.9"))))
            block = pdu(4, pdv(1, 0, bytes(120_000)))
            for _ in range(400):
                peer.send(block)
            assert peer.receive().kind in (0, 7)
        assert _peak(child) - before < 4_000
        with opened(receiver) as peer:
            assert peer.store("1.2.10").status == 0
        assert len(receiver.files()) == 2
        assert list((receiver.folder / ".dicomtx-incoming").glob("*.part")) == []


def _peak(process: int) -> int:
    """Returns the most memory that a process has had, in kB."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    raise AssertionError("no such process")


def test_half_open_connections_do_not_keep_others_out(receiver: Receiver) -> None:
    idle = [RawPeer(receiver.port) for _ in range(150)]
    with opened(receiver) as peer:
        assert peer.store("1.17.1").status == 0
    for one in idle:
        one.socket.close()
