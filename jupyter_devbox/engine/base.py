"""The protocol that everything which runs boxes satisfies.

One contract suite (`tests/engine/test_contract.py`) runs on every implementation, the fake of
the tests included. All methods block; callers with an event loop use a thread. Every method may
raise `EngineError` or one of its children; nothing else leaks from the implementation's library.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

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
from jupyter_devbox.spec.gpu_support import GpuSupport


class ExecStream(Protocol):
    """A program running in a container, its standard streams open."""

    def write(self, data: bytes) -> None:
        """Send bytes to its standard input; raises `EngineError` when it has ended."""

    def close_stdin(self) -> None:
        """Half-close: the program reads end of file."""

    def read(self) -> bytes:
        """Wait for and return the next chunk of standard output; b"" at its end."""

    def stderr(self) -> str:
        """Return what has come on standard error so far (its last 64 KiB)."""

    def exit_code(self) -> int | None:
        """Return its exit code; None while it runs."""

    def close(self) -> None:
        """Let go of the streams. The program reads end of file and may go on."""


@runtime_checkable
class Engine(Protocol):
    """Builds images and runs containers."""

    def close(self) -> None:
        """Let go of the connections; containers and open streams stay."""

    def info(self) -> EngineInfo:
        """Describe the engine; raises when it does not answer."""

    def began(self) -> float:
        """Return when its service started, in seconds since the epoch; 0.0 if it does not say."""

    def gpu_support(self) -> GpuSupport:
        """Return how it gives graphics cards to containers, as it stands this moment."""

    def image(self, reference: str) -> ImageInfo | None:
        """Return the local image of that id or name; None if absent. Never pulls."""

    def images(self, labels: Mapping[str, str]) -> tuple[ImageInfo, ...]:
        """Return the images that carry all these labels ("" = any value), newest first."""

    def history(self, image: str) -> tuple[ImageStep, ...]:
        """Return the instructions that made an image, the base's first; () if it is gone."""

    def shared_bytes(self) -> Mapping[str, int]:
        """Return image id → bytes of its layers that other images have too.

        One whose share the engine does not tell is not in it.
        """

    def tag(self, image: str, reference: str) -> None:
        """Give the image one more name."""

    def remove_image(self, reference: str) -> None:
        """Remove an image; absent is no error, in use is."""

    def build(
        self,
        request: BuildRequest,
        on_step: Callable[[StepEvent], None],
        cancel: threading.Event,
    ) -> ImageInfo:
        """Build an image, reporting each step from the calling thread.

        Raises
        ------
        BuildStepError
            A step failed; `details` are its last log lines.
        BuildCancelledError
            `cancel` was set; the finished steps stay cached.
        """

    def create(self, spec: ContainerSpec) -> str:
        """Create a container and return its id; raises `ImageMissingError`. Never pulls."""

    def compose(
        self,
        project: ComposeProject,
        words: Sequence[str],
        override: Mapping[str, Any] | None = None,
    ) -> str:
        """Run a command of Compose's on a project and return what it printed.

        Raises
        ------
        ComposeMissingError
            This machine has no Compose for this engine.
        ServiceError
            It gave up.
        """

    def volumes(self, labels: Mapping[str, str]) -> tuple[str, ...]:
        """Return the names of the volumes that carry all these labels ("" = any value), sorted."""

    def remove_volume(self, name: str) -> None:
        """Remove a volume with all that is in it; absent is no error, in use is."""

    def remove_networks(self, labels: Mapping[str, str]) -> None:
        """Remove the networks that carry all these labels and that nobody uses."""

    def put(self, container: str, path: str, archive: bytes) -> None:
        """Unpack a tar archive in the container below `path` (may be created, not running)."""

    def start(self, container: str) -> None:
        """Start a created or stopped container.

        Raises
        ------
        GpuUnavailableError
            It asks for graphics cards that it can't have; it stays, created or stopped.
        """

    def container(self, container: str) -> ContainerInfo | None:
        """Return how it stands; None if it is gone."""

    def containers(self, labels: Mapping[str, str]) -> tuple[ContainerInfo, ...]:
        """Return all containers, stopped ones too, with these labels ("" = any), newest first."""

    def usage(self, container: str) -> Usage | None:
        """Return what it uses this moment; None if it does not run. Takes three seconds at most."""

    def wait(self, container: str) -> int:
        """Block until it stops and return its exit code; -1 if it is gone."""

    def logs(self, container: str, tail: int) -> tuple[str, ...]:
        """Return the last lines that its main process printed; () if it is gone."""

    def run(self, container: str, spec: ExecSpec, stdin: bytes = b"") -> ExecResult:
        """Run a program in it to its end."""

    def stream(self, container: str, spec: ExecSpec) -> ExecStream:
        """Start a program in it and return its open streams."""

    def terminal(self, container: str, spec: ExecSpec, tty: int | None = None) -> int:
        """Run a program in it on a terminal, and return its exit code.

        Parameters
        ----------
        tty
            A terminal's descriptor; None for this process's standard streams.
        """

    def changes(self, container: str) -> tuple[FileChange, ...]:
        """Return in what its file system differs from its image, mounts left out, by path.

        The engine looks itself: no program of the container's is asked.
        """

    def stop(self, container: str, seconds: int) -> None:
        """End it: SIGTERM, and SIGKILL after `seconds`; absent or stopped is no error."""

    def remove(self, container: str) -> None:
        """Kill and remove it with its anonymous volumes; absent is no error."""
