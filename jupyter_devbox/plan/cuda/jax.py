"""JAX: its extras name the CUDA that comes along."""

from __future__ import annotations

from dataclasses import replace

from packaging.utils import canonicalize_name
from packaging.version import Version

from jupyter_devbox.errors import NoCudaError
from jupyter_devbox.plan.cuda.draft import Draft, Stack, allows, exact, plain
from jupyter_devbox.plan.cuda.machine import Machine, major
from jupyter_devbox.plan.cuda.refusal import CPU, refused_package
from jupyter_devbox.spec.catalogue import Catalogue, JaxExtra, JaxRelease
from jupyter_devbox.spec.environment import DirectRequirement

_ALIASES = {"cuda": "cuda12", "cuda12-pip": "cuda12"}
"""Other names of the same, measured with 0.12.0.1 and in jax 0.4's own setup.py."""
_OTHERS = frozenset({"tpu", "rocm", "rocm7-local", "rocm-local"})


def accelerate_jax(draft: Draft, machine: Machine) -> None:
    """Give JAX the extra of a CUDA that runs on the machine: torch's where there is one.

    It is always pinned: where a release lacks an extra uv goes back to an older one, unasked.

    Raises
    ------
    NoCudaError
        No extra's CUDA runs on the machine.
    """
    line = draft.lines.get("jax")
    if line is None or not plain("jax", draft) or _OTHERS & {*_named(line)}:
        return
    release = _release(line, machine)
    able = [extra for extra in release.extras if machine.runs(extra.cuda)]
    asked = [extra for extra in release.extras if extra.name in _named(line)]
    if not able or (line.reason == "hand" and asked and not set(asked) & set(able)):
        lowest = asked[0] if asked else [e for e in release.extras if not _local(e)][-1]
        name = f"jax {release.jax} with {lowest.name}"
        raise refused_package(name, lowest.cuda, machine)
    extra, why = _choose(able, asked, draft, machine)
    if asked and extra not in asked:
        why += f"; {asked[0].name} would not run here"
    pin = exact(line.specifier)
    rest = [name for name in line.extras if _name(name) not in _extras(machine.catalogue)]
    new = replace(
        line,
        extras=tuple(sorted([*rest, extra.name])),
        specifier=f"=={pin.public if pin else release.jax}",
    )
    draft.change("jax", new, why, told=True)
    draft.stacks.append(
        Stack(
            package="jax",
            cuda=extra.cuda,
            download_bytes=extra.download_bytes or None,
            base="cudnn-runtime" if _local(extra) else "slim",
        )
    )


def decelerate_jax(draft: Draft, catalogue: Catalogue) -> None:
    """Take the extras that bring or need CUDA from JAX."""
    line = draft.lines.get("jax")
    if line is None or not plain("jax", draft):
        return
    known = _extras(catalogue)
    extras = tuple(extra for extra in line.extras if _name(extra) not in known)
    draft.change("jax", replace(line, extras=extras), "without its CUDA plugin")


def _release(line: DirectRequirement, machine: Machine) -> JaxRelease:
    """Return what is known of the release: a later one has what the row before it has."""
    rows = machine.catalogue.jax
    pin = exact(line.specifier)
    if pin is None:
        fits = (r for r in rows if machine.python in r.python and allows(line.specifier, r.jax))
        found = next((r for r in fits if any(machine.runs(e.cuda) for e in r.extras)), None)
        found = found or next((r for r in rows if machine.python in r.python), None)
    else:
        found = next((r for r in rows if Version(r.jax) <= Version(pin.public)), None)
    if found is None:
        message = f"It is not known which CUDA extras this JAX has: `{line.text}`"
        raise NoCudaError(message, hint=f"--include jax=={rows[0].jax}; or {CPU}")
    return found


def _choose(
    able: list[JaxExtra], asked: list[JaxExtra], draft: Draft, machine: Machine
) -> tuple[JaxExtra, str]:
    """Return the extra: the user's own if it runs, else of torch's CUDA, else the newest."""
    own = next((extra for extra in asked if extra in able), None)
    local = bool(asked) and _local(asked[0])
    same = [extra for extra in able if _local(extra) == local] or able
    first = draft.first
    beside = next((e for e in same if first and major(e.cuda) == major(first.cuda)), None)
    if own is not None:
        instead = f"; {own.name.removesuffix('-local')} would bring one that fits" if local else ""
        return own, f"your own extra, for CUDA {major(own.cuda)}{instead}"
    if beside is not None and first is not None:
        return beside, f"for CUDA {major(beside.cuda)}, as {first.package} is"
    extra = same[0]
    by = f"driver {machine.host.driver}" if machine.host.driver else "a new driver"
    return extra, f"its newest CUDA that {by} runs is {major(extra.cuda)}"


def _local(extra: JaxExtra) -> bool:
    return extra.name.endswith("-local")


def _named(line: DirectRequirement) -> list[str]:
    return [_name(extra) for extra in line.extras]


def _name(extra: str) -> str:
    """Return an extra's name in normal form (PEP 685): ``cuda12_local`` is ``cuda12-local``."""
    name = canonicalize_name(extra)
    return _ALIASES.get(name, name)


def _extras(catalogue: Catalogue) -> set[str]:
    return {extra.name for release in catalogue.jax for extra in release.extras}
