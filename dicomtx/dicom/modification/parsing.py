"""Reads changes from the command line and from policies: ``KEYWORD=VALUE``, or a path to it."""

import re
from collections.abc import Iterator
from typing import Final

from dicomtx.dicom import tags
from dicomtx.dicom.dictionary import vr_of
from dicomtx.dicom.elements import name as tag_name
from dicomtx.dicom.modification.modification import Change, Level, Modification, Verb
from dicomtx.dicom.modification.protection import protection
from dicomtx.dicom.values.from_text import check_value
from dicomtx.dicom.values.text import keyword, tag_of
from dicomtx.errors import SettingsError

STEP: Final = re.compile(r"(?P<name>\([^()]*\)|[^.\[\]()=]+)(?:\[(?P<item>\d+)\])?(?:\.|$)")
"""One step of a path: a keyword or tag, and the index of an item if another step follows."""


def assigned(verb: Verb, text: str) -> Change:
    """Returns the change for ``KEYWORD=VALUE``.

    Raises:
        SettingsError: the element does not exist or cannot be modified, or the value does not fit.
    """
    place, equals, value = text.partition("=")
    if not equals:
        raise SettingsError(f"{text!r} has no value: use KEYWORD=VALUE")
    return change(verb, place, value)


def change(verb: Verb, place: str, value: str = "") -> Change:
    """Returns the change of the element at a place such as Seq[0].PatientID.

    Raises:
        SettingsError: the element does not exist or cannot be modified, or the value does not fit.
    """
    path, tag = _place(place.strip())
    said = ".".join((*(f"{_name(t)}[{n}]" for t, n in _pairs(path)), _name(tag)))
    why = protection(tag, path, verb)
    if why:
        raise SettingsError(f"{said} cannot be modified: {why}")
    if verb != "remove":
        check_value(tag, said, value)
    return Change(verb=verb, tag=tag, path=path, text=value, name=said)


def modification(changes: tuple[Change, ...], level: Level) -> Modification:
    """Returns the modification with these changes.

    Raises:
        SettingsError: two changes contradict each other, or the level leaves a study with two
            patients.
    """
    for n, one in enumerate(changes):
        for other in changes[:n]:
            if _within(one, other) or _within(other, one):
                names = " and ".join(dict.fromkeys((other.name, one.name)))
                raise SettingsError(f"{names}: two changes contradict each other")
    if level in ("series", "instance"):
        above = {tags.PATIENT_ID: "the patient", tags.STUDY_INSTANCE_UID: "the study"}
        above |= {tags.SERIES_INSTANCE_UID: "the series"} if level == "instance" else {}
        for one in changes:
            if one.tag in above and not one.path:
                raise SettingsError(
                    f"{one.name} changes {above[one.tag]}, but new UIDs at the level {level} keep"
                    " it: use the level study, or keep all UIDs"
                )
    return Modification(changes=changes, level=level)


def _within(one: Change, other: Change) -> bool:
    """Returns whether a change is that of the same element, or of something inside it."""
    place, around = (*one.path, one.tag), (*other.path, other.tag)
    return place[: len(around)] == around


def _place(text: str) -> tuple[tuple[int, ...], int]:
    """Returns the path to an element, and its tag.

    Raises:
        SettingsError: the text is not a path.
    """
    steps: list[int] = []
    at = 0
    while at < len(text):
        found = STEP.match(text, at)
        if not found:
            break
        at = found.end()
        last = at == len(text) and not text.endswith(".")
        if last != (found["item"] is None):
            break
        steps.append(tag_of(found["name"]))
        if last:
            return tuple(steps[:-1]), steps[-1]
        if vr_of(steps[-1], signed=False) not in ("SQ", "UN"):
            raise SettingsError(f"{found['name']} is not a sequence, so it has no items")
        steps.append(int(found["item"]))
    raise SettingsError(
        f"{text!r} is not an element: use a PS3.6 keyword, (gggg,eeee), or a path such as"
        " RequestAttributesSequence[0].ScheduledProcedureStepID"
    )


def _pairs(path: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    return zip(path[::2], path[1::2], strict=True)


def _name(tag: int) -> str:
    return keyword(tag) or tag_name(tag)
