"""``dicomtx send`` against real peers: what is printed, what arrives, and the exit codes."""

import csv
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydicom import dcmread

from dicomtx.cli import main
from dicomtx.cli.output.sending import _names
from dicomtx.errors import ExitCode
from dicomtx.transfer_syntaxes import BY_UID, find
from dicomtx.workflows.send.sent import Sent
from tests import certificates
from tests.corpus import file
from tests.dicom.builder import element, identity, image, module, part10
from tests.dicom_peers import (
    Fake,
    StoreScp,
    accept,
    data_set_of,
    read_message,
    read_pdu,
    respond,
)
from tests.orthanc_server import OrthancServer

SCHEMAS = files("dicomtx.cli").joinpath("schemas")
SCHEMA = json.loads(SCHEMAS.joinpath("sent.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
IMPLICIT, RLE = (find(name).uid for name in ("implicit", "rle"))
CT, RLE_FILE, JPEG = (
    str(file(name)) for name in ("CT_small.dcm", "MR_small_RLE.dcm", "JPEG-LL.dcm")
)
Said = Callable[..., tuple[int, str, str]]
pytestmark = pytest.mark.peer("storescp")


@pytest.fixture(scope="module")
def scp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreScp]:
    """Accepts implicit VR little endian and RLE."""
    with StoreScp(tmp_path_factory.mktemp("scp") / "received", [IMPLICIT, RLE]) as running:
        yield running


@pytest.fixture
def said(capfd: pytest.CaptureFixture[str]) -> Said:
    """Runs ``send`` and returns the exit code, standard output and standard error."""

    def run(*arguments: object) -> tuple[int, str, str]:
        code = main(["send", *map(str, arguments)])
        out, errors = capfd.readouterr()
        return code, out, errors

    return run


def lines(out: str) -> list[dict[str, Any]]:
    """Returns the objects that ``--json`` printed, held to the schema."""
    found = [json.loads(line) for line in out.splitlines()]
    for one in found:
        VALIDATOR.validate(one)
    return found


def test_the_schema_has_all_fields_and_those_of_a_conversion() -> None:
    VALIDATOR.check_schema(SCHEMA)
    names = [*(name for name in Sent._fields if name != "stored"), "size_ratio"]
    assert list(SCHEMA["properties"]) == names
    assert SCHEMA["required"] == names
    outcome = json.loads(SCHEMAS.joinpath("outcome.schema.json").read_text())["properties"]
    for name, row in outcome.items():
        same = row | {"description": ""}
        assert SCHEMA["properties"][name] | {"description": ""} == same, name


def test_files_arrive_and_a_line_sums_up(scp: StoreScp, said: Said) -> None:
    code, out, errors = said(CT, RLE_FILE, scp.url)
    assert code == 0
    assert out.startswith("send: 2 done, 0 kept, 0 refused, 0 failed, 0 skipped, ")
    assert errors == ""
    uid = dcmread(RLE_FILE).SOPInstanceUID
    (arrived,) = [path for path in scp.files() if path.name.endswith(f".{uid}")]
    assert data_set_of(arrived) == data_set_of(Path(RLE_FILE))


def test_the_dry_run_says_what_the_peer_accepts_and_sends_nothing(
    tmp_path: Path, said: Said
) -> None:
    with StoreScp(tmp_path / "received", [IMPLICIT, RLE]) as scp:
        code, out, _ = said("-n", CT, JPEG, RLE_FILE, scp.url)
        assert scp.files() == []
        assert code == 0
        kinds = ("CT", "Secondary Capture", "MR")
        heads = [
            f"{k} Image Storage: the peer accepts implicit-vr-little-endian, rle-lossless"
            for k in kinds
        ]
        assert out.splitlines() == [
            heads[0],
            f"{CT}: explicit-vr-little-endian -> implicit-vr-little-endian, rule 37d",
            heads[1],
            f"{JPEG}: jpeg-lossless-sv1 -> implicit-vr-little-endian, rule 37d",
            heads[2],
            f"{RLE_FILE}: rle-lossless, unchanged, rule 37b",
            "dry run: 3 of 3 files can be sent; nothing was sent",
        ]
        code, out, _ = said("-n", "--json", CT, RLE_FILE, scp.url)
        first, second = map(json.loads, out.splitlines())
        assert (first["target_syntax"], first["rule"]) == (IMPLICIT, "37d")
        assert (second["target_syntax"], second["rule"]) == (RLE, "37b")
        assert first["accepts"] == [IMPLICIT, RLE]


@pytest.mark.parametrize(
    ("options", "targets"),
    [
        ((), {CT: IMPLICIT, RLE_FILE: RLE}),
        (("--preferred", "rle"), {CT: RLE, RLE_FILE: RLE}),
        (("--to", "implicit"), {CT: IMPLICIT, RLE_FILE: IMPLICIT}),
        (("--to", "rle"), {CT: RLE, RLE_FILE: RLE}),
        (("--to", "j2k"), {CT: "", RLE_FILE: ""}),
        (("--to", "j2k", "--on-failure", "keep-original"), {CT: IMPLICIT, RLE_FILE: RLE}),
    ],
)
def test_what_arrives_is_what_the_dry_run_said(
    scp: StoreScp, said: Said, options: tuple[str, ...], targets: dict[str, str]
) -> None:
    for path in scp.files():
        path.unlink()
    expected = 0 if all(targets.values()) else ExitCode.SOME_FAILED
    code, out, _ = said("-n", "--json", CT, RLE_FILE, scp.url, *options)
    previews = {one["path"]: one["target_syntax"] for one in map(json.loads, out.splitlines())}
    assert (code, previews) == (expected, targets)
    code, out, _ = said("--json", CT, RLE_FILE, scp.url, *options)
    results = {one["path"]: one["target_syntax"] for one in lines(out)}
    assert (code, results) == (expected, targets)
    arrived = {str(dcmread(path).file_meta.TransferSyntaxUID) for path in scp.files()}
    assert arrived == {uid for uid in targets.values() if uid}


def test_what_cannot_be_sent_is_named_with_the_reason(scp: StoreScp, said: Said) -> None:
    code, _, errors = said(CT, JPEG, scp.url, "--to", "j2k")
    assert code == ExitCode.SOME_FAILED
    assert f"{CT}: cannot be sent: the peer does not accept jpeg2000-lossless" in errors


def test_the_spellings_of_dcmtk_work(ct: Path, said: Said) -> None:
    titles: list[bytes] = []

    def play(connection: Any) -> None:
        titles.append(accept(connection)[4:36])
        context, _ = read_message(connection)
        respond(connection, context, 0)

    with Fake(play) as peer:
        url = f"dicom://127.0.0.1:{peer.address.port}"
        times = ("-to", 5, "-ta", 5, "-td", 5, "-pdu", 65536)
        assert said(ct, url, "-aec", "ARCHIVE", "-aet", "MODALITY", *times)[0] == 0
    assert titles == [b"ARCHIVE         MODALITY        "]


def test_reports_have_a_row_for_each_instance(tmp_path: Path, scp: StoreScp, said: Said) -> None:
    reports = [tmp_path / f"report{ending}" for ending in (".jsonl", ".csv", ".html")]
    options = [word for path in reports for word in ("--report", path)]
    assert said(CT, RLE_FILE, scp.url, "-q", *options)[:2] == (0, "")
    *rows, totals = map(json.loads, reports[0].read_text().splitlines())
    assert [row["peer_status"] for row in rows] == ["0000", "0000"]
    assert totals["totals"]["by_status"]["done"] == 2
    table = list(csv.DictReader(reports[1].read_text().splitlines()))
    assert [row["peer_status"] for row in table[:2]] == ["0000", "0000"]
    assert [row["tries"] for row in table[:2]] == ["1", "1"]
    assert "CT_small.dcm" in reports[2].read_text().replace("<wbr>", "")


def test_an_unreachable_peer_ends_with_exit_code_10(said: Said) -> None:
    url = "dicom://NOBODY@127.0.0.1:1"
    code, out, errors = said(CT, url)
    assert code == ExitCode.NETWORK
    assert f"{CT}: {url}: cannot be reached: connection refused" in errors
    assert "1 failed" in out
    assert said("-n", CT, url)[0] == ExitCode.NETWORK
    code, _, errors = said(CT, url, "--retry", "1x0.01s")
    assert code == ExitCode.NETWORK
    assert "trying again in 0.01 s" in errors


@pytest.mark.parametrize("scheme", ["http", "orthanc+http"])
def test_an_unreachable_server_ends_with_exit_code_10(said: Said, scheme: str) -> None:
    url = f"{scheme}://127.0.0.1:1"
    code, out, errors = said(CT, RLE_FILE, url)
    assert code == ExitCode.NETWORK
    assert f"{CT}: {url}: cannot be reached: connection refused" in errors
    assert "2 failed" in out
    assert said("-n", CT, url)[0] == (ExitCode.DONE if scheme == "http" else ExitCode.NETWORK)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((CT,), "SRC or DESTINATION is missing"),
        ((CT, "host:104"), "not an address"),
        ((CT, "dicom://host:104"), "the AE title is missing"),
        ((CT, "dicom://A@host", "-aec", "B"), "contradict each other"),
        ((CT, "https://host/x", "-aec", "B"), "-aec is for DICOM peers"),
        ((CT, "dicom://A@host", "--again"), "--again needs --journal"),
        ((CT, "dicom://A@host", "--preferred", "jpeg-baseline"), "is lossy and needs a goal"),
        ((CT, "dicom://A@host", "--quality", "80"), "--quality needs a lossy target"),
        ((CT, "dicom://A@host", "--only-if-smaller"), "No such option"),
        ((CT, "dicom://A@host", "-aet", "much too long a title"), "1 to 16 characters"),
        ((CT, "https://user:secret@host/x"), "has a password"),
        ((CT, "dicom://A@host", "--retry", "often"), "--retry 'often' is not a schedule"),
        ((CT, "dicoms://A@host", "--tls-ca", "gone.pem"), "gone.pem: cannot be read"),
        ((CT, "https://host/x", "--tls-cert", CT), "no usable certificate and key"),
        ((CT, "dicom://A@host", "--tls-ca", CT), "--tls options need dicoms://"),
        ((CT, "http://host/x", "--tls-any-host"), "--tls options need https://"),
    ],
)
def test_a_wrong_command_line_is_a_usage_error(
    said: Said, arguments: tuple[str, ...], text: str
) -> None:
    code, _, errors = said(*arguments)
    assert code == ExitCode.USAGE
    assert text in errors
    assert "secret" not in errors


def test_a_journal_skips_what_was_confirmed(tmp_path: Path, scp: StoreScp, said: Said) -> None:
    journal = ("--journal", tmp_path / "journal")
    assert "1 done" in said(CT, scp.url, *journal)[1]
    code, out, _ = said(CT, RLE_FILE, scp.url, *journal)
    assert code == 0
    assert "1 done" in out
    assert "1 skipped" in out
    assert "1 done" in said(CT, scp.url, *journal, "-f")[1]


def test_tls_verifies_both_sides(tmp_path: Path, said: Said) -> None:
    pem = certificates.made(tmp_path / "pem")
    server = ("+tls", str(pem.server_key), str(pem.server), "+cf", str(pem.ca))
    with StoreScp(tmp_path / "received", None, *server) as scp:
        url = scp.address._replace(tls=True)
        ours = ("--tls-ca", pem.ca, "--tls-cert", pem.client, "--tls-key", pem.client_key)
        assert said(CT, url, *ours)[0] == 0
        code, _, errors = said(CT, url)
        assert code == ExitCode.NETWORK
        assert "certificate is not accepted" in errors


PEAK = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
"""Prints the peak of a command. That of a child of these tests would begin with their memory."""


@pytest.mark.long
def test_memory_does_not_grow_with_an_instance_of_2_gb(tmp_path: Path) -> None:
    size = (1 << 31) - 2
    pixels = image(32768, 32767, allocated=16)
    head = part10("explicit", identity() + module(pixels) + element(0x7FE00010, "OW", b""))
    path = tmp_path / "large.dcm"
    path.write_bytes(head[:-4] + (pixels.rows * pixels.columns * 2).to_bytes(4, "little"))
    os.truncate(path, len(head) + pixels.rows * pixels.columns * 2)  # a sparse file
    received = []

    def play(connection: socket.socket) -> None:
        accept(connection, max_pdu=1 << 17)
        flags = total = 0
        while flags != 2:
            _, body = read_pdu(connection)
            flags, total = body[5], total + (len(body) - 6) * (not body[5] & 1)
        received.append(total)
        respond(connection, 1, 0)
        read_pdu(connection)

    with Fake(play) as peer:
        command = [sys.executable, "-m", "dicomtx", "send", str(path), str(peer.address)]
        done = subprocess.run(
            [sys.executable, "-c", PEAK, *command], capture_output=True, check=True
        )
    assert abs(received[0] - size) < 1 << 17
    assert int(done.stdout) < 120 << 10  # kB: the command without any file takes 60 MB


@pytest.mark.long
@pytest.mark.peer("Orthanc")
def test_a_lossy_preferred_syntax_and_policies_reach_orthanc(tmp_path: Path, said: Said) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('[[policy.archive.rule]]\nmodality = "MR"\nto = "jpeg-ls-lossless"\n')
    configuration = {
        "DicomServerEnabled": True,
        "DicomAlwaysAllowStore": True,
        "DicomCheckCalledAet": False,
    }
    with OrthancServer(configuration) as orthanc:
        url = f"dicom://ORTHANC@127.0.0.1:{orthanc.dicom_port}"
        assert said(CT, RLE_FILE, url, "--policy", policy)[0] == 0
        by_peer = f"orthanc+http://127.0.0.1:{orthanc.port}"
        assert said(JPEG, by_peer)[0] == 0
        stored = sorted(
            orthanc.ask("GET", f"/instances/{name}/metadata/TransferSyntax")[1].decode()
            for name in orthanc.get("/instances")
        )
    names = ("explicit", "jpeg-ls-lossless", "jpeg-lossless-sv1")
    assert stored == sorted(find(name).uid for name in names)


def test_a_peer_that_accepts_all_syntaxes_is_described_in_a_few_words() -> None:
    assert _names(tuple(BY_UID)) == f"all {len(BY_UID)} transfer syntaxes"
    video = find("1.2.840.10008.1.2.4.100").uid
    assert _names((IMPLICIT, RLE, video)) == "implicit-vr-little-endian, rle-lossless, 1 more"
    assert _names(()) == "nothing"
