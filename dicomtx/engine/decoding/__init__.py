"""Native frames from a source of any transfer syntax."""
