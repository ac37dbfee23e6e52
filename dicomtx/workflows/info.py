"""Describes a file without decoding pixel data."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Final

from dicomtx import code_stream
from dicomtx.code_stream import CodeStream
from dicomtx.code_stream.unmarked import unmarked
from dicomtx.dicom import attributes, tags
from dicomtx.dicom.data_set import DataSet
from dicomtx.dicom.inspection import SNIFFED, FileInfo, read_file_info
from dicomtx.dicom.part10 import open_part10
from dicomtx.dicom.pixel_data import encapsulation, fragments
from dicomtx.dicom.pixel_data.encapsulation import Encapsulation
from dicomtx.dicom.pixel_data.frames import EncapsulatedFrames, size_fault
from dicomtx.image_pixel import ImagePixel
from dicomtx.limits import in_force
from dicomtx.printable import without_secrets
from dicomtx.storage.location import Location, locate
from dicomtx.transfer_syntaxes import TransferSyntax

UNMARKED: Final = ("deflate", "native")
"""Families whose frames begin with any bytes."""
LOOKED_INTO: Final = 1 << 26  # bytes; larger single frames are not searched for more streams


@dataclass(frozen=True, slots=True)
class Description:
    """The description of a file.

    Attributes:
        path: the path as given.
        bytes: its size.
        transfer_syntax: the syntax that it is really encoded in.
        label: the syntax in the file meta information, if different; else empty.
        sop_class_uid: (0008,0016).
        sop_instance_uid: (0008,0018).
        modality: (0008,0060).
        image: the Image Pixel attributes; None without Pixel Data.
        number_of_frames: Number of Frames; 0 if missing.
        pixel_data: native, encapsulated, float or none.
        fragments: number of fragments.
        basic_offset_table: its number of offsets as text, such as "3 offsets", or "empty".
        extended_offset_table: whether the file has one.
        first_stream: the header of the first code stream.
        icon: size and form of the icon image as text; empty if there is none.
        overlays: the location of each overlay plane as text.
        warnings: irregularities of the file.
    """

    path: str
    bytes: int
    transfer_syntax: TransferSyntax
    label: str
    sop_class_uid: str
    sop_instance_uid: str
    modality: str
    image: ImagePixel | None
    number_of_frames: int
    pixel_data: str
    fragments: int
    basic_offset_table: str
    extended_offset_table: bool
    first_stream: CodeStream | None
    icon: str
    overlays: tuple[str, ...]
    warnings: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        """Returns the object that ``info --json`` prints."""
        syntax = self.transfer_syntax
        return asdict(self) | {
            "transfer_syntax": {"uid": syntax.uid, "name": syntax.name},
            "image": self.image._asdict() if self.image else None,
            "first_stream": self.first_stream._asdict() if self.first_stream else None,
        }


def describe(path: str, source: Location | None = None) -> Description:
    """Describes a file.

    Args:
        path: the path for the description.
        source: where the file is, if it is not at ``path``.

    Raises:
        SourceError: the file cannot be read, or is not DICOM.
        DamagedError: the structure of the file is damaged.
    """
    with (source or locate(path)).open() as file, open_part10(file, whole=True) as part10:
        header, data_set = read_file_info(part10), part10.data_set
        pixels = encapsulation.read(data_set) if header.pixel_data == "encapsulated" else None
        frames = attributes.number_of_frames(data_set) or 0
        warnings = list(header.warnings)
        if pixels and header.image:
            warnings += _remarks(data_set, header, pixels)
            warnings += _unexpected_stream(header)
        elif header.image and not header.hidden:
            warnings += filter(None, [size_fault(header.pixel_bytes, header.image)])
        return Description(
            path=without_secrets(path),
            bytes=file.size,
            transfer_syntax=header.syntax,
            label=header.label.name if header.label != header.syntax else "",
            sop_class_uid=header.sop_class_uid,
            sop_instance_uid=header.sop_instance_uid,
            modality=header.modality,
            image=header.image,
            number_of_frames=frames,
            pixel_data=header.pixel_data,
            fragments=len(pixels.fragments) if pixels else 0,
            basic_offset_table=_table(pixels) if pixels else "",
            extended_offset_table=bool(pixels and pixels.extended_offset_table),
            first_stream=header.first_stream,
            icon=_icon(data_set),
            overlays=tuple(_overlays(data_set)),
            warnings=in_force().shown(warnings),
        )


def _remarks(data_set: DataSet, header: FileInfo, pixels: Encapsulation) -> list[str]:
    """Returns warnings about the frames.

    Raises:
        DamagedError: it is unclear which fragments belong together.
    """
    warnings: list[str] = []
    wanted = attributes.number_of_frames(data_set)
    sizes = unmarked(header.syntax, header.image)
    found = fragments.frames(data_set.source, pixels, wanted, warnings, unmarked=sizes)
    streams = EncapsulatedFrames(data_set.source, found)
    if streams.count == 1 and streams.size <= LOOKED_INTO:
        data = streams.read(0)
        count = len(sizes.starts(data) if sizes else code_stream.starts(data))
        if count > 1:
            warnings.append(f"frame 1 holds {count} code streams; Number of Frames is wrong")
    return warnings


def _unexpected_stream(header: FileInfo) -> Iterator[str]:
    """Yields a warning if the first code stream cannot be of the transfer syntax."""
    found, syntax, image = header.first_stream, header.syntax, header.image
    if found is None:
        if syntax.family in SNIFFED:
            kind = f"no valid {syntax.family} header"
            yield f"the file meta says {syntax.name}, but frame 1 has {kind}"
        return
    fits = image is not None and (found.rows, found.columns) == (image.rows, image.columns)
    if fits and syntax.family in UNMARKED:
        yield f"the file meta says {syntax.name}, but frame 1 is a {found.family} code stream"


def _table(pixels: Encapsulation) -> str:
    offsets = len(pixels.basic_offset_table)
    return f"{offsets} offset{'s' * (offsets > 1)}" if offsets else "empty"


def _icon(data_set: DataSet) -> str:
    for icon in data_set.items(tags.ICON_IMAGE_SEQUENCE):
        pixels = icon.find(tags.PIXEL_DATA)
        if pixels is None:
            return "without pixel data"
        size = f"{icon.number(tags.ROWS)} x {icon.number(tags.COLUMNS)}"
        return f"{size}, {'encapsulated' if pixels.undefined else 'native'}"
    return ""


def _overlays(data_set: DataSet) -> list[str]:
    found = []
    for group in range(0x6000, 0x6020, 2):
        if group << 16 | 0x3000 in data_set:
            found.append(f"{group:04X} in Overlay Data")
        elif group << 16 | 0x0010 in data_set:
            bit = data_set.number(group << 16 | 0x0102)
            found.append(f"{group:04X} in bit {bit} of Pixel Data")
    return found
