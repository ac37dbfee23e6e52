"""Reads the properties of a file that a plan needs, without decoding its pixels."""

from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from dicomtx.dicom import attributes, tags
from dicomtx.dicom.data_set import DataSet
from dicomtx.dicom.elements import EXPLICIT
from dicomtx.dicom.part10 import Part10, syntax_of
from dicomtx.dicom.pixel_data import colour_maps, pixel_form
from dicomtx.dicom.pixel_data.overlay_planes import OverlayPlane, embedded_planes
from dicomtx.dicom.values import odd_values
from dicomtx.errors import DamagedError
from dicomtx.image_pixel import ImagePixel
from dicomtx.transfer_syntaxes import GE_BIG_ENDIAN_PIXELS, ROOT, TransferSyntax, by_uid

if TYPE_CHECKING:
    from dicomtx.code_stream import CodeStream

# the syntaxes whose streams can be recognized reliably
SNIFFED: Final = ("JPEG", "JPEG-LS", "JPEG 2000", "HTJ2K", "JPEG XL", "RLE")
DEFLATED: Final = f"{ROOT}.1.99"
FILE_SET: Final = "1.2.840.10008.1.3.10"

FileMeta = Literal["whole", "no prefix", "no syntax", "none"]
PixelDataKind = Literal["none", "native", "encapsulated", "float"]


class FileInfo(NamedTuple):
    """The properties of a file.

    Attributes:
        syntax: the real transfer syntax.
        label: the syntax in the file meta information; differs from ``syntax`` if that is wrong.
        sop_class_uid: (0008,0016).
        sop_instance_uid: (0008,0018).
        modality: (0008,0060).
        pixel_data: the kind of pixel data.
        image: the Image Pixel module; None without Pixel Data.
        first_stream: the header of the first frame's stream; None if it is not recognized.
        overlays: planes in the unused bits of Pixel Data.
        missing: names of the missing attributes without which Pixel Data cannot be read.
        file_set: the file is a DICOMDIR.
        warnings: deviations from the standard.
        sound: the file can be copied unchanged: it is not truncated, has file meta information,
            and the encoding of its data set matches its syntax.
        deflated: the data set is deflated (PS3.5 A.5).
        meta: which of preamble, prefix and file meta information are present.
        lossy_before: the data set is marked as lossy (0028,2110), and stays so.
        mapped: single samples are shown in colours, though they are not PALETTE COLOR: by a
            Supplemental Palette (PS3.3 C.7.6.19) or another map.
        pixel_bytes: length of the value of Pixel Data, including items.
        hidden: which code streams are inside Pixel Data that is native by label and length.
        offset_table: the offset table of encapsulated Pixel Data: basic, extended or empty; an
            empty text if it is none of them.
    """

    syntax: TransferSyntax
    label: TransferSyntax
    sop_class_uid: str
    sop_instance_uid: str
    modality: str
    pixel_data: PixelDataKind
    image: ImagePixel | None
    first_stream: "CodeStream | None"
    overlays: tuple[OverlayPlane, ...]
    missing: tuple[str, ...]
    file_set: bool
    warnings: tuple[str, ...]
    sound: bool = True
    deflated: bool = False
    meta: FileMeta = "whole"
    lossy_before: bool = False
    mapped: bool = False
    pixel_bytes: int = 0
    hidden: str = ""
    offset_table: str = ""


def item_header(item: DataSet, syntax: TransferSyntax) -> FileInfo:
    """Returns the properties of an item with its own encapsulated Pixel Data, such as an icon.

    Its stream should be in the file's syntax, but some tools leave icons unchanged. So the header
    of the stream decides.
    """
    stream = pixel_form.first_stream(item)
    if stream and stream.syntax and not stream.fits(syntax.uid):
        syntax = by_uid(stream.syntax)
    return FileInfo(
        syntax=syntax,
        label=syntax,
        sop_class_uid="",
        sop_instance_uid="",
        modality="",
        pixel_data="encapsulated",
        image=attributes.image_pixel(item),
        first_stream=stream,
        overlays=(),
        missing=attributes.missing(item),
        file_set=False,
        warnings=(),
    )


def read_file_info(part10: Part10) -> FileInfo:
    """Returns the properties of the file.

    Raises:
        DamagedError: the transfer syntax of Pixel Data cannot be determined.
    """
    data_set = part10.data_set
    warnings = [*part10.warnings, *odd_values.warnings_of(data_set)]
    kind = _kind(part10, warnings)
    stream = pixel_form.first_stream(data_set) if kind == "encapsulated" else None
    syntax = _real_syntax(part10, kind, stream, warnings)
    element = data_set.find(tags.PIXEL_DATA)
    image = attributes.image_pixel(data_set) if syntax.known else None
    if image and _is_grey(image):
        image = _as_grey(image, warnings)
    hidden = pixel_form.hidden(data_set, image) if kind == "native" else ""
    if hidden:
        warnings.append(f"Pixel Data is native by its label, but contains {hidden}")
    if image and image.subsampled:
        image = _real_chroma(part10, kind, image, warnings)
    return FileInfo(
        syntax=syntax,
        label=part10.label or syntax,
        sop_class_uid=data_set.text(tags.SOP_CLASS_UID),
        sop_instance_uid=data_set.text(tags.SOP_INSTANCE_UID),
        modality=data_set.text(tags.MODALITY),
        pixel_data=kind,
        image=image,
        first_stream=stream,
        overlays=_planes(data_set, image, syntax, stream),
        missing=attributes.missing(data_set),
        file_set=part10.meta.text(tags.MEDIA_STORAGE_SOP_CLASS_UID) == FILE_SET,
        warnings=tuple(warnings),
        sound=_is_sound(part10, syntax),
        deflated=part10.deflated,
        meta=_file_meta(part10),
        lossy_before=data_set.text(tags.LOSSY_IMAGE_COMPRESSION) == "01",
        mapped=image is not None and colour_maps.is_mapped(data_set, image),
        pixel_bytes=element.end - element.value if element else 0,
        hidden=hidden,
        offset_table=_offset_table(data_set, image) if kind == "encapsulated" else "",
    )


def _offset_table(data_set: DataSet, image: ImagePixel | None) -> str:
    from dicomtx.dicom.pixel_data.encapsulation import table_kind  # noqa: PLC0415 - native files do not need it

    return table_kind(data_set, image.number_of_frames) if image else ""


def _is_sound(part10: Part10, syntax: TransferSyntax) -> bool:
    """Returns whether the file is complete, and its form matches its syntax."""
    whole = not part10.damaged and part10.has_meta
    if not syntax.encapsulated:
        return whole
    pixels = part10.data_set.find(tags.PIXEL_DATA)
    of_items = pixels is None or pixels.undefined or not syntax.known
    return whole and part10.data_set.encoding == EXPLICIT and of_items


def _planes(
    data_set: DataSet,
    image: ImagePixel | None,
    syntax: TransferSyntax,
    stream: "CodeStream | None",
) -> tuple[OverlayPlane, ...]:
    """Returns the overlay planes in Pixel Data, if its syntax or its streams keep their bits."""
    planes = embedded_planes(data_set, image) if image else ()
    if planes and syntax.encapsulated:
        from dicomtx.encoding_profiles import whole_words  # noqa: PLC0415 - seldom needed

        coded = stream.precision if stream else 0
        planes = planes if whole_words(syntax) else tuple(p for p in planes if p.bit < coded)
    return planes


def _is_grey(image: ImagePixel) -> bool:
    """Returns whether one sample per pixel contradicts Photometric Interpretation."""
    colour = image.photometric_interpretation
    return image.samples_per_pixel == 1 and (colour == "RGB" or colour.startswith("YBR_"))


def _as_grey(image: ImagePixel, warnings: list[str]) -> ImagePixel:
    warnings.append(
        f"Photometric Interpretation is {image.photometric_interpretation}, but there is 1 sample"
        " per pixel; read as MONOCHROME2"
    )
    return image._replace(photometric_interpretation="MONOCHROME2")


def _real_chroma(
    part10: Part10, kind: PixelDataKind, image: ImagePixel, warnings: list[str]
) -> ImagePixel:
    """Returns the image with full-size chroma if native YBR_FULL_422 is longer than 4:2:2."""
    element = part10.data_set.find(tags.PIXEL_DATA)
    full = image._replace(photometric_interpretation="YBR_FULL")
    if kind != "native" or not element or element.length < full.frame_bytes * full.number_of_frames:
        return image
    warnings.append(
        f"Photometric Interpretation is {image.photometric_interpretation}, but Pixel Data has"
        " three samples for each pixel; read as YBR_FULL"
    )
    return full


def _file_meta(part10: Part10) -> FileMeta:
    if part10.has_meta:
        return "whole"
    if part10.label:
        return "no prefix"
    return "no syntax" if part10.meta.elements else "none"


def _kind(part10: Part10, warnings: list[str]) -> PixelDataKind:
    """Returns the kind of pixel data by its content.

    Raises:
        DamagedError: the content is ambiguous.
    """
    data_set, label = part10.data_set, part10.label
    element = data_set.find(tags.PIXEL_DATA)
    if element is None:
        floats = (tags.FLOAT_PIXEL_DATA, tags.DOUBLE_FLOAT_PIXEL_DATA)
        return "float" if any(tag in data_set for tag in floats) else "none"
    if element.undefined:
        return "encapsulated"
    if not label or not label.encapsulated or not label.known:
        return "native"
    told = pixel_form.disguised(data_set, label, attributes.image_pixel(data_set))
    warnings += [told] if told else []
    return "encapsulated" if told else "native"


def _real_syntax(
    part10: Part10, kind: PixelDataKind, stream: "CodeStream | None", warnings: list[str]
) -> TransferSyntax:
    """Returns the syntax that the data shows; the label if the data does not contradict it."""
    label, native = part10.label, _native_syntax(part10)
    if kind == "encapsulated" and (label is None or not label.encapsulated):
        if stream is None or not stream.syntax:
            why = "" if label else ": the file has no label"
            raise DamagedError(f"Pixel Data is encapsulated in an unknown transfer syntax{why}")
        return _mislabelled(by_uid(stream.syntax), label, warnings)
    if label is None or label is GE_BIG_ENDIAN_PIXELS or not label.keyword:
        return _private_syntax(part10, kind, label, warnings) if label else native
    if kind == "native" and label.encapsulated and label.known:
        return _mislabelled(native, label, warnings)
    if not label.encapsulated:
        fits = (label.implicit_vr, label.big_endian) == part10.data_set.encoding
        return label if fits and label.deflated == part10.deflated else native
    if stream and label.family in SNIFFED and not stream.fits(label.uid):
        return _mislabelled(by_uid(stream.syntax), label, warnings)
    return label


def _native_syntax(part10: Part10) -> TransferSyntax:
    return by_uid(DEFLATED) if part10.deflated else syntax_of(part10.data_set.encoding)


def _private_syntax(
    part10: Part10, kind: PixelDataKind, label: TransferSyntax, warnings: list[str]
) -> TransferSyntax:
    """Returns the native syntax if data in a non-standard syntax can be read as native."""
    data_set, native = part10.data_set, syntax_of(part10.data_set.encoding)
    element = data_set.find(tags.PIXEL_DATA)
    if kind == "encapsulated":
        return label
    if element:
        image = attributes.image_pixel(data_set)
        if not image or element.length not in (image.native_bytes, image.native_bytes + 1):
            return label
    if label is GE_BIG_ENDIAN_PIXELS:
        warnings.append(f"{label.uid} is GE's implicit VR little endian with big endian Pixel Data")
    else:
        warnings.append(f"transfer syntax {label.uid} is unknown; read as {native.name}")
    return native


def _mislabelled(
    found: TransferSyntax, label: TransferSyntax | None, warnings: list[str]
) -> TransferSyntax:
    if label:
        warnings.append(f"the file meta says {label.name}, but Pixel Data is {found.name}")
    return found
