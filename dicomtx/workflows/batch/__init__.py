"""Converts directory trees; a journal lets an interrupted run resume."""
