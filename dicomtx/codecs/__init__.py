"""Codecs: a module is a library, never a format; the only importers of codec libraries."""
