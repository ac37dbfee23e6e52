"""Attributes that record where an image comes from."""
