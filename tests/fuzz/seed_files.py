"""Small odd files to begin with: charsets, numbers, fragments, nesting, deflate, icons."""

import zlib
from random import Random

from tests.dicom.builder import (
    element,
    encapsulated,
    identity,
    image,
    module,
    native,
    part10,
    sequence,
    text,
)

PIXELS = bytes(range(16)) * 4


def files() -> dict[str, bytes]:
    """Returns the files by name."""
    grey, words = image(8, 8), image(8, 4, allocated=16, stored=12, signed=True)
    colour = image(4, 4, samples=3, photometric="RGB")
    icon = sequence(0x00880200, [module(grey) + encapsulated([PIXELS])])
    start = identity() + module(grey)
    built = {
        "plain": native(grey, PIXELS),
        "words": native(words, PIXELS),
        "colour": native(colour, PIXELS[:48]),
        "frames": native(image(4, 4), PIXELS, frames="4"),
        "empty-fragments": start + encapsulated([PIXELS, *[b""] * 300]),
        "many-fragments": start + encapsulated([PIXELS[:2]] * 300, range(0, 3000, 10)),
        "with-icon": identity() + icon + module(grey) + element(0x7FE00010, "OB", PIXELS),
        "nested": _nested(60, undefined=False) + native(grey, PIXELS)[len(identity()) :],
        "nested-undefined": _nested(60, undefined=True) + native(grey, PIXELS)[len(identity()) :],
        "text": _texts() + native(grey, PIXELS)[len(identity()) :],
        "zeros": native(grey, PIXELS) + bytes(600) + b"\1",
    }
    made = {name: part10("explicit", data) for name, data in built.items()}
    for name in ("empty-fragments", "many-fragments"):
        made[name] = part10("deflated-image-frame", built[name])
        made[f"{name}-rle"] = part10("rle", built[name])
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    for name in ("plain", "frames", "nested"):
        deflated = packer.copy()
        made[f"{name}-deflated"] = part10(
            "deflated", deflated.compress(built[name]) + deflated.flush()
        )
    return made


def _nested(depth: int, *, undefined: bool) -> bytes:
    data = text(0x00080050, "SH", "deep")
    for _ in range(depth):
        data = sequence(0x00081140, [data], undefined=undefined)
    return identity() + data


def _texts() -> bytes:
    random = Random(0)
    sets = ("ISO_IR 192", "ISO 2022 IR 87", "\\ISO 2022 IR 149", "GB18030", "hex", "\0", "idna")
    content = b"".join(
        text(0x00080005, "CS", name) + element(0x00100010, "PN", random.randbytes(20))
        for name in sets
    )
    return identity() + sequence(0x00081140, [content]) + content[:60]
