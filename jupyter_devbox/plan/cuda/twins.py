"""Packages with a CUDA form of another name, or none without CUDA: onnxruntime, cupy, RAPIDS, …."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from packaging.version import Version

from jupyter_devbox.errors import NoCudaError
from jupyter_devbox.plan.cuda.draft import Draft, Stack, allows, exact, within
from jupyter_devbox.plan.cuda.machine import Machine, major
from jupyter_devbox.plan.cuda.refusal import CPU, refused_package
from jupyter_devbox.spec.catalogue import Build, Catalogue, Twin
from jupyter_devbox.spec.environment import DirectRequirement

_NUMBA_CUDA = "numba.cuda"


def accelerate_twins(draft: Draft, machine: Machine) -> None:
    """Take the CUDA form of every package that has one.

    Where none runs on the machine a package stays on the CPU, if it can.

    Raises
    ------
    NoCudaError
        A package that is nothing without CUDA has no build for the machine.
    """
    _add_numba_cuda(draft)
    stays: list[NoCudaError] = []
    for twin in machine.catalogue.twins:
        line = draft.merge(names_of(twin))
        if line is None:
            continue
        asking = [name for name in twin.asked_by if name in draft.lines]
        if asking and line.reason != "hand":
            why = f"{', '.join(asking)} asks for {twin.cpu}, and both are the same module"
            _keep(draft, twin, line, f"it stays on the CPU: {why}")
            continue
        build = _choose(twin, line, draft, machine)
        if build is not None:
            _take(draft, line, build, machine)
            continue
        refusal = _refusal(twin, line, machine)
        if not twin.cpu:
            raise refusal
        why = refusal.message.replace("`", "")
        _keep(draft, twin, line, f"it stays on the CPU: {why[0].lower()}{why[1:]}")
        stays.append(refusal)
    if stays and not draft.stacks:
        raise stays[0]


def decelerate_twins(draft: Draft, catalogue: Catalogue) -> None:
    """Take the form without CUDA of every package, and leave out what has none."""
    for twin in catalogue.twins:
        line = draft.merge(names_of(twin))
        if line is None:
            continue
        if twin.cpu:
            _keep(draft, twin, line, "the form without CUDA")
        elif line.reason == "hand":
            reason = "your own line: it needs CUDA, and what uses it fails without"
            draft.decide(line.name, line.text, f"{reason}{draft.needed_by(line)}")
        else:
            draft.drop(line.name, "it has no form without CUDA, and what uses it fails here")


def names_of(twin: Twin) -> tuple[str, ...]:
    """Return every name of a package, that without CUDA first."""
    names = (twin.cpu, *(build.name for build in twin.builds), *twin.names)
    return tuple(dict.fromkeys(name for name in names if name))


def _choose(twin: Twin, line: DirectRequirement, draft: Draft, machine: Machine) -> Build | None:
    """Return the build: of the CUDA that the first package has, else as it is, else the newest."""
    able = [
        build
        for build in _offered(twin, line, machine)
        if machine.runs(_cuda(build, draft, machine))
    ]
    wishes: list[Callable[[Build], bool]] = [lambda build: build.name == line.name]
    if draft.first is not None:
        first = major(draft.first.cuda)
        wishes.insert(0, lambda build: build.linked or major(build.cuda) in {"", first})
    if line.reason == "hand" and line.name != twin.cpu:
        able = [build for build in able if build.name == line.name]
    for wish in wishes:
        able = [build for build in able if wish(build)] or able
    return able[0] if able else None


def _offered(twin: Twin, line: DirectRequirement, machine: Machine) -> list[Build]:
    """Return the builds that there are of a line's version, for the platform."""
    pin = exact(line.specifier)
    return [
        build
        for build in twin.builds
        if _there(build, machine)
        and (build.name == line.name or build.name not in twin.names)
        and within(pin, build.since, build.before)
        and (pin or not build.newest or _allows_newest(line, build, machine))
    ]


def _allows_newest(line: DirectRequirement, build: Build, machine: Machine) -> bool:
    """Tell whether what would be taken unpinned is there for the image's Python, and wanted."""
    newest = build.newest_for(machine.python)
    return bool(newest) and allows(line.specifier, newest)


def _cuda(build: Build, draft: Draft, machine: Machine) -> str:
    """Return a build's CUDA: torch's where it is compiled for that, else an image's that runs."""
    if build.cuda:
        return build.cuda
    if draft.first is not None:
        return draft.first.cuda
    kind = "cudnn-devel" if build.base == "slim" else build.base
    there = [image.cuda for image in machine.catalogue.images if image.kind == kind]
    return next((cuda for cuda in there if machine.runs(cuda)), there[-1])


def _take(draft: Draft, line: DirectRequirement, build: Build, machine: Machine) -> None:
    pinned = exact(line.specifier) is not None
    cuda = _cuda(build, draft, machine)
    new = replace(
        line,
        name=build.name,
        extras=tuple(sorted({*_own_extras(line, machine.catalogue), *build.extras})),
        specifier=(
            line.specifier
            if pinned or not build.newest
            else f"=={build.newest_for(machine.python)}"
        ),
    )
    draft.change(line.name, new, f"its form for CUDA {major(cuda)}")
    if not build.cuda and draft.first is not None and not build.nvcc:
        return  # it uses what torch brings
    draft.stacks.append(
        Stack(
            package=build.name,
            cuda=cuda,
            download_bytes=build.download_bytes or (0 if build.nvcc else None),
            base=build.base,
            nvcc=build.nvcc,
            linked=build.linked,
        )
    )


def _keep(draft: Draft, twin: Twin, line: DirectRequirement, reason: str) -> None:
    """Put the form without CUDA in a line's place; one that is called the same stays."""
    pin = exact(line.specifier)
    older = pin is not None and bool(twin.cpu_since) and pin < Version(twin.cpu_since)
    name = line.name if older else twin.cpu
    ranged = any(within(pin, build.since, build.before) for build in twin.builds)
    other = line.name in twin.names or (line.name != twin.cpu and not ranged)
    loose = other and line.reason != "hand"  # its releases are numbered otherwise
    extras = {extra for build in twin.builds for extra in build.extras}
    new = replace(
        line,
        name=name,
        extras=tuple(extra for extra in line.extras if extra not in extras),
        specifier="" if loose else line.specifier,
    )
    draft.change(line.name, new, reason)
    if new.name == line.name and reason.startswith("it stays"):
        draft.decide(new.name, new.text, reason)


def _refusal(twin: Twin, line: DirectRequirement, machine: Machine) -> NoCudaError:
    offered = _offered(twin, line, machine)
    named = [build for build in offered if build.name == line.name] or offered
    able = (b for b in twin.builds if machine.runs(b.cuda) and _there(b, machine))
    versions = filter(None, (build.newest_for(machine.python) for build in able))
    other = next((f"{line.name}=={version}" for version in versions), "")
    hint = f"--include {other} runs here; or {CPU}" if other else CPU
    if named and named[-1].cuda:
        return refused_package(line.text, named[-1].cuda, machine, hint, other)
    where = "64-bit ARM" if machine.arm64 else "this release of it"
    message = f"No CUDA build for {where} is known: `{line.text}`"
    return NoCudaError(message, hint=hint, alternative=other)


def _there(build: Build, machine: Machine) -> bool:
    return build.arm64 or not machine.arm64


def _own_extras(line: DirectRequirement, catalogue: Catalogue) -> list[str]:
    """Return a line's extras without those that choose a CUDA."""
    twin = next(t for t in catalogue.twins if line.name in names_of(t))
    chosen = {extra for build in twin.builds for extra in build.extras}
    return [extra for extra in line.extras if extra not in chosen]


def _add_numba_cuda(draft: Draft) -> None:
    """Add numba's CUDA target where a notebook imports it: numba's own looks for a toolkit."""
    numba = draft.lines.get("numba")
    uses = [word.strip() for word in numba.detail.split(",")] if numba else []
    used = any(word == _NUMBA_CUDA or word.startswith(f"{_NUMBA_CUDA}.") for word in uses)
    if numba is None or not used or "numba-cuda" in draft.lines:
        return
    line = DirectRequirement(
        name="numba-cuda", reason="engine", detail=_NUMBA_CUDA, notebooks=numba.notebooks
    )
    draft.lines[line.name] = line
    draft.decide(line.name, line.text, f"{_NUMBA_CUDA} runs on it{draft.needed_by(line)}")
