"""The Pixel Data element: frames, fragments, overlay planes."""
