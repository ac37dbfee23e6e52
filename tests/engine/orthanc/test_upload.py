"""Files that Orthanc refuses before it looks at its configuration: each seen with 1.10.1."""

import json
import struct
from pathlib import Path

import pytest

from dicomtx.dicom.elements import IMPLICIT
from dicomtx.dicom.values import text as values
from dicomtx.errors import ExitCode
from dicomtx.settings import Settings
from dicomtx.storage.local_file import LocalFile
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.convert.convert import convert
from dicomtx.workflows.convert.request import Request
from dicomtx.workflows.policies.orthanc import read_orthanc
from dicomtx.workflows.preview.dry_run import Asked, dry_run
from tests.dicom.builder import (
    SOP_CLASS,
    SOP_INSTANCE,
    data_set,
    element,
    image,
    module,
    part10,
    text,
)
from tests.orthanc_server import OrthancServer

PATIENT, STUDY, SERIES, SOP = 0x00100020, 0x0020000D, 0x0020000E, 0x00080018
PIXELS = module(image(2, 2)) + element(0x7FE00010, "OB", b"abcd")
WIDE = module(image(2, 2, allocated=16))


def stored(pixels: bytes = PIXELS, **other: bytes) -> bytes:
    """Returns a data set; elements may be given other bytes by their name."""
    elements = {
        "sop_class": text(0x00080016, "UI", SOP_CLASS),
        "sop": text(SOP, "UI", SOP_INSTANCE),
        "patient": text(PATIENT, "LO", "id"),
        "study": text(STUDY, "UI", "1.2.3"),
        "series": text(SERIES, "UI", "1.2.4"),
    }
    return b"".join((elements | other).values()) + pixels


def file(name: str, content: bytes) -> bytes:
    return part10(name, content, text(0x00020003, "UI", SOP_INSTANCE))


GOOD = file("explicit", stored())
REFUSED = {
    "no study": file("explicit", stored(study=b"")),
    "no series": file("explicit", stored(series=b"")),
    "no instance": file("explicit", stored(sop=b"")),
    "empty study": file("explicit", stored(study=text(STUDY, "UI", ""))),
    "spaces for an instance": file("explicit", stored(sop=text(SOP, "UI", "  "))),
    "no prefix": GOOD[:128] + GOOD[132:],
    "no preamble": GOOD[128:],
    "wrong label": file("implicit", stored()),
    "native in rle": file("rle", stored()),
    "not deflated": file("deflated", stored()),
    "zeros behind": GOOD + bytes(7),
}
ACCEPTED = {
    "good": GOOD,
    "no patient": file("explicit", stored(patient=b"")),
    "empty patient": file("explicit", stored(patient=text(PATIENT, "LO", ""))),
    "bare": stored(),
    "no syntax": part10("", stored(), text(0x00020003, "UI", SOP_INSTANCE)),
    "identifiers in UN": file(
        "explicit",
        stored(patient=element(PATIENT, "UN", b"id"), study=element(STUDY, "UN", b"1.2.3\0")),
    ),
    "no pixel data, compressed": file("jpeg-lossless-sv1", stored(WIDE)),
}


def verdicts(path: Path, configuration: Path) -> tuple[int, str, str]:
    """Returns exit code, target and error of the plan, which are those of a conversion."""
    policy = read_orthanc((str(configuration),), {})
    (planned,) = dry_run(Asked((str(path),), policy, Settings()))
    asked = Request(
        LocalFile(str(path)), str(path.with_name("out.dcm")), find("rle"), settings=Settings()
    )
    outcome = convert(asked._replace(policy=policy))
    assert (outcome.exit_code, outcome.target_syntax) == (planned.exit_code, planned.target_syntax)
    return planned.exit_code, planned.target_syntax, planned.error or planned.reason


def configured(folder: Path, to: str) -> Path:
    configuration = folder / "orthanc.json"
    configuration.write_text(json.dumps({"IngestTranscoding": find(to).uid} if to else {}))
    return configuration


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("to", ["", "explicit", "jpeg-baseline"])
def test_what_orthanc_refuses_is_refused_with_the_reason(
    tmp_path: Path, name: str, to: str
) -> None:
    path = tmp_path / "in.dcm"
    path.write_bytes(REFUSED[name])
    code, target, why = verdicts(path, configured(tmp_path, to))
    assert (code, target) == (ExitCode.POLICY, "")
    assert "Orthanc refuses this file" in why


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_orthanc_takes_is_not_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "in.dcm"
    path.write_bytes(ACCEPTED[name])
    assert verdicts(path, configured(tmp_path, ""))[0] == 0


@pytest.mark.parametrize("label", ["jpeg-lossless-sv1", "rle", "jpeg2000-lossless", "explicit"])
@pytest.mark.parametrize("engine", ["dicomtx", "orthanc-builtin", "orthanc-gdcm"])
def test_every_engine_keeps_what_has_no_pixel_data(tmp_path: Path, label: str, engine: str) -> None:
    path = tmp_path / "in.dcm"
    path.write_bytes(file(label, stored(WIDE)))
    policy = read_orthanc((str(configured(tmp_path, "jpeg-baseline")),), {})
    (planned,) = dry_run(Asked((str(path),), policy, Settings(), engine=engine))
    assert planned.action == "keep"
    assert planned.target_syntax == find(label).uid


@pytest.mark.peer("Orthanc")
def test_the_server_gives_the_same_verdicts() -> None:
    with OrthancServer({}) as server:
        for name, content in (REFUSED | ACCEPTED).items():
            status, answer = server.ask("POST", "/instances", content)
            assert (status == 200) == (name in ACCEPTED), (name, status, answer)
            if status == 200:
                server.ask("DELETE", f"/instances/{json.loads(answer)['ID']}")


IDENTIFIERS = {
    "plain": (b"id", "id"),
    "space in front": (b" id ", " id"),
    "NUL behind": (b"id\0\0", "id"),
    "NUL within": (b"id\0x", "id"),
    "case": (b"ID", "ID"),
    "several values": (b"id\\x ", "id\\x "),
    "line end": (b"id\t\n", "id\t\n"),
}


@pytest.mark.parametrize("name", IDENTIFIERS)
@pytest.mark.parametrize("vr", ["LO", "UN"])
def test_a_patient_id_is_read_as_orthanc_reads_it(name: str, vr: str) -> None:
    raw, told = IDENTIFIERS[name]
    assert values.identifier(data_set(element(PATIENT, vr, raw)), PATIENT) == told
    assert (
        values.identifier(data_set(element(PATIENT, vr, raw, IMPLICIT), IMPLICIT), PATIENT) == told
    )


@pytest.mark.parametrize(("raw", "told"), [(b" 1.2.3  ", "1.2.3"), (b"1.2.3\0\0\0", "1.2.3")])
@pytest.mark.parametrize("vr", ["UI", "UN"])
def test_a_uid_is_read_as_orthanc_reads_it(raw: bytes, told: str, vr: str) -> None:
    assert values.identifier(data_set(element(STUDY, vr, raw)), STUDY) == told


def test_numbers_in_un_are_little_endian() -> None:
    raw = element(0x00280010, "UN", struct.pack("<H", 7))
    assert values.value(data_set(raw), 0x00280010) == "7"
