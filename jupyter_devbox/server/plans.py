"""A proposal as the object `Plan`. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from jupyter_devbox.server.shapes import limits_json, project_json, target_json
from jupyter_devbox.spec.environment import AptPackage, Decision
from jupyter_devbox.spec.limit_words import kept, written
from jupyter_devbox.spec.snapshot import CapturedRequirement
from jupyter_devbox.spec.visible import bounded, visible
from jupyter_devbox.view.reasons import why_apt, why_captured, why_package
from jupyter_devbox.view.units import clean
from jupyter_devbox.view.wording import splitting
from jupyter_devbox.workflow.proposing import Proposal
from jupyter_devbox.workflow.requests import ContainerizeRequest

_DIFF = 2000


def plan_json(proposal: Proposal, request: ContainerizeRequest, path: str) -> dict[str, Any]:
    """Return the plan of a request for the notebook at Jupyter's `path`."""
    spec = proposal.environments[0].spec
    return {
        "path": path,
        "project": project_json(proposal.project),
        "digest": proposal.changes.digest(),
        "requirements": sorted(_requirements(proposal), key=lambda row: str(row["name"])),
        "apt": sorted(_apt(proposal), key=lambda row: str(row["name"])),
        "questions": list(_questions(proposal)),
        "files": sorted(_files(proposal), key=lambda row: row["path"]),
        "diff": list(bounded(map(visible, proposal.changes.diff()), _DIFF)),
        "base": {
            "ref": spec.base_image.ref,
            "python": spec.base_image.python,
            "reason": spec.base_image.reason,
        },
        "targets": [
            {
                **target_json(replace(state, bytes=_size(proposal, state.target))),
                "chosen": state.target in request.targets,
            }
            for state in proposal.targets
        ],
        "limits": _limits(proposal, request),
        **({"group": spec.group} if spec.group else {}),
        "notebooks": sorted({n for e in proposal.plan.environments for n in e.spec.notebooks}),
        "groups": {group.name: list(group.notebooks) for group in proposal.plan.groups},
        "savings": _savings(proposal),
        "estimated_bytes": spec.estimated_bytes,
        "free_bytes": proposal.free_bytes,
        "needed_bytes": proposal.needed_bytes,
        "decisions": [
            {"what": d.what, "choice": d.choice, "reason": clean(d.reason)}
            for d in dict.fromkeys((*spec.decisions, *_of_twin(proposal)))
        ],
        "warnings": [
            {"code": w.code, "message": clean(w.message), "cell": w.cell}
            for snapshot in proposal.snapshots
            for w in snapshot.warnings
        ]
        + [
            {"code": code, "message": clean(message), "cell": None}
            for code, message in (
                *(proposal.plan.binder.warnings if proposal.plan.binder else ()),
                *proposal.warnings,
            )
        ],
    }


def _savings(proposal: Proposal) -> dict[str, Any] | None:
    saved = proposal.plan.savings
    return {**saved.to_json(), "says": splitting(saved)} if saved else None


def _requirements(proposal: Proposal) -> Iterator[dict[str, Any]]:
    """Yield the packages that the user may choose: those in the plan, and those left out."""
    captured = {r.name: r for s in proposal.snapshots for r in s.requirements}
    locked = {package.name: package.version for package in proposal.environments[0].lock.packages}
    for requirement in proposal.environments[0].spec.requirements:
        if requirement.reason == "kernel":
            continue
        own = captured.get(requirement.name)
        yield {
            "name": requirement.name,
            "version": locked.get(requirement.name),
            "reason": requirement.reason,
            "detail": clean(why_package(requirement, own)),
            "notable": requirement.reason != "import",
            "included": True,
        }
    for name in proposal.plan.options.exclude:
        if name in captured:
            yield _left_out(captured[name])


def _left_out(captured: CapturedRequirement) -> dict[str, Any]:
    return {
        "name": captured.name,
        "version": captured.version,
        "reason": captured.reason,
        "detail": clean(why_captured(captured)),
        "notable": True,
        "included": False,
    }


def _apt(proposal: Proposal) -> Iterator[dict[str, Any]]:
    there = {package.name for package in proposal.environments[0].spec.apt}
    for package in proposal.environments[0].spec.apt:
        yield {"name": package.name, "reason": clean(why_apt(package)), "included": True}
    for snapshot in proposal.snapshots:
        for apt in snapshot.apt:
            if apt.name not in there and apt.name in proposal.plan.options.exclude_apt:
                there.add(apt.name)
                reason = f"{apt.reason}: {apt.detail}" if apt.detail else apt.reason
                package = AptPackage(name=apt.name, reason=reason)
                yield {"name": apt.name, "reason": clean(why_apt(package)), "included": False}


def _questions(proposal: Proposal) -> Iterator[dict[str, Any]]:
    for snapshot in proposal.snapshots:
        for unresolved in snapshot.unresolved:
            cells = list(unresolved.cells)
            yield {"kind": "unresolved", "import": unresolved.name, "cells": cells}
    for name, place in sorted(proposal.outside.items()):
        yield {"kind": "outside", "name": name, "path": clean(place)}
    contested = sorted({conflict.path for conflict in proposal.changes.conflicts})
    if contested:
        yield {"kind": "conflict", "files": contested}


def _files(proposal: Proposal) -> Iterator[dict[str, str]]:
    changed = {change.path: change for change in proposal.changes.changes}
    for file in proposal.plan.tree.files:
        change = changed.pop(file.path, None)
        state = "same" if change is None else "new" if change.old is None else "changed"
        yield {"path": file.path, "state": state}
    for path in changed:
        yield {"path": path, "state": "removed"}


def _of_twin(proposal: Proposal) -> tuple[Decision, ...]:
    twin = proposal.environments[0].twin
    return twin.spec.decisions if twin and twin.spec else ()


def _size(proposal: Proposal, target: str) -> int | None:
    twin = proposal.environments[0].twin
    if target == "cuda":
        return twin.spec.estimated_bytes if twin and twin.spec and twin.lock else None
    return proposal.environments[0].spec.estimated_bytes if target == "cpu" else None


def _limits(proposal: Proposal, request: ContainerizeRequest) -> dict[str, str | None]:
    """Return limits and cards that the project gets, as they are written: ``4g``, ``0,1``."""
    now = written(proposal.environments[0].existing.limits)
    return limits_json(kept({**now, **request.wishes.limits}), proposal.gpus)
