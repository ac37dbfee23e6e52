"""Reads and writes Part 10 files and data sets. Only this package imports pydicom."""
