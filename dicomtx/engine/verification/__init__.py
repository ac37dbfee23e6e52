"""Compares the written file with its source."""
