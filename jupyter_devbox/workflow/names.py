"""What a project is called among images, kernels, logs and locks."""

from __future__ import annotations

import hashlib

from jupyter_devbox.files.project import Project, slug


def project_key(project: Project) -> str:
    """Return the project's short name with a digest of its path: names of images and kernels."""
    return f"{slug(project.name)}-{hashlib.sha256(str(project.root).encode()).hexdigest()[:6]}"
