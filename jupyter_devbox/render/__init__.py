"""Plan and lock → files as text. Pure and deterministic."""

from jupyter_devbox.render.binder import binder_files
from jupyter_devbox.render.limits import limits_tree
from jupyter_devbox.render.split import Member, render_split
from jupyter_devbox.render.tree import render

__all__ = ["Member", "binder_files", "limits_tree", "render", "render_split"]
