"""Runs the commands in README.md and docs/*.md, and compares what they print.

``python -m tests.readme --check README.md`` fails if the output of a command differs from the page,
``--write README.md`` updates the page. Both options can be given several times.

A block ``console`` holds commands after ``$`` and their output. The blocks ``pycon`` are
one Python session. All blocks of a page run in one new folder beside a link to ``examples``. The
sample files are there for pages in docs/; README.md makes them itself. Numbers with a decimal
point, sizes and the order of words are not compared. Lines longer than 80 columns are wrapped, as
by a terminal; tables are not.
"""

import code
import io
import os
import re
import subprocess
import sys
import tempfile
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from textwrap import wrap

import click

from tests import audit_extra

REPOSITORY = Path(__file__).parent.parent
WIDTH = 80
BLOCK = re.compile(r"^```(console|pycon)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
END = "\x1e"
SAMPLES = "python ../examples/samples.py . > /dev/null"
# Sizes, ratios, seconds and new UIDs. A new UID of 37 digits makes a file 2 bytes shorter.
FIGURES = re.compile(r"\d+(\.\d+)+|\d+(?= ?[kMG]?B\b)|(?<=\"bytes_out\": )\d+")


def updated(page: Path) -> str:
    """Returns the text of a page with the output that its commands have now."""
    text = page.read_text("utf-8")
    return replaced(text, "" if page.name == "README.md" else SAMPLES)


def replaced(text: str, first: str = "") -> str:
    """Returns a text with the output that its commands have now, without the audit extra.

    The command ``first`` runs before them.
    """
    audit_extra.hide()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "examples").symlink_to(REPOSITORY / "examples")
        (folder / "try").mkdir()
        blocks = list(BLOCK.finditer(text))
        console = [match[2] for match in blocks if match[1] == "console"]
        outputs = iter(_in_bash(first, console, folder))
        session = code.InteractiveConsole()
        for match in blocks:
            now = (
                next(outputs)
                if match[1] == "console"
                else _in_python(session, match[2], folder / "try")
            )
            if _blurred(now) != _blurred(match[2]):
                text = text.replace(match[0], f"```{match[1]}\n{now}```", 1)
    return text


def _blurred(text: str) -> list[str]:
    """Returns the words, without figures and in no order: both differ from run to run."""
    return sorted(FIGURES.sub("#", text).split())


def _in_bash(first: str, blocks: list[str], folder: Path) -> list[str]:
    """Returns the blocks with the output of their commands, all run in one shell."""
    shown = [list(_commands(block)) for block in blocks]
    script = f"{first}\n" + "".join(
        f"{command}\ncode=$?; printf '{END}'; (exit $code)\n" for each in shown for command in each
    )
    done = subprocess.run(
        ["bash"],
        input=script,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=folder / "try",
        env=_environment(folder),
        text=True,
        check=False,
    )
    outputs = iter(done.stdout.split(END))
    return [
        "".join(_prompted(command) + _wrapped(next(outputs)) for command in each) for each in shown
    ]


def _commands(block: str) -> list[str]:
    """Returns the commands of a block, each with its continuation lines."""
    found: list[str] = []
    open_ended = False
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append(line[2:])
        elif open_ended:
            found[-1] += f"\n{line}"
        open_ended = bool(found) and line.endswith("\\") and (open_ended or line.startswith("$ "))
    return found


def _prompted(command: str) -> str:
    return f"$ {command}\n"


def _wrapped(output: str) -> str:
    lines = []
    for line in output.splitlines():
        table = "  " in line.rstrip()
        parts = wrap(line, WIDTH, break_long_words=False, break_on_hyphens=False)
        lines += parts if len(line) > WIDTH and not table else [line]
    return "".join(f"{line}\n" for line in lines)


def _environment(folder: Path) -> dict[str, str]:
    """Returns an environment with this dicomtx, and with no settings of the user."""
    (folder / "bin").mkdir()
    for name, given in (("dicomtx", "-m dicomtx"), ("python", "")):
        command = folder / "bin" / name
        command.write_text(f'#!/bin/sh\nexec {sys.executable} {given} "$@"\n')
        command.chmod(0o755)
    ours = {name: v for name, v in os.environ.items() if not name.startswith("DICOMTX_")}
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return ours | {"PATH": path, "HOME": str(folder), "XDG_CONFIG_HOME": "", "LC_ALL": "C.UTF-8"}


def _in_python(session: code.InteractiveConsole, block: str, folder: Path) -> str:
    """Returns a block with the output of its lines."""
    lines = []
    with chdir(folder):
        for line in block.splitlines():
            if not line.startswith((">>> ", "... ", "...")):
                continue
            output = io.StringIO()
            with redirect_stdout(output), redirect_stderr(output):
                session.push(line[4:])
            lines.append(f"{line}\n{output.getvalue()}")
    return "".join(lines)


PAGES = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.option("--check", multiple=True, type=PAGES, help="Fail if this page is out of date.")
@click.option("--write", multiple=True, type=PAGES, help="Update this page.")
def main(check: tuple[Path, ...], write: tuple[Path, ...]) -> None:
    """Check or write the output of the commands in pages."""
    for page in check:
        if updated(page) != page.read_text("utf-8"):
            raise click.ClickException(
                f"{page} is out of date: python -m tests.readme --write {page}"
            )
    for page in write:
        page.write_text(updated(page), "utf-8")


if __name__ == "__main__":
    main()
