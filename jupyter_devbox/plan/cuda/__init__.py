"""The CUDA twin of an environment, and the way back. Pure."""

from jupyter_devbox.plan.cuda.accelerate import accelerate
from jupyter_devbox.plan.cuda.accelerated import Accelerated
from jupyter_devbox.plan.cuda.decelerate import decelerate
from jupyter_devbox.plan.cuda.doubles import doubles, say_doubles
from jupyter_devbox.plan.cuda.draft import NO_CELLS, Cells

__all__ = [
    "NO_CELLS",
    "Accelerated",
    "Cells",
    "accelerate",
    "decelerate",
    "doubles",
    "say_doubles",
]
