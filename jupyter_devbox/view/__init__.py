"""How it looks and speaks: one set of words for the terminal, the cell and plain text."""
