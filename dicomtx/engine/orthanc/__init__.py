"""Orthanc's transcoding rules, simulated."""
