"""The commands of README.md, run from top to bottom, and what they print.

``python -m tests.readme --check README.md`` fails if they print something else than what stands
there, ``--write README.md`` puts it there. Figures and the order of words are not held against
it. A block ``console`` is commands behind ``$`` and what
they print, a block ``pycon`` is a session of Python; all are run in one folder, beside which
``examples`` is. Lines longer than 80 columns are wrapped, as by a terminal; tables are not.
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

from tests import audit

REPOSITORY = Path(__file__).parent.parent
WIDTH = 80
BLOCK = re.compile(r"^```(console|pycon)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
END = "\x1e"
FIGURES = re.compile(r"\d+(\.\d+)+|\d+(?= ?[kMG]?B\b)")  # sizes, ratios, seconds, new UIDs


def replaced(text: str) -> str:
    """Returns the text with what its commands print now, without the audit extra."""
    audit.hide()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "examples").symlink_to(REPOSITORY / "examples")
        (folder / "try").mkdir()
        blocks = list(BLOCK.finditer(text))
        said = iter(_in_bash([match[2] for match in blocks if match[1] == "console"], folder))
        for match in blocks:
            now = next(said) if match[1] == "console" else _in_python(match[2], folder / "try")
            if _blurred(now) != _blurred(match[2]):
                text = text.replace(match[0], f"```{match[1]}\n{now}```", 1)
    return text


def _blurred(text: str) -> list[str]:
    """Returns the words, without figures and in no order: both differ from run to run."""
    return sorted(FIGURES.sub("#", text).split())


def _in_bash(blocks: list[str], folder: Path) -> list[str]:
    """Returns the blocks with what their commands print, all run in one shell."""
    shown = [list(_commands(block)) for block in blocks]
    script = "".join(
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
    said = iter(done.stdout.split(END))
    return [
        "".join(_prompted(command) + _wrapped(next(said)) for command in each) for each in shown
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


def _wrapped(said: str) -> str:
    lines = []
    for line in said.splitlines():
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


def _in_python(block: str, folder: Path) -> str:
    """Returns a session with what its lines print."""
    console, lines = code.InteractiveConsole(), []
    with chdir(folder):
        for line in block.splitlines():
            if not line.startswith((">>> ", "... ", "...")):
                continue
            said = io.StringIO()
            with redirect_stdout(said), redirect_stderr(said):
                console.push(line[4:])
            lines.append(f"{line}\n{said.getvalue()}")
    return "".join(lines)


@click.command()
@click.option("--check", type=click.Path(path_type=Path), help="Fail if this file has another.")
@click.option("--write", type=click.Path(path_type=Path), help="Put it into this file.")
def main(check: Path | None, write: Path | None) -> None:
    """Check or write what commands print."""
    if check and replaced(check.read_text("utf-8")) != check.read_text("utf-8"):
        raise click.ClickException(f"{check} is behind: python -m tests.readme --write {check}")
    if write:
        write.write_text(replaced(write.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
