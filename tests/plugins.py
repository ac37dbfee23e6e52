"""Installs plugins as a user's are, but without the time that pip takes."""

import shutil
import tomllib
from pathlib import Path
from typing import Final

import pytest

FAULT_CODECS: Final = Path(__file__).parent / "fault_codecs"
EXAMPLE: Final = Path(__file__).parent.parent / "examples" / "plugin"


def install(project: Path, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Puts a project's modules and its metadata in a folder that Python then looks into."""
    table = tomllib.loads((project / "pyproject.toml").read_text())["project"]
    shutil.copytree(project, site, dirs_exist_ok=True)
    info = site / f"{table['name'].replace('-', '_')}-{table['version']}.dist-info"
    info.mkdir()
    head = f"Metadata-Version: 2.1\nName: {table['name']}\nVersion: {table['version']}\n"
    (info / "METADATA").write_text(head)
    groups = [
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in points.items())
        for group, points in table["entry-points"].items()
    ]
    (info / "entry_points.txt").write_text("\n".join(groups))
    monkeypatch.syspath_prepend(site)
