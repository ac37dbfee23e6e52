"""New SOP Instance UIDs."""

import uuid

import pytest

from dicomtx.dicom.derivation.uids import UidMode, new_uid


def test_a_uid_that_is_kept_is_none() -> None:
    assert new_uid("keep", "1.2.3", b"x") == ""


def test_a_new_uid_is_new_each_time() -> None:
    assert len({new_uid("new", "1.2.3", b"x") for _ in range(100)}) == 100


def test_a_derived_uid_is_the_same_for_the_same_source_and_settings() -> None:
    assert new_uid("derived", "1.2.3", b"x") == new_uid("derived", "1.2.3", b"x")
    assert new_uid("derived", "1.2.3", b"x") == "2.25.154636574683140704888961660676923781819"


def test_a_derived_uid_differs_with_source_and_settings() -> None:
    made = {new_uid("derived", uid, seed) for uid in ("1.2.3", "1.2.4") for seed in (b"x", b"y")}
    assert len(made) == 4


@pytest.mark.parametrize(("mode", "version"), [("new", 4), ("derived", 5)])
def test_uids_are_valid_and_made_of_a_uuid(mode: UidMode, version: int) -> None:
    for n in range(100):
        made = new_uid(mode, f"1.2.{n}", b"x")
        root, _, number = made.rpartition(".")
        assert root == "2.25"
        assert len(made) <= 64
        assert str(int(number)) == number
        assert uuid.UUID(int=int(number)).version == version


def test_nothing_is_derived_of_no_uid() -> None:
    assert new_uid("derived", "", b"x") == ""
    assert new_uid("new", "", b"x")
