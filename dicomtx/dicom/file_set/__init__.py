"""The DICOMDIR of a File-set and its records (PS3.3 F, PS3.10 8)."""
