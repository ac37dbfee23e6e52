"""`dicomtx export`: what is told, and how it ends."""

import json
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
from pydicom.fileset import FileSet

from dicomtx.cli import main
from dicomtx.errors import ExitCode
from tests.conftest import Run
from tests.corpus import file
from tests.sampling import sampled_rows


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    folder = tmp_path / "sources"
    folder.mkdir()
    for name in ("CT_small.dcm", "MR_small.dcm"):
        shutil.copy(file(name), folder / name)
    return folder


def test_an_archive_is_summed_up_in_a_line(
    sources: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.zip"
    assert main(["export", "archive", str(sources), str(out), "--to", "rle"]) == ExitCode.DONE
    text, _ = capfd.readouterr()
    assert text.startswith(f"{out}: 2 done, 49.0 kB -> ")
    with zipfile.ZipFile(out) as archive:
        assert "MANIFEST.json" in archive.namelist()


def test_quiet_is_quiet_and_the_manifest_can_be_left_out(
    sources: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.zip"
    assert main(["export", "archive", str(sources), str(out), "-q", "--no-manifest"]) == 0
    assert capfd.readouterr() == ("", "")
    with zipfile.ZipFile(out) as archive:
        assert len(archive.namelist()) == 2


def test_json_tells_each_outcome(
    sources: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "archive", str(sources), str(tmp_path / "o.zip"), "--json"]) == 0
    outcomes = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [outcome["status"] for outcome in outcomes] == ["done", "done"]


def test_a_failure_is_exported_as_it_is_and_ends_with_1(
    sources: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(file("MR_truncated.dcm"), sources)
    out = tmp_path / "out.zip"
    command = ["export", "archive", str(sources), str(out), "--to", "rle"]
    assert main(command) == ExitCode.SOME_FAILED
    told = capfd.readouterr().err
    assert "MR_truncated.dcm: warning: exported unchanged" in told
    with zipfile.ZipFile(out) as archive:
        assert len(archive.namelist()) == 4
    out.unlink()
    assert main([*command, "--strict"]) == ExitCode.UNSUPPORTED
    assert not out.exists()


def test_standard_output_is_an_archive(sources: Path, tmp_path: Path, run: Run) -> None:
    done = run("export", "archive", sources, "-", "--to", "rle")
    assert done.returncode == 0
    (tmp_path / "piped.zip").write_bytes(done.stdout)
    with zipfile.ZipFile(tmp_path / "piped.zip") as archive:
        assert archive.testzip() is None
    assert b"2 done" in done.stderr


def test_media_are_a_folder_or_an_archive(sources: Path, tmp_path: Path) -> None:
    assert main(["export", "media", str(sources), str(tmp_path / "disc"), "-q"]) == 0
    assert len(list(FileSet(tmp_path / "disc" / "DICOMDIR"))) == 2
    assert main(["export", "media", str(sources), str(tmp_path / "disc.zip"), "-q"]) == 0
    with zipfile.ZipFile(tmp_path / "disc.zip") as archive:
        expected = {"DICOMDIR", "IMAGES/IM0", "IMAGES/IM1", "MANIFEST.json"}
        assert set(archive.namelist()) == expected


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--profile", "STD-GEN-CD"], ExitCode.DONE),
        (["--profile", "STD-GEN-CD", "--to", "rle"], ExitCode.UNSUPPORTED),
        (["--profile", "STD-GEN"], ExitCode.USAGE),
        (["--file-set-id", "lower case"], ExitCode.USAGE),
        (["--file-set-id", "A_FAR_TOO_LONG_ID"], ExitCode.USAGE),
        (["--naming", "dos"], ExitCode.USAGE),
        (["--append"], ExitCode.DESTINATION),
        (["-v", "-q"], ExitCode.USAGE),
        (["--strict"], ExitCode.DONE),
    ],
)
def test_exit_codes_of_media(
    sources: Path, tmp_path: Path, options: list[str], code: ExitCode
) -> None:
    assert main(["export", "media", str(sources), str(tmp_path / "disc"), *options]) == code
    assert (tmp_path / "disc").exists() == (code is ExitCode.DONE)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--layout", "{NoSuchKeyword}.dcm"], ExitCode.USAGE),
        (["--layout", "../{Modality}.dcm"], ExitCode.USAGE),
        (["--to", "jpeg3000"], ExitCode.USAGE),
        (["--layout", "orthanc-1.13"], ExitCode.DONE),
    ],
)
def test_exit_codes_of_archives(
    sources: Path, tmp_path: Path, options: list[str], code: ExitCode
) -> None:
    out = tmp_path / "out.zip"
    assert main(["export", "archive", str(sources), str(out), *options]) == code
    assert out.exists() == (code is ExitCode.DONE)


def test_a_list_on_standard_input(sources: Path, tmp_path: Path, run: Run) -> None:
    names = b"\0".join(bytes(path) for path in sorted(sources.iterdir()))
    done = run("export", "archive", "-", tmp_path / "out.zip", "-0", "-q", stdin=names)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@pytest.mark.parametrize("signal_sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_export_leaves_nothing(tmp_path: Path, signal_sent: signal.Signals) -> None:
    folder = tmp_path / "sources"
    folder.mkdir()
    for number in range(300):
        shutil.copy(file("CT_small.dcm"), folder / f"{number}.dcm")
    command = [sys.executable, "-m", "dicomtx", "export", "media", str(folder), f"{tmp_path}/out"]
    running = subprocess.Popen([*command, "--to", "rle"], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob(".*/*")) and time.monotonic() < deadline:
        time.sleep(0.02)
    running.send_signal(signal_sent)
    code = ExitCode.INTERRUPTED if signal_sent == signal.SIGINT else ExitCode.TERMINATED
    assert running.wait(60) == code
    assert [path.name for path in tmp_path.iterdir()] == ["sources"]


def test_a_report_has_a_row_for_each_file(sources: Path, tmp_path: Path) -> None:
    shutil.copy(file("MR_truncated.dcm"), sources)
    report = tmp_path / "report.jsonl"
    command = ["export", "archive", str(sources), str(tmp_path / "o.zip"), "--report", str(report)]
    assert main([*command, "--to", "rle"]) == ExitCode.SOME_FAILED
    rows = [json.loads(line) for line in report.read_text().splitlines()]
    statuses = sorted(row["status"] for row in rows if "status" in row)
    assert statuses == ["done", "done", "failed"]


POLICY = """
[[policy.kinds.rule]]
modality = "MR"
refuse = "not for export"

[[policy.kinds.rule]]
to = "rle"
"""


@pytest.fixture
def policy(tmp_path: Path) -> str:
    path = tmp_path / "kinds.toml"
    path.write_text(POLICY)
    return str(path)


@pytest.mark.parametrize("kind", ["archive", "media"])
def test_what_only_a_policy_refuses_is_told_and_is_no_failure(
    sources: Path, tmp_path: Path, policy: str, capfd: pytest.CaptureFixture[str], kind: str
) -> None:
    out = tmp_path / "out.zip"
    command = ["export", kind, str(sources), str(out), "--policy", policy]
    assert main(command) == ExitCode.DONE
    text, told = capfd.readouterr()
    assert text.startswith(f"{out}: 1 done, 1 refused, ")
    assert "MR_small.dcm: refused by kinds, rule 1: not for export" in told
    with zipfile.ZipFile(out) as archive:
        manifest = json.loads(archive.read("MANIFEST.json"))
    assert (manifest["policy"], manifest["transfer_syntax"]) == ("kinds", None)
    assert [one["member"] is None for one in manifest["files"]] == [True, False]
    out.unlink()
    assert main([*command, "--strict"]) == ExitCode.UNSUPPORTED
    assert not out.exists()


def test_a_policy_and_a_target_contradict_each_other(
    sources: Path, tmp_path: Path, policy: str
) -> None:
    command = ["export", "archive", str(sources), str(tmp_path / "out.zip"), "--policy", policy]
    assert main([*command, "--to", "rle"]) == ExitCode.USAGE


def test_orthanc_s_configuration_decides(sources: Path, tmp_path: Path) -> None:
    configuration = tmp_path / "orthanc.json"
    configuration.write_text('{"IngestTranscoding": "1.2.840.10008.1.2.5"}')
    out = tmp_path / "out.zip"
    command = ["export", "archive", str(sources), str(out), "--orthanc", str(configuration)]
    assert main(command) == ExitCode.DONE
    with zipfile.ZipFile(out) as archive:
        files = json.loads(archive.read("MANIFEST.json"))["files"]
    assert {one["transfer_syntax"] for one in files} == {"1.2.840.10008.1.2.5"}


@pytest.mark.parametrize(
    ("options", "code"),
    [
        *sampled_rows(
            [
                (["--psnr", "50", "--uid", "derived"], ExitCode.DONE),
                (["--ratio", "5", "--threads", "1", "--max-memory", "400M"], ExitCode.DONE),
                (["--min-psnr", "200"], ExitCode.SOME_FAILED),
                (["--reproducible"], ExitCode.DONE),
                (["--file-timeout", "0.001"], ExitCode.SOME_FAILED),
                (["--min-psnr", "200", "--on-failure", "keep-original"], ExitCode.DONE),
            ],
            2,
        ),
        (["--psnr", "50", "--ratio", "5"], ExitCode.USAGE),
        (["--reproducible", "--uid", "new"], ExitCode.USAGE),
        (["--max-memory", "much"], ExitCode.USAGE),
    ],
)
def test_exit_codes_of_lossy_archives(
    sources: Path, tmp_path: Path, options: list[str], code: ExitCode
) -> None:
    out = tmp_path / "out.zip"
    command = ["export", "archive", str(sources), str(out), "--to", "jpeg2000", "--lossy"]
    assert main([*command, *options]) == code
    assert out.exists() == (code is not ExitCode.USAGE)
    if out.exists():
        with zipfile.ZipFile(out) as archive:
            assert len(archive.namelist()) == 3


def test_appending_tells_what_is_as_it_was(
    sources: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    disc = tmp_path / "disc"
    assert main(["export", "media", str(sources), str(disc), "-q"]) == ExitCode.DONE
    more = ["export", "media", str(file("rtplan.dcm")), str(disc), "--append", "--icons"]
    assert main(more) == ExitCode.DONE
    told = capfd.readouterr().err
    assert f"{disc}: images from before the append still have no icon: 2" in told
