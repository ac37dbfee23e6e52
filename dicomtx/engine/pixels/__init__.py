"""Frames as arrays: stored values, colour, palettes, pictures."""
