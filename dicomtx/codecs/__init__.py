"""Codecs: one module per library. Only this package imports codec libraries."""
