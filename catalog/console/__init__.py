"""Pages of the console about terms."""
