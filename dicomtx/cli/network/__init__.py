"""Commands that connect to peers."""
