"""Exports many files to one archive or File-set."""
