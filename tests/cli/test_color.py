"""When there are colours: an option, then variables, then the terminal decide."""

from pathlib import Path

import pytest

from dicomtx.cli import main
from dicomtx.errors import ExitCode

RED = "\x1b[31m"
VARIABLES = ("DICOMTX_COLOR", "NO_COLOR", "FORCE_COLOR")
ALWAYS, NEVER = ["--color", "always"], ["--color=never"]


@pytest.mark.parametrize(
    ("before", "after", "variables", "coloured"),
    [
        ([], [], {}, False),  # not a terminal
        (ALWAYS, [], {}, True),
        ([], ALWAYS, {}, True),
        (ALWAYS, NEVER, {}, False),  # the last one
        ([], [], {"FORCE_COLOR": "1"}, True),
        ([], [], {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ([], [], {"DICOMTX_COLOR": "always", "NO_COLOR": "1"}, True),
        ([], [], {"DICOMTX_COLOR": "never", "FORCE_COLOR": "1"}, False),
        ([], NEVER, {"DICOMTX_COLOR": "always"}, False),
        ([], ALWAYS, {"NO_COLOR": "1"}, True),
    ],
)
def test_an_error_is_red_if_colours_are_wanted(
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    *,
    before: list[str],
    after: list[str],
    variables: dict[str, str],
    coloured: bool,
) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert main([*before, "info", "nothing.dcm", *after]) == ExitCode.SOURCE
    err = capfd.readouterr().err
    assert err.startswith(f"{RED}dicomtx: nothing.dcm: ") == coloured
    assert ("\x1b" in err) == coloured


def test_the_option_applies_to_usage_errors_and_subcommands(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    policy = tmp_path / "a.toml"
    policy.write_text("[[policy.a.rule]]\nto = 'rle'\n")
    assert main(["policy", "check", str(policy), *ALWAYS]) == ExitCode.DONE
    assert "\x1b[32mOK\x1b[0m" in capfd.readouterr().out
    assert main(["--color=always", "info", "--nonsense"]) == ExitCode.USAGE
    assert capfd.readouterr().err.startswith(RED)


def test_another_value_is_an_error(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["--color", "red", "info", "x"]) == ExitCode.USAGE
    monkeypatch.setenv("DICOMTX_COLOR", "red")
    assert main(["info", "x"]) == ExitCode.SETTINGS
    assert "DICOMTX_COLOR: 'red' is not allowed: use one of auto" in capfd.readouterr().err
