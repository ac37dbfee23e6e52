"""Options that concern only some targets. For another target they are an error, not ignored."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from dicomtx.errors import UsageError
from dicomtx.settings.table import FIELDS
from dicomtx.transfer_syntaxes import TransferSyntax

NEEDS: Final[Mapping[str, tuple[str, Callable[[TransferSyntax], bool]]]] = {
    "encapsulated": ("a compressed target", lambda target: target.encapsulated),
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
