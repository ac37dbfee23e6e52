"""Globs that include and exclude files."""

import re
from collections.abc import Iterable
from fnmatch import translate
from typing import Final

NOTHING: Final = re.compile("(?!)")


class Globs:
    """Case-sensitive globs of files to include and exclude.

    A glob without a slash is compared with names, others with the whole path. ``*`` also matches
    slashes.
    """

    def __init__(self, include: Iterable[str], exclude: Iterable[str]) -> None:
        """Compiles the globs."""
        include = tuple(include)
        self._all = not include
        self._names, self._paths = _patterns(include)
        self._no_names, self._no_paths = _patterns(exclude)

    def excludes(self, path: str) -> bool:
        """Whether a glob excludes this file or folder, or a folder that contains it."""
        names = path.split("/")
        if any(map(self._no_names.match, names)):
            return True
        return self._no_paths is not NOTHING and any(
            self._no_paths.match("/".join(names[: n + 1])) for n in range(len(names))
        )

    def includes(self, path: str) -> bool:
        """Whether a glob includes this file, or there are none."""
        name = path.rpartition("/")[2]
        return self._all or bool(self._names.match(name) or self._paths.match(path))


def _patterns(globs: Iterable[str]) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Returns one pattern for names and one for paths."""
    globs = tuple(globs)
    names = [translate(glob) for glob in globs if "/" not in glob]
    paths = [translate(glob.strip("/")) for glob in globs if "/" in glob]
    return _any_of(names), _any_of(paths)


def _any_of(patterns: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(patterns)) if patterns else NOTHING
