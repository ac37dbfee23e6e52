"""The specs that the entry points name."""

from typing import Final

from dicomtx.codecs.codec import CodecSpec

UIDS: Final = dict.fromkeys(
    ("1.2.840.10008.1.2.1.98", "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.90"), "fault"
)


def _spec(name: str) -> CodecSpec:
    return CodecSpec(name=name, module=f"fault_codecs.{name}", decodes=UIDS, encodes=UIDS)


def flips() -> CodecSpec:
    """Returns the spec: an entry point may name a function, too."""
    return _spec("flips")


ABORTS: Final = _spec("aborts")
BURSTS: Final = _spec("bursts")
EXITS: Final = _spec("exits")
GDCM: Final = _spec("gdcm")
HANGS: Final = _spec("hangs")
MOODY: Final = _spec("moody")
PRINTS: Final = _spec("prints")
RAISES: Final = _spec("raises")
REFUSES: Final = _spec("refuses")
SEGFAULTS: Final = _spec("segfaults")
SHORTENS: Final = _spec("shortens")
SOUND: Final = _spec("sound")._replace(builtin=True)  # which is not for a plugin to say
STARVED: Final = _spec("starved")
UNIMPORTABLE: Final = CodecSpec(
    name="unimportable",
    module="fault_codecs.unimportable",
    requires=("dicomtx_no_such_module",),
    install="dicomtx-no-such-package",
    decodes=UIDS,
    encodes=UIDS,
)
