"""All files of a project whose notebooks have several environments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from jupyter_devbox.render.devcontainer import (
    cuda_devcontainer,
    devcontainer,
    group_devcontainer,
)
from jupyter_devbox.render.dockerfile import SLIM_PATH, dockerfile, slim_file
from jupyter_devbox.render.tree import files_of_groups, requirements, wheel_files, whole_tree
from jupyter_devbox.spec.compose import COMPOSE_FILES
from jupyter_devbox.spec.container import EMPTY
from jupyter_devbox.spec.environment import AptPackage, EnvironmentSpec, PackedModule
from jupyter_devbox.spec.groups import Group
from jupyter_devbox.spec.lock import Lock
from jupyter_devbox.spec.project import ProjectOptions
from jupyter_devbox.spec.requirements_in import HEADING
from jupyter_devbox.spec.target_files import CPU, CUDA, target_files
from jupyter_devbox.spec.tree import LinesFile, RenderedFile, RenderedTree
from jupyter_devbox.spec.written import FOLDER


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """The environment of one group.

    Parameters
    ----------
    twin
        Its CUDA environment, if there is one.
    run_args, twin_run_args
        As for `render.tree.render`.
    limits
        Limits of its own, where the options say nothing of them.
    """

    spec: EnvironmentSpec
    lock: Lock
    twin: tuple[EnvironmentSpec, Lock] | None = None
    run_args: Sequence[object] = ()
    twin_run_args: Sequence[object] = ()
    limits: Mapping[str, str] = EMPTY


def render_split(
    members: Sequence[Member],
    groups: Sequence[Group],
    options: ProjectOptions,
    *,
    uv_version: str,
    nested: bool = False,
    run_args: Sequence[object] = (),
    own_lines: bool = False,
    gone: Iterable[str] = (),
    binder: Sequence[RenderedFile] = (),
    slim: str = "",
) -> RenderedTree:
    """Return the files of a split project, sorted by path; same input, same bytes.

    Parameters
    ----------
    members
        One a group, in their order.
    groups
        The record of them.
    run_args
        What stands under ``runArgs`` of the project's own devcontainer.json.
    own_lines
        Whether the user wrote lines into requirements.in, which are for every group.
    gone
        Groups that ended.
    slim
        As for `render.tree.render`.
    """
    variants = {}
    files: list[RenderedFile] = [
        devcontainer(_whole(members), options, nested=nested, run_args=run_args, groups=groups),
        *binder,
    ]
    for member in members:
        spec, lock = member.spec, member.lock
        own = target_files("cpu", spec.group)
        wishes = options.limited({**member.limits, **options.limits})
        variants[own.lock] = (spec, lock)
        files.append(group_devcontainer(spec, wishes, nested=nested, run_args=member.run_args))
        files += requirements(own, spec, lock)
        if member.twin:
            own = target_files("cuda", spec.group)
            variants[own.lock] = member.twin
            arguments = member.twin_run_args
            files.append(
                cuda_devcontainer(member.twin[0], wishes, nested=nested, run_args=arguments)
            )
            files += requirements(own, *member.twin)
    files.append(dockerfile(variants, uv_version, slim=bool(slim)))
    files += [slim_file(slim)] if slim else []
    files += wheel_files(lock for _, lock in variants.values())
    if own_lines:
        files.append(LinesFile(path=f"{FOLDER}/{CPU.direct}", heading=HEADING, lines=()))
    ended = (*CPU.all, *CUDA.all, *files_of_groups([*gone]))
    return whole_tree(files, [*COMPOSE_FILES, SLIM_PATH, *ended])


def _whole(members: Sequence[Member]) -> EnvironmentSpec:
    """Return what the project's own configuration says: the first group's, and all notebooks."""
    specs = [member.spec for member in members]
    apt = [package for spec in specs for package in spec.apt]
    packed = [module for spec in specs for module in spec.packed]
    return replace(
        specs[0],
        group="",
        notebooks=tuple(sorted({name for spec in specs for name in spec.notebooks})),
        apt=tuple(
            AptPackage(
                name=name,
                reason=next(a.reason for a in apt if a.name == name),
                notebooks=tuple(sorted({n for a in apt if a.name == name for n in a.notebooks})),
            )
            for name in sorted({a.name for a in apt})
        ),
        packed=tuple(
            PackedModule(
                name=name,
                notebooks=tuple(sorted({n for m in packed if m.name == name for n in m.notebooks})),
            )
            for name in sorted({m.name for m in packed})
        ),
    )
