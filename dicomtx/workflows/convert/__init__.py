"""Converts one file."""
