"""Plan and lock → files as text. Pure and deterministic."""

from jupyter_devbox.render.tree import render

__all__ = ["render"]
