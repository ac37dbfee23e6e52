"""What `dicomtx policy` says."""

import json
from pathlib import Path

import pytest

from dicomtx.cli import main
from dicomtx.errors import ExitCode

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
