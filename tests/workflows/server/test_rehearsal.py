"""The server runs commands before the first request. They succeed and leave nothing behind."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import json, os, sys
from dicomtx import cli
from dicomtx.workflows.server import listener, rehearsal
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["DICOMTX_STRICT"] = "neither true nor false"
before = dict(os.environ)
listener.import_everything()
codes = rehearsal.rehearse(cli.main)
listener.check_threads()
json.dump([codes, before == dict(os.environ), sorted(sys.modules)], sys.stdout)
"""


@pytest.mark.long
def test_a_rehearsal_succeeds_and_leaves_neither_files_nor_threads(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    codes, same_environment, modules = json.loads(done.stdout)
    assert codes == [0] * 5
    assert same_environment
    assert {"numpy", "imagecodecs", "dicomtx.cli.batch"} <= set(modules)
    assert "pydicom" not in modules, "it doubles what a fork costs"
    assert list(tmp_path.iterdir()) == []
