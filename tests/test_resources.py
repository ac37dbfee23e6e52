import os

import pytest

from dicomtx.errors import SettingsError
from dicomtx.resources import Budget
from dicomtx.settings import Settings, load


def test_all_cpus_and_most_of_memory_are_ours_unless_said_otherwise() -> None:
    budget = Budget.of(Settings())
    assert budget.cpus == len(os.sched_getaffinity(0))
    assert 0 < budget.memory < os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


@pytest.mark.parametrize(("need", "frames"), [(10, 4), (30, 3), (100, 1), (101, 0)])
def test_as_many_frames_at_once_as_cpus_and_memory_allow(need: int, frames: int) -> None:
    assert Budget(cpus=4, memory=100).frames(need) == frames


def test_files_worked_on_at_once_share_it() -> None:
    assert Budget(cpus=4, memory=100).share(2) == Budget(cpus=2, memory=50)
    assert Budget(cpus=2, memory=100).share(4) == Budget(cpus=1, memory=25)


@pytest.mark.parametrize(
    ("text", "number"), [("400M", 400 << 20), ("2g", 2 << 30), ("1 KB", 1024), ("77", 77)]
)
def test_bytes_may_have_a_suffix(text: str, number: int) -> None:
    assert load(None, {}, max_memory=text).max_memory == number
    assert load(None, {"DICOMTX_MAX_MEMORY": text}).max_memory == number


@pytest.mark.parametrize("text", ["much", "-1", "1.5G", "", "G"])
def test_what_is_no_number_of_bytes_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="use bytes, such as 400M or 2G"):
        load(None, {}, max_memory=text)
