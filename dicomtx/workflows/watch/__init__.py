"""Watches a folder: converts each file that arrives, and delivers it exactly once."""
