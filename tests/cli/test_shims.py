"""``dicomtx shims``: executables with the names of other tools."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.uid import JPEG2000Lossless

from dicomtx.cli import FACES, main
from dicomtx.errors import ExitCode

Captured = pytest.CaptureFixture[str]
LUA = """
local source, result = ...
local ok, how, code = os.execute('gdcmconv -U --j2k ' .. source .. ' ' .. result)
print(ok, how, code)
"""
"""How a Lua hook of Orthanc runs gdcmconv."""


@pytest.fixture
def shims(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Captured) -> Path:
    """A folder with all shims, first on PATH."""
    folder = tmp_path / "it's bin"
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    assert main(["shims", "install", str(folder)]) == ExitCode.DONE
    out, err = capfd.readouterr()
    assert out.splitlines() == [f"{folder}/{name}: runs dicomtx {name}" for name in FACES]
    assert err == ""
    return folder


def _run(*line: str | Path, cwd: Path | None = None) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(line, check=False, capture_output=True, text=True, timeout=60, cwd=cwd)


def test_a_script_that_calls_gdcmconv_runs_dicomtx(shims: Path, tmp_path: Path, ct: Path) -> None:
    out = tmp_path / "out.dcm"
    done = _run("sh", "-c", 'gdcmconv --j2k "$0" "$1" && echo well', ct, out)
    assert (done.returncode, done.stdout) == (0, "well\n")
    assert dcmread(out).file_meta.TransferSyntaxUID == JPEG2000Lossless
    assert "DICOMTX" in str(dcmread(out).file_meta.ImplementationVersionName)


@pytest.mark.peer("lua5.4")
def test_a_lua_hook_of_orthanc_runs_dicomtx(shims: Path, tmp_path: Path, ct: Path) -> None:
    (tmp_path / "hook.lua").write_text(LUA)
    (tmp_path / "bad.dcm").write_text("not DICOM")
    out = tmp_path / "out.dcm"
    assert _run("lua5.4", tmp_path / "hook.lua", ct, out).stdout == "true\texit\t0\n"
    assert dcmread(out).file_meta.TransferSyntaxUID == JPEG2000Lossless
    done = _run("lua5.4", tmp_path / "hook.lua", tmp_path / "bad.dcm", tmp_path / "no.dcm")
    assert done.stdout == "nil\texit\t3\n"
    assert "not a DICOM file" in done.stderr
    assert not (tmp_path / "no.dcm").exists()


def test_modules_in_the_working_directory_are_not_imported(shims: Path, tmp_path: Path) -> None:
    (tmp_path / "dicomtx.py").write_text("raise SystemExit('the wrong module')")
    done = _run(shims / "dcmconv", "--version", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("dcmconv: dicomtx ")


def test_some_tools_can_be_chosen(tmp_path: Path) -> None:
    assert main(["shims", "install", str(tmp_path / "bin"), "dcmdrle", "dcmcrle"]) == 0
    assert sorted(os.listdir(tmp_path / "bin")) == ["dcmcrle", "dcmdrle"]


def test_a_shim_is_replaced_by_a_new_one(shims: Path, capfd: Captured) -> None:
    before = (shims / "dcmconv").read_text()
    (shims / "dcmconv").write_text(before.replace("python", "python2"))
    assert main(["shims", "install", str(shims)]) == ExitCode.DONE
    assert (shims / "dcmconv").read_text() == before


@pytest.mark.parametrize("kind", ["file", "link", "broken link", "folder"])
def test_what_is_not_a_shim_is_not_overwritten(kind: str, tmp_path: Path, capfd: Captured) -> None:
    path, tool = tmp_path / "bin/dcmconv", tmp_path / "tool"
    path.parent.mkdir()
    tool.write_text("the tool itself")
    if kind == "folder":
        path.mkdir()
    elif kind == "file":
        shutil.copy(tool, path)
    else:
        path.symlink_to(tool if kind == "link" else tmp_path / "nowhere")
    assert main(["shims", "install", str(path.parent)]) == ExitCode.DESTINATION
    assert f"{path} exists, and is not a shim of dicomtx" in capfd.readouterr().err
    assert os.listdir(path.parent) == ["dcmconv"], "nothing is written"
    forced = main(["shims", "install", "-f", str(path.parent)])
    assert forced == (ExitCode.DESTINATION if kind == "folder" else ExitCode.DONE)
    assert tool.read_text() == "the tool itself"
    assert not [name for name in os.listdir(path.parent) if name.endswith(".part")]


def test_path_must_lead_to_the_shims(tmp_path: Path, capfd: Captured) -> None:
    assert main(["shims", "install", str(tmp_path)]) == ExitCode.DONE
    assert f"put {tmp_path} first on PATH" in capfd.readouterr().err


def test_uninstall_removes_shims_only(shims: Path, capfd: Captured) -> None:
    (shims / "dcmconv").write_text("another program")
    (shims / "dcmdump").write_text("another program")
    others = [str(shims / name) for name in FACES if name != "dcmconv"]
    assert main(["shims", "list", str(shims)]) == ExitCode.DONE
    assert capfd.readouterr().out.splitlines() == others
    assert main(["shims", "uninstall", str(shims)]) == ExitCode.DONE
    assert capfd.readouterr().out.splitlines() == [f"{path}: removed" for path in others]
    assert sorted(os.listdir(shims)) == ["dcmconv", "dcmdump"]
