"""Every file of examples/ does what it says."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.misc import is_dicom

from tests import oracle
from tests.corpus import REPOSITORY, file
from tests.orthanc_server import free_port

EXAMPLES = REPOSITORY / "examples"
ORTHANC = """
local stored = ...
local posted = 0
function RestApiGet(uri)
  if stored == '' then return nil end
  local file = io.open(stored, 'rb')
  return file:read('*a')
end
function RestApiPost(uri, body)
  posted = posted + 1
  local file = io.open(stored .. '.posted', 'wb')
  file:write(body)
  file:close()
  return os.getenv('ANSWER')
end
function ParseJson(text) return {Status = text} end
dofile(os.getenv('HOOK'))
OnStoredInstance('id', {}, {}, {RequestOrigin = os.getenv('ORIGIN')})
print(posted)
"""
"""A stand-in for the server that calls the hook: it serves one file and notes what is posted."""


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A PATH on which ``dicomtx`` is the one under test."""
    command = tmp_path / "bin/dicomtx"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m dicomtx "$@"\n')
    command.chmod(0o755)
    return f"{command.parent}{os.pathsep}{os.environ['PATH']}"


def _bash(script: str, *arguments: Path, path: str, **variables: str) -> str:
    done = subprocess.run(
        ["bash", EXAMPLES / script, *arguments],
        env={**os.environ, "PATH": path, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_one_liners_work_from_top_to_bottom(tmp_path: Path, path: str) -> None:
    names = ["CT_small.dcm", "MR_small_RLE.dcm", "rtplan.dcm"]
    source, new = tmp_path / "source", tmp_path / "new"
    source.mkdir()
    for name in names:
        shutil.copy(file(name), source)
    _bash("one-liners.sh", source, new, path=path)
    assert sorted(p.name for p in (new / "native").iterdir()) == names
    assert sorted(p.name for p in (new / "tree").iterdir()) == names
    assert sorted(p.name for p in (new / "rle").iterdir()) == names
    one, piped = (dict(oracle.elements(dcmread(new / name))) for name in ("one.dcm", "piped.dcm"))
    assert one == piped
    report = [json.loads(line) for line in (new / "report.jsonl").read_text().splitlines()]
    assert sorted(Path(row["path"]).name for row in report) == names
    refused = (new / "not-converted.txt").read_text().splitlines()
    assert len(refused) == 2, "JPEG XL has no signed samples: CT_small, MR_small"
    assert all(line.startswith("4 ") for line in refused)


@pytest.mark.long
def test_one_terminal_receives_what_the_other_sends(tmp_path: Path, path: str) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name in ("CT_small.dcm", "JPEG2000.dcm", "rtplan.dcm"):
        shutil.copy(file(name), source)
    said = _bash("two-terminals.sh", source, tmp_path / "new", path=path, PORT=str(free_port()))
    assert "JPEG2000.dcm: jpeg2000 -> explicit-vr-little-endian, rule 37c" in said
    assert "send: 3 done" in said
    received = [dcmread(path) for path in (tmp_path / "new/received").rglob("*.dcm")]
    sent = [dcmread(path) for path in source.iterdir()]
    assert {one.SOPInstanceUID for one in received} == {one.SOPInstanceUID for one in sent}
    assert not any(one.file_meta.TransferSyntaxUID.is_compressed for one in received)


@pytest.mark.long
def test_the_fixtures_are_in_the_syntax_that_their_name_says(tmp_path: Path, path: str) -> None:
    from dicomtx import transfer_syntaxes

    said = _bash("make-fixtures.sh", file("CT_small.dcm"), tmp_path / "out", path=path)
    written = sorted((tmp_path / "out").iterdir())
    assert "jpeg-xl-lossless cannot hold this image" in said
    assert len(written) == len(said.splitlines()) - 1
    for made in written:
        uid = transfer_syntaxes.find(made.stem).uid.encode()
        start = made.read_bytes()[:1024]
        assert b"UI" + (len(uid) + len(uid) % 2).to_bytes(2, "little") + uid in start


@pytest.mark.long
def test_a_reader_is_checked_with_fixtures(tmp_path: Path, path: str) -> None:
    shutil.copytree(EXAMPLES / "ci_fixtures", tmp_path / "ci")
    test = tmp_path / "ci/test_reader.py"
    assert "12 passed" in _pytest(test, path)
    test.write_text(test.read_text().replace('newbyteorder("<")', 'newbyteorder(">")'))
    assert "6 failed, 6 passed" in _pytest(test, path), "the bytes of 8-bit samples have no order"


def _pytest(test: Path, path: str) -> str:
    """Returns what pytest prints about the tests of one file."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(test)],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return done.stdout


def _orthanc(
    stored: Path, path: str, origin: str = "DicomProtocol", answer: str = "Success"
) -> str:
    hook = EXAMPLES / "orthanc-compress.lua"
    done = subprocess.run(
        ["lua5.4", "-", stored],
        input=ORTHANC,
        env={**os.environ, "PATH": path, "HOOK": str(hook), "ORIGIN": origin, "ANSWER": answer},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.peer("luac5.4")
def test_the_orthanc_hook_is_lua() -> None:
    subprocess.run(["luac5.4", "-p", EXAMPLES / "orthanc-compress.lua"], check=True)


@pytest.mark.peer("lua5.4")
def test_the_orthanc_hook_posts_the_compressed_instance(
    tmp_path: Path, ct: Path, path: str
) -> None:
    stored = Path(shutil.copy(ct, tmp_path))
    assert _orthanc(stored, path) == "1\n"
    assert b"1.2.840.10008.1.2.4.90" in stored.with_suffix(".dcm.posted").read_bytes()[:1024]


@pytest.mark.peer("lua5.4")
def test_the_orthanc_hook_leaves_what_it_stored_itself(tmp_path: Path, ct: Path, path: str) -> None:
    assert _orthanc(Path(shutil.copy(ct, tmp_path)), path, origin="Lua") == "0\n"


@pytest.mark.peer("lua5.4")
def test_the_orthanc_hook_keeps_the_original_when_dicomtx_fails(tmp_path: Path, path: str) -> None:
    stored = tmp_path / "no.dcm"
    stored.write_text("no DICOM")
    assert _orthanc(stored, path) == (
        "dicomtx: kept the original of id: dicomtx ended with exit code 3\n0\n"
    )


@pytest.mark.peer("lua5.4")
def test_the_orthanc_hook_tells_when_the_server_did_not_overwrite(
    tmp_path: Path, ct: Path, path: str
) -> None:
    said = _orthanc(Path(shutil.copy(ct, tmp_path)), path, answer="AlreadyStored")
    assert "kept the original of id: Orthanc answered AlreadyStored" in said


@pytest.mark.peer("lua5.4")
def test_the_orthanc_hook_posts_nothing_that_has_no_pixel_data(tmp_path: Path, path: str) -> None:
    assert _orthanc(Path(shutil.copy(file("rtplan.dcm"), tmp_path)), path) == "0\n"


def test_the_samples_are_dicom_files_but_for_one(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, EXAMPLES / "samples.py", tmp_path],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    files = [path for path in (tmp_path / "in").rglob("*") if path.is_file()]
    assert done.stdout.startswith("Wrote 8 DICOM files and a text file to ")
    assert {path for path in files if not is_dicom(path)} == {tmp_path / "in/notes.txt"}
    assert sum(is_dicom(path) for path in files) == 8


@pytest.mark.parametrize("name", ["archive.toml", "orthanc.json"])
def test_the_policies_have_no_errors(name: str, path: str) -> None:
    done = subprocess.run(
        ["dicomtx", "policy", "check", EXAMPLES / name],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.long
def test_a_changed_orthanc_configuration_is_noticed(tmp_path: Path, path: str, ct: Path) -> None:
    samples, config, reviewed = (tmp_path / n for n in ("samples", "orthanc.json", "plan.jsonl"))
    samples.mkdir()
    shutil.copy(ct, samples / "ct.dcm")
    shutil.copy(file("rtplan.dcm"), samples / "plan.dcm")
    config.write_text((EXAMPLES / "orthanc.json").read_text())
    asked = ("review-orthanc.sh", config, samples, reviewed)
    assert "review it" in _bash(*asked, path=path)
    os.utime(samples / "ct.dcm", (1, 1))  # another checkout
    assert "does what was reviewed" in _bash(*asked, path=path)
    config.write_text(config.read_text().replace("1.2.4.90", "1.2.4.80"))
    with pytest.raises(AssertionError, match="the configuration now does something else"):
        _bash(*asked, path=path)


@pytest.mark.long
def test_the_program_on_the_api_tells_what_it_planned_and_did(tmp_path: Path, ct: Path) -> None:
    source, new = tmp_path / "in", tmp_path / "new"
    source.mkdir()
    shutil.copy(ct, source / "ct.dcm")
    shutil.copy(file("rtplan.dcm"), source / "plan.dcm")
    (source / "cut.dcm").write_bytes(ct.read_bytes()[:-100])
    done = subprocess.run(
        [sys.executable, EXAMPLES / "archive_report.py", source, new],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 1, done.stderr
    first, *lines = done.stdout.splitlines()
    assert first.startswith("planned: ")
    assert any(line.startswith(f"{source}/ct.dcm: 1 frames from ") for line in lines)
    assert f"{source}/plan.dcm: kept: it has no pixel data to compress" in lines
    assert any(line.startswith(f"{source}/cut.dcm: ") and "truncated" in line for line in lines)
    assert {path.name for path in new.glob("*.dcm")} == {"ct.dcm", "plan.dcm"}


@pytest.mark.long
def test_the_nightly_job_runs_with_the_environment_of_cron(
    tmp_path: Path, path: str, ct: Path
) -> None:
    incoming, sent = tmp_path / "incoming", tmp_path / "bin/send"
    incoming.mkdir()
    shutil.copy(ct, incoming / "one.dcm")
    sent.write_text(f'#!/bin/sh\necho "to: $2" > {tmp_path}/mail\n')
    sent.chmod(0o755)
    lines = (EXAMPLES / "nightly.sh").read_text().splitlines()
    table = dict(line.removeprefix("#   ").split("=", 1) for line in lines[:10] if "=" in line)
    short = table["PATH"].replace("/srv/venv/bin", str(tmp_path / "bin"))
    subprocess.run(
        ["bash", EXAMPLES / "nightly.sh", *(tmp_path / n for n in ("incoming", "out", "reports"))],
        env={"PATH": short, "MAILER": "send", "RECIPIENT": table["RECIPIENT"]},
        check=True,
        timeout=120,
    )
    assert (tmp_path / "mail").read_text() == "to: pacs@example.org\n"
    assert (tmp_path / "out/one.dcm").exists()


@pytest.mark.long
def test_the_demo_shows_real_images_in_several_syntaxes(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, EXAMPLES / "demo.py", tmp_path],
        env={**os.environ, "COLUMNS": "60"},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "independent" in done.stdout
    assert "refused" in done.stdout
    assert len(list(tmp_path.glob("*/*.dcm"))) > 20
    table = done.stdout.splitlines()[:-1]  # the last line has the name of a folder
    assert [line for line in table if len(line) > 60] == []


def _nightly(tmp_path: Path, path: str) -> "subprocess.CompletedProcess[str]":
    mail = tmp_path / "bin/send"
    mail.write_text(f'#!/bin/sh\necho "subject: $1" >> {tmp_path}/mail\ncat >> {tmp_path}/mail\n')
    mail.chmod(0o755)
    folders = [tmp_path / name for name in ("incoming", "archive", "reports")]
    return subprocess.run(
        ["bash", EXAMPLES / "nightly.sh", *folders],
        env={**os.environ, "PATH": path, "MAILER": "send", "RECIPIENT": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_the_nightly_job_compresses_goes_on_and_tells_somebody(
    tmp_path: Path, path: str, ct: Path
) -> None:
    incoming, mail = tmp_path / "incoming", tmp_path / "mail"
    incoming.mkdir()
    shutil.copy(ct, incoming / "one.dcm")
    assert _nightly(tmp_path, path).returncode == 0
    assert "subject: dicomtx: all well on " in mail.read_text()
    assert "batch: 1 done, 0 kept, 0 refused, 0 failed, 0 skipped" in mail.read_text()
    mail.unlink()
    (incoming / "two.dcm").write_bytes(ct.read_bytes()[:-100])
    assert _nightly(tmp_path, path).returncode == 1
    assert "subject: dicomtx: some files failed on " in mail.read_text()
    assert "batch: 0 done, 0 kept, 0 refused, 1 failed, 1 skipped" in mail.read_text()
    assert f"{incoming}/two.dcm: " in mail.read_text()
    assert {path.suffix for path in (tmp_path / "reports").iterdir()} == {".html", ".jsonl"}
    assert (tmp_path / "archive/one.dcm").exists()


def test_the_nightly_job_leaves_one_that_is_still_at_it_alone(tmp_path: Path, path: str) -> None:
    (tmp_path / "incoming").mkdir()
    (tmp_path / "archive").mkdir()
    with (tmp_path / "archive/.nightly.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = _nightly(tmp_path, path)
    assert (done.returncode, done.stdout) == (0, "dicomtx: the last run is still active\n")
    assert not (tmp_path / "mail").exists()


@pytest.mark.parametrize(
    ("unit", "name"),
    [
        ("dicomtx.service", "serve"),
        ("dicomtx-http.service", "serve"),
        ("dicomtx-watch.service", "watch"),
        ("dicomtx-route.service", "route"),
        ("dicomtx-receive.service", "receive"),
    ],
)
def test_the_units_start_commands_with_options_that_they_have(unit: str, name: str) -> None:
    from click import Context

    from dicomtx.cli import dicomtx

    lines = (EXAMPLES / "systemd" / unit).read_text().splitlines()
    (line,) = [line for line in lines if line.startswith("ExecStart=")]
    program, called, *options = line.partition("=")[2].split()
    assert (Path(program).name, called) == ("dicomtx", name)
    command = dicomtx.get_command(Context(dicomtx), name)
    assert command
    assert not command.make_parser(Context(command)).parse_args(options)[1], (
        "arguments are left over"
    )
