"""Reads sources, and writes outputs atomically."""
