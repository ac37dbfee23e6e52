"""Receives instances from peers."""
