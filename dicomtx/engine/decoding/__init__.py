"""Decodes sources of any transfer syntax to native frames."""
