"""Direct requirements: the union over the project's notebooks, each line with its reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from jupyter_devbox.spec.environment import Decision, DirectRequirement
from jupyter_devbox.spec.names import normalise, parse_requirement
from jupyter_devbox.spec.project import ExistingEnvironment, ProjectOptions
from jupyter_devbox.spec.snapshot import CapturedRequirement, KernelSnapshot

OURS = frozenset({"jupyter-devbox", "ipykernel", "pip"})
"""The lock always has these; a notebook that names them adds nothing."""


def from_capture(captured: CapturedRequirement, notebook: str) -> DirectRequirement:
    """Return one notebook's requirement, pinned to what is installed where that is allowed."""
    specifier, firm = _pin(captured)
    detail = ", ".join(captured.imports)
    if captured.reason == "install":
        detail = "installed by the notebook"
    return DirectRequirement(
        name=captured.name,
        extras=captured.extras,
        specifier=specifier,
        firm=firm,
        allowed=captured.specifier,
        reason=captured.reason,
        detail=detail,
        notebooks=(notebook,),
        source=captured.source,
        url=captured.url if captured.source != "index" else None,
    )


def _pin(captured: CapturedRequirement) -> tuple[str, bool]:
    """Return the specifier and whether it is the user's own word."""
    if captured.version is None:
        return captured.specifier, bool(captured.specifier)
    version = Version(captured.version)
    allowed = SpecifierSet(captured.specifier, prereleases=True)
    if captured.source == "index" and not allowed.contains(version.public):
        return captured.specifier, True
    return f"=={version.public}", False


def unite(
    snapshots: tuple[KernelSnapshot, ...],
    existing: ExistingEnvironment,
    options: ProjectOptions,
) -> tuple[tuple[DirectRequirement, ...], tuple[Decision, ...]]:
    """Return all direct requirements, sorted by name, and a decision for each that needs one.

    What other notebooks of the project need stays; what only the captured notebooks needed, and
    no longer do, leaves. A line that the user wrote wins over ours.
    """
    captured_notebooks = {snapshot.notebook for snapshot in snapshots}
    united: dict[str, DirectRequirement] = {}
    decisions: list[Decision] = []
    for old in existing.requirements:
        kept = _still_needed(old, captured_notebooks, existing.notebooks)
        if kept is not None:
            united[old.name] = kept
    for snapshot in snapshots:
        for captured in snapshot.requirements:
            if captured.name in OURS:
                continue
            new = from_capture(captured, snapshot.notebook)
            united[new.name] = _join(united.get(new.name), new, decisions)
    for text in options.include:
        parsed = parse_requirement(text)
        name = normalise(parsed.name)
        before = united.get(name)
        united[name] = DirectRequirement(
            name=name,
            extras=tuple(sorted(parsed.extras)),
            specifier=str(parsed.specifier) or (before.specifier if before else ""),
            firm=bool(str(parsed.specifier)),
            reason="option",
            detail="--include",
            notebooks=before.notebooks if before else (),
        )
    dropped = [name for name in options.exclude if united.pop(name, None) is not None]
    decisions += [
        Decision(what=name, choice="left out", reason="you excluded it") for name in dropped
    ]
    united = {kernel.name: kernel for kernel in _kernel_requirements(snapshots)} | united
    return tuple(united[name] for name in sorted(united)), tuple(decisions)


def _still_needed(
    old: DirectRequirement, captured: set[str], present: Iterable[str]
) -> DirectRequirement | None:
    """Return an existing line without the notebooks that speak for themselves now."""
    if old.reason == "hand":
        return old
    if old.reason in {"kernel", "option"}:
        return None
    notebooks = tuple(sorted((set(old.notebooks) - captured) & set(present)))
    return replace(old, notebooks=notebooks) if notebooks else None


def _join(
    old: DirectRequirement | None, new: DirectRequirement, decisions: list[Decision]
) -> DirectRequirement:
    """Return one line for a package that several notebooks, or the user by hand, name."""
    if old is None:
        return new
    if old.reason == "hand":
        if new.specifier and new.specifier != old.specifier:
            decisions.append(
                Decision(
                    what=old.name,
                    choice=old.text,
                    reason=f"your own line in requirements.in; the notebook has {new.text}",
                )
            )
        return old
    if old.specifier and new.specifier and old.specifier != new.specifier:
        others = ", ".join(old.notebooks)
        decisions.append(
            Decision(
                what=new.name,
                choice=new.text,
                reason=f"the newest capture wins; {others} had {old.text}",
            )
        )
    details = sorted({*_words(old.detail), *_words(new.detail)})
    return replace(
        new,
        specifier=new.specifier or old.specifier,
        extras=tuple(sorted({*old.extras, *new.extras})),
        detail=", ".join(details),
        reason="import" if "import" in {old.reason, new.reason} else new.reason,
        notebooks=tuple(sorted({*old.notebooks, *new.notebooks})),
    )


def _words(detail: str) -> list[str]:
    return [word.strip() for word in detail.split(",") if word.strip()]


def _kernel_requirements(
    snapshots: tuple[KernelSnapshot, ...],
) -> tuple[DirectRequirement, ...]:
    """Return ipykernel in the kernel's version, and pip: a uv environment has none of its own."""
    versions = {
        d.name: d.version for snapshot in snapshots for d in snapshot.installed if d.name in OURS
    }
    return tuple(
        DirectRequirement(
            name=name,
            specifier=f"=={Version(versions[name]).public}" if name in versions else "",
            reason="kernel",
            detail=detail,
        )
        for name, detail in (("ipykernel", "runs the notebook"), ("pip", "%pip in the box"))
    )
