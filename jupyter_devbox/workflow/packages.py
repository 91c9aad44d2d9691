"""What is known of a package that the user typed, before it counts."""

from __future__ import annotations

from jupyter_devbox.lock import KnownPackage, look_up
from jupyter_devbox.spec.names import normalise, parse_requirement
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.index import index_environment


def find_package(context: Context, typed: str) -> KnownPackage | None:
    """Return what this machine's index knows of a package; None if it has none of that name.

    Parameters
    ----------
    typed
        A requirement such as ``seaborn`` or ``seaborn>=0.13``; its name alone counts.

    Raises
    ------
    RequirementError
        It is no requirement.
    IndexUnreachableError
        Nobody answers.
    """
    name = normalise(parse_requirement(typed).name)
    return look_up(name, index_environment(context), ca_bundle=context.ca_bundle)
