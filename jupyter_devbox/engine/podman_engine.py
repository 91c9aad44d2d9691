"""Podman as an `Engine`: Docker's API as Podman speaks it, and its own command for builds.

What differs was seen with Podman 4.3.1, Debian 12's.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property

from docker.errors import NotFound

from jupyter_devbox.engine.docker import DockerEngine
from jupyter_devbox.engine.podman import PodmanBuilder, build, find_podman
from jupyter_devbox.errors import BuildError, EngineError, ImageMissingError
from jupyter_devbox.spec.container import BuildRequest, EngineInfo, ImageInfo
from jupyter_devbox.spec.events import StepEvent

_LOCAL = "localhost/"


class PodmanEngine(DockerEngine):
    """Satisfies `Engine`. Safe to use from several threads."""

    def info(self) -> EngineInfo:
        """Describe the engine."""
        return replace(super().info(), name="podman")

    def image(self, reference: str) -> ImageInfo | None:
        """Return the local image of that id or name; None if absent.

        Podman puts ``localhost/`` before the names of what was made here.
        """
        found = super().image(reference)
        if found is None:
            return None
        return replace(found, tags=tuple(sorted(t.removeprefix(_LOCAL) for t in found.tags)))

    def tag(self, image: str, reference: str) -> None:
        """Give the image one more name."""
        if self.image(image) is None:  # Podman's words for it differ from version to version
            message = f"This image is not on this machine any more: `{image[:19]}`"
            raise ImageMissingError(message, hint="jupyter devbox build")
        # Docker's API would put docker.io/library/ before it: a stranger's place.
        super().tag(image, reference if _has_registry(reference) else _LOCAL + reference)

    def wait(self, container: str) -> int:
        """Block until it stops; Podman calls a container that was removed a success."""
        code = super().wait(container)
        return code if self.container(container) is not None else -1

    def put(self, container: str, path: str, archive: bytes) -> None:
        """Unpack a tar archive in the container; Podman would make a missing folder."""
        with self._translated():
            try:
                self._client.get_archive(container, path)[0].close()
            except NotFound as error:
                message = f"The container has no such folder: `{path}`"
                raise EngineError(message, hint="jupyter devbox build") from error
        super().put(container, path, archive)

    def build(
        self,
        request: BuildRequest,
        on_step: Callable[[StepEvent], None],
        cancel: threading.Event,
    ) -> ImageInfo:
        """Build an image with Podman's own command."""
        (known_as,) = build(self._podman, request, on_step, cancel)
        if image := self.image(known_as):
            return image
        message = "The build ended well, and its image is not there"
        raise BuildError(message, hint="build again")

    @cached_property
    def _podman(self) -> PodmanBuilder:
        """The command that builds; asking it where its images are takes 0.1 s."""
        return find_podman(self.endpoint.url, dict(os.environ))


def _has_registry(reference: str) -> bool:
    """Tell whether a name begins with a registry's: a dot, a port, or ``localhost``."""
    first, slash, _ = reference.partition("/")
    return bool(slash) and ("." in first or ":" in first or first == "localhost")
