"""Podman as an `Engine`: Docker's API as Podman speaks it, and its own command for builds.

What differs was seen with Podman 4.3.1, Debian 12's.
"""

from __future__ import annotations

import os
import re
import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from urllib.parse import quote

from docker.errors import NotFound

from jupyter_devbox.engine import docker_values as values
from jupyter_devbox.engine.cdi import cdi_devices
from jupyter_devbox.engine.docker import DockerEngine
from jupyter_devbox.engine.endpoint import Endpoint
from jupyter_devbox.engine.gpu_errors import CPU
from jupyter_devbox.engine.gpu_request import gpu_support
from jupyter_devbox.engine.podman import PodmanBuilder, build, find_podman
from jupyter_devbox.errors import EngineError, GpuUnavailableError, ImageMissingError
from jupyter_devbox.spec.container import (
    BuildRequest,
    ContainerInfo,
    ContainerSpec,
    EngineInfo,
    ExecSpec,
    ImageInfo,
)
from jupyter_devbox.spec.events import StepEvent
from jupyter_devbox.spec.gpu_support import GpuSupport, GpuWay

_LOCAL = "localhost/"
_OWN_API = "/v4.0.0/libpod"
_HAS_CARD = "test -e /dev/nvidiactl || test -e /dev/dxg || exit 1"
"""/dev/dxg is the card under Windows' WSL 2."""
_PREFIX = re.compile(r"^(?:localhost/|[^/]+\.[^/]+/library/)")


class PodmanEngine(DockerEngine):
    """Satisfies `Engine`. Safe to use from several threads."""

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(endpoint)
        self._unproven: set[str] = set()

    def info(self) -> EngineInfo:
        """Describe the engine."""
        return replace(super().info(), name="podman")

    def gpu_support(self) -> GpuSupport:
        """Return how it gives graphics cards to containers: by CDI alone."""
        return gpu_support({}, cdi_devices() if self.endpoint.local else ())

    def _gpu_way(self) -> GpuWay:
        return "cdi"

    def create(self, spec: ContainerSpec) -> str:
        """Create a container; with cards SELinux must let it at their device nodes.

        See ``--security-opt=label=disable`` in NVIDIA's "Support for Container Device Interface".
        """
        if spec.gpus and self._has("selinux"):
            rights = replace(spec.rights, security=(*spec.rights.security, "label=disable"))
            spec = replace(spec, rights=rights)
        container = super().create(spec)
        if spec.gpus:
            self._unproven.add(container)
        return container

    def start(self, container: str) -> None:
        """Start a container; Podman 4 passes over the cards that were asked for by its socket."""
        super().start(container)
        if container not in self._unproven:
            return
        self._unproven.discard(container)
        try:
            seen = self.run(container, ExecSpec(command=("sh", "-c", _HAS_CARD))).exit_code == 0
        except EngineError:  # it has ended: what it did tells more
            return
        if not seen:
            self.stop(container, 0)
            version = self._facts["ServerVersion"]
            message = f"This Podman gives no GPU to a box through its socket: `{version}`"
            raise GpuUnavailableError(message, hint=f"use a newer Podman, or Docker; {CPU}")

    def image(self, reference: str) -> ImageInfo | None:
        """Return the local image of that id or name; None if absent.

        Podman puts ``localhost/`` before the names of what was made here, and a hub's host before
        those that Docker shows bare.
        """
        found = super().image(reference)
        if found is None:
            return None
        return replace(found, tags=tuple(sorted(_PREFIX.sub("", t) for t in found.tags)))

    def _remove_image(self, reference: str) -> None:
        """Remove an image, or one of its names: Docker's call would take the image with all."""
        found = super().image(reference)
        names = found.tags if found else ()
        whole = next((name for name in names if _PREFIX.sub("", name) == reference), "")
        if not whole or len(names) < 2:
            super()._remove_image(reference)
            return
        repository, tag = values.split_reference(whole)
        address = f"{self._client.base_url}{_OWN_API}/images/{quote(whole, safe='')}/untag"
        with self._translated():
            answer = self._client.post(address, params={"repo": repository, "tag": tag})
            answer.raise_for_status()

    def tag(self, image: str, reference: str) -> None:
        """Give the image one more name."""
        if self.image(image) is None:  # Podman's words for it differ from version to version
            message = f"This image is not on this machine any more: `{image[:19]}`"
            raise ImageMissingError(message, hint="jupyter devbox build")
        # Podman would put a public hub before it: the name of somebody else's image.
        super().tag(image, reference if _has_registry(reference) else _LOCAL + reference)

    def container(self, container: str) -> ContainerInfo | None:
        """Return how it stands; one that is being removed Podman calls an error of its own."""
        try:
            return super().container(container)
        except EngineError as error:
            if "no such container" not in error.message:
                raise
            return None

    def began(self) -> float:
        """Return 0.0: its containers do without a service."""
        return 0.0

    def wait(self, container: str) -> int:
        """Block until it stops; Podman calls a container that was removed a success."""
        code = super().wait(container)
        return code if self.container(container) is not None else -1

    def remove(self, container: str) -> None:
        """Kill and remove it; one that ends in this very moment Podman still means to stop."""
        try:
            super().remove(container)
        except EngineError as error:
            if "container state improper" not in error.message:
                raise
            super().remove(container)

    def put(self, container: str, path: str, archive: bytes) -> None:
        """Unpack a tar archive in the container; Podman would make a missing folder."""
        with self._translated():
            try:
                self._client.get_archive(container, path)[0].close()
            except NotFound as error:
                message = f"The container has no such folder: `{path}`"
                raise EngineError(message, hint="jupyter devbox build") from error
        super().put(container, path, archive)

    def _build(
        self,
        request: BuildRequest,
        on_step: Callable[[StepEvent], None],
        cancel: threading.Event,
    ) -> tuple[str, ...]:
        """Build with Podman's own command."""
        return build(self._podman, request, on_step, cancel)

    @property
    def _exec_command(self) -> tuple[str, ...]:
        """Podman's own command, through the socket."""
        podman = shutil.which("podman")
        if podman is None:
            message = "A shell is opened by the podman command, and there is none on this machine"
            raise EngineError(message, hint="install podman")
        return (podman, "--remote", "--url", self.endpoint.url)

    @cached_property
    def _podman(self) -> PodmanBuilder:
        """The command that builds; asking it where its images are takes 0.1 s."""
        return find_podman(self.endpoint.url, dict(os.environ))


def _has_registry(reference: str) -> bool:
    """Tell whether a name begins with a registry's: a dot, a port, or ``localhost``."""
    first, slash, _ = reference.partition("/")
    return bool(slash) and ("." in first or ":" in first or first == "localhost")
