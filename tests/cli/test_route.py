"""``dicomtx route`` checks and explains its routes before it listens."""

from pathlib import Path

import pytest

from dicomtx.cli import main
from dicomtx.errors import ExitCode

ROUTE = '[[route]]\nmodality = "CT"\nto = "{}"\ndestination = "dicom://A@a"\nretry = "never"\n'


@pytest.fixture
def routes(tmp_path: Path) -> Path:
    path = tmp_path / "routes.toml"
    path.write_text(ROUTE.format("rle-lossless"))
    return path


def test_check_explains_each_route(capfd: pytest.CaptureFixture[str], routes: Path) -> None:
    assert main(["route", str(routes), "--check"]) == ExitCode.DONE
    assert capfd.readouterr().out.splitlines() == [
        "Route    Instances      Destination      Sent",
        "route 1  modality = CT  dicom://A@a:104  to rle-lossless; no retry",
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (ROUTE.format("mp3"), "route 1: to: "),
        (ROUTE.format("jpeg2000"), "route 1: to: jpeg2000 is lossy and needs a goal"),
        ("[[rule]]", "rule: unknown key"),
        ("", "it has no routes"),
        ("[[route", "not valid TOML"),
    ],
)
def test_a_wrong_file_is_refused_before_anything_is_made(
    capfd: pytest.CaptureFixture[str], routes: Path, content: str, message: str
) -> None:
    routes.write_text(content)
    spool = routes.parent / "spool"
    assert main(["route", str(routes), "--spool", str(spool)]) == ExitCode.SETTINGS
    error = capfd.readouterr().err
    assert f"{routes}: " in error
    assert message in error
    assert not spool.exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "--spool is missing"),
        (("--spool", "s", "--aet", "A" * 17), "1 to 16 characters"),
        (("--spool", "s", "--max-spool", "much"), "--max-spool: 'much' is not allowed"),
        (("--spool", "s", "--allow-host", "nowhere"), "--allow-host nowhere"),
    ],
)
def test_a_wrong_option_is_refused(
    capfd: pytest.CaptureFixture[str], routes: Path, options: tuple[str, ...], message: str
) -> None:
    assert main(["route", str(routes), *options]) == ExitCode.USAGE
    assert message in capfd.readouterr().err
    assert not Path("s").exists()
