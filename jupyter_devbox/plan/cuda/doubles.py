"""Names of the same module in one environment: the one that is installed last breaks the other."""

from __future__ import annotations

from collections.abc import Container

from jupyter_devbox.plan.cuda.tensorflow import NAMES as TENSORFLOW
from jupyter_devbox.plan.cuda.twins import names_of
from jupyter_devbox.spec.catalogue import Catalogue


def doubles(names: Container[str], catalogue: Catalogue) -> tuple[tuple[str, ...], ...]:
    """Return the groups of names that hold the same module, of a lock's whole closure, say."""
    groups = [TENSORFLOW, *(names_of(twin) for twin in catalogue.twins)]
    found = (tuple(name for name in group if name in names) for group in groups)
    return tuple(group for group in found if len(group) > 1)
