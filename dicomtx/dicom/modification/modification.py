"""What a user wants to change in a data set. These values say nothing about any file."""

from typing import Final, Literal

from dicomtx.dicom import tags
from dicomtx.frozen import Frozen

Verb = Literal["set", "replace", "remove"]
Level = Literal["", "patient", "study", "series", "instance"]
LEVELS: Final = ("patient", "study", "series", "instance")
ENTITIES: Final = (tags.STUDY_INSTANCE_UID, tags.SERIES_INSTANCE_UID)


class Change(Frozen):
    """One change of one element.

    Attributes:
        verb: set; replace, which leaves out files without the element; or remove.
        tag: the element.
        path: the tag of a sequence, the index of its item, and so on; empty at the top level.
        text: the new value as text, with backslashes between multiple values.
        name: the element as messages show it: its keyword or tag, after those of its sequences.
    """

    verb: Verb
    tag: int
    path: tuple[int, ...] = ()
    text: str = ""
    name: str = ""


class Modification(Frozen):
    """Changes of a data set.

    Attributes:
        changes: the changes, at most one for each element.
        level: which entities get new UIDs: a study, series or instance, and everything below it.
            A patient is modified like all of its studies. Empty keeps all UIDs.
        seed: what new UIDs depend on beside the old ones. The same seed gives the same UIDs.
        reason: the Reason for the Attribute Modification: CORRECT or COERCE.
    """

    changes: tuple[Change, ...] = ()
    level: Level = ""
    seed: str = ""
    reason: str = "CORRECT"

    @property
    def changes_uids(self) -> bool:
        """Whether other instances may reference something that gets another UID."""
        named = {change.tag for change in self.changes if not change.path}
        return bool(self.level) or not named.isdisjoint(ENTITIES)

    def __str__(self) -> str:
        """Returns what it does, in the words of the user."""
        named = [f"{change.verb} {change.name}" for change in self.changes]
        return ", ".join((*named, *([f"new UIDs ({self.level})"] if self.level else [])))

    def after(self, first: "Modification | None") -> "Modification":
        """Returns this modification after another one: its changes and its level win."""
        if first is None:
            return self
        own = {(change.path, change.tag) for change in self.changes}
        kept = (change for change in first.changes if (change.path, change.tag) not in own)
        chosen = self if self.level else first
        return self._replace(
            changes=(*kept, *self.changes), level=chosen.level, seed=chosen.seed or self.seed
        )
