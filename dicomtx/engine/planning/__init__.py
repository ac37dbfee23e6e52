"""Decides what to do with a file. Nothing here changes a file."""
