"""The lines that faces and tools are compared on. The first of a tool is an everyday test."""

from typing import Final

from tests.cli.faces.beside import Case

J2K: Final = "MR_small_jp2klossless.dcm"

COLOUR: Final = ("PhotometricInterpretation", "pixels")
LOSSY: Final = ("LossyImageCompression", "SOPInstanceUID")

GDCMCONV: Final = (
    Case("-K"),
    Case(""),
    Case("", "MR_small_bigendian.dcm"),
    Case("-X", "MR_small_implicit.dcm"),
    Case("--implicit"),
    Case("-d"),
    Case("-J"),
    Case("--jpeg --use-dict", "MR_small_implicit.dcm"),
    Case("-L", "CT_small.dcm"),
    Case("--rle -C"),
    Case("-J", "color-pl.dcm"),
    Case("-K", "color-pl.dcm", 0, "labels it YBR_RCT", ("PhotometricInterpretation",)),
    Case("-w", "SC_rgb_rle_16bit.dcm", 0, "wrong pixels", ("pixels",)),
    Case("-X", J2K, 0, "fails for a compressed source", ("fails",)),
    Case("-w -X", J2K),
    Case("-w", "MR_small_RLE.dcm"),
    Case("-w", "MR_small_implicit.dcm"),
    Case("-w", "MR_small_bigendian.dcm"),
    Case("--raw --implicit", "MR_small_jpeg_ls_lossless.dcm"),
    Case("-w", "SC_rgb_jpeg_dcmtk.dcm", error=3),
    Case("--raw --planar-configuration 0", "SC_rgb_rle.dcm"),
    Case("-F -K", J2K),
    Case("-L -Y -e 2", error=4),
    Case("-J -Y -q 90", "vlut_04.dcm", error=24),
    Case("-J -Y -q 90", "SC_rgb.dcm", 9, "labels YCbCr streams RGB", COLOUR),
    Case("-K -Y", "MR_small.dcm", 0, "-K -Y without a rate or quality is lossless", LOSSY),
    Case("-K -Y -r 2", error=60),
    Case("-K -Y -q 50", "MR_small.dcm", 60, "Its PSNR refers to", ("pixels",)),
    Case("-K --lossy --irreversible", error=60),
    Case("-I -K"),
    Case("-VWDE -K"),
    Case("--quiet -K"),
)

CASES: Final = {"gdcmconv": GDCMCONV}
