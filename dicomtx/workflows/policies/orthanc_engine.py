"""Finds out which transcoders an Orthanc server with a configuration has."""

import os
from typing import Final

from dicomtx.engine.orthanc.codecs import BUILTIN, GDCM
from dicomtx.engine.orthanc.policy import OrthancPolicy

PLUGIN: Final = "orthancgdcm"  # in libOrthancGdcm.so, OrthancGdcm.dll, libOrthancGdcm.dylib


def engine_of(policy: OrthancPolicy) -> tuple[str, str]:
    """Returns the engine that the configuration describes, and a warning if it is a guess.

    The server has its GDCM plugin if ``Plugins`` names it, or a folder that has it. A folder that
    is not on this computer counts as having it if the configuration has a section ``Gdcm``.
    """
    if not policy.gdcm:
        return BUILTIN, ""
    unknown = ""
    for path in policy.plugins:
        if PLUGIN in os.path.basename(path).lower():
            return GDCM, ""
        try:
            names = os.listdir(path) if os.path.isdir(path) or not _is_library(path) else ()
        except OSError:
            unknown = path
        else:
            if any(PLUGIN in name.lower() for name in names):
                return GDCM, ""
    engine = GDCM if unknown and policy.gdcm_section else BUILTIN
    guess = f"Plugins: {unknown} cannot be read here; assuming --engine {engine}"
    return engine, guess if unknown else ""


def _is_library(path: str) -> bool:
    return path.lower().endswith((".so", ".dll", ".dylib"))
