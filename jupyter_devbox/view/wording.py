"""The sentences, made of what the use cases tell. Pure; the same in every view."""

from __future__ import annotations

import re
import shlex
import textwrap
from collections.abc import Iterable, Mapping

from jupyter_devbox.errors import (
    BuildxMissingError,
    DevboxError,
    EngineNotFoundError,
    EngineNotRunningError,
    EnginePermissionError,
)
from jupyter_devbox.plan.split import Leaner, Savings
from jupyter_devbox.spec.environment import Target
from jupyter_devbox.spec.snapshot import CapturedRequirement, KernelSnapshot, UnresolvedImport
from jupyter_devbox.view.units import about, clean, count, duration, listing, size
from jupyter_devbox.workflow.binder import BinderPlan
from jupyter_devbox.workflow.requests import ContainerizeResult, Found, Joined, Planned

WIDTH = 80
_TWO = 2
_SHOWN = 4
"""Packages that a line names."""
TARGET_LABELS: Mapping[Target, str] = {"cpu": "CPU", "cuda": "CUDA", "venv": "venv"}
NO_ENGINE = (
    EngineNotFoundError,
    EngineNotRunningError,
    EnginePermissionError,
    BuildxMissingError,
)
NOT_APPROVED = "This project is not approved yet"
NOT_APPROVED_HELP = (
    "Nothing of it was built or started. Look at what differs, run that command in a terminal of "
    "this machine, then check again."
)


def uses(snapshot: KernelSnapshot) -> str:
    """Return what a notebook uses, in one sentence."""
    things = [count(len(snapshot.requirements), "package")]
    things += [apt.name for apt in snapshot.apt]
    if snapshot.python:
        things.append("Python " + ".".join(snapshot.python.split(".")[:2]))
    return f"{clean(snapshot.notebook) or 'This notebook'} uses {listing(things)}."


def package(requirement: CapturedRequirement) -> str:
    """Return one package with its version, and its reason where that is no import."""
    text = f"{requirement.name} {requirement.version}" if requirement.version else requirement.name
    if requirement.reason == "engine":
        what = ", ".join(requirement.imports)
        return f"{text} (for {what})" if what else f"{text} (a call loads it)"
    if requirement.reason == "install":
        return f"{text} (the notebook installs it)"
    return text


def packages(snapshot: KernelSnapshot, indent: str = "  ") -> list[str]:
    """Return the packages with versions, wrapped to the terminal's width."""
    if not snapshot.requirements:
        return []
    # A package and its version stay on one line.
    names = [package(r).replace(" ", "\0") for r in snapshot.requirements]
    wrapped = textwrap.wrap(
        ", ".join(names),
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace("\0", " ") for line in wrapped]


def unresolved_names(items: Iterable[UnresolvedImport]) -> str:
    """Return imports with their cells: ``lab_utils (cell 3)``."""
    return ", ".join(_with_cells(item) for item in items)


def _with_cells(item: UnresolvedImport) -> str:
    if not item.cells:
        return item.name
    word = "cell" if len(item.cells) == 1 else "cells"
    return f"{item.name} ({word} {', '.join(str(cell) for cell in item.cells)})"


def not_found(snapshot: KernelSnapshot, include: str, again: str) -> list[str]:
    """Return the lines about imports without a package; [] when there are none.

    Parameters
    ----------
    include
        What stands before the option that names a package: ``add``, ``%containerize``.
    again
        What follows "put x.py beside the notebook".
    """
    if not snapshot.unresolved:
        return []
    first = snapshot.unresolved[0].name.split(".")[0]
    return [
        f"Not found, so left out: {unresolved_names(snapshot.unresolved)}",
        f"    It is a package:      {include} --provides {snapshot.unresolved[0].name}=NAME",
        f"    It is your own file:  put {first}.py beside the notebook{again}",
    ]


def joined(event: Joined) -> str:
    """Return the line of a call that waits for another one's work."""
    name = clean(event.project.name)
    return f"Another containerize is at work on {name}: this one follows it, then goes on."


def found(event: Found, include: str, again: str = "", mark: str = "! ") -> list[str]:
    """Return what is shown before anything is written."""
    lines: list[str] = []
    for snapshot in event.snapshots:
        lines.append(uses(snapshot))
        lines += packages(snapshot)
        missing = not_found(snapshot, include, again)
        if missing:
            lines += [mark + missing[0], *missing[1:]]
        for warning in snapshot.warnings:
            cell = f"cell {warning.cell}: " if warning.cell else ""
            lines.append(f"{mark}{cell}{clean(warning.message)}")
    project = event.project
    return [*lines, f"Project: {clean(str(project.root))} ({project.reason})"]


def planned(event: Planned) -> str:
    """Return the image's size and the room for it."""
    text = f"{image_name(event.targets)}: about {about(event.spec.estimated_bytes)} on disk"
    if event.free_bytes is not None:
        text += f", {about(event.free_bytes)} free"
    text += "." if event.targets == ("venv",) else f". Base: {event.spec.base_image.ref}."
    if event.twin_problem and "cuda" not in event.targets:
        text += f" The CUDA files stay as they are: {clean(event.twin_problem.message)}."
    return text


def no_room(needed: int, free: int | None, mark: str = "! ") -> list[str]:
    """Return what is said where building may not fit on the disk; [] where it does."""
    if free is None or needed <= free:
        return []
    return [
        f"{mark}May not fit on the disk: building takes up to {about(needed)}, {about(free)} free",
        "    Make room:     jupyter devbox prune",
        "    Another disk:  data-root in daemon.json (Podman: graphroot in storage.conf)",
    ]


def for_binder(binder: BinderPlan | None, mark: str = "! ") -> list[str]:
    """Return what the user should know of the files for Binder; [] for nothing."""
    return [f"{mark}{clean(message)}" for _, message in binder.warnings] if binder else []


def splitting(savings: Savings | None) -> list[str]:
    """Return what environments of their own save; [] where nothing is split now."""
    if savings is None or len(savings.groups) < _TWO:
        return []
    if savings.together is None:
        first = f"One environment for all cannot be had: {clean(savings.problem)}."
    else:
        first = f"One environment: about {about(savings.together)}."
    sizes = ", ".join(f"{g.group} {about(g.bytes)}" for g in savings.groups)
    shared = f"{about(savings.shared)} of layers shared, {about(savings.total)} on disk"
    lines = [f"{first} Split: {sizes}; {shared}."]
    for group in savings.groups:
        lines += _leaner(group)
    return lines


def _leaner(group: Leaner) -> list[str]:
    """Return what a group of notebooks has of an environment of its own."""
    lines, said = [], []
    if group.fewer:
        said.append(f"does without {count(group.fewer, 'package')}")
    if group.own:
        shown = [f"{n} {own} instead of {other}" for n, (other, own) in group.own.items()]
        more = [f"{len(shown) - _SHOWN} more"] if len(shown) > _SHOWN else []
        said.append(f"has versions of its own: {listing([*shown[:_SHOWN], *more])}")
    if said:
        lines.append(f"  {group.group} {', and '.join(said)}.")
    if group.unmet:
        lines.append(f"  In one environment {group.group} would lack {listing([*group.unmet])}.")
    return lines


def image_name(targets: tuple[Target, ...]) -> str:
    """Return what the plan of these targets is about: that of the first one."""
    return "Virtual environment" if targets[0] == "venv" else f"{TARGET_LABELS[targets[0]]} image"


def ready(result: ContainerizeResult) -> list[str]:
    """Return the last block's first lines: what there is now."""
    lines: list[str] = []
    names = listing([kernel.display_name for kernel in result.kernels])
    verb = "is" if len(result.kernels) == 1 else "are"
    if not result.kernels:
        lines.append("The files are up to date." if not result.files else "The files are written.")
    elif not result.built and not result.files:
        lines.append(f"{names} {verb} up to date. Nothing was written or built.")
    else:
        parts = [listing([size(image.size) for image in result.images])] if result.images else []
        if result.built:
            parts.append(f"built in {duration(result.seconds)}")
        tail = f": {', '.join(parts)}" if parts else ""
        lines.append(f"{names} {verb} ready{tail}.")
    left_out = [u for snapshot in result.snapshots for u in snapshot.unresolved]
    if left_out:
        lines.append(f"Left out: {unresolved_names(left_out)}")
    lines += without(result.left_out)
    lines += [clean(sentence) for _, sentence in result.warnings]
    lines += [f"Kept, for you changed it: {clean(path)}" for path in result.changes.kept]
    if result.files:
        where = sorted({f"{path.split('/')[0]}/" for path in result.files})
        lines.append(f"{count(len(result.files), 'file')} written to {listing(where)}")
    return lines


def without(left_out: Iterable[str]) -> list[str]:
    """Return what the box does without, and where to allow it; [] where it has everything."""
    lines = [f"Not in the box: {line}" for line in left_out]
    return [*lines, "jupyter devbox trust shows it, and allows it."] if lines else []


def next_steps(result: ContainerizeResult) -> list[str]:
    """Return what to do next, for a terminal; nothing where nothing was done."""
    paths = (s.notebook for s in result.snapshots if s.notebook)
    notebook = shlex.quote(next(paths, "NOTEBOOK.ipynb"))
    if not result.kernels:
        return ["Next:", f"  jupyter devbox containerize {notebook}     build it"]
    if not result.built and not result.files:
        return []
    return [
        "Next:",
        *_columns(
            (f"jupyter devbox run {notebook}", "run it"),
            ("in JupyterLab", f"choose the kernel {_kernel_names(result)}"),
            *((("in VS Code", "Reopen in Container"),) if result.image else ()),
        ),
    ]


def _columns(*rows: tuple[str, str]) -> list[str]:
    width = max(len(left) for left, _ in rows) + 3
    return [f"  {left:<{width}}{right}" for left, right in rows]


def next_in_notebook(result: ContainerizeResult) -> list[str]:
    """Return what to do next, in a notebook."""
    if not result.kernels:
        return ["Next: %containerize, without --no-build, builds it."]
    return [f"Next: choose the kernel {_kernel_names(result)} (menu Kernel, Change Kernel)."]


def _kernel_names(result: ContainerizeResult) -> str:
    """Return the kernel to choose; of a split project one for each group."""
    first = result.kernels[0]
    same = [k for k in result.kernels if k.target == first.target]
    return " or ".join(f'"{kernel.display_name}"' for kernel in same)


def failure(error: DevboxError, command: str = "") -> list[str]:
    """Return an error: details first, then the cause, then the next command.

    Parameters
    ----------
    command
        What was called, such as ``jupyter devbox containerize a.ipynb`` or ``%containerize``:
        a hint that says to call it in another way is completed by it.
    """
    lines = [f"  {clean(line)}" for line in error.details]
    if lines:
        lines.append("")
    message = clean(error.message.replace("\n", " "))
    lines += textwrap.wrap(
        message if message.endswith((".", "`", "?")) else f"{message}.",
        WIDTH,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return lines + _next(error, command)


def _next(error: DevboxError, command: str) -> list[str]:
    hint = clean(error.hint)
    if command:
        ours = r"\bjupyter devbox containerize(?: NOTEBOOK(?:\.ipynb)?)?(?=$|[ ,;])"
        hint = re.sub(ours, lambda _: command, hint)
    if command and isinstance(error, NO_ENGINE):
        ways = _columns(
            (f"{command} --target venv", "same packages, no box"),
            (f"{command} --no-build", "write the files only"),
        )
        return ["Next, one of:", f"  {hint}", *ways]
    return [f"Next: {hint}"] if hint else []


def names_in_button(names: list[str]) -> str:
    """Return names for a button's label: one, or how many."""
    return names[0] if len(names) == 1 else f"{len(names)} imports"
