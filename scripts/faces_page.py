"""Generates docs/faces.md from the tables of the faces.

``python -m scripts.faces_page`` prints the page. ``--check docs/faces.md`` fails if the file
differs, ``--write docs/faces.md`` updates it. A section of options that several tools share is
listed once.
"""

from collections.abc import Sequence
from typing import Final

from dicomtx.cli import FACES
from dicomtx.cli.faces.command import face
from dicomtx.cli.faces.row import Row, Section, Tool
from scripts.generated import command

SHARED: Final = 3  # a section that this many tools have is listed once
TITLE: Final = """\
# Faces of other tools

`dicomtx gdcmconv`, `dicomtx dcmconv`, `dicomtx dcmcjpeg` and five more take the arguments of these
tools. A script changes one word:

```sh
gdcmconv --j2k in.dcm out.dcm
dicomtx gdcmconv --j2k in.dcm out.dcm
```

Or it changes nothing. `dicomtx shims install` writes executables with the names of the tools. Put
their folder first on `PATH`:

```sh
dicomtx shims install ~/shims
PATH=~/shims:$PATH ./nightly.sh
dicomtx shims uninstall ~/shims
```

This is enough for a hook of Orthanc that runs `gdcmconv -U --j2k`, if the folder is on the `PATH`
of the server. The hook can now trust the exit code.

A shim runs the Python that installed it. It replaces no file of another program unless you give
`-f`. With `DICOMTX_SERVER`, shims use the [warm server](server.md).

This page is generated from the tables that read the command lines. A test compares each table with
`--help` of the tool, and runs both on the same files.

## What differs, for all tools

- The conversion is that of `dicomtx convert`: every result is verified, and labels match the pixel
  data.
- An existing destination is overwritten, as the tools do. But dicomtx replaces it only when the
  result is complete: if anything fails, the old file is still there.
- The [exit code](../README.md#troubleshooting-and-exit-codes) says what went wrong. The tools exit
  with 1, or with 0 after some failures.
- An option that is not supported is an error (exit code 2), and the message names it. No option is
  ignored silently.
- Lossy results record ratio, method and derivation, and keep those of earlier steps. The safety
  rules of [lossy compression](lossy.md) apply. Faces have no options for them: set variables, such
  as `DICOMTX_ALLOW_GENERATION_LOSS=1`.
- The source may be the destination, except for lossy results. `DICOMTX_ALLOW_LOSSY_IN_PLACE=1`
  allows that, too.
- A file that cannot be converted, such as a report, is copied unchanged (exit code 0).
- Success prints nothing. Warnings and errors go to standard error.
"""
WORDS: Final = {"used": "", "no effect": "No effect: ", "refused": "**Not supported**: "}


def page() -> str:
    """Returns the whole page."""
    tools = [face(name).tool for name in FACES]
    every = [section for tool in tools for section in tool.sections]
    often = [section for section in every if every.count(section) >= SHARED]
    shared = [section for at, section in enumerate(often) if section not in often[:at]]
    parts = [TITLE, *(_tool(tool, shared) for tool in tools), "## Shared options\n"]
    parts += [f"### {_title(part)}\n\n{_table(part.rows)}" for part in shared]
    return "\n".join(parts)


def _tool(tool: Tool, shared: list[Section]) -> str:
    """Returns the part of the page about one tool."""
    own = [row for section in tool.sections if section not in shared for row in section.rows]
    names = [section for section in tool.sections if section in shared]
    lines = [f"## `{tool.name}`\n", f"{tool.text} The options are those of {tool.version}.\n"]
    lines += [*(f"- {text}" for text in tool.differs), ""] if tool.differs else []
    lines.append(_table(own))
    if names:
        listed = "; ".join(_title(section) for section in names)
        lines.append(f"[Shared options](#shared-options): {listed}.\n")
    return "\n".join(lines)


def _title(section: Section) -> str:
    return section.title[0].upper() + section.title[1:]


def _table(rows: Sequence[Row]) -> str:
    """Returns a table, with a column for the differences if there are any."""
    differ = any(row.differs for row in rows)
    lines = ["| option | here |" + " wanted difference |" * differ, "|---|---|" + "---|" * differ]
    for row in rows:
        names = ", ".join(f"`{name}`" for name in row.names)
        arguments = "".join(f" `{argument.name}`" for argument in row.arguments)
        text = WORDS[row.meaning] + (f"{row.text}." if row.meaning == "refused" else row.text)
        lines.append(f"| {names}{arguments} | {text} |" + f" {row.differs} |" * differ)
    return "\n".join((*lines, ""))


main = command(page, "scripts.faces_page")

if __name__ == "__main__":
    main()
