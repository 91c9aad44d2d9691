"""Docker as an `Engine`: its SDK for images and containers, the buildx command for builds."""

from __future__ import annotations

import os
import platform
import shutil
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import cached_property
from typing import Any
from urllib.parse import quote

from docker import APIClient
from docker.errors import APIError, NotFound

from jupyter_devbox.engine import docker_values as values
from jupyter_devbox.engine.buildx import Builder, build
from jupyter_devbox.engine.cdi import cdi_devices
from jupyter_devbox.engine.compose import compose, find_compose
from jupyter_devbox.engine.docker_cli import docker_clis, find_docker_cli
from jupyter_devbox.engine.docker_errors import translated
from jupyter_devbox.engine.docker_exec import DockerExecStream, open_stream, run_to_end
from jupyter_devbox.engine.endpoint import Endpoint
from jupyter_devbox.engine.gpu_request import gpu_support
from jupyter_devbox.engine.terminal import run_on_terminal
from jupyter_devbox.errors import BuildError, EngineError, ImageMissingError
from jupyter_devbox.spec.box_use import Usage
from jupyter_devbox.spec.compose_project import ComposeProject
from jupyter_devbox.spec.container import (
    BuildRequest,
    ContainerInfo,
    ContainerSpec,
    EngineInfo,
    ExecResult,
    ExecSpec,
    FileChange,
    ImageInfo,
    ImageStep,
)
from jupyter_devbox.spec.events import StepEvent
from jupyter_devbox.spec.gpu_support import GpuSupport, GpuWay

_CONNECT_SECONDS = 20
_REQUEST_SECONDS = 300
_USAGE_SECONDS = 3
_NOT_FOUND = 404
_CONFLICT = 409
_GONE = -1


class _Client(APIClient):
    """The SDK's client, with the certificates of the endpoint whatever the environment says.

    `requests` prefers REQUESTS_CA_BUNDLE, a company's authorities as a rule, to those that an
    endpoint with TLS was configured with.
    """

    def merge_environment_settings(
        self,
        url: str | bytes | None,
        proxies: Any,  # noqa: ANN401  # `requests` has no name for its type
        stream: bool | None,  # noqa: FBT001  # its signature
        verify: bool | str | None,  # noqa: FBT001
        cert: str | tuple[str, str] | None,
    ) -> Any:  # noqa: ANN401
        """Return what a request is sent with; called by `requests`."""
        own = self.verify if verify is None else verify
        return super().merge_environment_settings(url, proxies, stream, own, cert)

    def images_shared(self) -> Sequence[Mapping[str, Any]]:
        """Return all images with ``SharedSize``, for which the SDK has no parameter.

        docs.docker.com/reference/api/engine, ImageList, ``shared-size``.
        """
        answer = self._get(self._url("/images/json"), params={"shared-size": "1"})  # type: ignore[attr-defined]
        rows: Sequence[Mapping[str, Any]] = self._result(answer, json=True)  # type: ignore[attr-defined]
        return rows


class DockerEngine:
    """Satisfies `Engine`. Safe to use from several threads.

    Parameters
    ----------
    endpoint
        Where it listens; the constructor fails unless it answers.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        with self._translated():
            self._client = _Client(
                base_url=endpoint.url,
                tls=endpoint.tls or False,
                version="auto",
                timeout=_CONNECT_SECONDS,
            )
        self._client.timeout = _REQUEST_SECONDS
        if endpoint.local:
            # A socket has no proxy, certificate or password: don't look for them at each request.
            self._client.trust_env = False
        self._finalizer = weakref.finalize(self, self._client.close)

    def close(self) -> None:
        """Let go of the connections; containers and streams stay."""
        self._finalizer()

    def _translated(self) -> AbstractContextManager[None]:
        return translated(self.endpoint.address)

    @cached_property
    def _facts(self) -> Mapping[str, Any]:
        """What the engine says about itself and does not change while it runs."""
        with self._translated():
            answer: Mapping[str, Any] = self._client.info()
        return answer

    @cached_property
    def is_podman(self) -> bool:
        """Whether it is Podman that answers, in Docker's words."""
        with self._translated():
            components = self._client.version(api_version=False).get("Components") or ()
        return any("podman" in str(part.get("Name", "")).lower() for part in components)

    def _has(self, option: str) -> bool:
        """Tell whether one of the engine's security options is on."""
        return any(
            f"name={option}" in entry.split(",")
            for entry in self._facts.get("SecurityOptions") or ()
        )

    # --- the engine ---------------------------------------------------------

    def info(self) -> EngineInfo:
        """Describe the engine."""
        with self._translated():
            self._client.ping()
        facts = self._facts
        return EngineInfo(
            name="docker",
            version=facts["ServerVersion"],
            rootless=self._has("rootless"),
            platform=values.platform_name(facts["OSType"], facts["Architecture"]),
            local=self.endpoint.local,
            free_bytes=self._free_bytes(facts),
            id=str(facts.get("ID") or ""),
            cpus=int(facts.get("NCPU") or 0),
            memory=int(facts.get("MemTotal") or 0),
        )

    def began(self) -> float:
        """Return when the daemon started: it makes its own network, `bridge`, anew each time.

        A daemon that keeps containers running (live-restore) keeps that, too, unless none runs.
        """
        with self._translated():
            try:
                return values.seconds(self._client.inspect_network("bridge")["Created"])
            except NotFound:  # a daemon that is to have none
                return 0.0

    def gpu_support(self) -> GpuSupport:
        """Return how it gives graphics cards to containers.

        Asked anew each time: a toolkit is installed, and Docker restarted, while we run.
        """
        with self._translated():
            facts: Mapping[str, Any] = self._client.info()
        # Before 28.2 it only says where specifications lie: [] where CDI is off.
        here = self.endpoint.local and "DiscoveredDevices" not in facts
        return gpu_support(facts, cdi_devices(facts.get("CDISpecDirs") or ()) if here else ())

    def _gpu_way(self) -> GpuWay:
        """Return how a request for cards is spelled."""
        return self.gpu_support().way

    def _free_bytes(self, facts: Mapping[str, Any]) -> int | None:
        """Return the free space where images are kept, if that folder is on this very machine."""
        if not self.endpoint.local or facts.get("Name") != platform.node():
            return None
        with suppress(OSError):
            return shutil.disk_usage(facts.get("DockerRootDir") or "").free
        return None

    # --- images -------------------------------------------------------------

    def image(self, reference: str) -> ImageInfo | None:
        """Return the local image of that id or name; None if absent."""
        if not values.is_reference(reference):
            return None
        with self._translated():
            try:
                raw = self._client.inspect_image(reference)  # type: ignore[no-untyped-call]
            except NotFound:
                return None
        return values.image_info(raw, reference)

    def images(self, labels: Mapping[str, str]) -> tuple[ImageInfo, ...]:
        """Return the images that carry all these labels, newest first."""
        with self._translated():
            rows = self._client.images(filters=values.label_filters(labels))
        found = (self.image(row["Id"]) for row in rows)
        kept = [image for image in found if image is not None]
        return tuple(sorted(kept, key=lambda image: (-image.created, image.id)))

    def history(self, image: str) -> tuple[ImageStep, ...]:
        """Return the instructions that made an image, the base's first."""
        if not values.is_reference(image):
            return ()
        with self._translated():
            try:
                rows = self._client.history(image)  # type: ignore[no-untyped-call]
            except NotFound:
                return ()
        return tuple(values.image_step(row) for row in reversed(rows))

    def shared_bytes(self) -> Mapping[str, int]:
        """Return image id → bytes of its layers that other images have too."""
        with self._translated():
            rows = self._client.images_shared()
        return {
            str(row["Id"]): row["SharedSize"]
            for row in rows
            if isinstance(row.get("SharedSize"), int) and row["SharedSize"] >= 0
        }

    def tag(self, image: str, reference: str) -> None:
        """Give the image one more name."""
        if not values.is_reference(reference) or not values.is_reference(image):
            msg = f"This can't be an image's name: `{reference}`"
            raise EngineError(msg)
        repository, tag = values.split_reference(reference)
        with self._translated():
            self._client.tag(image, repository, tag or "latest")

    def remove_image(self, reference: str) -> None:
        """Remove an image with all its names, or one name of it."""
        image = self.image(reference)
        if image is None:
            return
        with self._translated():
            if reference not in image.id or len(image.tags) < 2:
                self._remove_image(reference)
                return
            # By id an image with several names is refused, and by force its containers are lost.
            rows = self._client.containers(all=True)
            # Podman leaves the sha256: out.
            if any(row["ImageID"].endswith(image.id.removeprefix("sha256:")) for row in rows):
                msg = f"The image is still used by a container: `{image.tags[0]}`"
                raise EngineError(msg, hint="jupyter devbox prune")
            for name in image.tags:
                self._remove_image(name)

    def _remove_image(self, reference: str) -> None:
        with suppress(NotFound):
            self._client.remove_image(reference)

    def build(
        self,
        request: BuildRequest,
        on_step: Callable[[StepEvent], None],
        cancel: threading.Event,
    ) -> ImageInfo:
        """Build an image."""
        for known_as in self._build(request, on_step, cancel):
            if image := self.image(known_as):
                return image
        msg = "The build ended well, and its image is not there"
        raise BuildError(msg, hint="build again")

    def _build(
        self,
        request: BuildRequest,
        on_step: Callable[[StepEvent], None],
        cancel: threading.Event,
    ) -> tuple[str, ...]:
        """Build with BuildKit; return the ids under which the image may be known."""
        return build(self._builder, request, on_step, cancel)

    @property
    def _builder(self) -> Builder:
        """The builder inside the engine itself: only that one sees its local images."""
        name = self.endpoint.context or "default"
        return Builder(docker=self._docker, env=self._cli_env(), name=name)

    @cached_property
    def _docker(self) -> str:
        """The `docker` command that builds; looking for it takes 60 ms."""
        return find_docker_cli()

    def _cli_env(self) -> dict[str, str]:
        """Return an environment in which the `docker` command speaks to this very engine."""
        env = {
            key: value
            for key, value in os.environ.items()
            if key not in {"DOCKER_HOST", "DOCKER_CONTEXT", "BUILDX_BUILDER"}
        }
        if self.endpoint.context:
            return env | {"DOCKER_CONTEXT": self.endpoint.context}
        return env | {"DOCKER_HOST": self.endpoint.url}

    # --- containers ---------------------------------------------------------

    def create(self, spec: ContainerSpec) -> str:
        """Create a container; from an image's id alone, as a name could mean a stranger's image."""
        if not values.is_image_id(spec.image):
            msg = f"A container is made from an image's id, not from a name: `{spec.image}`"
            raise ImageMissingError(msg, hint="jupyter devbox build")
        selinux = any(mount.relabel for mount in spec.mounts) and self._has("selinux")
        way = self._gpu_way() if spec.gpus else ""
        config = values.container_config(spec, selinux=selinux, gpu_way=way)
        with self._translated():
            made = self._client.create_container_from_config(  # type: ignore[no-untyped-call]
                config, spec.name or None
            )
        return str(made["Id"])

    def compose(
        self,
        project: ComposeProject,
        words: Sequence[str],
        override: Mapping[str, Any] | None = None,
    ) -> str:
        """Run a command of Compose's, by the `docker` command's plugin."""
        return compose(self._compose, self._cli_env(), project, words, override)

    @cached_property
    def _compose(self) -> str:
        """The `docker` command that has Compose."""
        return find_compose()

    def volumes(self, labels: Mapping[str, str]) -> tuple[str, ...]:
        """Return the names of volumes with these labels."""
        with self._translated():
            answer = self._client.volumes(filters=values.label_filters(labels))
        return tuple(sorted(str(each["Name"]) for each in answer.get("Volumes") or ()))

    def remove_volume(self, name: str) -> None:
        """Remove a volume."""
        with self._translated(), suppress(NotFound):
            self._client.remove_volume(name)

    def remove_networks(self, labels: Mapping[str, str]) -> None:
        """Remove networks; one that is in use stays."""
        with self._translated():
            for each in self._client.networks(filters=values.label_filters(labels)):
                with suppress(NotFound):
                    if not self._client.inspect_network(each["Id"]).get("Containers"):
                        self._client.remove_network(each["Id"])

    def put(self, container: str, path: str, archive: bytes) -> None:
        """Unpack a tar archive in the container; owners are those in the archive."""
        with self._translated():
            self._client.put_archive(container, path, archive)

    def start(self, container: str) -> None:
        """Start a created or stopped container."""
        with self._translated():
            self._client.start(container)

    def container(self, container: str) -> ContainerInfo | None:
        """Return how it stands; None if it is gone."""
        with self._translated():
            try:
                return values.container_info(self._client.inspect_container(container))
            except NotFound:
                return None

    def containers(self, labels: Mapping[str, str]) -> tuple[ContainerInfo, ...]:
        """Return all containers with these labels, newest first."""
        with self._translated():
            rows = self._client.containers(all=True, filters=values.label_filters(labels))
        rows.sort(key=lambda row: (-row["Created"], row["Id"]))
        found = (self.container(row["Id"]) for row in rows)
        return tuple(info for info in found if info is not None)

    def usage(self, container: str) -> Usage | None:
        """Return what it uses this moment: one answer, not a stream of them."""
        client = self._client
        address = f"{client.base_url}/v{client.api_version}/containers/{quote(container, safe='')}"
        asked = {"stream": "false", "one-shot": "true"}
        with self._translated():
            answer = client.get(f"{address}/stats", params=asked, timeout=_USAGE_SECONDS)
            if answer.status_code in {_NOT_FOUND, _CONFLICT}:
                return None
            answer.raise_for_status()
            if not answer.content:  # Podman, of one that does not run
                return None
            return values.usage(answer.json(), time.monotonic())

    def wait(self, container: str) -> int:
        """Block until it stops; one that was never started counts as stopped."""
        with self._translated():
            try:
                return int(self._client.wait(container, timeout=None)["StatusCode"])
            except NotFound:
                return _GONE

    def logs(self, container: str, tail: int) -> tuple[str, ...]:
        """Return the last lines that its main process printed."""
        with self._translated():
            try:
                text: bytes = self._client.logs(container, tail=tail)
            except NotFound:
                return ()
        return tuple(text.decode(errors="replace").splitlines()[-tail:])

    def run(self, container: str, spec: ExecSpec, stdin: bytes = b"") -> ExecResult:
        """Run a program in it to its end."""
        with self._translated():
            return run_to_end(self._client, container, spec, stdin)

    def stream(self, container: str, spec: ExecSpec) -> DockerExecStream:
        """Start a program in it and return its open streams."""
        with self._translated():
            return open_stream(self._client, container, spec)

    def terminal(self, container: str, spec: ExecSpec, tty: int | None = None) -> int:
        """Run a program in it on a terminal: by the engine's own command, which knows how."""
        return run_on_terminal(self._exec_command, self._cli_env(), container, spec, tty)

    @property
    def _exec_command(self) -> tuple[str, ...]:
        """The command that speaks to this very engine."""
        docker = next(docker_clis(), "")
        if not docker:
            msg = "A shell is opened by the docker command, and there is none on this machine"
            raise EngineError(msg, hint="install docker-cli")
        return (docker,)

    def changes(self, container: str) -> tuple[FileChange, ...]:
        """Return in what its file system differs from its image."""
        with self._translated():
            rows = self._client.diff(container)
        return values.file_changes(rows)

    def stop(self, container: str, seconds: int) -> None:
        """End it: SIGTERM, and SIGKILL after `seconds`."""
        with self._translated(), suppress(NotFound):
            self._client.stop(container, timeout=seconds)

    def remove(self, container: str) -> None:
        """Kill and remove it with its anonymous volumes."""
        with self._translated(), _absent_is_fine():
            self._client.remove_container(container, v=True, force=True)


@contextmanager
def _absent_is_fine() -> Iterator[None]:
    """Pass over a container that is gone, or that somebody else is removing."""
    try:
        yield
    except NotFound:
        return
    except APIError as error:
        if error.status_code != _CONFLICT or "in progress" not in str(error.explanation):
            raise
