"""Shared by all worker processes; independent of DICOM."""
