"""What a project is called among images, kernels, logs and locks."""

from __future__ import annotations

import hashlib

from jupyter_devbox.files.project import Project, slug
from jupyter_devbox.spec.groups import ONLY


def project_key(project: Project) -> str:
    """Return the project's short name with a digest of its path: names of images and kernels."""
    return f"{slug(project.name)}-{hashlib.sha256(str(project.root).encode()).hexdigest()[:6]}"


def environment_key(target: str, group: str = ONLY) -> str:
    """Return what tells a project's environments apart in names: ``cpu``, ``train-cpu``."""
    return f"{group}-{target}" if group else target
