"""Options of a batch that contradict each other, for the command line and the Python API."""

from collections.abc import Collection, Mapping
from typing import Final

from dicomtx.settings import FIELDS

PLANNED: Final = tuple(n for n, f in FIELDS.items() if f.in_plans and "batch" in f.commands)
"""Settings that a reviewed plan has for each file."""
_FINDING: Final = ("include", "exclude", "follow", "null")
_PLACING: Final = ("base", "flat")
_CONTRADICT: Final[Mapping[str, tuple[str, ...]]] = {
    "dry_run": ("report", "uid_map"),
    "in_place": ("layout", *_PLACING, "copy_others", "skip_existing", "overwrite"),
    "best_of": ("policy", "orthanc", "from_plan"),
    "layout": _PLACING,
    "flat": ("base",),
    "cluster": ("jobs",),
    "from_plan": ("to", "policy", "orthanc", *_FINDING, *_PLACING, "copy_others", *PLANNED),
}


def contradiction(given: Collection[str]) -> tuple[str, str] | None:
    """Returns the first two given options that contradict each other, or None."""
    for one, others in _CONTRADICT.items():
        other = next((name for name in others if name in given), "")
        if one in given and other:
            return one, other
    return None
