"""What `containerize` writes for Binder, and what stands in its way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import cast

from jupyter_devbox.catalogue import read_catalogue
from jupyter_devbox.engine.git_ignored import ignored
from jupyter_devbox.errors import BinderError, DevboxError, FileError, LockError
from jupyter_devbox.files.binder import read_binder
from jupyter_devbox.files.project import Project
from jupyter_devbox.lock import lock_with_server
from jupyter_devbox.plan.estimate import estimate_bytes
from jupyter_devbox.render import binder_files
from jupyter_devbox.spec.binder import (
    FOLDER,
    LARGE_BYTES,
    RIVAL,
    SERVER,
    WHEELS,
    BinderFolder,
    Mode,
    cuda_packages,
    hidden_files,
    rival_file,
)
from jupyter_devbox.spec.environment import EnvironmentSpec
from jupyter_devbox.spec.lock import Lock
from jupyter_devbox.spec.project import ProjectOptions
from jupyter_devbox.spec.tree import RenderedFile

_OTHERWISE = "or --binder=off"


@dataclass(frozen=True, slots=True, kw_only=True)
class BinderPlan:
    """What is made for Binder.

    Parameters
    ----------
    files
        Empty where they stay as they are: a warning says why.
    warnings
        Code and sentence of what the user should know before the files are written.
    estimated_bytes
        Size of the image, estimated; 0 where nothing is made.
    """

    files: tuple[RenderedFile, ...] = ()
    warnings: tuple[tuple[str, str], ...] = ()
    estimated_bytes: int = 0


def plan_binder(
    project: Project,
    spec: EnvironmentSpec,
    lock: Lock,
    options: ProjectOptions,
    *,
    asked: str,
    index: Mapping[str, str],
    trusted: bool,
) -> BinderPlan | None:
    """Return what is made for Binder; None where the project does not go there.

    A project that goes there since an earlier call is not held up by it: its files stay as they
    are then, and that is a warning.

    Parameters
    ----------
    spec, lock
        The environment for the CPU: Binder has no graphics card.
    asked
        What this very call says of Binder; "" for nothing.

    Raises
    ------
    BinderError, LockError, FileError
        It cannot be had, and this call asked for it.
    """
    if not options.binder:
        return None
    mode = cast("Mode", options.binder)
    try:
        return _planned(project, spec, lock, mode, index=index, trusted=trusted)
    except (BinderError, LockError, FileError) as error:
        if asked:
            raise
        return binder_stays(error)


def binder_stays(error: DevboxError) -> BinderPlan:
    """Return the plan of a project whose files for Binder stay as they are, and why."""
    said = f"The files for Binder stay as they are: {error.message}. Next: {error.hint}"
    return BinderPlan(warnings=(("binder_stays", said),))


def _planned(
    project: Project,
    spec: EnvironmentSpec,
    lock: Lock,
    mode: Mode,
    *,
    index: Mapping[str, str],
    trusted: bool,
) -> BinderPlan:
    folder = read_binder(project.root)
    _refuse(folder, mode, lock)
    served = lock_with_server(spec, lock, SERVER, before=folder.pins, index=index, trusted=trusted)
    size = estimate_bytes(spec, served)
    files = binder_files(spec, served, mode, uv_version=version("uv"), before=folder)
    return BinderPlan(
        files=files,
        warnings=(
            *_warnings(project, folder, mode, served, size),
            *_left_out(project, files, served),
        ),
        estimated_bytes=size,
    )


def _refuse(folder: BinderFolder, mode: Mode, lock: Lock) -> None:
    """Raise for what Binder would refuse, or read instead of our files."""
    for wheel in lock.wheels:
        if not wheel.filename.endswith(".whl"):
            message = f"Binder gets no source archives, only wheels: `{wheel.filename}`"
            raise BinderError(message, hint=f"build it: pip wheel {wheel.filename}; {_OTHERWISE}")
    if folder.rival:
        message = f"Binder refuses {FOLDER}/ and {RIVAL}/ side by side: `{RIVAL}`"
        raise BinderError(message, hint=f"move what you need of it to {FOLDER}/, {_OTHERWISE}")
    rival = rival_file(folder, mode)
    if rival:
        message = f"Binder would read this file, and not those of --binder={mode}: `{rival}`"
        raise BinderError(message, hint=f"remove {rival}, {_OTHERWISE}")
    cuda = sorted(cuda_packages(lock.packages, read_catalogue().dropped))
    if cuda:
        message = f"Binder has no graphics card, and the lock brings CUDA: `{', '.join(cuda[:3])}`"
        raise BinderError(message, hint=f"take what needs it out of the notebook, {_OTHERWISE}")


def _warnings(
    project: Project, folder: BinderFolder, mode: Mode, served: Lock, size: int
) -> Iterator[tuple[str, str]]:
    hidden = hidden_files(folder, mode)
    if hidden:
        where = f"{FOLDER}/Dockerfile" if folder.there else f"{FOLDER}/"
        yield "binder_hides", f"Binder will read {where}, and no longer: {', '.join(hidden)}"
    if size > LARGE_BYTES:
        sizes = f"about {size / 1e9:.1f} GB; above {LARGE_BYTES / 1e9:.1f} GB"
        yield "binder_large", f"The image for Binder: {sizes} it starts slowly, or not at all"
    if project.nested and not (project.root / ".git").exists():
        what = "this project is a folder further down"
        yield "binder_nested", f"Binder reads {FOLDER}/ at the top of a repository, and {what}"
    for decision in served.decisions:
        yield "binder_moved", f"On Binder it is {decision.choice}: {decision.reason}"


def _left_out(
    project: Project, files: Iterable[RenderedFile], served: Lock
) -> Iterator[tuple[str, str]]:
    """Yield a warning if Git ignores what Binder needs: many a .gitignore names ``wheels/``."""
    wheels = (f"{WHEELS}/{wheel.filename}" for wheel in served.wheels)
    names = ignored(project.root, [*(file.path for file in files), *wheels])
    if names:
        folders = " ".join(sorted({name.rpartition("/")[0] for name in names}))
        what = f"Git ignores what Binder needs: {', '.join(names)}"
        yield "binder_ignored", f"{what}. Next: git add --force {folders}"
