"""The test files: what pydicom bundles, what pydicom-data ships, and a folder beside this one."""

import os
from importlib.util import find_spec
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent
NO_DICOM = {"LICENSE", "README"}


def _package(name: str) -> Path:
    spec = find_spec(name)
    assert spec
    assert spec.origin
    return Path(spec.origin).parent


def _folders() -> list[Path]:
    """Returns where test files are; what is not installed or not there has none."""
    more = os.environ.get("DICOMTX_TEST_DATA") or REPOSITORY.parent / "shared/data"
    bundled = _package("pydicom") / "data"
    return [
        bundled / "test_files",
        bundled / "charset_files",
        _package("data_store") / "data",
        Path(more),
    ]


def files() -> list[Path]:
    """Returns every test file, sorted by name; of two with the same name, the later folder's."""
    found = {
        path.name: path
        for folder in _folders()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix.lower() in ("", ".dcm") and path.name not in NO_DICOM
    }
    return [found[name] for name in sorted(found)]


def file(name: str) -> Path:
    """Returns the test file of this name, which pydicom or pydicom-data ships."""
    return next(path for folder in _folders() for path in folder.rglob(name))


SAMPLE = [
    file(name)
    for name in (
        "693_J2KR.dcm",
        "CT_small.dcm",
        "DICOMDIR",
        "ExplVR_BigEndNoMeta.dcm",
        "JPEG-LL.dcm",
        "JPGExtended.dcm",
        "MR_small_bigendian.dcm",
        "MR_small_jpeg_ls_lossless.dcm",
        "MR_truncated.dcm",
        "SC_rgb_jpeg_dcmtk.dcm",
        "SC_rgb_rle_16bit_2frame.dcm",
        "SC_rgb_small_odd.dcm",
        "explicit_VR-UN.dcm",
        "chrX2.dcm",
        "color-pl.dcm",
        "emri_small_jpeg_2k_lossless.dcm",
        "examples_palette.dcm",
        "examples_ybr_color.dcm",
        "image_dfl.dcm",
        "liver_1frame.dcm",
        "no_meta.dcm",
        "priv_SQ.dcm",
        "rtdose_1frame.dcm",
        "rtplan.dcm",
        "waveform_ecg.dcm",
    )
]
"""One file of each kind, for the everyday run."""
