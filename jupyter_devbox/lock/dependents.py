"""Who needs whom in a lock: asked afterwards, where a message has to name it."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from jupyter_devbox.engine.uv import ResolveRequest, resolve_dependents
from jupyter_devbox.errors import IndexUnreachableError, ResolutionError
from jupyter_devbox.lock.tags import triple
from jupyter_devbox.spec.container import EMPTY
from jupyter_devbox.spec.environment import EnvironmentSpec
from jupyter_devbox.spec.lock import Lock


def dependents(
    spec: EnvironmentSpec, lock: Lock, index: Mapping[str, str] = EMPTY
) -> Mapping[str, tuple[str, ...]]:
    """Return name → the packages of the lock that need it, sorted.

    Nothing is asked of the network, for uv has just had it all; where its cache lacks something
    the answer is empty. What only a wheel beside the lock needs is not told.
    """
    wheels = {p.name for p in lock.packages} - {r.name for r in spec.requirements if r.url}
    bound = {f"{p.name}=={p.version}": p.index for p in lock.packages if p.index}
    own = {p.name for p in lock.packages if p.index}
    request = ResolveRequest(
        requirements=[r.text for r in spec.requirements if r.name in wheels - own],
        preferences=[(p.name, p.version) for p in lock.packages if "+" not in p.version],
        executable=sys.executable,
        python=spec.base_image.python,
        platform=triple(spec),
        index=index,
        bound=bound,
        build=False,
        links=spec.links,
    )
    try:
        return resolve_dependents(request)
    except (ResolutionError, IndexUnreachableError):
        return {}
