"""Data sets and files that are created from nothing."""
