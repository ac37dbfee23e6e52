"""How dicomtx works, whatever the file: defaults, dicomtx.toml, DICOMTX_*, then options."""

import os
from collections.abc import Callable, Iterable, Mapping
from math import inf
from typing import Any, Final, NamedTuple

from dicomtx.errors import DicomtxError, SettingsError, UsageError
from dicomtx.verification import ALLOWED, Verify, plain, read

ORDERS: Final = ("builtin-first", "plugins-first", "plugins-only")
OVERLAYS: Final = ("extract", "keep", "drop")
HIGH_BITS: Final = ("keep", "mask")
PALETTES: Final = ("keep", "expand")
UIDS: Final = ("auto", "keep", "new", "derived")
GOALS: Final = ("quality", "near", "ratio", "psnr", "max_error")  # at most one of them
POLICY: Final = "policy"  # the key of the settings file that workflows.policies reads
YES: Final = ("1", "true", "yes", "on")
NO: Final = ("0", "false", "no", "off")


class Settings(NamedTuple):
    """What does not depend on the file; each field is a key of dicomtx.toml and a variable.

    Attributes:
        order: one of ``ORDERS`` (Orthanc's After is plugins-first, Before is builtin-first,
            Disabled is plugins-only).
        codecs: when not empty, only these, in this order, in both directions.
        frame_timeout: seconds that an isolated codec may take for a frame.
        verify: how many of the frames are decoded again and compared, and by whom: see
            ``verification.read``.
        strict: what would be kept, or written beyond the standard, is an error.
        threads: frames of one file that are worked on at once; 0: one for each CPU.
        max_memory: bytes that the frames worked on at once, and their codecs, may take together
            ("2G" where it is text); 0: three quarters of the machine's.
        fallback: targets to take, in this order, where the one asked for cannot hold the image.
        keep_colour_space: YBR_FULL of lossy JPEG stays, and is not turned into RGB.
        overlays: one of ``OVERLAYS``: what is done with planes in unused bits when encoding.
        high_bits: one of ``HIGH_BITS``: what is done with bits above Bits Stored when frames are
            decoded or encoded; keep makes streams as wide as Bits Allocated where it must.
        salvage: write what can be had of a damaged file; it is never called verified.
        force_native: convert native Pixel Data that holds code streams.
        repair: write a file that is in the target syntax anew, with its code streams as they are.
        quality: lossy: 1 to 100; 90 if none of the five goals is given.
        near: lossy: the largest error of a sample, as JPEG-LS has it.
        ratio: lossy: size of the native frame to size of its code stream, at least.
        psnr: lossy: dB, at least; the peak is the largest minus the smallest value of the file.
        max_error: lossy: the largest error of a sample, by any syntax.
        reversible: a lossy target's own way to lose nothing; the file is not marked as lossy.
        min_psnr: lossy: a frame below these dB fails the file.
        palette: one of ``PALETTES``: a lossy target refuses PALETTE COLOR, or makes RGB of it.
        allow_generation_loss: lossy over what has been lossy before.
        allow_lossy_class: lossy on segmentations, doses and parametric maps.
        uid: one of ``UIDS``: the SOP Instance UID of what a step lost something of. auto and new:
            a new one; derived: the same one whenever the step is repeated.
    """

    order: str = "builtin-first"
    codecs: tuple[str, ...] = ()
    frame_timeout: float = 120.0
    verify: str = "all"
    strict: bool = False
    threads: int = 0
    max_memory: int = 0
    fallback: tuple[str, ...] = ()
    keep_colour_space: bool = False
    overlays: str = "extract"
    high_bits: str = "keep"
    salvage: bool = False
    force_native: bool = False
    repair: bool = False
    quality: int | None = None
    near: int | None = None
    ratio: float | None = None
    psnr: float | None = None
    max_error: int | None = None
    reversible: bool = False
    min_psnr: float = 30.0
    palette: str = "keep"
    allow_generation_loss: bool = False
    allow_lossy_class: bool = False
    uid: str = "auto"

    @property
    def verifies(self) -> Verify:
        """What ``verify`` asks for."""
        return read(plain(self.verify))


class Field(NamedTuple):
    """A field of ``Settings``: its default, and what else there is to know of its values."""

    default: Any
    metadata: Mapping[str, Any]


METADATA: Final[Mapping[str, Mapping[str, Any]]] = {
    "order": {"allowed": ORDERS},
    "codecs": {"variable": "DICOMTX_CODEC"},
    "max_memory": {"unit": "bytes"},
    "overlays": {"allowed": OVERLAYS},
    "high_bits": {"allowed": HIGH_BITS},
    "quality": {"type": int, "range": (1, 100)},
    "near": {"type": int, "range": (0, 255)},
    "ratio": {"type": float, "range": (1, 10000)},
    "psnr": {"type": float, "range": (1, 200)},
    "max_error": {"type": int, "range": (0, 65535)},
    "min_psnr": {"range": (0, 200)},
    "palette": {"allowed": PALETTES},
    "uid": {"allowed": UIDS},
}
FIELDS: Final = {
    name: Field(default, METADATA.get(name, {}))
    for name, default in Settings._field_defaults.items()
}
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
        said = {key: checked(f"{path}: {key}", key, v) for key, v in _read(path).items()}
        changes = _over(changes, said, SettingsError)
    said = {
        name: checked(variable, name, _from_text(variable, name, environ[variable]))
        for variable, name in VARIABLES.items()
        if environ.get(variable)
    }
    changes = _over(changes, said, SettingsError)
    for name in options:
        if name not in FIELDS:
            raise SettingsError(f"{name}: unknown option: use one of {', '.join(FIELDS)}")
    given = {name: checked(name, name, v) for name, v in options.items() if v is not None}
    return Settings(**_over(changes, given, UsageError))


def _over(
    below: dict[str, Any], above: dict[str, Any], error: type[DicomtxError]
) -> dict[str, Any]:
    """Returns both; where one goal of quality is said above, those below do not hold."""
    goals = [name for name in (*GOALS, "reversible") if above.get(name, False) is not False]
    if len(goals) > 1:
        dashes = "--" if error is UsageError else ""  # options; keys of a file have none
        two = " and ".join(dashes + name.replace("_", "-") for name in goals)
        raise error(f"{two} contradict each other: ask for one of them")
    kept = {name: v for name, v in below.items() if not (goals and name in (*GOALS, "reversible"))}
    return kept | above


def overridden(settings: Settings, options: Iterable[tuple[str, Any]]) -> Settings:
    """Returns the settings with others over them, as a rule of a policy has some for its files.

    Where one goal of quality is among them, those of the settings do not hold.
    """
    above = dict(options)
    asks = above.keys() & set(GOALS) or above.get("reversible")
    goals: dict[str, Any] = dict.fromkeys(GOALS) | {"reversible": False} if asks else {}
    return settings._replace(**(goals | above))


def goal_text(settings: Settings) -> str:
    """Returns the goal of quality as its option says it, empty if none is asked."""
    asked = {name: getattr(settings, name) for name in GOALS}
    told = (f"--{n.replace('_', '-')} {v:g}" for n, v in asked.items() if v is not None)
    return next(told, "")


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
    kind = _kind(name)
    if kind is bool:
        if text.lower() not in YES + NO:
            raise SettingsError(
                f"{variable}: {text!r} is not allowed: use one of {', '.join(YES + NO)}"
            )
        return text.lower() in YES
    if kind is tuple:
        return tuple(part.strip() for part in text.split(",") if part.strip())
    if FIELDS[name].metadata.get("unit") == "bytes":
        return text  # with its suffix
    if kind in (int, float):
        try:
            return kind(text)
        except ValueError as error:
            raise SettingsError(f"{variable}: {text!r} is not allowed: use a number") from error
    return text


def _kind(name: str) -> type:
    """Returns the type of a field's values."""
    kind: type = FIELDS[name].metadata.get("type", type(FIELDS[name].default))
    return kind


def checked(where: str, name: str, value: Any) -> Any:
    """Returns the value in the type of its field, or says what is wrong and what is allowed."""
    if FIELDS[name].metadata.get("unit") == "bytes":
        return bytes_of(where, value)
    if name == "verify":
        return _verify(where, value)
    wanted, right = RULES[_kind(name)]
    allowed = FIELDS[name].metadata.get("allowed")
    if allowed:
        wanted = f"one of {', '.join(allowed)}"
    if within := FIELDS[name].metadata.get("range"):
        number = "a whole number" if _kind(name) is int else "a number"
        wanted = f"{number}, {within[0]} to {within[1]}"
        right = _is_number_within(_kind(name), *within)
    if not right(value) or (allowed and value not in allowed):
        raise SettingsError(f"{where}: {value!r} is not allowed: use {wanted}")
    return tuple(value) if isinstance(value, list) else value


def bytes_of(where: str, value: Any) -> int:
    """Returns the number of bytes that a whole number, or a text such as "2G", means."""
    digits, factor = str(value).strip().upper().removesuffix("B"), 1
    for power, letter in enumerate("KMGT", 1):
        if digits.endswith(letter):
            digits, factor = digits[:-1], 1024**power
    if isinstance(value, bool) or not digits.strip().isdecimal():
        raise SettingsError(f"{where}: {value!r} is not allowed: use bytes, such as 400M or 2G")
    return int(digits) * factor


def _verify(where: str, value: Any) -> str:
    try:
        return plain(value)
    except ValueError as error:
        raise SettingsError(f"{where}: {value!r} is not allowed: use {ALLOWED}") from error


def _is_texts(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(text, str) for text in value)


def _is_positive(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < inf


def _is_number_within(kind: type, low: float, high: float) -> Callable[[Any], bool]:
    whole = (int,) if kind is int else (int, float)
    return lambda value: type(value) in whole and low <= value <= high


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


RULES: Final[Mapping[type, tuple[str, Callable[[Any], bool]]]] = {
    str: ("a text", lambda value: isinstance(value, str)),
    tuple: ("a list of texts", _is_texts),
    float: ("a number above 0", _is_positive),
    bool: ("true or false", lambda value: isinstance(value, bool)),
    int: ("a whole number, 0 or more", _is_count),
}
