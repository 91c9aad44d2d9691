"""The groups that a project's files record."""

from __future__ import annotations

from jupyter_devbox.files.project import Project
from jupyter_devbox.files.reader import read_configuration
from jupyter_devbox.spec.groups import ONLY, Group, read_groups


def project_groups(project: Project) -> tuple[Group, ...]:
    """Return the groups of a project's files; () where it is not split."""
    return read_groups(read_configuration(project.root))


def group_names(project: Project) -> tuple[str, ...]:
    """Return the names of the project's environments: its groups', or "" for the only one."""
    return tuple(group.name for group in project_groups(project)) or (ONLY,)
