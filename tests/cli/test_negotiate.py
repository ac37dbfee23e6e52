"""What `dicomtx negotiate` prints."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from dicomtx.cli import main
from dicomtx.dicom.elements import Encoding
from dicomtx.errors import ExitCode
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.preview.negotiate import Sent
from tests import corpus
from tests.dicom.builder import image, native, part10

SCHEMA = json.loads(files("dicomtx.cli").joinpath("schemas/negotiated.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
ORTHANC = {
    "IngestTranscoding": "1.2.840.10008.1.2.4.90",
    "DicomScuPreferredTransferSyntax": "1.2.840.10008.1.2.5",
    "DicomModalities": {"a": ["A", "h", 104], "b": {"AET": "B", "AllowTranscoding": False}},
}
PLUGIN = "/usr/share/orthanc/plugins/libOrthancGdcm.so"


@pytest.fixture
def orthanc(tmp_path: Path) -> str:
    return configured(tmp_path)


def configured(folder: Path, **more: Any) -> str:
    """Returns the path of a configuration."""
    path = folder / "orthanc.json"
    path.write_text(json.dumps(ORTHANC | more))
    return str(path)


def told(
    capfd: pytest.CaptureFixture[str], options: list[str], code: int = 0
) -> list[dict[str, Any]]:
    """Returns the JSON lines, each checked with the schema, of a run with this exit code."""
    assert main(["negotiate", *options, "--json"]) == code
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    for line in lines:
        VALIDATOR.validate(line)
    return lines


def test_the_schema_is_one_and_names_every_field() -> None:
    VALIDATOR.check_schema(SCHEMA)
    assert list(SCHEMA["properties"]) == SCHEMA["required"] == list(Sent._fields)


@pytest.mark.parametrize(
    ("name", "options", "rule", "syntax"),
    [
        ("CT_small.dcm", ["--modality", "a"], "37b", "explicit"),
        ("JPEG2000.dcm", ["--modality", "a", "--accepts", "rle,explicit"], "37c", "rle"),
        ("JPEG2000.dcm", ["--modality", "a", "--accepts", "explicit"], "37d", "explicit"),
        ("JPEG2000.dcm", ["--modality", "a", "--accepts", "htj2k"], "37a", ""),
        ("JPEG2000.dcm", ["--modality", "b", "--accepts", "explicit"], "38", ""),
        ("JPEG2000.dcm", ["--modality", "b", "--accepts", "jpeg2000"], "38", "jpeg2000"),
    ],
)
def test_negotiate_says_in_which_syntax_a_file_would_leave(
    capfd: pytest.CaptureFixture[str],
    orthanc: str,
    name: str,
    options: list[str],
    rule: str,
    syntax: str,
) -> None:
    file, code = str(corpus.file(name)), 0 if syntax else ExitCode.UNSUPPORTED
    options = [file, "--orthanc", orthanc, "--engine", "dicomtx", *options]
    (sent,) = told(capfd, options, code)
    assert (sent["rule"], sent["target_syntax"]) == (rule, find(syntax).uid if syntax else "")
    assert sent["engine"] == "dicomtx"
    assert main(["negotiate", *options]) == code
    assert rule in capfd.readouterr().out


def test_without_a_configuration_defaults_hold(capfd: pytest.CaptureFixture[str], ct: Path) -> None:
    (sent,) = told(capfd, [str(ct), "--accepts", "implicit"])
    assert (sent["rule"], sent["action"]) == ("37d", "rewrite")
    assert (sent["target_syntax"], sent["engine"]) == (find("implicit").uid, "dicomtx")


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ([], ExitCode.USAGE),
        (["--modality", "a"], ExitCode.USAGE),
        (["--accepts", "jepg"], ExitCode.USAGE),
        (["--accepts", "rle", "--engine", "orthanc"], ExitCode.USAGE),
        (["--accepts", "rle", "--get", "--engine", "dicomtx"], ExitCode.USAGE),
    ],
)
def test_what_makes_no_sense_is_told(
    capfd: pytest.CaptureFixture[str], ct: Path, options: list[str], code: int
) -> None:
    assert main(["negotiate", str(ct), *options]) == code
    assert capfd.readouterr().err.count("\n") == 1


def test_a_modality_that_is_not_there_is_9(
    capfd: pytest.CaptureFixture[str], ct: Path, orthanc: str
) -> None:
    arguments = ["negotiate", str(ct), "--orthanc", orthanc, "--modality", "c"]
    assert main(arguments) == ExitCode.SETTINGS
    assert "it has a, b" in capfd.readouterr().err


def test_a_file_that_is_not_there_is_3(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["negotiate", "nothing.dcm", "--accepts", "rle"]) == ExitCode.SOURCE


@pytest.mark.parametrize("name", ["JPEG2000.dcm", "693_J2KI.dcm", "US1_J2KR.dcm"])
@pytest.mark.parametrize("accepts", ["explicit", "implicit,explicit", "big-endian"])
def test_a_builtin_orthanc_cannot_decode_jpeg_2000_and_the_plugin_can(
    capfd: pytest.CaptureFixture[str], name: str, accepts: str
) -> None:
    options = [str(corpus.file(name)), "--accepts", accepts, "--engine"]
    (sent,) = told(capfd, [*options, "orthanc-builtin"], ExitCode.UNSUPPORTED)
    assert (sent["action"], sent["rule"]) == ("refuse", "37e")
    assert "orthanc-builtin: no decoder for jpeg2000" in sent["reason"]
    (sent,) = told(capfd, [*options, "orthanc-gdcm"])
    assert (sent["action"], sent["decoder"]) == ("decode", "orthanc-gdcm")
    (sent,) = told(capfd, [*options, "dicomtx"])
    assert (sent["action"], sent["engine"]) == ("decode", "dicomtx")


@pytest.mark.parametrize(
    ("more", "engine"),
    [
        ({}, "orthanc-builtin"),
        ({"Plugins": [PLUGIN]}, "orthanc-gdcm"),
        ({"Plugins": PLUGIN}, "orthanc-gdcm"),
        ({"Plugins": [PLUGIN], "Gdcm": {"Enable": False}}, "orthanc-builtin"),
        ({"Plugins": ["libOrthancDicomWeb.so"]}, "orthanc-builtin"),
    ],
)
def test_the_engine_is_that_of_the_configuration_unless_it_is_given(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, ct: Path, more: Any, engine: str
) -> None:
    options = [str(ct), "--orthanc", configured(tmp_path, **more), "--modality", "a"]
    assert told(capfd, options)[0]["engine"] == engine
    for given in ("orthanc-gdcm", "orthanc-builtin", "dicomtx"):
        assert told(capfd, [*options, "--engine", given])[0]["engine"] == given


@pytest.mark.parametrize("order", ["Disabled", "Before", "After"])
def test_the_order_of_the_configuration_decides_who_decodes(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, order: str
) -> None:
    more: dict[str, Any] = {"BuiltinDecoderTranscoderOrder": order, "Plugins": [PLUGIN]}
    options = [str(corpus.file("MR_small_RLE.dcm")), "--modality", "a", "--accepts", "explicit"]
    options += ["--orthanc", configured(tmp_path, **more)]
    by = "orthanc-builtin" if order == "Before" else "orthanc-gdcm"
    assert told(capfd, options)[0]["decoder"] == by
    assert told(capfd, [*options, "--order", "builtin-first"])[0]["decoder"] == "orthanc-builtin"


def test_a_server_without_any_transcoder_sends_only_what_is_accepted(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    orthanc = configured(tmp_path, BuiltinDecoderTranscoderOrder="Disabled")
    options = [str(corpus.file("MR_small_RLE.dcm")), "--orthanc", orthanc, "--modality", "a"]
    assert told(capfd, options)[0]["action"] == "copy"
    (sent,) = told(capfd, [*options, "--accepts", "explicit"], ExitCode.UNSUPPORTED)
    assert "built-in transcoder disabled, no plugin loaded" in sent["reason"]


def test_a_guess_about_plugins_is_told(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, ct: Path
) -> None:
    gone = str(tmp_path / "gone")
    orthanc = configured(tmp_path, Plugins=[gone], Gdcm={})
    options = ["negotiate", str(ct), "--orthanc", orthanc, "--modality", "a"]
    assert main(options) == ExitCode.DONE
    told = capfd.readouterr().err
    assert f"Plugins: {gone} cannot be read here; assuming --engine orthanc-gdcm" in told
    assert main([*options, "--engine", "orthanc-builtin"]) == ExitCode.DONE
    assert capfd.readouterr().err == ""


def test_a_lossy_preferred_syntax_gives_a_new_uid(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    orthanc = configured(tmp_path, DicomScuPreferredTransferSyntax="1.2.840.10008.1.2.4.50")
    options = [str(corpus.file("SC_rgb_rle.dcm")), "--orthanc", orthanc, "--modality", "a"]
    options += ["--accepts", "jpeg-baseline"]
    (sent,) = told(capfd, options)
    assert (sent["action"], sent["new_sop_instance_uid"]) == ("recode", True)
    assert main(["negotiate", *options]) == ExitCode.DONE
    out = capfd.readouterr().out
    assert "recode by orthanc-builtin; new SOP Instance UID" in out


def test_what_orthanc_does_not_store_cannot_be_sent(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    whole = corpus.file("CT_small.dcm").read_bytes()
    series = b"\x20\x00\x0e\x00UI"
    at = whole.index(series)
    length = int.from_bytes(whole[at + 6 : at + 8], "little")
    file = tmp_path / "no-series.dcm"
    file.write_bytes(whole[:at] + whole[at + 8 + length :])
    options = [str(file), "--accepts", "explicit", "--engine", "orthanc-builtin"]
    (sent,) = told(capfd, options, ExitCode.UNSUPPORTED)
    assert (sent["action"], sent["rule"]) == ("refuse", "")
    assert "Orthanc does not store this file: missing Series Instance UID" in sent["reason"]


@pytest.mark.parametrize(
    ("name", "accepts", "rule", "action"),
    [
        ("MR_small_RLE.dcm", "rle,explicit", "40a", "copy"),
        ("MR_small_RLE.dcm", "explicit,implicit,jpeg2000", "40b", "decode"),
        ("JPEG2000.dcm", "explicit", "40", "refuse"),
        ("MR_small_RLE.dcm", "jpeg2000,jpeg-lossless-sv1", "40c", "recode"),
        ("MR_small_RLE.dcm", "htj2k", "40", "refuse"),
    ],
)
def test_get_shows_how_orthanc_answers_c_get(
    capfd: pytest.CaptureFixture[str], name: str, accepts: str, rule: str, action: str
) -> None:
    code = ExitCode.UNSUPPORTED if action == "refuse" else ExitCode.DONE
    options = [str(corpus.file(name)), "--accepts", accepts, "--get"]
    (sent,) = told(capfd, options, code)
    assert (sent["rule"], sent["action"], sent["engine"]) == (rule, action, "orthanc-builtin")
    assert any("before 1.13" in text for text in sent["warnings"]) == (rule == "40c")


@pytest.mark.parametrize("label", ["explicit", "deflated", "big-endian"])
def test_a_wrong_label_does_not_count_for_dicomtx_and_orthanc_does_not_store_it(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, label: str
) -> None:
    implicit = Encoding(implicit_vr=True, big_endian=False)
    file = tmp_path / "wrong.dcm"
    file.write_bytes(part10(label, native(image(2, 4), bytes(8), implicit)))
    options = [str(file), "--accepts", "implicit,explicit"]
    (sent,) = told(capfd, options)
    assert (sent["source_syntax"], sent["rule"]) == (find("implicit").uid, "37b")
    (sent,) = told(capfd, [*options, "--engine", "orthanc-gdcm"], ExitCode.UNSUPPORTED)
    assert sent["source_syntax"] == find(label).uid
