"""Changes that a user asks for: values that are set, replaced or removed, and new UIDs."""
