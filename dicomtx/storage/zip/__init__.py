"""ZIP archives: read as untrusted input, written from front to back."""
