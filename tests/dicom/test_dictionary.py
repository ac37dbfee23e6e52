"""The table of VRs is that of pydicom. To write it anew: python tests/dicom/test_dictionary.py."""

from pathlib import Path

from pydicom._dicom_dict import DicomDictionary, RepeatersDictionary

from dicomtx.dicom import dictionary

# what an implicit data set cannot say is decided: words (PS3.5 A.1), except for US or SS
CHOICES = {
    "OB or OW": "OW",
    "US or OW": "OW",
    "US or SS or OW": "OW",
    "US or SS": "xs",
}


def wanted() -> dict[int, str]:
    """Returns VR by tag from pydicom; the repeating digits of a tag are zero."""
    vrs = {int(tag.replace("x", "0"), 16): row[0] for tag, row in RepeatersDictionary.items()}
    vrs |= {int(tag): row[0] for tag, row in DicomDictionary.items()}
    return {tag: CHOICES.get(vr, vr) for tag, vr in vrs.items() if vr != "NONE"}


def write() -> None:
    """Writes the table, a line a VR."""
    vrs = wanted()
    lines = []
    for vr in sorted(set(vrs.values())):
        tags = sorted(tag for tag in vrs if vrs[tag] == vr)
        lines.append(" ".join([vr, *(f"{tag:08X}" for tag in tags)]))
    Path(dictionary.TABLE).write_text("\n".join(lines) + "\n", encoding="ascii")


def test_the_table_is_the_one_that_pydicom_has() -> None:
    assert dictionary.table() == wanted()


def test_us_or_ss_follows_the_sign_of_the_pixels() -> None:
    assert dictionary.vr_of(0x00280106, signed=False) == "US"
    assert dictionary.vr_of(0x00280106, signed=True) == "SS"


def test_repeating_groups_are_found_by_their_first() -> None:
    assert dictionary.vr_of(0x60023000, signed=False) == "OW"
    assert dictionary.vr_of(0x60FE0022, signed=False) == "LO"
    assert dictionary.vr_of(0x50103000, signed=False) == "OW"
    assert dictionary.vr_of(0x00203105, signed=False) == "CS"


def test_private_elements_are_unknown_and_their_creators_text() -> None:
    assert dictionary.vr_of(0x00290010, signed=False) == "LO"
    assert dictionary.vr_of(0x00291010, signed=False) == "UN"
    assert dictionary.vr_of(0x00290000, signed=False) == "UL"


if __name__ == "__main__":
    write()
