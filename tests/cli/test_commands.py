"""Names of commands: suggestions, help of groups, versions."""

import re

import pytest

from dicomtx.cli import main
from dicomtx.errors import ExitCode

Captured = pytest.CaptureFixture[str]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["exprot"], "unknown command 'exprot': did you mean 'export'?"),
        (["INFO"], "did you mean 'info'?"),
        (["decompress", "a"], "did you mean 'convert' for a file, or 'batch' for a folder"),
        (["explain", "a"], "did you mean 'policy explain'?"),
        (["dicomdir", "a"], "did you mean 'export media'?"),
        (["export", "zip", "a", "b.zip"], "did you mean 'archive'?"),
        (["policy", "chekc"], "did you mean 'check'?"),
        (["export", "archve", "a", "b"], "did you mean 'archive'?"),
        (["qqq"], "use one of convert, batch,"),
        (["export", "in.dcm", "out.zip"], "Use 'dicomtx export archive SRC... OUT.zip'"),
        (["export", "/", "out.zip"], "'dicomtx export media SRC... OUT'"),
        (["in/ct.dcm"], "Use 'dicomtx convert in/ct.dcm DST', or 'dicomtx info in/ct.dcm'"),
        (["policy", "a.toml"], "'dicomtx policy explain POLICY FILE'"),
        (["config", "a.toml"], "Use 'dicomtx config show --config a.toml'"),
        (["convert", "a", "b", "c"], "not also 'c'. For several files, use 'dicomtx batch SRC..."),
        (["convert", "a", "b", "-o", "d"], "use 'dicomtx batch SRC... -o d'"),
        (["convert", "a", "b", "--j2k"], "No such option '--j2k': use --to jpeg2000-lossless"),
        (["convert", "--raw", "a", "b"], "No such option '--raw': use --to explicit"),
        (["convert", "a", "b", "--force"], "use --overwrite, or --salvage"),
        (["convert", "a", "b", "--qualty", "9"], "Did you mean"),
        (["convert", "a", "b", "c", "-o", "d"], "use 'dicomtx batch SRC... DST'"),
    ],
)
def test_a_wrong_command_gets_a_suggestion(
    capfd: Captured, arguments: list[str], told: str
) -> None:
    assert main(arguments) == ExitCode.USAGE
    assert told in capfd.readouterr().err


@pytest.mark.parametrize("group", ["policy", "export"])
def test_a_group_alone_prints_its_help(capfd: Captured, group: str) -> None:
    assert main([group]) == ExitCode.USAGE
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith(f"Usage: dicomtx {group} [OPTIONS] COMMAND")
    assert "\nCommands:\n" in err
    assert "\\n" not in err


@pytest.mark.parametrize("group", ["policy", "export"])
def test_a_group_with_an_option_but_no_command_prints_its_help(capfd: Captured, group: str) -> None:
    assert main([group, "--color", "never"]) == ExitCode.USAGE
    assert capfd.readouterr().err.startswith(f"Usage: dicomtx {group} [OPTIONS] COMMAND")


@pytest.mark.parametrize("arguments", [[], ["--color", "always"]])
def test_without_a_command_the_help_is_printed(capfd: Captured, arguments: list[str]) -> None:
    assert main(arguments) == ExitCode.DONE
    out, err = capfd.readouterr()
    assert out.startswith("Usage: dicomtx [OPTIONS] COMMAND")
    assert err == ""


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--color"], "--color needs a value: auto, always, never (see 'dicomtx --help')"),
        (["info", "a", "--color"], "--color needs a value: auto, always, never (see 'dicomtx info"),
        (["convert", "a", "--uid"], "--uid needs a value: auto, keep, new, derived"),
        (["policy", "check", "--nonsense"], "(see 'dicomtx policy check --help')"),
        (["convert", "a", "-o"], "'-o' requires an argument (see 'dicomtx convert --help')"),
    ],
)
def test_an_option_without_its_value_names_the_values_and_the_help_of_its_command(
    capfd: Captured, arguments: list[str], told: str
) -> None:
    assert main(arguments) == ExitCode.USAGE
    assert told in capfd.readouterr().err


@pytest.mark.parametrize("option", ["-V", "--version"])
def test_the_version_names_the_libraries(capfd: Captured, option: str) -> None:
    assert main([option]) == ExitCode.DONE
    first, system, libraries = capfd.readouterr().out.splitlines()
    assert re.fullmatch(r"dicomtx \d+\.\d+\.\d+\S*", first)
    assert "Python" in system
    for name in ("pydicom", "imagecodecs", "numpy"):
        assert re.search(rf"\b{name} \d", libraries)
