"""A project's lock with a Jupyter server in it: what Binder installs."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from packaging.utils import parse_wheel_filename

from jupyter_devbox.engine.scratch import scratch
from jupyter_devbox.engine.uv import ResolveRequest
from jupyter_devbox.errors import ResolutionError
from jupyter_devbox.lock.locker import offline_first
from jupyter_devbox.lock.pylock import read_pylock
from jupyter_devbox.lock.tags import fitting, triple
from jupyter_devbox.spec.container import EMPTY
from jupyter_devbox.spec.environment import Decision, EnvironmentSpec
from jupyter_devbox.spec.lock import Lock, LockedPackage, WheelFile


def lock_with_server(
    spec: EnvironmentSpec,
    lock: Lock,
    server: Sequence[str],
    *,
    before: Mapping[str, str] = EMPTY,
    index: Mapping[str, str] = EMPTY,
    trusted: bool = True,
) -> Lock:
    """Return a project's lock with the packages that serve its notebooks.

    Every version of the project's lock is kept if it can be. Where the server cannot do with one,
    the direct requirements stay as they are locked and the rest moves, each being a decision.

    Parameters
    ----------
    spec, lock
        The environment and its lock, for a container's Python and platform.
    server
        Names of the packages that are added, without versions.
    before
        Name → version of what was added last time: it stays, or each release would move it.
    index, trusted
        As for `lock_environment`.

    Raises
    ------
    ResolutionError
        The server goes with no version of what the project needs, or the index lacks one.
    IndexUnreachableError
        The index does not answer.
    """
    beside = {_name(wheel): wheel for wheel in lock.wheels}
    with scratch("wheels") as folder:
        lines = dict(_lines(lock, beside, folder))
        bound = {f"{p.name}=={p.version}": p.index for p in lock.packages if p.index}
        added = [name for name in server if name not in lines and name not in _bound_names(lock)]
        pins = {p.name: p.version for p in lock.packages}
        kernel = {d.name: d.version for d in spec.preferences}
        request = ResolveRequest(
            requirements=(*lines.values(), *added),
            preferences=sorted(
                (name, version)
                for name, version in {**kernel, **before, **pins}.items()
                if "+" not in version
            ),
            executable=sys.executable,
            python=spec.base_image.python,
            platform=triple(spec),
            index=index,
            bound=bound,
            build=trusted,
        )
        why = ""
        try:
            text = offline_first(request)
        except ResolutionError as error:
            why = " ".join(error.details)
            direct = {r.name for r in spec.requirements}
            kept = [line for name, line in lines.items() if name in direct or name in beside]
            text = offline_first(replace(request, requirements=(*kept, *added)))
    indexes = {p.name: p.index for p in lock.packages if p.index}
    found = read_pylock(text, local_names=frozenset(beside), indexes=indexes, tags=fitting(spec))
    packages = (*_as_locked(found, lock), *(p for p in lock.packages if p.name in beside))
    return replace(
        lock,
        packages=tuple(sorted(packages, key=lambda package: package.name)),
        decisions=tuple(_moved(found, pins, why)),
    )


def _name(wheel: WheelFile) -> str:
    return str(parse_wheel_filename(wheel.filename)[0])


def _bound_names(lock: Lock) -> set[str]:
    return {p.name for p in lock.packages if p.index}


def _lines(lock: Lock, beside: Mapping[str, WheelFile], folder: Path) -> Iterator[tuple[str, str]]:
    """Yield name and requirement of each package that is not bound to an index of its own.

    Our own wheel and those of the user's modules need nothing that the lock does not name.
    """
    for package in lock.packages:
        wheel = beside.get(package.name)
        if wheel is not None:
            if package.name == "jupyter-devbox" or package.name.startswith("devbox-local-"):
                continue
            (folder / wheel.filename).write_bytes(wheel.content)
            yield package.name, f"{package.name} @ {(folder / wheel.filename).as_uri()}"
        elif package.url and not package.index:
            yield package.name, f"{package.name} @ {package.url}"
        elif not package.index:
            yield package.name, f"{package.name}=={package.version}"


def _as_locked(found: Sequence[LockedPackage], lock: Lock) -> Iterator[LockedPackage]:
    """Yield the packages, those of the project's lock with its very hashes."""
    locked = {(p.name, p.version): p for p in lock.packages}
    for package in found:
        yield replace(locked.get((package.name, package.version), package), group="stable")


def _moved(found: Sequence[LockedPackage], pins: Mapping[str, str], why: str) -> Iterator[Decision]:
    for package in found:
        old = pins.get(package.name, package.version)
        if old != package.version:
            yield Decision(
                what=package.name,
                choice=f"{package.name}=={package.version}",
                reason=f"the server does not go with {old}" + (f"; {why}" if why else ""),
            )
