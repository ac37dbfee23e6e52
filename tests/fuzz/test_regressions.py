"""What fuzzing found stays mended, and a few hundred mutations of real files do no harm."""

import subprocess
import sys

import pytest

from tests.corpus import REPOSITORY
from tests.fuzz.seeds import KEPT, mutated, mutations
from tests.sampling import sampled


def check(*arguments: str) -> None:
    """Runs the targets in a process with limits of its own."""
    command = [sys.executable, "-m", "tests.fuzz.run", *arguments]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=300, check=False, cwd=REPOSITORY
    )
    last = done.stdout.rstrip().rpartition("\n")[2]
    assert done.returncode == 0, f"{last}: {done.returncode}\n{done.stderr[-2000:]}"


def test_what_was_found_before_does_no_harm() -> None:
    check("kept")


@pytest.mark.parametrize("seed", sampled([0, 1000, 2000, 3000], 4))
def test_mutated_files_do_no_harm(seed: int) -> None:
    check("mutations", str(seed), "100")


def test_a_mutation_can_be_had_again_by_its_number() -> None:
    assert list(mutations(7, 3)) == list(mutations(7, 3))
    assert mutated.__doc__


def test_kept_files_are_small() -> None:
    assert all(path.stat().st_size < 20_000 for path in KEPT.iterdir())
