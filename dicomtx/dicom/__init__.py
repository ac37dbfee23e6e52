"""Part 10 files and data sets; the only importer of pydicom."""
