"""Speaks DICOMweb (PS3.18) and Orthanc's REST API with httpx."""
