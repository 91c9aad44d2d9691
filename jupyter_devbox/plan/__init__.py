"""Facts → decisions with reasons. Pure: arguments in, value out."""

from jupyter_devbox.plan.answers import apply_answers
from jupyter_devbox.plan.base_image import choose_base
from jupyter_devbox.plan.cuda import doubles, say_doubles
from jupyter_devbox.plan.estimate import estimate_bytes, room_bytes
from jupyter_devbox.plan.options import merge_options
from jupyter_devbox.plan.planner import PlanInputs, pinned, plan, python_of
from jupyter_devbox.plan.split import Leaner, Savings, choose_groups, savings

__all__ = [
    "Leaner",
    "PlanInputs",
    "Savings",
    "apply_answers",
    "choose_base",
    "choose_groups",
    "doubles",
    "estimate_bytes",
    "merge_options",
    "pinned",
    "plan",
    "python_of",
    "room_bytes",
    "savings",
    "say_doubles",
]
