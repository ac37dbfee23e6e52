"""How dicomtx works, whatever the file: defaults, dicomtx.toml, DICOMTX_*, then options."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from math import inf
from typing import Any, Final

from dicomtx.errors import SettingsError

ORDERS: Final = ("builtin-first", "plugins-first", "plugins-only")
OVERLAYS: Final = ("extract", "keep", "drop")
POLICY: Final = "policy"  # the key of the settings file that workflows.policies reads
YES: Final = ("1", "true", "yes", "on")
NO: Final = ("0", "false", "no", "off")


@dataclass(frozen=True, slots=True)
class Settings:
    """What does not depend on the file; each field is a key of dicomtx.toml and a variable.

    Attributes:
        order: one of ``ORDERS`` (Orthanc's After is plugins-first, Before is builtin-first,
            Disabled is plugins-only).
        codecs: when not empty, only these, in this order, in both directions.
        frame_timeout: seconds that an isolated codec may take for a frame.
        verify: decode what was written again, and compare.
        strict: what would be kept, or written beyond the standard, is an error.
        threads: frames of one file that are worked on at once; 0: one for each CPU.
        fallback: targets to take, in this order, where the one asked for cannot hold the image.
        keep_colour_space: YBR_FULL of lossy JPEG stays, and is not turned into RGB.
        overlays: one of ``OVERLAYS``: what is done with planes in unused bits of Pixel Data when
            it is encoded.
        salvage: write what can be had of a damaged file; it is never called verified.
        repair: write a file that is in the target syntax anew, with its code streams as they are.
    """

    order: str = field(default="builtin-first", metadata={"allowed": ORDERS})
    codecs: tuple[str, ...] = field(default=(), metadata={"variable": "DICOMTX_CODEC"})
    frame_timeout: float = 120.0
    verify: bool = True
    strict: bool = False
    threads: int = 0
    fallback: tuple[str, ...] = ()
    keep_colour_space: bool = False
    overlays: str = field(default="extract", metadata={"allowed": OVERLAYS})
    salvage: bool = False
    repair: bool = False


FIELDS: Final = {item.name: item for item in fields(Settings)}
VARIABLES: Final = {
    item.metadata.get("variable", f"DICOMTX_{name.upper()}"): name for name, item in FIELDS.items()
}


def load(config: str | None, environ: Mapping[str, str], **options: Any) -> Settings:
    """Returns the settings in force.

    Args:
        config: the settings file named on the command line.
        environ: the environment, with ``DICOMTX_CONFIG`` and the user's configuration folder.
        options: fields of ``Settings`` that were given as options; None is not given.

    Raises:
        SettingsError: a file, a variable or an option is wrong; the message tells which.
    """
    changes: dict[str, Any] = {}
    path = settings_file(config, environ)
    if path:
        for key, value in _read(path).items():
            changes[key] = checked(f"{path}: {key}", key, value)
    for variable, name in VARIABLES.items():
        if environ.get(variable):
            value = _from_text(variable, name, environ[variable])
            changes[name] = checked(variable, name, value)
    for name, value in options.items():
        if name not in FIELDS:
            raise SettingsError(f"{name}: unknown option: use one of {', '.join(FIELDS)}")
        if value is not None:
            changes[name] = checked(name, name, value)
    return replace(Settings(), **changes)


def settings_file(config: str | None, environ: Mapping[str, str]) -> str:
    """Returns the settings file to read, empty for none; never the working directory's."""
    named = config or environ.get("DICOMTX_CONFIG")
    if named:
        return named
    folder = environ.get("XDG_CONFIG_HOME", "")
    if not os.path.isabs(folder):  # the XDG specification: a relative one is to be ignored
        folder = os.path.join(environ.get("HOME", ""), ".config")
    path = os.path.join(folder, "dicomtx", "dicomtx.toml")
    return path if os.path.isabs(path) and os.path.isfile(path) else ""


def _read(path: str) -> dict[str, Any]:
    """Returns the keys and values of a settings file, the keys checked."""
    import tomllib  # noqa: PLC0415 - milliseconds that only those with a settings file pay

    try:
        with open(path, encoding="utf-8") as file:
            table = tomllib.loads(file.read())
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from error
    except ValueError as error:  # TOMLDecodeError, with the line, or UnicodeDecodeError
        raise SettingsError(f"{path}: not valid TOML: {error}") from error
    for key in table.keys() - FIELDS.keys() - {POLICY}:
        from difflib import get_close_matches  # noqa: PLC0415 - 5 ms for wrong keys only

        near = get_close_matches(key, FIELDS, 1)
        hint = f"did you mean {near[0]}?" if near else f"the keys are {', '.join(FIELDS)}"
        raise SettingsError(f"{path}: {key}: unknown key: {hint}")
    return {key: value for key, value in table.items() if key != POLICY}


def _from_text(variable: str, name: str, text: str) -> Any:
    """Returns the value that an environment variable means, in the type of its field."""
    default = FIELDS[name].default
    if isinstance(default, bool):
        if text.lower() not in YES + NO:
            raise SettingsError(
                f"{variable}: {text!r} is not allowed: use one of {', '.join(YES + NO)}"
            )
        return text.lower() in YES
    if isinstance(default, tuple):
        return tuple(part.strip() for part in text.split(",") if part.strip())
    if isinstance(default, int | float):
        try:
            return type(default)(text)
        except ValueError as error:
            raise SettingsError(f"{variable}: {text!r} is not allowed: use a number") from error
    return text


def checked(where: str, name: str, value: Any) -> Any:
    """Returns the value in the type of its field, or says what is wrong and what is allowed."""
    wanted, right = RULES[type(FIELDS[name].default)]
    allowed = FIELDS[name].metadata.get("allowed")
    if allowed:
        wanted = f"one of {', '.join(allowed)}"
    if not right(value) or (allowed and value not in allowed):
        raise SettingsError(f"{where}: {value!r} is not allowed: use {wanted}")
    return tuple(value) if isinstance(value, list) else value


def _is_texts(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(text, str) for text in value)


def _is_positive(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < inf


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


RULES: Final[Mapping[type, tuple[str, Callable[[Any], bool]]]] = {
    str: ("a text", lambda value: isinstance(value, str)),
    tuple: ("a list of texts", _is_texts),
    float: ("a number above 0", _is_positive),
    bool: ("true or false", lambda value: isinstance(value, bool)),
    int: ("a whole number, 0 or more", _is_count),
}
