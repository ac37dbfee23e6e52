"""Makes test files once for each run of pytest, and gives each of them to ``dicom_file``."""

import json
import subprocess
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

FOLDER = TemporaryDirectory()  # removed when pytest ends
WANTED = ("--synthetic=ct,us-rgb", "--to=explicit,rle,jpeg2000-lossless", "--vary=frames=1,3")


@cache
def manifest() -> dict[str, Any]:
    """Makes the files, and returns their manifest."""
    subprocess.run(["dicomtx", "fixtures", "-q", *WANTED, FOLDER.name], check=True)
    made: dict[str, Any] = json.loads(Path(FOLDER.name, "MANIFEST.json").read_text())
    return made


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Runs a test with the argument ``dicom_file`` once for each file."""
    if "dicom_file" in metafunc.fixturenames:
        made = [(Path(FOLDER.name, entry["file"]), entry) for entry in manifest()["files"]]
        metafunc.parametrize("dicom_file", made, ids=[path.stem for path, _ in made])
