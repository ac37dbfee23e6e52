"""Imports one module of a package without the rest of the package."""

import sys
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
from typing import Any


def module_alone(name: str) -> Any:
    """Returns a module of a package without running ``__init__`` of the package.

    There, the packages of pylibjpeg read their own version, which takes 40 ms.

    Args:
        name: the package, a dot, and the module.

    Raises:
        ImportError: it is not installed, or cannot be imported.
    """
    if name in sys.modules:
        return sys.modules[name]
    package = find_spec(name.partition(".")[0])
    spec = package and PathFinder.find_spec(name, package.submodule_search_locations)
    if not (spec and spec.loader):
        raise ImportError(f"No module named {name!r}", name=name)
    module = sys.modules[name] = module_from_spec(spec)  # an import of the package finds it
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
