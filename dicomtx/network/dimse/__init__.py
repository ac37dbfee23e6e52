"""Speaks DICOM over TCP (PS3.7, PS3.8), with PDUs of its own.

pynetdicom takes 0.4 s to import, and copies each data set several times; tests compare with it.
"""
