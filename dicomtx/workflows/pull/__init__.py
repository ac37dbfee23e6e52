"""Retrieves a study, a series or an instance from a peer, and converts it here."""
