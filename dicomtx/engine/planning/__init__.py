"""Decides what to do with a file; touches nothing."""
