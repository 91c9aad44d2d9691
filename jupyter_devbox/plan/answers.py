"""The user's answers to imports that were not found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from jupyter_devbox.errors import RequirementError
from jupyter_devbox.spec.names import normalise, parse_requirement
from jupyter_devbox.spec.snapshot import CapturedRequirement, KernelSnapshot


def parse_answer(text: str) -> tuple[str, str]:
    """Return import and package of an answer such as ``cv2=opencv-python``.

    Raises
    ------
    RequirementError
        It is no answer.
    """
    name, equals, package = text.partition("=")
    if not equals or not all(part.isidentifier() for part in name.split(".")):
        message = f"This does not say which package an import needs: `{text}`"
        raise RequirementError(message, hint="write it like --provides cv2=opencv-python")
    parse_requirement(package)
    return name, package


def apply_answers(snapshot: KernelSnapshot, answers: Iterable[str]) -> KernelSnapshot:
    """Return the snapshot in which answered imports are requirements, no longer open questions."""
    known = dict(parse_answer(text) for text in answers)
    open_questions = tuple(u for u in snapshot.unresolved if u.name not in known)
    found = {r.name: r for r in snapshot.requirements}
    installed = {d.name: d.version for d in snapshot.installed}
    for unresolved in snapshot.unresolved:
        if unresolved.name not in known:
            continue
        package = parse_requirement(known[unresolved.name])
        name = normalise(package.name)
        before = found.get(name) or CapturedRequirement(name=name, version=installed.get(name))
        found[name] = replace(
            before,
            imports=tuple(sorted({*before.imports, unresolved.name})),
            extras=tuple(sorted({*before.extras, *package.extras})),
            specifier=str(package.specifier) or before.specifier,
            cells=tuple(sorted({*before.cells, *unresolved.cells})),
            reason="import",
        )
    requirements = tuple(found[name] for name in sorted(found))
    return replace(snapshot, requirements=requirements, unresolved=open_questions)
