"""Facts → decisions with reasons. Pure: arguments in, value out."""

from jupyter_devbox.plan.answers import apply_answers
from jupyter_devbox.plan.base_image import choose_base
from jupyter_devbox.plan.cuda import doubles, say_doubles
from jupyter_devbox.plan.estimate import estimate_bytes, room_bytes
from jupyter_devbox.plan.options import merge_options
from jupyter_devbox.plan.planner import PlanInputs, pinned, plan, python_of

__all__ = [
    "PlanInputs",
    "apply_answers",
    "choose_base",
    "doubles",
    "estimate_bytes",
    "merge_options",
    "pinned",
    "plan",
    "python_of",
    "room_bytes",
    "say_doubles",
]
