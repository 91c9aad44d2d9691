"""All files of one environment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from jupyter_devbox.render.compose import compose_file, cuda_compose_file, override_file
from jupyter_devbox.render.devcontainer import cuda_devcontainer, devcontainer
from jupyter_devbox.render.dockerfile import SLIM_PATH, dockerfile, slim_file
from jupyter_devbox.spec.box import TARGETS as BOX_TARGETS
from jupyter_devbox.spec.compose import COMPOSE_FILES, OwnCompose
from jupyter_devbox.spec.environment import EnvironmentSpec
from jupyter_devbox.spec.gpu_words import parse_gpus
from jupyter_devbox.spec.limit_words import compose_limits
from jupyter_devbox.spec.lock import Lock
from jupyter_devbox.spec.project import ProjectOptions
from jupyter_devbox.spec.requirements_in import HEADING, format_line
from jupyter_devbox.spec.requirements_txt import format_lock
from jupyter_devbox.spec.target_files import COMMON, CPU, CUDA, TargetFiles, target_files
from jupyter_devbox.spec.tree import (
    BinaryFile,
    BlockFile,
    LinesFile,
    RenderedFile,
    RenderedTree,
    WholeFile,
)
from jupyter_devbox.spec.written import FOLDER


def render(
    spec: EnvironmentSpec,
    lock: Lock,
    options: ProjectOptions,
    *,
    uv_version: str,
    twin: tuple[EnvironmentSpec, Lock] | None = None,
    nested: bool = False,
    run_args: Sequence[object] = (),
    twin_run_args: Sequence[object] = (),
    own: OwnCompose | None = None,
    binder: Sequence[RenderedFile] = (),
    gone: Sequence[str] = (),
    slim: str = "",
) -> RenderedTree:
    """Return the files of an environment, sorted by path; same input, same bytes.

    Parameters
    ----------
    uv_version
        The uv that installs in the image.
    twin
        The CUDA environment of the same notebooks, if there is one.
    nested
        Whether the project is a folder of a larger Git repository.
    run_args, twin_run_args
        What stands under ``runArgs`` of each devcontainer.json: the user's, edited at his word
        alone.
    own
        The user's own Compose files, where a service of theirs is the dev container.
    binder
        The files for Binder; see `render.binder`.
    gone
        The groups that the project was split into.
    slim
        The program that removes what nothing needs at run time; "" for whole images.
    """
    variants = {CPU.lock: (spec, lock)} | ({CUDA.lock: twin} if twin else {})
    files: list[RenderedFile] = [
        devcontainer(spec, options, nested=nested, run_args=run_args, own=own),
        dockerfile(variants, uv_version, slim=bool(slim)),
        *([slim_file(slim)] if slim else []),
        *requirements(CPU, spec, lock),
        *binder,
    ]
    if twin:
        files += [
            cuda_devcontainer(twin[0], options, nested=nested, run_args=twin_run_args),
            *requirements(CUDA, *twin),
        ]
    files += _compose(spec, twin[0] if twin else None, options, own)
    files += wheel_files(one for _, one in variants.values())
    return whole_tree(files, [*COMPOSE_FILES, SLIM_PATH, *(files_of_groups(gone) if gone else ())])


def wheel_files(locks: Iterable[Lock]) -> Iterator[BinaryFile]:
    """Yield the wheels beside the locks, each once."""
    wheels = {wheel.filename: wheel for lock in locks for wheel in lock.wheels}
    for name, wheel in wheels.items():
        yield BinaryFile(path=f"{FOLDER}/wheels/{name}", content=wheel.content)


def files_of_groups(groups: Sequence[str]) -> Iterator[str]:
    """Yield the paths of the files that only groups have."""
    yield f"{FOLDER}/{COMMON}"
    for group in groups:
        for target in BOX_TARGETS:
            yield from target_files(target, group).all


def whole_tree(files: Iterable[RenderedFile], absent: Iterable[str]) -> RenderedTree:
    """Return the tree of these files, without those that are not among them."""
    there = {file.path: file for file in files}
    return RenderedTree(
        files=tuple(there[path] for path in sorted(there)),
        absent=tuple(path for path in dict.fromkeys(absent) if path not in there),
    )


def _compose(
    spec: EnvironmentSpec,
    twin: EnvironmentSpec | None,
    options: ProjectOptions,
    own: OwnCompose | None,
) -> Iterator[BlockFile]:
    """Yield the Compose files, if Compose starts the box."""
    limits = compose_limits(options.limits)
    if own:
        yield override_file(spec, own, limits=limits)
    elif spec.services:
        yield compose_file(spec, limits=limits)
        if twin:
            gpus = parse_gpus(options.gpus) if options.gpus else None
            yield cuda_compose_file(twin, limits=limits, gpus=gpus)


def requirements(
    files: TargetFiles, spec: EnvironmentSpec, lock: Lock
) -> Iterator[LinesFile | WholeFile]:
    """Yield a target's direct requirements and its lock."""
    ours = tuple(format_line(r) for r in spec.requirements if r.reason != "hand")
    yield LinesFile(path=f"{FOLDER}/{files.direct}", heading=HEADING, lines=ours)
    for name, text in format_lock(lock, files).items():
        yield WholeFile(path=f"{FOLDER}/{name}", text=text)
