"""Converts files in worker processes."""
