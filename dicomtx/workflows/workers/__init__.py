"""Requests to worker processes, outcomes back."""
