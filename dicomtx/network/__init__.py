"""Sends and receives instances: DICOM by pynetdicom, and HTTP by httpx."""
