"""What `dicomtx policy` and `dicomtx negotiate` say."""

import json
from pathlib import Path
from typing import Any

import pytest

from dicomtx.cli import main
from dicomtx.errors import ExitCode
from dicomtx.transfer_syntaxes import find
from tests import corpus

ORTHANC = {
    "IngestTranscoding": "1.2.840.10008.1.2.4.90",
    "DicomScuPreferredTransferSyntax": "1.2.840.10008.1.2.5",
    "DicomModalities": {"a": ["A", "h", 104], "b": {"AET": "B", "AllowTranscoding": False}},
}


@pytest.fixture
def orthanc(tmp_path: Path) -> str:
    path = tmp_path / "orthanc.json"
    path.write_text(json.dumps(ORTHANC))
    return str(path)


@pytest.fixture
def rules(tmp_path: Path) -> str:
    path = tmp_path / "rules.toml"
    path.write_text(
        "[[policy.a.rule]]\nmodality = 'MR'\nrefuse = true\n"
        "[[policy.a.rule]]\nbits_stored = '> 8'\nto = 'rle'\nreason = 'as agreed'\n"
        "[[policy.b.rule]]\nkeep = true\n"
    )
    return str(path)


def test_check_says_that_all_is_right(
    capfd: pytest.CaptureFixture[str], rules: str, orthanc: str
) -> None:
    assert main(["policy", "check", rules]) == ExitCode.DONE
    out = capfd.readouterr().out
    assert out == f"{rules}: a: OK (2 rules)\n{rules}: b: OK (1 rule)\n"
    assert main(["policy", "check", orthanc]) == ExitCode.DONE


def test_explain_shows_rule_by_rule_why(
    capfd: pytest.CaptureFixture[str], rules: str, orthanc: str, ct: Path
) -> None:
    explain = ["policy", "explain", rules, str(ct), "--name"]
    assert main([*explain, "a"]) == ExitCode.DONE
    assert capfd.readouterr().out.splitlines()[1:] == [
        "rule 1  modality is CT, not MR",
        "rule 2  matches: to rle-lossless (as agreed)",
    ]
    assert main([*explain, "c"]) == ExitCode.USAGE
    assert main(["policy", "explain", orthanc, "--file", str(ct)]) == ExitCode.DONE
    assert "decides: transcode to jpeg2000-lossless" in capfd.readouterr().out
    assert main(["policy", "explain", orthanc, "--file", "nothing.dcm"]) == ExitCode.SOURCE
    assert capfd.readouterr().err.startswith("dicomtx: nothing.dcm: ")


def test_an_orthanc_configuration_is_not_a_policy_and_a_key_is_not_a_file(
    capfd: pytest.CaptureFixture[str], orthanc: str, ct: Path
) -> None:
    assert main(["plan", str(ct), "--policy", orthanc]) == ExitCode.SETTINGS
    assert "use --orthanc for Orthanc's configuration" in capfd.readouterr().err
    assert main(["plan", str(ct), "--orthanc", "IngestTranscoding=x"]) == ExitCode.SETTINGS
    assert "--orthanc takes a configuration file or a folder" in capfd.readouterr().err


def test_explain_takes_the_policy_and_the_file_in_any_order(
    capfd: pytest.CaptureFixture[str], orthanc: str, ct: Path
) -> None:
    said = set()
    for paths in ([orthanc, str(ct)], [str(ct), orthanc], [orthanc, "--file", str(ct)]):
        assert main(["policy", "explain", *paths]) == ExitCode.DONE
        said.add(capfd.readouterr().out)
    assert len(said) == 1
    for paths in ([], [orthanc], [orthanc, str(ct), str(ct)]):
        assert main(["policy", "explain", *paths]) == ExitCode.USAGE
        assert "dicomtx policy explain POLICY FILE" in capfd.readouterr().err


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
    assert main(["negotiate", file, "--orthanc", orthanc, *options, "--json"]) == code
    told: dict[str, Any] = json.loads(capfd.readouterr().out)
    assert (told["rule"], told["target_syntax"]) == (rule, find(syntax).uid if syntax else "")
    assert bool(told["reason"]) == (code != 0)
    assert main(["negotiate", file, "--orthanc", orthanc, *options]) == code
    assert rule in capfd.readouterr().out


def test_without_a_configuration_defaults_hold(capfd: pytest.CaptureFixture[str], ct: Path) -> None:
    assert main(["negotiate", str(ct), "--accepts", "implicit", "--json"]) == ExitCode.DONE
    told = json.loads(capfd.readouterr().out)
    assert (told["rule"], told["action"], told["target_syntax"]) == (
        "37d",
        "rewrite",
        find("implicit").uid,
    )


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ([], ExitCode.USAGE),
        (["--modality", "a"], ExitCode.USAGE),
        (["--accepts", "jepg"], ExitCode.USAGE),
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
