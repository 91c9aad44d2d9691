"""Which image is an environment's, and whether it was made of the files as they are."""

from __future__ import annotations

import hashlib
from pathlib import Path

from jupyter_devbox.files.project import Project
from jupyter_devbox.files.reader import configuration_at
from jupyter_devbox.spec.box import Target
from jupyter_devbox.spec.compose import COMPOSE, OVERRIDE
from jupyter_devbox.spec.container import ImageInfo
from jupyter_devbox.spec.groups import ONLY, read_groups
from jupyter_devbox.spec.target_files import COMMON, environment_files, target_files
from jupyter_devbox.workflow.names import environment_key, project_key

_NOT_OF_AN_IMAGE = {"devcontainer.json", COMPOSE, OVERRIDE}
LABEL_FILES = "jupyter-devbox.files"
LABEL_PROJECT = "jupyter-devbox.project"
LABEL_TARGET = "jupyter-devbox.target"
LABEL_LOCK = "jupyter-devbox.lock"
"""Digest of the lock that the image was made from, so that an image and an SBOM tell it."""


def image_tag(project: Project, target: Target, group: str = ONLY) -> str:
    """Return the name of an environment's image."""
    return f"jupyter-devbox/{project_key(project)}:{environment_key(target, group)}"


def is_made_of(image: ImageInfo, folder: Path, target: Target, group: str = ONLY) -> bool:
    """Return whether an environment's image was built from these very files."""
    return image.labels.get(LABEL_FILES) == files_digest(folder, target, group)


def lock_digest(folder: Path, target: Target, group: str = ONLY) -> str:
    """Return the digest of an environment's lock, ``sha256:…``: of its files, in their order."""
    lock, digest = target_files(target, group), hashlib.sha256()
    for name in (*([COMMON] if group else []), lock.stable, lock.rest):
        if (folder / name).is_file():
            digest.update(name.encode() + b"\0" + (folder / name).read_bytes() + b"\0")
    return f"sha256:{digest.hexdigest()}"


def files_digest(folder: Path, target: Target, group: str = ONLY) -> str:
    """Return a digest of the files that decide an environment's image: of all that it can copy.

    What only says how the box is run, or what the lock was made from, is left out, and so are the
    other environments' locks. So are links: nothing is built while there are any.
    """
    digest, passed_over = hashlib.sha256(), _not_of_the_image(folder, target, group)
    for path in sorted(folder.rglob("*")):
        if path.name in passed_over or path.is_symlink() or not path.is_file():
            continue
        digest.update(path.relative_to(folder).as_posix().encode("utf-8", "surrogateescape"))
        digest.update(b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _not_of_the_image(folder: Path, target: Target, group: str) -> set[str]:
    """Return the names of the files in a context that are not of one environment's image."""
    recorded = read_groups(configuration_at(folder / "devcontainer.json"))
    mine, names = target_files(target, group), set(_NOT_OF_AN_IMAGE)
    for files in environment_files(each.name for each in recorded):
        names |= {files.direct, files.stable, files.rest}
    return names - {mine.stable, mine.rest}
