"""Values of elements: text, numbers, character sets."""
