"""Frames as arrays: stored values, colour spaces, palettes, rendering."""
