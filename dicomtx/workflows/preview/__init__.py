"""What would happen: plans without writing."""
