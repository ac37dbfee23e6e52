"""The version of dicomtx, and how it identifies itself to other programs.

Every layer can import it without an import cycle.
"""

__version__ = "0.2.0"

IMPLEMENTATION_CLASS_UID = "2.25.172340618937216485240931671520374415063"
"""Implementation Class UID, in files (PS3.10 7.1) and in associations (PS3.7 D.3.3.2)."""
IMPLEMENTATION_VERSION = f"DICOMTX_{__version__}"
"""Implementation Version Name."""
