"""Web servers over TLS: the certificates of both sides are verified."""

import json
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from dicomtx.cli import main
from dicomtx.errors import ExitCode
from tests import certificates
from tests.certificates import Certificates
from tests.corpus import file
from tests.network.http.store_answers import in_json
from tests.raw_server import RawServer, answer

JSON = "application/dicom+json"
CT = str(file("CT_small.dcm"))
CT_UID = "1.3.6.1.4.1.5962.1.1.1.1.1.20040119072730.12322"
STORED = answer("200 OK", in_json({CT_UID: 0}, {}), JSON)
STUDY = ("1.2", "1.2.3", "1.2.3.4")
LISTED = answer(
    "200 OK",
    json.dumps(
        [
            {
                tag: {"vr": "UI", "Value": [uid]}
                for tag, uid in zip(("0020000D", "0020000E", "00080018"), STUDY, strict=True)
            }
        ]
    ).encode(),
    JSON,
)
Said = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return certificates.made(tmp_path_factory.mktemp("tls") / "pem")


@pytest.fixture
def said(capfd: pytest.CaptureFixture[str]) -> Said:
    """Runs a command; returns its exit code, and what it printed."""

    def run(*arguments: object) -> tuple[int, str]:
        code = main([*map(str, arguments)])
        printed = capfd.readouterr()
        return code, printed.out + printed.err

    return run


def encrypted(pem: Certificates) -> ssl.SSLContext:
    """Returns how a server encrypts that asks for no certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem.server, pem.server_key)
    return context


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_file_is_sent_to_a_server_whose_authority_is_known(
    pem: Certificates, said: Said, host: str
) -> None:
    with RawServer(STORED, encrypted(pem)) as server:
        url = f"https://{host}:{server.port}/dicom-web"
        code, printed = said("send", CT, url, "--tls-ca", pem.ca)
    assert (code, len(server.requests)) == (ExitCode.DONE, 1), printed
    assert Path(CT).read_bytes() in server.requests[0]


@pytest.mark.parametrize("scheme", ["https", "orthanc+https"])
def test_a_server_whose_authority_is_unknown_gets_nothing(
    pem: Certificates, said: Said, scheme: str
) -> None:
    with RawServer(STORED, encrypted(pem)) as server:
        code, printed = said("send", CT, f"{scheme}://localhost:{server.port}/dicom-web")
    assert (code, server.requests) == (ExitCode.NETWORK, [])
    assert "its certificate is not valid: unable to get local issuer certificate" in printed


def test_a_certificate_must_name_the_host_unless_any_host_is_allowed(
    pem: Certificates, said: Said
) -> None:
    with RawServer(STORED, encrypted(pem), "127.0.0.2") as server:
        command = ("send", CT, f"https://127.0.0.2:{server.port}/dicom-web", "--tls-ca", pem.ca)
        code, printed = said(*command)
        assert (code, server.requests) == (ExitCode.NETWORK, [])
        assert "certificate is not valid for '127.0.0.2'" in printed
        assert said(*command, "--tls-any-host")[0] == ExitCode.DONE


def test_a_server_can_ask_for_our_certificate(pem: Certificates, said: Said) -> None:
    context = encrypted(pem)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(pem.ca)
    with RawServer(STORED, context) as server:
        url = f"https://localhost:{server.port}/dicom-web"
        command = ("send", CT, url, "--tls-ca", pem.ca)
        assert said(*command)[0] != ExitCode.DONE
        assert server.requests == []
        ours = ("--tls-cert", pem.client, "--tls-key", pem.client_key)
        assert said(*command, *ours)[0] == ExitCode.DONE


def test_a_study_is_listed_over_tls(pem: Certificates, said: Said, tmp_path: Path) -> None:
    with RawServer(LISTED, encrypted(pem)) as server:
        url = f"https://localhost:{server.port}/dicom-web"
        command = ("pull", url, tmp_path / "out", "--study", STUDY[0], "-n", "--json")
        assert said(*command)[0] == ExitCode.NETWORK
        code, printed = said(*command, "--tls-ca", pem.ca)
    assert code == ExitCode.DONE, printed
    assert json.loads(printed)["instance"] == STUDY[-1]
