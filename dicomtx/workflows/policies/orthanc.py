"""Reads an Orthanc configuration as a policy, with folders, comments and ${ENV}."""

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any, Final

import json5

from dicomtx.engine.orthanc.policy import GROUPS, OrthancPolicy
from dicomtx.engine.planning.policy import Policy
from dicomtx.errors import DicomtxError, SettingsError
from dicomtx.transfer_syntaxes import BY_UID, ROOT, TABLE, TransferSyntax, find

# ${NAME} or ${NAME:-default}; quotes around a default are removed
VARIABLE: Final = re.compile(r"\$\{([^:]*?)(?::-('[^']*'|\"[^\"]*\"|[^}]*?))?\}")
ORDERS: Final = {"Before": "builtin-first", "After": "plugins-first", "Disabled": "plugins-only"}
ACCEPTED: Final = {f"{group}TransferSyntaxAccepted": uids for group, uids in GROUPS.items()}
KEYS: Final = (
    *("IngestTranscoding", "IngestTranscodingOfUncompressed", "IngestTranscodingOfCompressed"),
    *("BuiltinDecoderTranscoderOrder", "DicomLossyTranscodingQuality", "AcceptedTransferSyntaxes"),
    *ACCEPTED,
    *("UnknownSopClassAccepted", "AcceptedSopClasses", "RejectedSopClasses"),
    *("TranscodeDicomProtocol", "DicomScuPreferredTransferSyntax", "DicomModalities"),
    *("Plugins", "Gdcm"),
)
# Orthanc's own keys that are not misspelt versions of KEYS
OTHERS: Final = ("DicomModalitiesInDatabase", "DicomAet", "OrthancPeers", "AcceptedStorageClasses")
NEW: Final = frozenset(f"{ROOT}.4.{n}" for n in (110, 111, 112, 201, 202, 203))


def read_orthanc(paths: tuple[str, ...], environ: Mapping[str, str]) -> OrthancPolicy:
    """Returns the transcoding policy of an Orthanc configuration.

    Args:
        paths: files, and folders with ``*.json`` files. A key can be in one file only.
        environ: the variables that replace ${ENV}.

    Raises:
        SettingsError: a file is invalid, or Orthanc would not start with it.
    """
    merged: dict[str, object] = {}
    places: dict[str, str] = {}
    for path in (file for named in paths for file in _files(named)):
        for key, value in _read(path, environ).items():
            if key in merged:
                raise SettingsError(f"{path}: {key}: also in {places[key]}; Orthanc will not start")
            merged[key], places[key] = value, path
    return _policy(_Values(merged, places), ", ".join(map(os.path.basename, paths)))


def by_c_store(policy: Policy | None) -> Policy | None:
    """Returns the policy for files that arrive by C-STORE. Other policies are unchanged."""
    if not isinstance(policy, OrthancPolicy):
        return policy
    from dicomtx.dicom.values import sop_classes  # noqa: PLC0415 - imports pydicom

    return replace(policy, by_dicom=True, known_sop_classes=sop_classes.known())


def _files(named: str) -> list[str]:
    """Returns the files that Orthanc reads in a folder: ``*.json``, without subfolders.

    Raises:
        SettingsError: the folder has no such file.
    """
    if not os.path.isdir(named):
        return [named]
    try:
        names = sorted(name for name in os.listdir(named) if name.lower().endswith(".json"))
    except OSError as error:
        raise SettingsError(f"{named}: {error.strerror}") from error
    if not names:
        raise SettingsError(f"{named}: no *.json file in this folder")
    return [path for name in names if os.path.isfile(path := os.path.join(named, name))]


def _read(path: str, environ: Mapping[str, str]) -> dict[str, Any]:
    """Returns the top-level keys and values of one file."""
    try:
        with open(path, encoding="utf-8-sig") as file:
            text = file.read()
    except OSError as error:
        hint = "" if os.path.exists(path) else "; --orthanc takes a configuration file or a folder"
        raise SettingsError(f"{path}: {error.strerror}{hint}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: not valid UTF-8: {error}") from error
    try:
        value = json5.loads(substituted(text, environ), strict=False)
    except (ValueError, RecursionError) as error:
        told = str(error).removeprefix("<string>:").replace("\n", "\\n")
        raise SettingsError(f"{path}: not valid JSON, at line {told}") from error
    if not isinstance(value, dict):
        raise SettingsError(f"{path}: not a JSON object")
    return value


def substituted(text: str, environ: Mapping[str, str]) -> str:
    """Replaces ${ENV} and ${ENV:-default} in text. Unset variables become empty."""

    def value(found: re.Match[str]) -> str:
        name, default = found.group(1), found.group(2) or ""
        if len(default) > 1 and default[0] == default[-1] and default[0] in "'\"":
            default = default[1:-1]
        return environ.get(name, default)

    return VARIABLE.sub(value, text)


class _Values:
    """The configuration, with a typed accessor for each kind of value."""

    def __init__(self, merged: dict[str, object], places: dict[str, str]) -> None:
        self.merged = merged
        self._places = places

    def place(self, key: str) -> str:
        """Returns the file that has a key; empty if none has it."""
        return self._places.get(key, "")

    def wrong(self, key: str, wanted: str) -> SettingsError:
        """Returns the error for a value that Orthanc cannot use."""
        value = self.merged[key]
        return SettingsError(f"{self._places[key]}: {key}: {value!r} is not allowed: use {wanted}")

    def flag(self, key: str, *, default: bool) -> bool:
        """Returns a boolean."""
        value = self.merged.get(key, default)
        if not isinstance(value, bool):
            raise self.wrong(key, "true or false")
        return value

    def texts(self, key: str) -> tuple[str, ...] | None:
        """Returns a list of strings, or a single string as a list; None if it is not set."""
        value = self.merged.get(key)
        if value is None:
            return None
        found = value if isinstance(value, list) else [value]
        if not all(isinstance(item, str) for item in found):
            raise self.wrong(key, "a string, or a list of strings")
        return tuple(found)

    def table(self, key: str) -> dict[str, object]:
        """Returns an object; an empty one if it is not set."""
        value = self.merged.get(key, {})
        if not isinstance(value, dict):
            raise self.wrong(key, "an object: { ... }")
        return value

    def syntax(self, key: str) -> TransferSyntax | None:
        """Returns a transfer syntax; None if it is not set. Orthanc accepts only UIDs."""
        value = self.merged.get(key)
        if value is None:
            return None
        syntax = BY_UID.get(value) if isinstance(value, str) else None
        if syntax is None:
            raise self.wrong(key, f"the UID of a transfer syntax{_uid_of(value)}")
        return syntax


def _uid_of(value: object) -> str:
    """Returns a hint with the UID if the value is the name of a syntax."""
    try:
        return f": {find(value).uid}" if isinstance(value, str) else ""
    except DicomtxError:
        return ""


def _policy(values: _Values, name: str) -> OrthancPolicy:
    order = values.merged.get("BuiltinDecoderTranscoderOrder")
    if order is not None and (not isinstance(order, str) or order not in ORDERS):
        raise values.wrong("BuiltinDecoderTranscoderOrder", f"one of {', '.join(ORDERS)}")
    quality = values.merged.get("DicomLossyTranscodingQuality", 90)
    if not isinstance(quality, int) or isinstance(quality, bool) or not 1 <= quality <= 100:
        raise values.wrong("DicomLossyTranscodingQuality", "a number from 1 to 100")
    ingest = values.syntax("IngestTranscoding")
    enabled, restricted = _gdcm(values)
    return OrthancPolicy(
        name=name,
        ingest=ingest,
        of_uncompressed=values.flag("IngestTranscodingOfUncompressed", default=True),
        of_compressed=values.flag("IngestTranscodingOfCompressed", default=True),
        order=ORDERS.get(order or "", ""),
        quality=quality,
        accepted=_accepted(values),
        unknown_sop_class=values.flag("UnknownSopClassAccepted", default=False),
        accepted_sop_classes=frozenset(values.texts("AcceptedSopClasses") or ()),
        rejected_sop_classes=frozenset(values.texts("RejectedSopClasses") or ()),
        transcode_dicom=values.flag("TranscodeDicomProtocol", default=True),
        preferred=values.syntax("DicomScuPreferredTransferSyntax") or BY_UID[ROOT + ".1"],
        modalities=tuple(_modalities(values).items()),
        gdcm=enabled,
        gdcm_syntaxes=restricted,
        gdcm_section="Gdcm" in values.merged,
        plugins=_plugins(values),
        warnings=(*_misspelt(values), *_too_new(ingest)),
    )


def _accepted(values: _Values) -> frozenset[str]:
    """Returns the UIDs that the C-STORE SCP accepts: the list, then changes by group."""
    patterns = values.texts("AcceptedTransferSyntaxes")
    if patterns is None:
        patterns = ("1.2.840.10008.1.*",)
    accepted = {s.uid for s in TABLE if any(fnmatchcase(s.uid, p) for p in patterns)}
    for key, uids in ACCEPTED.items():
        if key in values.merged:
            if values.flag(key, default=True):
                accepted |= set(uids)
            else:
                accepted -= set(uids)
    return frozenset(accepted)


def _modalities(values: _Values) -> dict[str, bool]:
    """Returns the DICOM modalities, and whether each allows transcoding."""
    found = {}
    for name, modality in values.table("DicomModalities").items():
        allowed = modality.get("AllowTranscoding", True) if isinstance(modality, dict) else True
        if not isinstance(modality, dict | list) or not isinstance(allowed, bool):
            raise values.wrong("DicomModalities", f"a list or an object for {name}")
        found[name] = allowed
    return found


def _gdcm(values: _Values) -> tuple[bool, frozenset[str]]:
    """Returns whether the plugin is enabled, and its RestrictTransferSyntaxes; empty means all."""
    section = values.table("Gdcm")
    enabled, restricted = section.get("Enable", True), section.get("RestrictTransferSyntaxes", [])
    uids = restricted if isinstance(restricted, list) else [restricted]
    right = uids is restricted and all(uid in BY_UID for uid in map(str, uids))
    if not isinstance(enabled, bool) or not right or section.get("Throttling") == 0:
        wanted = "Enable true or false, RestrictTransferSyntaxes a list of UIDs, Throttling above 0"
        raise values.wrong("Gdcm", wanted)
    return enabled, frozenset(uids)


def _plugins(values: _Values) -> tuple[str, ...]:
    """Returns the places of plugins. Orthanc starts in the folder of its configuration."""
    folder = os.path.dirname(values.place("Plugins"))
    return tuple(os.path.join(folder, path) for path in values.texts("Plugins") or ())


def _misspelt(values: _Values) -> list[str]:
    """Returns warnings for unknown keys that look like a misspelt known key."""
    from difflib import get_close_matches  # noqa: PLC0415 - takes 5 ms

    by_lower = {key.lower(): key for key in KEYS}
    told = []
    for key in values.merged:
        if key in KEYS or key in OTHERS:
            continue
        near = get_close_matches(key.lower(), by_lower, 1, 0.88)
        if near:
            told.append(f"{key}: Orthanc ignores this key; did you mean {by_lower[near[0]]}?")
    return told


def _too_new(ingest: TransferSyntax | None) -> list[str]:
    if ingest is None or ingest.uid not in NEW:
        return []
    return [f"IngestTranscoding: Orthanc before 1.13 does not start with {ingest.name}"]
