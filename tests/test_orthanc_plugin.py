"""examples/orthanc/dicomtx_plugin.py in a real Orthanc, with a real server behind it."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.uid import UID

from dicomtx.transfer_syntaxes import ROOT
from tests import corpus, http_server
from tests.corpus import REPOSITORY
from tests.http_server import Server
from tests.orthanc_server import PYTHON_PLUGIN, OrthancServer, free_port

SCRIPT = REPOSITORY / "examples/orthanc/dicomtx_plugin.py"
JPEG2000 = ROOT + ".4.90"
EXPLICIT = ROOT + ".1"

pytestmark = pytest.mark.peer("Orthanc")


def _orthanc(port: int, query: str = "to=jpeg2000-lossless") -> OrthancServer:
    return OrthancServer(
        {
            "Plugins": [str(PYTHON_PLUGIN)],
            "PythonScript": str(SCRIPT),
            "Dicomtx": {"Port": port, "Query": query},
            "DicomServerEnabled": True,
            "DicomAlwaysAllowStore": True,
            "OverwriteInstances": False,
        }
    )


@contextmanager
def _both(
    folder: Path, query: str = "to=jpeg2000-lossless"
) -> Iterator[tuple[OrthancServer, Server]]:
    """Yields an Orthanc with the plugin, and the server that it uses."""
    with http_server.running(folder) as server, _orthanc(server.port, query) as orthanc:
        yield orthanc, server


def _slices(folder: Path, count: int) -> list[Path]:
    """Writes slices of one study."""
    folder.mkdir()
    data_set = dcmread(corpus.file("CT_small.dcm"))
    paths = [folder / f"{number:03}.dcm" for number in range(count)]
    for number, path in enumerate(paths):
        data_set.SOPInstanceUID = data_set.file_meta.MediaStorageSOPInstanceUID = UID(
            f"1.2.3.{number}"
        )
        data_set.InstanceNumber = number
        data_set.save_as(path)
    return paths


def _upload(orthanc: OrthancServer, path: Path) -> dict[str, Any]:
    status, answer = orthanc.ask("POST", "/instances", path.read_bytes())
    assert status == 200, answer
    stored: dict[str, Any] = json.loads(answer)
    assert stored["Status"] == "Success"
    return stored


def _metadata(orthanc: OrthancServer, instance: str, name: str) -> str:
    return orthanc.ask("GET", f"/instances/{instance}/metadata/{name}")[1].decode()


def _send(orthanc: OrthancServer, *paths: Path) -> None:
    command = ["storescu", "-aet", "SCANNER", "-aec", "ORTHANC", "127.0.0.1"]
    subprocess.run(
        [*command, str(orthanc.dicom_port), *map(str, paths)],
        check=True,
        capture_output=True,
        timeout=300,
    )


def _pixels(orthanc: OrthancServer, instance: str, folder: Path) -> bytes:
    file = folder / f"{instance}.dcm"
    file.write_bytes(orthanc.ask("GET", f"/instances/{instance}/file")[1])
    return dcmread(file).pixel_array.tobytes()


def test_an_instance_is_stored_compressed_or_as_it_came(tmp_path: Path, ct: Path) -> None:
    with _both(tmp_path) as (orthanc, server):
        instance = _upload(orthanc, ct)["ID"]
        assert _metadata(orthanc, instance, "TransferSyntax") == JPEG2000
        assert _metadata(orthanc, instance, "Origin") == "RestApi"
        assert _pixels(orthanc, instance, tmp_path) == dcmread(ct).pixel_array.tobytes()
        server.process.kill()
        server.process.wait()
        mr = corpus.file("MR_small.dcm")
        kept = _upload(orthanc, mr)["ID"]
        assert orthanc.ask("GET", f"/instances/{kept}/file")[1] == mr.read_bytes()
        assert "dicomtx: kept the original: [Errno 111] Connection refused" in orthanc.log()


@pytest.mark.long
@pytest.mark.parametrize(
    ("query", "name", "reason"),
    [
        ("to=jpeg-xl-lossless", "CT_small.dcm", "unsigned samples"),
        ("to=rle&in_place=true", "CT_small.dcm", "in_place: unknown option"),
        ("to=rle", "rtplan.dcm", ""),
    ],
)
def test_a_file_that_is_refused_or_kept_is_stored_as_it_came(
    tmp_path: Path, query: str, name: str, reason: str
) -> None:
    file = corpus.file(name)
    with _both(tmp_path, query) as (orthanc, _):
        instance = _upload(orthanc, file)["ID"]
        assert orthanc.ask("GET", f"/instances/{instance}/file")[1] == file.read_bytes()
        assert reason in orthanc.log()
        assert ("kept the original" in orthanc.log()) == bool(reason)


@pytest.mark.long
def test_a_lossy_result_is_stored_under_its_new_uid(tmp_path: Path, ct: Path) -> None:
    with _both(tmp_path, "to=jpeg2000&ratio=5") as (orthanc, _):
        instance = _upload(orthanc, ct)["ID"]
        assert _metadata(orthanc, instance, "TransferSyntax") == ROOT + ".4.91"
        stored = orthanc.get(f"/instances/{instance}")["MainDicomTags"]["SOPInstanceUID"]
        assert stored != dcmread(ct).SOPInstanceUID
        assert len(orthanc.get("/instances")) == 1


@pytest.mark.long
def test_origin_metadata_attachments_and_protection_survive_100_slices(tmp_path: Path) -> None:
    paths = _slices(tmp_path / "slices", 100)
    with _both(tmp_path) as (orthanc, server):
        first = _upload(orthanc, paths[0])
        patient, study = f"/patients/{first['ParentPatient']}", f"/studies/{first['ParentStudy']}"
        assert orthanc.ask("PUT", f"{patient}/protected", b"1")[0] == 200
        for place in (study, f"/instances/{first['ID']}"):
            assert orthanc.ask("PUT", f"{place}/metadata/1024", b"note")[0] == 200
            assert orthanc.ask("PUT", f"{place}/attachments/1025", b"report")[0] == 200
        for path in paths[1:10]:
            _upload(orthanc, path)
        _send(orthanc, *paths[10:])
        instances = orthanc.get("/instances")
        assert len(instances) == 100
        assert {_metadata(orthanc, i, "TransferSyntax") for i in instances} == {JPEG2000}
        sources = [
            tuple(_metadata(orthanc, i, name) for name in ("Origin", "RemoteAET"))
            for i in instances
        ]
        assert sources.count(("DicomProtocol", "SCANNER")) == 90
        assert sum(origin == "RestApi" for origin, _ in sources) == 10
        assert orthanc.ask("GET", f"{patient}/protected")[1] == b"1"
        for place in (study, f"/instances/{first['ID']}"):
            assert orthanc.ask("GET", f"{place}/metadata/1024")[1] == b"note"
            assert orthanc.ask("GET", f"{place}/attachments/1025/data")[1] == b"report"
        assert server.metric('dicomtx_requests_total{result="done"}') == 100
        assert "kept the original" not in orthanc.log()


@pytest.mark.long
@pytest.mark.parametrize("victim", ["server", "worker"])
def test_killing_the_server_in_the_middle_loses_no_instance(tmp_path: Path, victim: str) -> None:
    paths = _slices(tmp_path / "slices", 40)
    expected = dcmread(paths[0]).pixel_array.tobytes()
    with _both(tmp_path) as (orthanc, server), ThreadPoolExecutor(4) as pool:
        process = server.process.pid if victim == "server" else server.worker
        uploads = [pool.submit(_upload, orthanc, path) for path in paths]
        while sum(upload.done() for upload in uploads) < 8:
            time.sleep(0.01)
        os.kill(process, signal.SIGKILL)
        stored = [upload.result()["ID"] for upload in uploads]
        assert len(set(stored)) == 40
        syntaxes = [_metadata(orthanc, instance, "TransferSyntax") for instance in stored]
        assert set(syntaxes) == {JPEG2000, EXPLICIT}
        assert all(_pixels(orthanc, instance, tmp_path) == expected for instance in stored)
        assert orthanc.log().count("kept the original") == syntaxes.count(EXPLICIT)


@pytest.mark.long
def test_a_wrong_configuration_keeps_orthanc_from_starting() -> None:
    wrong = {"Prot": free_port()}
    orthanc = OrthancServer(
        {"Plugins": [str(PYTHON_PLUGIN)], "PythonScript": str(SCRIPT), "Dicomtx": wrong}
    )
    with pytest.raises(RuntimeError), orthanc:
        pass
    assert "Dicomtx: unknown keys: Prot" in orthanc.log()
