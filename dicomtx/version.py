"""The version of dicomtx. Every layer can import it without an import cycle."""

__version__ = "0.2.0"
