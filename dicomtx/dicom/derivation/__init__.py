"""Attributes that record the derivation of an image."""
