"""What `dicomtx doctor` shows: enough for a bug report, and nothing private."""

import json
import platform
from pathlib import Path

import pytest

from dicomtx.cli import main
from dicomtx.cli.installation.doctor import has_failed
from dicomtx.cli.output.console import opened
from dicomtx.cli.output.doctor import show
from dicomtx.codecs.registry import BrokenPlugin
from dicomtx.codecs.self_test import SelfTest
from dicomtx.errors import ExitCode
from dicomtx.version import __version__


def test_all_codecs_work_here_and_no_host_or_home_is_named(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "person"))
    assert main(["doctor", "--json"]) == ExitCode.DONE
    out = capfd.readouterr().out
    told = json.loads(out)
    assert told["versions"]["dicomtx"] == __version__
    assert told["paths"]["Journals of --in-place"] == "~/.local/state/dicomtx"
    assert {"imagecodecs", "openjpeg", "gdcm"} <= {one["codec"] for one in told["codecs"]}
    assert all(one["syntaxes"] or one["missing"] for one in told["codecs"])
    assert "person" not in out
    assert platform.node() not in out


def test_a_failed_codec_or_an_unusable_plugin_ends_with_1_and_a_missing_one_does_not() -> None:
    bad = SelfTest("bad", (), ("rle-lossless",), ("rle-lossless: crashed",))
    assert has_failed([bad], [])
    assert has_failed([], [BrokenPlugin("plugin", "no such module")])
    assert not has_failed([SelfTest("absent", ("gdcm",)), SelfTest("good", (), ("rle",))], [])


@pytest.mark.long
def test_invalid_settings_are_shown_and_do_not_stop_the_tests(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DICOMTX_ORDRE", "x")
    assert main(["doctor", "--json"]) == ExitCode.SETTINGS
    told = json.loads(capfd.readouterr().out)
    assert told["paths"]["Settings"].startswith("DICOMTX_ORDRE: unknown variable")
    assert told["paths"]["Variables"] == "DICOMTX_CONFIG, DICOMTX_ORDRE"
    assert told["codecs"]


def test_the_table_shows_each_failure_in_80_columns(capfd: pytest.CaptureFixture[str]) -> None:
    results = [
        SelfTest("good", (), ("rle-lossless", "jpeg2000"), (), 1.5),
        SelfTest("bad", (), ("rle-lossless", "jpeg2000"), ("jpeg2000: crashed",), 0.25),
        SelfTest("absent", ("gdcm",)),
    ]
    with opened() as console:
        facts = {"versions": {"dicomtx": "1"}, "paths": {"Settings file": "none"}}
        show(console, facts, results, [BrokenPlugin("plugin", "no such module")])
    assert capfd.readouterr().out == (
        "dicomtx  1\n\n"
        "Settings file  none\n\n"
        "Codec   Seconds  Self-test\n"
        "good    1.50     OK: 2 syntaxes\n"
        "bad     0.25     FAILED: 1 of 2 syntaxes\n"
        "                 jpeg2000: crashed\n"
        "absent           not installed: gdcm\n"
        "plugin           FAILED: no such module\n"
    )
