"""Pixel Data: frames, fragments and overlay planes."""
