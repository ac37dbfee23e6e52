"""Compares two files."""
