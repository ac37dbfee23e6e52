"""Sends files to a peer."""
