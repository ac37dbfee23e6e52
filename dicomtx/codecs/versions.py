"""The versions of dicomtx, Python and the libraries, as a bug report needs them."""

import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from dicomtx.version import __version__

LIBRARIES: Final = (
    *("pydicom", "numpy", "imagecodecs", "pylibjpeg-openjpeg", "python-gdcm"),
    *("av", "scikit-image", "click", "json5"),
)


def lines() -> Iterator[str]:
    """Yields dicomtx and its version, then Python, then the libraries that are installed."""
    yield f"dicomtx {__version__}"
    python = f"{platform.python_implementation()} {platform.python_version()}"
    yield f"{python} on {platform.system()} {platform.machine()}"
    yield ", ".join(f"{name} {found}" for name, found in installed().items() if found)


def installed() -> dict[str, str]:
    """Returns the versions of the libraries by name, empty for those that are missing."""
    return {name: _version(name) for name in LIBRARIES}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def shaping_results() -> dict[str, str]:
    """Returns the versions that results can depend on, by name: two machines must agree in them."""
    codecs = {name: found for name, found in installed().items() if name not in ("click", "json5")}
    return {"dicomtx": __version__, "Python": platform.python_version(), **codecs}
