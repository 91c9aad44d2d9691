"""Local versions (``2.5.1+cu124``): which of the indexes they were recorded with has them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from jupyter_devbox.engine.uv import ResolveRequest
from jupyter_devbox.errors import (
    IndexUnreachableError,
    LockError,
    ResolutionError,
    UntrustedProjectError,
)
from jupyter_devbox.lock.pylock import read_pylock
from jupyter_devbox.lock.tags import fitting
from jupyter_devbox.spec.environment import Decision, DirectRequirement, EnvironmentSpec

_CPU = "take the CPU image: --target cpu"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What came of asking: name → index for those that were found, a decision for each."""

    indexes: Mapping[str, str] = field(default_factory=dict)
    decisions: tuple[Decision, ...] = ()


def ask_recorded(
    spec: EnvironmentSpec,
    template: ResolveRequest,
    ask: Callable[[ResolveRequest], str],
    *,
    trusted: bool,
) -> Recorded:
    """Return the index that has each local version; the others get their public version.

    Only the one package is asked for, without what it needs: from a stranger's index comes nothing
    but what the kernel has from there already (docs.astral.sh/uv/concepts/indexes, "explicit").
    Where the project's own files are not trusted none is asked but the catalogue's: a plain version
    comes from the common index.

    Raises
    ------
    UntrustedProjectError
        They are not, and there is a local version, which the common index has not.
    IndexUnreachableError, ResolutionError
        The catalogue's index does not answer, or lacks a build for a CUDA, which the usual build
        cannot stand for: it was chosen because that one does not run.
    """
    found: dict[str, str] = {}
    decisions = []
    silent: set[str] = set()
    for requirement in spec.requirements:
        if not requirement.indexes:
            continue
        untrusted = not trusted and not requirement.catalogued
        if untrusted and "+" not in requirement.specifier:
            why = f"{requirement.indexes[0]} is not asked on the notebook's word alone"
            said = Decision(what=requirement.name, choice=requirement.text, reason=why)
            decisions.append(said)
            continue
        if untrusted:
            message = (
                f"{requirement.name} would be taken from an index that this project's files may "
                f"name, and they are not approved on this machine: `{requirement.indexes[0]}`"
            )
            raise UntrustedProjectError(message, hint="jupyter devbox trust")
        index, why = _first_with(requirement, spec, template, ask, silent)
        if index:
            found[requirement.name] = index
            choice, why = requirement.text, f"taken from {index}, and nothing else is"
        else:
            choice = public(requirement).text
        decisions.append(Decision(what=requirement.name, choice=choice, reason=why))
    return Recorded(indexes=found, decisions=tuple(decisions))


def _first_with(
    requirement: DirectRequirement,
    spec: EnvironmentSpec,
    template: ResolveRequest,
    ask: Callable[[ResolveRequest], str],
    silent: set[str],
) -> tuple[str, str]:
    """Return the first index that has the version, or "" and what is wrong with each.

    Who did not answer is noted in `silent`, and not waited for again.
    """
    wrong = []
    impatient = {"UV_HTTP_RETRIES": "1", **template.index}  # there is another way, if it is down
    for index in requirement.indexes:
        if index in silent and not is_bound(requirement):
            wrong.append(f"{index} does not answer")
            continue
        bound = {requirement.text: index}
        request = replace(
            template, requirements=(), bound=bound, with_dependencies=False, index=impatient
        )
        try:
            text = ask(request)
            read_pylock(text, indexes={requirement.name: index}, tags=fitting(spec))
        except IndexUnreachableError as error:
            if is_bound(requirement):
                message = (
                    f"{requirement.text} has one index alone, which does not answer: `{index}`"
                )
                raise IndexUnreachableError(
                    message, hint=f"check the network; or {_CPU}", details=error.details
                ) from error
            silent.add(index)
            wrong.append(f"{index} does not answer")
        except ResolutionError as error:
            if is_bound(requirement):
                message = f"The one index of {requirement.text} has none for the image: `{index}`"
                raise ResolutionError(message, hint=_CPU, details=error.details) from error
            wrong.append(f"{index} has no {requirement.specifier.removeprefix('==')} for the image")
        except LockError as error:
            wrong.append(f"{index}: {error.message}")
        else:
            return index, ""
    return "", "; ".join(wrong)


def is_bound(requirement: DirectRequirement) -> bool:
    """Tell whether no public version will do: a build for a CUDA that was chosen for a driver.

    In place of a CPU build the usual one runs too; it is only larger.
    """
    return requirement.catalogued and not requirement.specifier.endswith("+cpu")


def public(requirement: DirectRequirement) -> DirectRequirement:
    """Return the requirement with its public version, from the index that all others come from."""
    if not requirement.indexes:
        return requirement
    return replace(requirement, specifier=requirement.specifier.partition("+")[0], indexes=())


def given_up(recorded: Recorded, spec: EnvironmentSpec) -> Recorded:
    """Return it with nothing found: what was, needs something that cannot be had."""
    return Recorded(
        decisions=tuple(
            replace(
                said,
                choice=public(requirement).text,
                reason=f"what {requirement.text} needs is in no public index, or not with the rest",
            )
            if requirement.name in recorded.indexes
            else said
            for said in recorded.decisions
            for requirement in spec.requirements
            if requirement.name == said.what
        )
    )
