"""Ready-made blocks."""
