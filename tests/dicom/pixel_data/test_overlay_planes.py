"""Overlay planes in the unused bits of Pixel Data."""

import pytest

from dicomtx.dicom.data_set import DataSet
from dicomtx.dicom.elements import EXPLICIT, EXPLICIT_BIG, IMPLICIT, Encoding
from dicomtx.dicom.pixel_data.overlay_planes import OverlayPlane, embedded_planes
from tests.dicom import builder
from tests.dicom.builder import element, short

IMAGE = builder.image(2, 4, allocated=16, stored=12)


def overlay(bit: int, *, data: bool = False, group: int = 0x6000) -> DataSet:
    elements = short(group << 16 | 0x100, 16) + short(group << 16 | 0x102, bit)
    more = element(group << 16 | 0x3000, "OW", b"\1\0") if data else b""
    return builder.data_set(elements + more)


@pytest.mark.parametrize("encoding", [IMPLICIT, EXPLICIT, EXPLICIT_BIG])
def test_planes_are_found_in_every_group_and_encoding(encoding: Encoding) -> None:
    data = short(0x60000102, 12, encoding) + short(0x601E0102, 15, encoding)
    found = embedded_planes(builder.data_set(data, encoding), IMAGE)
    assert found == (OverlayPlane(0x6000, 12), OverlayPlane(0x601E, 15))


@pytest.mark.parametrize(("bit", "is_plane"), [(0, False), (11, False), (12, True), (16, False)])
def test_a_plane_is_in_a_bit_that_is_no_part_of_the_value(bit: int, *, is_plane: bool) -> None:
    assert bool(embedded_planes(overlay(bit), IMAGE)) == is_plane


def test_values_in_the_high_bits_leave_room_below() -> None:
    image = IMAGE._replace(high_bit=15)
    assert embedded_planes(overlay(0), image)
    assert not embedded_planes(overlay(12), image)


def test_a_plane_with_data_of_its_own_is_not_embedded() -> None:
    assert not embedded_planes(overlay(12, data=True), IMAGE)


def test_a_plane_becomes_one_of_its_own() -> None:
    edits = {e.tag: e for e in OverlayPlane(0x6002, 12).edits(b"\1\2\3", 1)}
    assert edits[0x60020100].value == b"\1\0"
    assert edits[0x60020102].value == b"\0\0"
    assert edits[0x60023000].value == b"\1\2\3\0"
    assert edits[0x60023000].vr == "OW"
    assert 0x60020015 not in edits
    edits = {e.tag: e for e in OverlayPlane(0x6002, 12).edits(b"\1\2", 3)}
    assert edits[0x60020015].value == b"3 "
