"""`jupyter devbox VERB`: one module a verb; each parses, calls a use case, and shows."""

from jupyter_devbox.cli.app import main

__all__ = ["main"]
