"""Speaks DICOM over TCP with pynetdicom (PS3.7, PS3.8)."""
