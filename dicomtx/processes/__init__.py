"""What every stack of worker processes needs; nothing here knows DICOM."""
