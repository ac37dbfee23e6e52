"""Loads the settings from dicomtx.toml, DICOMTX_* variables and options."""

import os
from collections.abc import Iterable, Mapping
from typing import Any, Final

from dicomtx.errors import SettingsError, UsageError
from dicomtx.settings.overriding import merged
from dicomtx.settings.table import FIELDS, Settings

PREFIX: Final = "DICOMTX_"
OTHER_VARIABLES: Final = frozenset(
    {
        *("DICOMTX_COLOR", "DICOMTX_CONFIG", "DICOMTX_SERVER", "DICOMTX_SERVER_LOCK"),
        *("DICOMTX_USER", "DICOMTX_PASSWORD", "DICOMTX_TOKEN"),
    }
)
"""Variables that are not settings; ``dicomtx.cli``, ``warm`` and ``network`` read them."""
POLICY: Final = "policy"  # workflows.policies reads this key of the settings file


def load(config: str | None, environ: Mapping[str, str], **options: object) -> Settings:
    """Returns the effective settings.

    Args:
        config: the settings file named on the command line.
        environ: the environment, with ``DICOMTX_CONFIG`` and the user's configuration folder.
        options: fields of ``Settings`` given as options; None means not given.

    Raises:
        SettingsError: a file, a variable or an option is invalid. The message names it.
    """
    for name in options:
        if name not in FIELDS:
            raise SettingsError(f"{name}: unknown option: use one of {', '.join(FIELDS)}")
    path = settings_file(config, environ)
    changes = merged({}, from_file(path) if path else {}, SettingsError)
    changes = merged(changes, from_variables(environ), SettingsError)
    given = {n: FIELDS[n].checked(n, v) for n, v in options.items() if v is not None}
    values: dict[str, Any] = merged(changes, given, UsageError)  # their fields checked them
    return Settings(**values)


def settings_file(config: str | None, environ: Mapping[str, str]) -> str:
    """Returns the settings file to read, or empty. The working directory is never searched."""
    named = config or environ.get("DICOMTX_CONFIG")
    if named:
        return named
    path = user_file(environ)
    return path if os.path.isabs(path) and os.path.isfile(path) else ""


def user_file(environ: Mapping[str, str]) -> str:
    """Returns the path of the user's settings file, which need not exist."""
    folder = environ.get("XDG_CONFIG_HOME", "")
    if not os.path.isabs(folder):  # the XDG specification: ignore a relative one
        folder = os.path.join(environ.get("HOME", ""), ".config")
    return os.path.join(folder, "dicomtx", "dicomtx.toml")


def from_variables(environ: Mapping[str, str]) -> dict[str, object]:
    """Returns the checked settings in the environment. An empty variable counts as unset.

    A variable that looks like a misspelt setting is an error. Other variables are ignored.
    """
    known = {field.variable for field in FIELDS.values()} | OTHER_VARIABLES
    for variable in environ:
        if variable.startswith(PREFIX) and variable not in known:
            near = _near(variable, known)
            if near:
                raise SettingsError(f"{variable}: unknown variable: did you mean {near}?")
    return {
        name: field.checked(field.variable, field.from_text(field.variable, text))
        for name, field in FIELDS.items()
        if (text := environ.get(field.variable))
    }


def from_file(path: str) -> dict[str, object]:
    """Returns the settings in a file. Keys and values are checked."""
    import tomllib  # noqa: PLC0415 - slow to import; only settings files need it

    try:
        with open(path, encoding="utf-8") as file:
            table = tomllib.loads(file.read())
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from error
    except ValueError as error:  # TOMLDecodeError, with the line, or UnicodeDecodeError
        raise SettingsError(f"{path}: not valid TOML: {error}") from error
    table.pop(POLICY, None)
    for key in table.keys() - FIELDS.keys():
        near = _near(key, FIELDS)
        hint = f"did you mean {near}?" if near else f"the keys are {', '.join(FIELDS)}"
        raise SettingsError(f"{path}: {key}: unknown key: {hint}")
    return {key: FIELDS[key].checked(f"{path}: {key}", value) for key, value in table.items()}


def _near(name: str, known: Iterable[str]) -> str:
    """Returns the most similar known name; empty if none is similar."""
    from difflib import get_close_matches  # noqa: PLC0415 - takes 5 ms; only wrong names need it

    shared = PREFIX if name.startswith(PREFIX) else ""  # a shared prefix makes all names similar
    cut = {one.removeprefix(shared): one for one in known}
    near = get_close_matches(name.removeprefix(shared), list(cut), 1)
    return cut[near[0]] if near else ""
