"""Names of the same module in one environment: the one that is installed last breaks the other."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

from jupyter_devbox.plan.cuda.tensorflow import NAMES as TENSORFLOW
from jupyter_devbox.plan.cuda.twins import names_of
from jupyter_devbox.spec.catalogue import Catalogue
from jupyter_devbox.spec.environment import Decision, DirectRequirement


def doubles(names: Container[str], catalogue: Catalogue) -> tuple[tuple[str, ...], ...]:
    """Return the groups of names that hold the same module, of a lock's whole closure, say."""
    groups = [TENSORFLOW, *(names_of(twin) for twin in catalogue.twins)]
    found = (tuple(name for name in group if name in names) for group in groups)
    return tuple(group for group in found if len(group) > 1)


def say_doubles(
    groups: Iterable[Sequence[str]],
    requirements: Iterable[DirectRequirement],
    needed: Mapping[str, Sequence[str]],
) -> Iterator[Decision]:
    """Yield a decision for each group of `doubles`: who asks for what.

    Parameters
    ----------
    needed
        Name → the packages that need it; what nothing is known of is only named.
    """
    lines = {line.name: line for line in requirements}
    for group in groups:
        asked = [_asked(name, lines.get(name), needed.get(name, ())) for name in group]
        yield Decision(
            what=group[0],
            choice=" and ".join(group),
            reason="they are the same module, and the one that is installed last breaks the other: "
            + ", ".join(asked),
        )


def _asked(name: str, line: DirectRequirement | None, needed: Sequence[str]) -> str:
    """Return who asks for one name."""
    by = list(needed)
    if line and line.reason == "hand":
        by.append("your own line")
    elif line and line.reason == "option":
        by.append(line.detail or "your own word")
    elif line:
        by += line.notebooks
    return f"{name} is there for {' and '.join(by)}" if by else f"{name} is needed by another"
