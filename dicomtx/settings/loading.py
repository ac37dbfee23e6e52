"""The settings in force: from dicomtx.toml, DICOMTX_* and options."""

import os
from collections.abc import Mapping
from typing import Any, Final

from dicomtx.errors import SettingsError, UsageError
from dicomtx.settings.overriding import merged
from dicomtx.settings.table import FIELDS, Settings

POLICY: Final = "policy"  # the key of the settings file that workflows.policies reads


def load(config: str | None, environ: Mapping[str, str], **options: Any) -> Settings:
    """Returns the settings in force.

    Args:
        config: the settings file named on the command line.
        environ: the environment, with ``DICOMTX_CONFIG`` and the user's configuration folder.
        options: fields of ``Settings`` that were given as options; None is not given.

    Raises:
        SettingsError: a file, a variable or an option is wrong; the message says which.
    """
    for name in options:
        if name not in FIELDS:
            raise SettingsError(f"{name}: unknown option: use one of {', '.join(FIELDS)}")
    path = settings_file(config, environ)
    changes = merged({}, _from_file(path) if path else {}, SettingsError)
    changes = merged(changes, _from_variables(environ), SettingsError)
    given = {n: FIELDS[n].checked(n, v) for n, v in options.items() if v is not None}
    return Settings(**merged(changes, given, UsageError))


def settings_file(config: str | None, environ: Mapping[str, str]) -> str:
    """Returns the settings file to read, empty for none; never the working directory's."""
    named = config or environ.get("DICOMTX_CONFIG")
    if named:
        return named
    folder = environ.get("XDG_CONFIG_HOME", "")
    if not os.path.isabs(folder):  # the XDG specification: ignore a relative one
        folder = os.path.join(environ.get("HOME", ""), ".config")
    path = os.path.join(folder, "dicomtx", "dicomtx.toml")
    return path if os.path.isabs(path) and os.path.isfile(path) else ""


def _from_variables(environ: Mapping[str, str]) -> dict[str, Any]:
    """Returns the settings in the environment, checked; an empty variable counts as not set."""
    return {
        name: field.checked(field.variable, field.from_text(field.variable, text))
        for name, field in FIELDS.items()
        if (text := environ.get(field.variable))
    }


def _from_file(path: str) -> dict[str, Any]:
    """Returns the settings in a file, keys and values checked."""
    import tomllib  # noqa: PLC0415 - milliseconds that only those with a settings file pay

    try:
        with open(path, encoding="utf-8") as file:
            table = tomllib.loads(file.read())
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from error
    except ValueError as error:  # TOMLDecodeError, with the line, or UnicodeDecodeError
        raise SettingsError(f"{path}: not valid TOML: {error}") from error
    table.pop(POLICY, None)
    for key in table.keys() - FIELDS.keys():
        from difflib import get_close_matches  # noqa: PLC0415 - 5 ms for wrong keys only

        near = get_close_matches(key, FIELDS, 1)
        hint = f"did you mean {near[0]}?" if near else f"the keys are {', '.join(FIELDS)}"
        raise SettingsError(f"{path}: {key}: unknown key: {hint}")
    return {key: FIELDS[key].checked(f"{path}: {key}", value) for key, value in table.items()}
