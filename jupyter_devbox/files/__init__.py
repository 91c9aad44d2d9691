"""The only writer in the user's folder: reads what is there, merges, writes atomically."""
