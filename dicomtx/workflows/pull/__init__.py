"""Fetches studies from peers."""
