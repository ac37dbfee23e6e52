"""Reports on many files."""
