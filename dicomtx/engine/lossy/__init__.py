"""Lossy encoding: the search for a goal, its measurement, and its record in the data set."""
