"""share/ has a man page for every command, and the completion script of every shell."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from dicomtx.cli import dicomtx
from scripts.cli_reference import commands
from scripts.share import PLACES, Roff, escaped, files, main

REPOSITORY = Path(__file__).parents[2]
ROOT = click.Context(dicomtx, info_name="dicomtx", **dicomtx.context_settings)


def shown(page: Path) -> str:
    """Returns a page as ``man`` prints it; a warning of groff fails."""
    groff = ["groff", "-man", "-Tascii", "-ww", "-P-cbou", "-rLL=300n", str(page)]
    done = subprocess.run(groff, capture_output=True, check=True, text=True)
    assert done.stderr == ""
    return done.stdout


def test_every_command_has_a_page_with_every_option() -> None:
    made = files()
    for context in commands(ROOT):
        page = made[f"man/man1/{context.command_path.replace(' ', '-')}.1"]
        assert f".B {escaped(context.command_path)}\n" in page
        options = [p for p in context.command.params if isinstance(p, click.Option)]
        for option in options:
            names = [name for name in option.opts if name.startswith("-")]
            assert option.hidden or any(escaped(name) in page for name in names)


@pytest.mark.peer("groff")
@pytest.mark.parametrize("name", ["dicomtx", "dicomtx-convert", "dicomtx-completion"])
def test_man_prints_a_page_without_a_warning(name: str) -> None:
    text = shown(REPOSITORY / f"share/man/man1/{name}.1")
    for heading in ("NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "SEE ALSO"):
        assert f"\n{heading}\n" in text
    if name == "dicomtx-convert":
        assert "\n       --only-if-smaller[=PERCENT]\n" in text
        assert "\n   Pixel data\n" in text
        assert "jpeg: jpeg-lossless-sv1\n" in text
    if name == "dicomtx-completion":
        assert '\n         eval "$(dicomtx completion zsh)"\n' in text


@pytest.mark.peer("groff")
@pytest.mark.parametrize("text", [".dot", "'quote", "back\\slash", "a-b", "plain"])
def test_text_is_never_taken_for_a_request(tmp_path: Path, text: str) -> None:
    roff = Roff()
    roff.request('.TH TEST 1 "" "" ""\n.SH NAME')
    roff.write_dl([(text, text)])
    roff.write_text(f"{text}\n\n\b\n{text}")
    page = tmp_path / "page.1"
    page.write_text(roff.getvalue())
    assert shown(page).split().count(text) == 4


def test_written_then_checked(tmp_path: Path) -> None:
    def run(option: str) -> int:
        return CliRunner().invoke(main, [option, str(tmp_path)]).exit_code

    assert run("--check") == 1
    assert run("--write") == run("--check") == 0
    surplus = tmp_path / "man/man1/dicomtx-gone.1"
    surplus.write_text("old\n")
    assert run("--check") == 1
    assert run("--write") == run("--check") == 0
    assert not surplus.exists()
    (tmp_path / PLACES["zsh"]).write_text("old\n")
    assert run("--check") == 1


@pytest.mark.long
@pytest.mark.peer("man")
def test_the_wheel_installs_them_where_man_and_the_shells_look(tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "-w", tmp_path, REPOSITORY], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        names = {name.partition(".data/data/share/")[2] for name in packed.namelist()}
    assert names - {""} == set(files())
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    target = tmp_path / "venv/bin/python"
    subprocess.run([*pip, "--python", target, "install", "--no-deps", wheel], check=True)
    share = tmp_path / "venv/share"
    for name, text in files().items():
        assert (share / name).read_text() == text
    found = subprocess.run(
        ["man", "-w", "dicomtx-batch"],
        env=os.environ | {"MANPATH": str(share / "man")},
        capture_output=True,
        check=True,
        text=True,
    )
    assert found.stdout == f"{share}/man/man1/dicomtx-batch.1\n"
