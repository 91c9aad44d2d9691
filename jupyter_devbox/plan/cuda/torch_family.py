"""torch, torchvision and torchaudio: one release, one build, one index."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from packaging.version import InvalidVersion, Version

from jupyter_devbox.errors import RequirementError
from jupyter_devbox.plan.cuda.draft import Draft, Stack, allows, exact, plain
from jupyter_devbox.plan.cuda.machine import Machine, cuda_of
from jupyter_devbox.plan.cuda.refusal import (
    refused_package,
    refused_range,
    refused_torch,
    unknown_torch,
)
from jupyter_devbox.plan.cuda.torch_builds import (
    TorchBuild,
    cards_served,
    choose_build,
    download_bytes,
    newest,
)
from jupyter_devbox.spec.catalogue import Catalogue, TorchRelease
from jupyter_devbox.spec.environment import DirectRequirement

COMPANIONS = ("torchvision", "torchaudio")
_LOCAL = re.compile(r"(?:\+|%2[Bb])(?P<tag>cu1[1-3][0-9])-[^/]*\.whl")
"""The local version in a wheel's address, of a CUDA that the catalogue has drivers for."""


def add_torch(draft: Draft, installed: Mapping[str, str], catalogue: Catalogue) -> None:
    """Add torch where only what brings it is named: unnamed, its build could not be chosen.

    Where it is named without a version, what brings it may want a certain one.
    """
    bringing = [draft.lines[n] for n in catalogue.torch_dependents if n in draft.lines]
    wanted = _brought(bringing, catalogue)
    line = draft.lines.get("torch")
    if line is not None and wanted and not line.specifier and plain("torch", draft):
        draft.lines["torch"] = replace(line, specifier=f"=={wanted}")
    if line is not None or not bringing:
        return
    version = installed.get("torch") or wanted
    names = ", ".join(line.name for line in bringing)
    line = DirectRequirement(
        name="torch",
        specifier=f"=={_public(version)}" if _public(version) else "",
        reason="engine",
        detail=names,
        notebooks=tuple(sorted({name for line in bringing for name in line.notebooks})),
    )
    draft.lines["torch"] = line
    draft.decide("torch", line.text, f"{names} brings it, and its build is chosen by name")


def accelerate_torch(draft: Draft, machine: Machine, installed: Mapping[str, str]) -> None:
    """Take the CUDA build that runs on the machine, for torch and its companions.

    Raises
    ------
    NoCudaError
        None does.
    RequirementError
        A companion's version is the user's own word and goes with another torch.
    """
    add_torch(draft, installed, machine.catalogue)
    line = draft.lines.get("torch")
    if line is None:
        return
    if not plain("torch", draft):
        _take_own(draft, line, machine)
        return
    build, why = _choose(line, machine)
    pin = exact(line.specifier)
    public = pin.public if pin else build.release.torch
    new = _built(line, public, build.tag, machine.catalogue)
    draft.change("torch", new, why, told=True)
    for name in COMPANIONS:
        _accompany(draft, name, build.release, build.tag, machine.catalogue)
    _unserved(draft, build, machine)
    draft.stacks.append(
        Stack(package="torch", cuda=build.cuda, download_bytes=download_bytes(build, machine))
    )


def decelerate_torch(
    draft: Draft, installed: Mapping[str, str], *, python: str, platform: str, catalogue: Catalogue
) -> None:
    """Take the CPU build of torch and its companions."""
    add_torch(draft, installed, catalogue)
    line = draft.lines.get("torch")
    if line is None or not plain("torch", draft):
        return
    pin = exact(line.specifier)
    release = _known(str(pin.public), catalogue) if pin else None
    if pin is None:
        release = next(
            (r for r in catalogue.torch if python in r.python and allows(line.specifier, r.torch)),
            None,
        )
    public = _public(str(pin)) if pin else release.torch if release else ""
    if not public:
        return
    usual = platform.endswith("arm64") and release is not None and not release.arm64
    tag = "" if usual else "cpu"
    reason = "the build without CUDA"
    if release is not None and release.stack_bytes and not usual:
        reason += f", whose libraries are {release.stack_bytes / 1e9:.1f} GB more"
    draft.change("torch", _built(line, public, tag, catalogue), reason)
    for name in COMPANIONS:
        _accompany(draft, name, release, tag, catalogue)


def _take_own(draft: Draft, line: DirectRequirement, machine: Machine) -> None:
    """Leave a torch that has an address as it is; its name tells the CUDA that it was built for."""
    draft.decide("torch", line.text, "it comes from where you installed it, whatever the target")
    named = _LOCAL.search(line.url or "")
    if named is None:
        return
    cuda = cuda_of(named["tag"])
    if not machine.runs(cuda):
        named_torch = f"your torch for CUDA {cuda}"
        raise refused_package(named_torch, cuda, machine)
    draft.stacks.append(Stack(package="torch", cuda=cuda))


def _choose(line: DirectRequirement, machine: Machine) -> tuple[TorchBuild, str]:
    """Return the build for a line, and why this one."""
    pin = exact(line.specifier)
    if pin is None:
        found = newest(machine, line.specifier)
        if found is None:
            raise refused_range(line, machine)
        return found, _newest_reason(found, line, machine)
    release = _known(pin.public, machine.catalogue)
    if release is None:
        raise unknown_torch(line, pin.public, machine)
    kept = pin.local or ""
    build = choose_build(release, machine, kept)
    if build is None:
        raise refused_torch(line, release, machine)
    why = _build_reason(build, machine)
    if kept and build.tag == kept:
        why = f"the build for CUDA {build.cuda} that the kernel has runs here"
    if release.torch != pin.public:
        why += f"; what is known of {release.torch} is taken to hold"
    return build, why


def _build_reason(build: TorchBuild, machine: Machine) -> str:
    release, host = build.release, machine.host
    floor = machine.floor(release.cuda)
    if not build.tag and not host.driver:
        return f"its usual build is for CUDA {release.cuda}: it needs driver {floor} or newer"
    if not build.tag:
        return f"its usual build is for CUDA {release.cuda}, which driver {host.driver} runs"
    if not machine.drives(release.cuda):
        return (
            f"driver {host.driver} is too old for its usual build (CUDA {release.cuda} needs "
            f"{floor}), so the one for CUDA {build.cuda}"
        )
    usual = TorchBuild(release=release, cuda=release.cuda)
    left = sorted({name for _, name in machine.cards} - {*cards_served(usual, machine)})
    return (
        f"its usual build (CUDA {release.cuda}) has no code for {', '.join(left)}, so the one for "
        f"CUDA {build.cuda}"
    )


def _newest_reason(build: TorchBuild, line: DirectRequirement, machine: Machine) -> str:
    """Return why a release was taken where none is pinned: the newest, or why an older one."""
    why = _build_reason(build, machine)
    within = f" that {line.specifier} takes" if line.specifier else ""
    first = next(r for r in machine.catalogue.torch if allows(line.specifier, r.torch))
    if first == build.release:
        return f"the newest{within}; {why}"
    if machine.python not in first.python:
        obstacle = f"is not made for Python {machine.python}"
    elif machine.arm64 and not first.arm64:
        obstacle = "has CPU wheels alone for 64-bit ARM"
    elif choose_build(first, machine, drives=False) is None:
        obstacle = f"has no build for {', '.join(name for _, name in machine.cards)}"
    else:
        obstacle = f"has no build that is known to run on driver {machine.host.driver}"
    return f"the newest{within} that runs here: {first.torch} {obstacle}; {why}"


def _accompany(
    draft: Draft, name: str, release: TorchRelease | None, tag: str, catalogue: Catalogue
) -> None:
    """Pin a companion to the release that goes with torch, in the same build."""
    line = draft.lines.get(name)
    if line is None or not plain(name, draft):
        return
    pin = exact(line.specifier)
    version = _public(str(pin)) if pin else ""
    fitting = _companion(name, release) if release else version
    if not fitting:
        return
    if not version or _minor(version) != _minor(fitting):
        mine = line.reason == "hand" or line.firm
        if mine and not allows(line.specifier, fitting) and release is not None:
            message = f"{line.text} does not go with torch {release.torch}, which needs `{fitting}`"
            raise RequirementError(message, hint=f"write {name}=={fitting}, or leave it unpinned")
        version = fitting
    own = tag if tag == "cpu" or _has_tag(name, version, tag, catalogue) else ""
    draft.change(name, _built(line, version, own, catalogue), "the release and build for torch")


def _built(
    line: DirectRequirement, version: str, tag: str, catalogue: Catalogue
) -> DirectRequirement:
    """Return a line for one build: a local version of torch's own index, or the usual wheel."""
    local = f"+{tag}" if tag else ""
    indexes = (catalogue.torch_index.format(tag=tag),) if tag else ()
    return replace(line, specifier=f"=={version}{local}", indexes=indexes, catalogued=bool(indexes))


def _companion(name: str, release: TorchRelease) -> str:
    return release.torchvision if name == "torchvision" else release.torchaudio


def _has_tag(name: str, version: str, tag: str, catalogue: Catalogue) -> bool:
    """Tell whether a companion has a build: torchaudio stopped at 2.11, and its index with it."""
    if name == "torchvision" or not tag:
        return True
    release = _known(version, catalogue)
    return release is not None and tag in (release.variants or ())


def _known(version: str, catalogue: Catalogue) -> TorchRelease | None:
    """Return a release, or the nearest of the same minor version: patches keep their CUDA."""
    exactly = next((r for r in catalogue.torch if r.torch == version), None)
    same = (r for r in catalogue.torch if _minor(r.torch) == _minor(version))
    return exactly or (None if Version(version).is_prerelease else next(same, None))


def _brought(bringing: list[DirectRequirement], catalogue: Catalogue) -> str:
    """Return the torch that a pinned companion, or another pinned package, wants; "" for any."""
    for line in bringing:
        pin = exact(line.specifier)
        version = pin.public if pin else ""
        for name, of, torch in catalogue.torch_pins:
            if (name, of) == (line.name, version):
                return torch
        for release in catalogue.torch:
            if line.name == "torchvision" and release.torchvision == version:
                return release.torch
    return ""


def _unserved(draft: Draft, build: TorchBuild, machine: Machine) -> None:
    left = {name for _, name in machine.cards} - {*cards_served(build, machine)}
    if left:
        names = ", ".join(sorted(left))
        draft.decide("cards", f"not {names}", f"torch {build.version} has no code for it")


def _public(version: str) -> str:
    try:
        return Version(version).public
    except InvalidVersion:
        return ""


def _minor(version: str) -> tuple[int, ...]:
    return Version(version).release[:2]
