"""Compares what was written with what was read."""
