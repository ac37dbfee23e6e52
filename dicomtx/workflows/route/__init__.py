"""Receives instances, transcodes them, and sends them on."""
