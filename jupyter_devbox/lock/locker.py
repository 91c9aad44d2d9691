"""Resolve for the image's Python and platform, with the kernel's versions where they fit."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from packaging.version import InvalidVersion, Version

from jupyter_devbox.engine.scratch import scratch
from jupyter_devbox.engine.uv import ResolveRequest, resolve
from jupyter_devbox.errors import IndexUnreachableError, LockError, ResolutionError
from jupyter_devbox.lock.groups import assign_groups
from jupyter_devbox.lock.linked import linked_files
from jupyter_devbox.lock.own_wheel import own_wheel
from jupyter_devbox.lock.pack import pack_modules
from jupyter_devbox.lock.pylock import read_pylock
from jupyter_devbox.lock.recorded import ask_recorded, given_up, is_bound, public
from jupyter_devbox.lock.tags import fitting, triple
from jupyter_devbox.lock.wheels import LocalWheel, collect_wheels, is_wheel_address
from jupyter_devbox.spec.container import EMPTY
from jupyter_devbox.spec.environment import Decision, EnvironmentSpec
from jupyter_devbox.spec.lock import Lock, LockedPackage, WheelFile
from jupyter_devbox.spec.project import ExistingEnvironment


@dataclass(frozen=True, slots=True, kw_only=True)
class _Attempt:
    """One set of lines to try, and those that are bound to an index of their own."""

    lines: tuple[str, ...]
    bound: Mapping[str, str]


def lock_environment(
    spec: EnvironmentSpec,
    existing: ExistingEnvironment,
    index: Mapping[str, str] = EMPTY,
    *,
    trusted: bool = True,
) -> Lock:
    """Return the locked closure of an environment.

    First with every version the kernel has; if that cannot be had for the image's Python and
    platform, the pins that are not the user's own word may move, and each that does becomes a
    decision; so does each local version, which comes from an index of its own or gives way to the
    public one. The cache is asked first, the network on a miss.

    Parameters
    ----------
    index
        Variables by which uv finds this machine's index, credentials included.
    trusted
        Whether anything that the project's files name may be built: to read what a package
        without a wheel needs, uv runs that package's own code on this machine.

    Raises
    ------
    ResolutionError
        The index lacks a pin, or pins conflict.
    IndexUnreachableError
        The index does not answer.
    LockError
        A wheel cannot be made from a VCS, editable or local package.
    UntrustedProjectError
        One would have to be made, and the project is not trusted.
    """
    local, decisions = collect_wheels(spec, trusted=trusted)
    packed = pack_modules(spec, existing.wheels)
    inputs = _inputs_digest(spec, local, existing.locked)
    with scratch("wheels") as folder:
        for wheel in local:
            (folder / wheel.wheel.filename).write_bytes(wheel.wheel.content)
        template = replace(_template(spec, existing, inputs, index), build=trusted)
        recorded = ask_recorded(spec, template, offline_first, trusted=trusted)
        addressed = _addressed(spec, local, folder)
        attempts = _attempts(spec, addressed, recorded.indexes)
        if recorded.indexes and not any(map(is_bound, spec.requirements)):
            attempts += _attempts(spec, addressed, {})
        text, attempt, why = _resolve(attempts, template)
    if recorded.indexes and not attempt.bound:
        recorded = given_up(recorded, spec)
    linked = linked_files(
        text,
        local_names=frozenset(w.name for w in local),
        links=spec.links,
        tags=fitting(spec),
    )
    packages = read_pylock(
        text,
        local_names=frozenset(w.name for w in (*local, *linked)),
        indexes=recorded.indexes,
        tags=fitting(spec),
    )
    moved = _moved(spec, packages, why)
    own = own_wheel()
    lying = (*local, *packed, *linked)
    wheels = sorted((*(w.wheel for w in lying), own), key=lambda w: w.filename)
    beside = (
        *(_locked_wheel(w.name, w.version, w.wheel) for w in lying),
        _locked_wheel("jupyter-devbox", own.filename.split("-")[1], own),
    )
    return Lock(
        python=spec.base_image.python,
        platform=spec.base_image.platform,
        packages=assign_groups(packages, beside, existing),
        wheels=tuple(wheels),
        inputs=_inputs_digest(spec, local, {p.name for p in packages}),
        decisions=(*decisions, *recorded.decisions, *map(_taken, linked), *moved),
    )


def _taken(linked: LocalWheel) -> Decision:
    """Return why a package comes from a folder of the user's."""
    reason = f"no index has it: {linked.wheel.filename} is copied from the folder that you named"
    if not linked.wheel.filename.endswith(".whl"):
        reason += ", and becomes a wheel in a stage with compilers"
    choice = f"{linked.name}=={linked.version}"
    return Decision(what=linked.name, choice=choice, reason=reason)


def _attempts(
    spec: EnvironmentSpec, addressed: Mapping[str, str], indexes: Mapping[str, str]
) -> tuple[_Attempt, ...]:
    firm: list[str] = []
    loose: list[str] = []
    bound: dict[str, str] = {}
    for requirement in spec.requirements:
        name = requirement.name
        if name in indexes:
            bound[requirement.text] = indexes[name]
            continue
        asked = public(requirement)
        free = asked if asked.firm else replace(asked, specifier=asked.allowed)
        firm.append(addressed.get(name, asked.text))
        loose.append(addressed.get(name, free.text))
    return (_Attempt(lines=tuple(firm), bound=bound), _Attempt(lines=tuple(loose), bound=bound))


def _addressed(
    spec: EnvironmentSpec, local: Sequence[LocalWheel], folder: Path
) -> Mapping[str, str]:
    """Return name → line with an address: of a wheel in `folder`, or where a wheel lies."""
    wheels = {w.requirement: (w.name, (folder / w.wheel.filename).as_uri()) for w in local}
    lines = {}
    for requirement in spec.requirements:
        place = wheels.get(requirement.name)
        if place is None and is_wheel_address(requirement.url):
            place = (requirement.name, requirement.url)
        if place is not None:
            extras = f"[{','.join(requirement.extras)}]" if requirement.extras else ""
            lines[requirement.name] = f"{place[0]}{extras} @ {place[1]}"
    return lines


def _template(
    spec: EnvironmentSpec,
    existing: ExistingEnvironment,
    inputs: str,
    index: Mapping[str, str],
) -> ResolveRequest:
    """Return the request of all attempts, but for their lines.

    What was locked from the same inputs is preferred to what the kernel has: it is the same, but
    for versions that had to move, and those shall not move again with every release.
    """
    preferences = dict(existing.locked)
    if inputs != existing.inputs:
        preferences.update((d.name, d.version) for d in spec.preferences)
    return ResolveRequest(
        requirements=(),
        preferences=[pair for pair in sorted(preferences.items()) if _is_public(pair[1])],
        executable=sys.executable,
        python=spec.base_image.python,
        platform=triple(spec),
        index=index,
        links=spec.links,
    )


def _resolve(attempts: Sequence[_Attempt], template: ResolveRequest) -> tuple[str, _Attempt, str]:
    """Return uv's answer, to what, and why not to what came before ("" for the first)."""
    why: ResolutionError | None = None
    for attempt in attempts:
        try:
            request = replace(template, requirements=attempt.lines, bound=attempt.bound)
            text = offline_first(request)
        except ResolutionError as error:
            # The last one is raised: with our own pins gone, only the user's words are in it.
            why = error
            continue
        return text, attempt, " ".join(why.details) if why else ""
    raise why or LockError("Nothing was resolved")


def offline_first(request: ResolveRequest) -> str:
    """Return uv's answer from what it has, else with the network; raises what `resolve` does.

    Where folders stand in for what the index lacks, the index is asked first: what uv happens to
    have does not tell what there is.
    """
    if request.links:
        try:
            return resolve(request, offline=False)
        except IndexUnreachableError:
            return resolve(request, offline=True)
    try:
        return resolve(request, offline=True)
    except (ResolutionError, IndexUnreachableError):
        return resolve(request, offline=False)


def _is_public(version: str) -> bool:
    try:
        return Version(version).local is None
    except InvalidVersion:
        return False


def _moved(
    spec: EnvironmentSpec, packages: Sequence[LockedPackage], why: str
) -> tuple[Decision, ...]:
    """Return a decision for each package whose version is not the kernel's."""
    installed = {d.name: d.version for d in spec.preferences}
    cause = why or f"{{}} cannot be had for Python {spec.base_image.python} with the other pins"
    return tuple(
        Decision(
            what=p.name,
            choice=f"{p.name}=={p.version}",
            reason=f"the kernel has {installed[p.name]}; " + cause.replace("{}", installed[p.name]),
        )
        for p in packages
        if p.name in installed
        and _is_public(installed[p.name])
        and Version(installed[p.name]) != Version(p.version)
    )


def _locked_wheel(name: str, version: str, wheel: WheelFile) -> LockedPackage:
    digest = hashlib.sha256(wheel.content).hexdigest()
    return LockedPackage(
        name=name,
        version=version,
        hashes=(f"sha256:{digest}",),
        group="rest",
        size=len(wheel.content),
        compiled=not wheel.filename.endswith(".whl"),
    )


def _inputs_digest(
    spec: EnvironmentSpec, local: Sequence[LocalWheel], closure: Container[str]
) -> str:
    """Return a digest of all that decides the resolution.

    Of the kernel's packages only those in the closure count: installing something else there
    changes nothing here.
    """
    facts = [
        spec.base_image.python,
        spec.base_image.platform,
        list(spec.base_image.glibc),
        spec.target,
        [[r.text, r.firm, r.allowed, *r.indexes] for r in spec.requirements],
        [[d.name, d.version] for d in spec.preferences if d.name in closure],
        list(spec.indexes),
        [[w.name, hashlib.sha256(w.wheel.content).hexdigest()] for w in local],
    ]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]
