"""``dicomtx pull`` from a real Orthanc, by DICOMweb and by its REST API."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest

from tests import corpus
from tests.orthanc_server import DICOMWEB_PLUGIN, OrthancServer

pytestmark = pytest.mark.peer("Orthanc")

STUDY = "1.2.826.0.1.3680043.8.498.1"
FILES = ["MR_small.dcm", "MR_small_RLE.dcm", "MR_small_implicit.dcm", "JPEG-LL.dcm"]
SECRET = "swordfish"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The instances of one study, in two series and several syntaxes, by SOP Instance UID."""
    folder = tmp_path_factory.mktemp("study")
    found = {}
    for number, name in enumerate(FILES):
        one = pydicom.dcmread(corpus.file(name))
        one.StudyInstanceUID = STUDY
        one.SeriesInstanceUID = f"{STUDY}.{number % 2}"
        one.SOPInstanceUID = f"{STUDY}.{number % 2}.{number}"
        one.file_meta.MediaStorageSOPInstanceUID = one.SOPInstanceUID
        pydicom.dcmwrite(folder / name, one)
        found[str(one.SOPInstanceUID)] = (folder / name).read_bytes()
    return found


@pytest.fixture(scope="module")
def server(files: dict[str, bytes]) -> Iterator[OrthancServer]:
    """An Orthanc with the study that wants a password."""
    configuration = {
        "Plugins": [str(DICOMWEB_PLUGIN)],
        "AuthenticationEnabled": True,
        "RegisteredUsers": {"ann": SECRET},
    }
    with OrthancServer(configuration) as running:
        for content in files.values():
            assert running.ask("POST", "/instances", content)[0] == 200
        yield running


def pull(
    server: OrthancServer, kind: str, out: Path, *more: str, **environ: str
) -> "subprocess.CompletedProcess[bytes]":
    """Runs the command; the credentials are in the environment."""
    base = f"http://127.0.0.1:{server.port}"
    source = f"{base}/dicom-web" if kind == "dicomweb" else f"orthanc+{base}"
    login = environ or {"DICOMTX_USER": "ann", "DICOMTX_PASSWORD": SECRET}
    return subprocess.run(
        [sys.executable, "-m", "dicomtx", "pull", source, out, "--study", STUDY, "-j1", *more],
        capture_output=True,
        env=os.environ | {"HOME": str(out)} | login,
        timeout=120,
        check=False,
    )


def found_in(out: Path) -> dict[str, bytes]:
    return {path.stem: path.read_bytes() for path in out.rglob("*.dcm")}


@pytest.mark.parametrize("kind", ["dicomweb", "orthanc"])
def test_a_study_arrives_byte_for_byte(
    kind: str, server: OrthancServer, files: dict[str, bytes], tmp_path: Path
) -> None:
    done = pull(server, kind, tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert found_in(tmp_path / "out") == files
    assert (tmp_path / "out" / STUDY / f"{STUDY}.1" / f"{STUDY}.1.3.dcm").is_file()
    assert b"pull: 4 done, 0 kept" in done.stdout
    again = pull(server, kind, tmp_path / "out", "--json")
    assert [json.loads(line)["status"] for line in again.stdout.splitlines()] == ["skipped"] * 4


@pytest.mark.parametrize("kind", ["dicomweb", "orthanc"])
@pytest.mark.long
def test_a_series_or_an_instance_is_converted_and_named_by_its_values(
    kind: str, server: OrthancServer, files: dict[str, bytes], tmp_path: Path
) -> None:
    more = ("--to", "rle-lossless", "--layout", "{Modality}-{SOPInstanceUID}.dcm")
    done = pull(server, kind, tmp_path, "--series", f"{STUDY}.0", *more)
    assert done.returncode == 0, done.stderr
    names = {path.name for path in tmp_path.glob("*.dcm")}
    assert names == {f"MR-{STUDY}.0.0.dcm", f"MR-{STUDY}.0.2.dcm"}
    for path in tmp_path.glob("*.dcm"):
        assert pydicom.dcmread(path).file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.5"
    one = ("--series", f"{STUDY}.1", "--instance", f"{STUDY}.1.1")
    done = pull(server, kind, tmp_path / "one", *one)
    assert found_in(tmp_path / "one") == {f"{STUDY}.1.1": files[f"{STUDY}.1.1"]}


def test_a_dry_run_lists_what_would_be_retrieved(server: OrthancServer, tmp_path: Path) -> None:
    done = pull(server, "orthanc", tmp_path / "out", "-n", "--json")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert sorted(row["instance"] for row in rows) == [f"{STUDY}.{n % 2}.{n}" for n in (0, 2, 1, 3)]
    assert {row["action"] for row in rows} == {"retrieve"}
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", ["dicomweb", "orthanc"])
@pytest.mark.long
def test_the_password_is_shown_to_nobody(kind: str, server: OrthancServer, tmp_path: Path) -> None:
    report = tmp_path / "report.jsonl"
    auth = tmp_path / "auth"
    auth.write_text(f"ann:{SECRET}\n")
    auth.chmod(0o600)
    more = ("-v", "--auth-file", str(auth), "--report", str(report))
    right = pull(server, kind, tmp_path / "out", *more, LC="C")
    assert right.returncode == 0, right.stderr
    wrong = pull(server, kind, tmp_path / "x", DICOMTX_USER="bob", DICOMTX_PASSWORD=SECRET)
    assert wrong.returncode == 10
    assert b"the server refuses the credentials" in wrong.stderr
    without = pull(server, kind, tmp_path / "x", LC="C")
    assert without.returncode == 10
    assert b"the server needs credentials" in without.stderr
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and path != auth]
    for text in (right.stdout, right.stderr, wrong.stderr, without.stderr, *written):
        assert SECRET.encode() not in text


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["http://127.0.0.1:1", "out", "--study", "1.2"], 10, "connection refused"),
        (
            ["http://127.0.0.1:1", "out", "--study", "../x"],
            2,
            "--study ../x: not a UID (PS3.5 9.1)",
        ),
        (["http://127.0.0.1:1", "out"], 2, "Missing option '--study'"),
        (["http://127.0.0.1:1", "out", "--study", "1", "--instance", "2"], 2, "needs --series"),
        (["http://u:secret@pacs", "out", "--study", "1"], 2, "the address has a password"),
        (["http://127.0.0.1:1", "out", "--study", "1", "--auth-file", "no"], 9, "cannot be read"),
        (["in", "out", "--study", "1"], 2, "not an address"),
    ],
)
def test_a_wrong_command_line_is_named(
    arguments: list[str], code: int, told: str, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dicomtx", "pull", *arguments],
        capture_output=True,
        cwd=tmp_path,
        timeout=120,
        check=False,
    )
    text = " ".join(done.stderr.decode().split())
    assert (done.returncode, told in text, "secret" in text) == (code, True, False), text
    assert not list(tmp_path.iterdir())
