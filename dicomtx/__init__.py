"""dicomtx transcodes DICOM files: it changes the transfer syntax, and nothing else."""

__version__ = "0.1.0"
