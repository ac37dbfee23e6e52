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

GENERAL: Final = "--arguments -v -d -q"
ELEMENTS: Final = "+u +g= +e -p="
DECODED: Final = f"+F {ELEMENTS} +ud"
FRAGMENTS: Final = "+ff +ot +cd"
DCMCONV: Final = (
    Case("+ti"),
    Case(""),
    Case("", J2K),
    Case("+t= +Fm", "MR_small_bigendian.dcm"),
    Case("--write-xfer-little +F", "MR_small_implicit.dcm"),
    Case("+tb"),
    Case("+te", "MR_small_bigendian.dcm"),
    Case("+td"),
    Case("+te", J2K, 0, "A compressed source is decompressed", ("fails",)),
    Case(f"{GENERAL} {ELEMENTS} +eo +te +f -t="),
    Case("+fo -ll warn -td +te"),
    Case("-f -ti +te", "no_meta_implicit.dcm"),
    Case("-f -te +ti", "no_meta_little.dcm"),
    Case("-f -tb +te", "no_meta_big.dcm"),
    Case("+ml -ml +ao +ev +vr +ui -uc -sq -rd -oi -vi -pe +pe +ti"),
    Case("+Ep -Ep +dc -dc +bd +ti"),
    Case("+Ep +ti"),
)
DCMCJPEG: Final = (
    Case(""),
    Case("+e1", "color-pl.dcm"),
    Case("--encode-lossless -ot", "CT_small.dcm"),
    Case(f"{GENERAL} {ELEMENTS} +f -t= -td +tl +ho {FRAGMENTS} +ud"),
    Case("-W +sp +ri +ba +un -td"),
    Case("+fo -ll warn"),
    Case("-f -te", "no_meta_little.dcm"),
    Case("-f -ti", "no_meta_implicit.dcm"),
    Case("-f -tb", "no_meta_big.dcm"),
    Case("+eb", "SC_rgb.dcm", error=24),
    Case("+eb +q 80 +ua +cy +s2", "SC_rgb.dcm", error=48),
    Case("+eb +un", "vlut_04.dcm", error=24),
    Case("+ee +cp", "vlut_04.dcm", error=24),
    Case("+eb +cl +wi", "SC_rgb.dcm", error=24),
    Case("+eb +cg +cgl +cn", "SC_rgb.dcm", error=24),
    Case("", "SC_rgb_jpeg_dcmtk.dcm", error=3),
    Case(
        *("+e1", "examples_ybr_color.dcm", 3, "DCMTK writes wrong pixels for a source in JPEG"),
        ("pixels",),
    ),
)
DCMDJPEG: Final = (
    Case("", "JPEG-LL.dcm"),
    Case(f"{GENERAL} +f {DECODED} +te", "SC_rgb_jpeg_gdcm.dcm"),
    Case("+fo -ll warn +tb", "JPEG-LL.dcm"),
    Case("+ti +cp +pa", "SC_rgb_jpeg_dcmtk.dcm", error=3),
    Case("+cl +px", "SC_rgb_jpeg_dcmtk.dcm", error=3),
    Case("+cg", "SC_rgb_jpeg_dcmtk.dcm", error=3),
    Case("+cgl +wi", "SC_rgb_jpeg_dcmtk.dcm", error=3),
    Case("+cn", "SC_rgb_jpeg_dcmtk.dcm", error=3),
    Case("-f +te", "no_meta_jpeg.dcm"),
    Case("", J2K, 0, "Any compressed source is decompressed", ("fails",)),
)
DCMCJPLS: Final = (
    Case(""),
    Case("+el +il -ot", "color-pl.dcm"),
    Case("+is +ps", "SC_rgb.dcm"),
    Case("+iv +pz", "SC_rgb.dcm"),
    Case(f"{GENERAL} {ELEMENTS} +f -t= +pr +pc {FRAGMENTS} +ud"),
    Case("+fo -ll warn -td +un"),
    Case("-f -te", "no_meta_little.dcm"),
    Case("-f -ti", "no_meta_implicit.dcm"),
    Case("-f -tb", "no_meta_big.dcm"),
    Case("+en", "vlut_04.dcm", error=4),
    Case("+en +md 3 +ua", "vlut_04.dcm", error=6),
    Case("+en +un", "vlut_04.dcm", error=4),
    Case("+en", "MR_small.dcm", 4, "Signed images can be near-lossless", ("fails",)),
)
DCMDJPLS: Final = (
    Case("", "MR_small_jpeg_ls_lossless.dcm"),
    Case(f"{GENERAL} +f {DECODED} +te +pr", "MR_small_jpeg_ls_lossless.dcm"),
    Case("+fo -ll warn +tb +wi +io", "MR_small_jpeg_ls_lossless.dcm"),
    Case("+ti +pa", "JLSL_RGB_ILV1.dcm"),
    Case("+px", "JLSL_RGB_ILV2.dcm"),
    Case("-f", "no_meta_jpeg_ls.dcm"),
)
DCMCRLE: Final = (
    Case(""),
    Case("", "color-pl.dcm", 0, "DCMTK keeps Planar Configuration", ("PlanarConfiguration",)),
    Case("+un -ot", "SC_rgb_small_odd.dcm"),
    Case(f"{GENERAL} {ELEMENTS} +f -t= {FRAGMENTS}"),
    Case("+fo -ll warn -td"),
    Case("-f -te", "no_meta_little.dcm"),
    Case("-f -ti", "no_meta_implicit.dcm"),
    Case("-f -tb", "no_meta_big.dcm"),
)
DCMDRLE: Final = (
    Case("", "MR_small_RLE.dcm"),
    Case(f"{GENERAL} +f {DECODED} +te +bd", "SC_rgb_rle_16bit.dcm"),
    Case("+fo -ll warn +tb", "SC_rgb_rle.dcm"),
    Case("+ti", "SC_rgb_rle_2frame.dcm"),
    Case("-f", "no_meta_rle.dcm"),
)
CASES: Final = {
    "gdcmconv": GDCMCONV,
    "dcmconv": DCMCONV,
    "dcmcjpeg": DCMCJPEG,
    "dcmdjpeg": DCMDJPEG,
    "dcmcjpls": DCMCJPLS,
    "dcmdjpls": DCMDJPLS,
    "dcmcrle": DCMCRLE,
    "dcmdrle": DCMDRLE,
}
