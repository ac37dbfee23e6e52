"""A folder of sources and what is exported of them."""

import io
import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

from pydicom import Dataset, dcmread

from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.convert.request import Outcome
from dicomtx.workflows.export.export import export
from dicomtx.workflows.export.job import Export
from dicomtx.workflows.workers.pool import ProcessPool
from tests.corpus import file
from tests.in_process import InProcess

GOOD = ("CT_small.dcm", "MR_small.dcm", "SC_rgb_small_odd.dcm", "rtplan.dcm", "chrH31.dcm")
RLE = find("rle").uid


class Folder:
    """Sources, and a place for what is made of them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.sources = path / "sources"
        self.sources.mkdir()

    def put(self, *names: str) -> None:
        for name in names:
            shutil.copy(file(name), self.sources / name)

    def export(self, out: str = "out.zip", to: str = "rle", **asked: Any) -> list[Outcome]:
        target = find(to) if to else None
        sources = asked.pop("sources", (str(self.sources),))
        workers = asked.pop("workers", 0)
        executor = ProcessPool(workers) if workers else InProcess()
        job = Export(sources, str(self.path / out), target, executor=executor, **asked)
        return list(export(job))

    def members(self, out: str = "out.zip") -> dict[str, Dataset]:
        with zipfile.ZipFile(self.path / out) as archive:
            assert archive.testzip() is None
            names = [n for n in archive.namelist() if n not in ("MANIFEST.json", "DICOMDIR")]
            return {name: dcmread(io.BytesIO(archive.read(name))) for name in names}

    def manifest(self, out: str = "out.zip") -> list[dict[str, Any]]:
        with zipfile.ZipFile(self.path / out) as archive:
            files: list[dict[str, Any]] = json.loads(archive.read("MANIFEST.json"))["files"]
            return files

    def left(self) -> set[str]:
        return {path.name for path in self.path.iterdir()} - {"sources"}


def by_source(outcomes: list[Outcome]) -> dict[str, Outcome]:
    return {Path(outcome.path).name: outcome for outcome in outcomes}
