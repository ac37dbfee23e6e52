"""Changes elements and UIDs, and the syntax with them."""
