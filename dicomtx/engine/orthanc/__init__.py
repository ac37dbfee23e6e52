"""Orthanc's own rules."""
