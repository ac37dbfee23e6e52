"""Finds the files that the arguments of a command name."""
