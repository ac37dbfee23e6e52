"""Orthanc's configuration read as it reads it."""

import json
from pathlib import Path
from typing import Any

import pytest

from dicomtx.cli import main
from dicomtx.engine.orthanc.policy import OrthancPolicy
from dicomtx.errors import ExitCode, SettingsError
from dicomtx.transfer_syntaxes import BY_UID, ROOT, find
from dicomtx.workflows.policies.orthanc import KEYS, by_c_store, read_orthanc, substituted

WHOLE = """
/** Debian's begins so **/
{
  "Name" : "${NAME:-it}",  // not ours
  "HttpPort": 8042,
  "IngestTranscoding" : "${SYNTAX}",
  /* "IngestTranscoding" : "no", */
  "IngestTranscodingOfCompressed" : ${COMPRESSED:-false},
  "BuiltinDecoderTranscoderOrder" : "Before",
  "DicomLossyTranscodingQuality" : 75,
  "AcceptedTransferSyntaxes" : [ "1.2.840.10008.1.2", "1.2.840.10008.1.2.4.*" ],
  "JpegLosslessTransferSyntaxAccepted" : false,
  "RleTransferSyntaxAccepted" : true,
  "UnknownSopClassAccepted" : true,
  "RejectedSopClasses" : [ "1.2.3" ],
  "TranscodeDicomProtocol" : false,
  "DicomScuPreferredTransferSyntax" : "1.2.840.10008.1.2.4.90",
  "Description" : "two
lines",
  "DicomModalities" : {
    "one" : [ "ONE", "localhost", 104 ],
    "two" : { "AET" : "TWO", "AllowTranscoding" : false },
  }
}
"""


def read(tmp_path: Path, text: str | dict[str, Any], **environ: str) -> OrthancPolicy:
    path = tmp_path / "orthanc.json"
    path.write_text(text if isinstance(text, str) else json.dumps(text))
    return read_orthanc((str(path),), environ)


def test_every_key_of_transcoding_is_honoured(tmp_path: Path) -> None:
    found = read(tmp_path, WHOLE, SYNTAX=ROOT + ".4.80")
    assert (found.ingest, found.of_uncompressed, found.of_compressed) == (
        find("jpeg-ls-lossless"),
        True,
        False,
    )
    assert (found.order, found.quality, found.preferred) == (
        "builtin-first",
        75,
        find("jpeg2000-lossless"),
    )
    assert {ROOT, ROOT + ".4.50", ROOT + ".5"} <= found.accepted
    assert not {ROOT + ".1", ROOT + ".4.80", ROOT + ".4.81"} & found.accepted
    assert (found.unknown_sop_class, found.transcode_dicom) == (True, False)
    assert found.rejected_sop_classes == {"1.2.3"}
    assert dict(found.modalities) == {"one": True, "two": False}
    assert (found.gdcm, found.gdcm_syntaxes, found.warnings) == (True, frozenset(), ())


def test_an_empty_configuration_is_orthancs_defaults(tmp_path: Path) -> None:
    assert read(tmp_path, {}) == OrthancPolicy("orthanc.json")
    assert OrthancPolicy("").accepted == frozenset(BY_UID)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${SET} ${NOT} ${NOT:-x} ${SET:-y}", "set  x set"),
        ("${NOT:-'quoted'} ${NOT:-\"too\"}", "quoted too"),
        ("${NOT:-'{\"a\":1}'}", '{"a":1}'),
        ("$SET {SET} ${NOT:=x} ${ SET }", "$SET {SET} ${NOT:=x} "),
    ],
)
def test_variables_are_filled_in(text: str, expected: str) -> None:
    assert substituted(text, {"SET": "set"}) == expected


def test_a_folder_is_merged_and_a_section_in_two_files_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"IngestTranscoding": "1.2.840.10008.1.2.5"}')
    (tmp_path / "b.JSON").write_text('{"Gdcm": {"Enable": false}}')
    (tmp_path / "c.txt").write_text("no JSON")
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "e.json").write_text("no JSON")
    found = read_orthanc((str(tmp_path),), {})
    assert (found.ingest, found.gdcm) == (find("rle"), False)
    (tmp_path / "f.json").write_text('{"Gdcm": {}}')
    with pytest.raises(SettingsError, match=r"f\.json: Gdcm: also in .*b\.JSON"):
        read_orthanc((str(tmp_path),), {})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ({"IngestTranscoding": "1.2.3"}, "IngestTranscoding: '1.2.3' is not allowed"),
        ({"IngestTranscoding": "JPEG2000"}, f"transfer syntax: {ROOT}.4.91"),
        ({"BuiltinDecoderTranscoderOrder": "after"}, "use one of Before, After, Disabled"),
        ({"DicomLossyTranscodingQuality": 0}, "from 1 to 100"),
        ({"DicomLossyTranscodingQuality": "90"}, "from 1 to 100"),
        ({"IngestTranscodingOfCompressed": "yes"}, "true or false"),
        ({"RleTransferSyntaxAccepted": 1}, "true or false"),
        ({"AcceptedTransferSyntaxes": [3]}, "a string, or a list of strings"),
        ({"DicomModalities": {"a": 3}}, "a list or an object for a"),
        ({"DicomModalities": []}, "an object"),
        ({"Gdcm": {"Enable": "no"}}, "Enable true or false"),
        ({"Gdcm": {"RestrictTransferSyntaxes": ["x"]}}, "a list of UIDs"),
        ({"Gdcm": {"Throttling": 0}}, "Throttling above 0"),
        ("[]", "not a JSON object"),
        ('{\n"a": \n}', "not valid JSON, at line 3"),
    ],
)
def test_what_orthanc_would_not_start_with_is_9(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], text: str | dict[str, Any], told: str
) -> None:
    path = tmp_path / "orthanc.json"
    path.write_text(text if isinstance(text, str) else json.dumps(text))
    assert main(["policy", "check", str(path)]) == ExitCode.SETTINGS
    err = capfd.readouterr().err
    assert err.startswith(f"dicomtx: {path}: ")
    assert told in err


def test_a_misspelt_key_is_pointed_out_and_others_are_ignored(tmp_path: Path) -> None:
    found = read(tmp_path, {"IngestTrancoding": ROOT + ".5", "StorageCompression": True})
    assert found.ingest is None
    (warning,) = found.warnings
    assert "did you mean IngestTranscoding?" in warning
    assert not read(tmp_path, dict.fromkeys(["HttpPort", "DicomAet", "Name"], 1)).warnings


def test_a_syntax_that_only_new_servers_know_is_warned_of(tmp_path: Path) -> None:
    assert "1.13" in read(tmp_path, {"IngestTranscoding": ROOT + ".4.201"}).warnings[0]


def test_every_key_is_of_orthanc_and_by_c_store_sop_classes_are_known(tmp_path: Path) -> None:
    assert len(set(KEYS)) == len(KEYS) == 23
    rules = by_c_store(read(tmp_path, {}))
    assert isinstance(rules, OrthancPolicy)
    assert rules.by_dicom
    assert "1.2.840.10008.5.1.4.1.1.2" in rules.known_sop_classes
