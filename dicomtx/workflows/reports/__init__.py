"""Reports of many files."""
