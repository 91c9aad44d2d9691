"""The CUDA twin of an environment, and the way back. Pure."""

from jupyter_devbox.plan.cuda.accelerate import accelerate
from jupyter_devbox.plan.cuda.accelerated import Accelerated
from jupyter_devbox.plan.cuda.decelerate import decelerate
from jupyter_devbox.plan.cuda.doubles import doubles

__all__ = ["Accelerated", "accelerate", "decelerate", "doubles"]
