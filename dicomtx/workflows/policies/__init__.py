"""Policies from files."""
