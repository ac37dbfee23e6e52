"""DICOMDIR and its records (PS3.3 F, PS3.10 8)."""
