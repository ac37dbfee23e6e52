"""Immutable values with named fields, like frozen dataclasses but faster to define.

Python 3.11 takes 1 to 3 ms to define a dataclass, 0.4 ms for a named tuple and 0.05 ms for one of
these. Type checkers and editors treat them as frozen dataclasses.
"""

from typing import Any, ClassVar, Final, Self, dataclass_transform, get_origin

CLASS_VARIABLE: Final[Any] = ClassVar  # type checkers allow comparing it only as Any


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Frozen:
    """Base class of immutable values. The annotations of a subclass are its fields.

    Fields are given by keyword, or in their order in a class with ``kw_only=False``. Two values
    are equal if they are of the same class and their fields are equal.

    >>> class Size(Frozen):
    ...     rows: int
    ...     columns: int = 1
    >>> Size(rows=3)._replace(columns=2)
    Size(rows=3, columns=2)
    """

    _fields: ClassVar[tuple[str, ...]] = ()
    _defaults: ClassVar[dict[str, Any]] = {}
    _kw_only: ClassVar[bool] = True

    def __init_subclass__(cls, *, kw_only: bool = True) -> None:
        """Collects the fields, with those of the base class first."""
        hints: dict[str, Any] = cls.__annotations__
        own = [
            name for name, kind in hints.items() if CLASS_VARIABLE not in (kind, get_origin(kind))
        ]
        given = {name: cls.__dict__[name] for name in own if name in cls.__dict__}
        cls._fields = tuple(dict.fromkeys((*cls._fields, *own)))
        cls._defaults = cls._defaults | given
        cls._kw_only = kw_only
        type.__setattr__(cls, "__match_args__", () if kw_only else cls._fields)

    def __init__(self, *values: Any, **named: Any) -> None:
        """Sets the value of each field.

        Raises:
            TypeError: a field is missing, unknown, or given twice.
        """
        names, fields = self._fields, self.__dict__
        fields.update(self._defaults)
        fields.update(zip(names, values, strict=False))
        fields.update(named)
        twice = not named.keys().isdisjoint(names[: len(values)])
        most = 0 if self._kw_only else len(names)
        if len(values) > most or twice or fields.keys() != set(names):
            raise TypeError(f"{type(self).__name__} has the fields {', '.join(names)}")

    def __setattr__(self, name: str, value: object) -> None:
        """Refuses to change a field."""
        raise AttributeError(f"{type(self).__name__}.{name} cannot be changed: use _replace")

    def __delattr__(self, name: str) -> None:
        """Refuses to delete a field."""
        raise AttributeError(f"{type(self).__name__}.{name} cannot be deleted")

    def __setstate__(self, fields: dict[str, Any]) -> None:
        """Restores a pickled value; what another process sent must have all of its fields."""
        Frozen.__init__(self, **fields)

    def __eq__(self, other: object) -> bool:
        """Compares class and fields."""
        if type(other) is not type(self):
            return NotImplemented
        return self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        """Hashes the fields."""
        return hash(tuple(self.__dict__[name] for name in self._fields))

    def __repr__(self) -> str:
        """Returns the call that creates this value."""
        shown = (f"{name}={self.__dict__[name]!r}" for name in self._fields)
        return f"{type(self).__name__}({', '.join(shown)})"

    def _replace(self, **changes: Any) -> Self:
        """Returns a copy with these fields changed.

        Raises:
            TypeError: a field is unknown.
        """
        return type(self)(**self.__dict__ | changes)

    __replace__ = _replace  # copy.replace of Python 3.13

    def _asdict(self) -> dict[str, Any]:
        """Returns the fields by name, in order."""
        return {name: self.__dict__[name] for name in self._fields}
