"""Options that concern only some targets. For another target they are an error, not ignored."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from dicomtx.errors import UsageError
from dicomtx.settings.table import FIELDS
from dicomtx.transfer_syntaxes import ROOT, TransferSyntax

RPCL_ONLY: Final = ROOT + ".4.202"


def is_jpeg2000(target: TransferSyntax) -> bool:
    """Returns whether the code streams of a syntax are JPEG 2000 or HTJ2K."""
    return target.family in ("JPEG 2000", "HTJ2K")


NEEDS: Final[Mapping[str, tuple[str, Callable[[TransferSyntax], bool]]]] = {
    "encapsulated": ("a compressed target", lambda target: target.encapsulated),
    "JPEG 2000": ("a JPEG 2000 or HTJ2K target", is_jpeg2000),
}
"""What ``Field.needs`` names: the targets in words, and whether a target is one of them."""


def check_target(given: Mapping[str, Any], target: TransferSyntax, *, option: bool) -> None:
    """Checks that every given setting concerns the target.

    Args:
        given: the settings that were given for this run.
        target: the only target of the run.
        option: whether to name settings as options of the command line.

    Raises:
        UsageError: one does not.
    """
    for name, field in FIELDS.items():
        if not field.needs or given.get(name) in (None, field.default):
            continue
        wanted, concerns = NEEDS[field.needs]
        if not concerns(target):
            told = field.options if option else name
            raise UsageError(f"{told} needs {wanted}, but the target is {target.name}")
    progression = given.get("progression")
    if target.uid == RPCL_ONLY and progression not in (None, "auto", "RPCL"):
        raise UsageError(f"{target.name} needs the progression RPCL, not {progression}")
