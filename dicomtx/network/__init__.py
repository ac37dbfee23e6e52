"""Sends and receives instances: by DICOM over TCP, and by HTTP."""
