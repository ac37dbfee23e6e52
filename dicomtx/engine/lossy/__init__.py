"""Lossy encoding: the search for a goal, its measurement, its record."""
