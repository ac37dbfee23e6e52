"""The version of dicomtx, for every layer: the package itself imports from the layers."""

__version__ = "0.2.0"
