"""What `dicomtx config` shows."""

import json
from pathlib import Path

import pytest

from dicomtx.cli import main
from dicomtx.errors import ExitCode
from dicomtx.limits import Limits
from dicomtx.settings import FIELDS


def test_each_setting_has_a_row_with_its_origin(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.toml").write_text('fallback = ["rle", "explicit"]\nstrict = true\n')
    monkeypatch.setenv("DICOMTX_QUALITY", "80")
    assert main(["config", "show", "--config", "a.toml"]) == ExitCode.DONE
    header, *rows = capfd.readouterr().out.splitlines()
    cells = {row.split()[0]: row.split()[1:] for row in rows if not row.startswith(" ")}
    assert header.split() == ["Setting", "From", "Value"]
    limits = [f"limits.{name}" for name in Limits._fields]
    assert list(cells) == [*(name for name in FIELDS if name != "limits"), *limits]
    assert cells["limits.depth"] == ["default", "100", "levels", "of", "sequences", "to", "compare"]
    assert cells["limits.freely"][1:5] == ["268435456", "bytes", "after", "decompression:"]
    assert cells["fallback"] == ["a.toml:1", "rle-lossless,", "explicit-vr-little-endian"]
    assert cells["strict"] == ["a.toml:2", "true"]
    assert cells["quality"] == ["DICOMTX_QUALITY", "80"]
    assert cells["psnr"] == ["default", "none"]
    assert cells["codecs"] == ["default", "all"]
    assert cells["threads"] == ["default", "CPUs", "divided", "by", "jobs"]


def test_json_has_the_file_and_each_value(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "a.toml"
    path.write_text("[limits]\nratio = 7\n")
    assert main(["config", "show", "--json", "--config", str(path)]) == ExitCode.DONE
    told = json.loads(capfd.readouterr().out)
    assert told["file"] == str(path)
    assert told["settings"]["order"] == {"value": "builtin-first", "from": "default", "place": ""}
    limits = told["settings"]["limits"]
    assert (limits["value"]["ratio"], limits["from"]) == (7, "file")
    assert limits["place"] == f"{path}:1"


def test_invalid_settings_end_with_9_and_name_file_and_key(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "a.toml"
    path.write_text("qualty = 7\n")
    assert main(["config", "show", "--config", str(path)]) == ExitCode.SETTINGS
    assert f"{path}: qualty: unknown key: did you mean quality?" in capfd.readouterr().err


def test_the_path_is_that_of_the_file_that_is_read_or_looked_for(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["config", "path"]) == ExitCode.DONE
    assert capfd.readouterr().out == "/dev/null\n"
    monkeypatch.delenv("DICOMTX_CONFIG")
    monkeypatch.setenv("XDG_CONFIG_HOME", "/nowhere")
    assert main(["config", "path"]) == ExitCode.DONE
    assert capfd.readouterr().out == "/nowhere/dicomtx/dicomtx.toml\n"
