"""An engine without containers: folders for file systems, processes of this machine for programs.

It is proven by the contract suite that the real engine passes too. What it cannot model is the
real engine's alone: mounts, users, limits, networks, the image's files.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import os
import shlex
import shutil
import signal
import subprocess
import tarfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from engine.fake_stream import FakeStream, exit_code

from jupyter_devbox.errors import (
    BuildCancelledError,
    BuildStepError,
    ComposeMissingError,
    EngineError,
    GpuUnavailableError,
    ImageMissingError,
)
from jupyter_devbox.spec.box_use import Usage
from jupyter_devbox.spec.container import (
    BuildRequest,
    ContainerInfo,
    ContainerSpec,
    EngineInfo,
    ExecResult,
    ExecSpec,
    FileChange,
    ImageInfo,
)
from jupyter_devbox.spec.events import StepEvent
from jupyter_devbox.spec.gpu_support import GpuSupport

_PATH = {"PATH": os.environ.get("PATH", os.defpath)}


@dataclass
class _Container:
    id: str
    spec: ContainerSpec
    folder: Path
    name: str
    started: float = 0.0
    process: subprocess.Popen[bytes] | None = None
    execs: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def log(self) -> Path:
        return self.folder.with_suffix(".log")

    def kill(self) -> None:
        """End all that runs in it, as the end of a container does."""
        for process in (self.process, *self.execs):
            if process is not None:
                _kill(process)


class FakeEngine:
    """Satisfies `Engine`.

    Parameters
    ----------
    root
        An empty folder that outlives it.
    images
        Names of images that are there from the beginning.
    nvidia_smi
        The program that containers with cards find; None for a machine without.
    cards
        How many cards it has.
    """

    def __init__(
        self,
        root: Path,
        images: Sequence[str] = (),
        *,
        nvidia_smi: Path | None = None,
        cards: int = 0,
    ) -> None:
        self._root = root
        self._nvidia_smi = nvidia_smi
        self._cards = {str(number) for number in range(cards)}
        self._numbers = itertools.count(1)
        self._images: dict[str, ImageInfo] = {}
        self._containers: dict[str, _Container] = {}
        for name in images:
            self._add_image(name, {})

    def close(self) -> None:
        for container in list(self._containers):
            self.remove(container)

    def began(self) -> float:
        return 0.0

    def info(self) -> EngineInfo:
        return EngineInfo(
            name="fake",
            version="1",
            rootless=False,
            platform="linux/amd64",
            cpus=os.cpu_count() or 1,
            memory=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        )

    def gpu_support(self) -> GpuSupport:
        return GpuSupport(way="runtime") if self._cards else GpuSupport()

    # --- images -------------------------------------------------------------

    def _add_image(self, tag: str, labels: Mapping[str, str]) -> ImageInfo:
        number = next(self._numbers)
        image = ImageInfo(
            id=f"sha256:{hashlib.sha256(str(number).encode()).hexdigest()}",
            tags=(tag,) if tag else (),
            created=float(number),
            platform="linux/amd64",
            labels=dict(labels),
        )
        self._untag(tag)
        self._images[image.id] = image
        return image

    def _untag(self, tag: str) -> None:
        for key, image in list(self._images.items()):
            left = tuple(each for each in image.tags if each != tag)
            self._images[key] = replace(image, tags=left)

    def image(self, reference: str) -> ImageInfo | None:
        name = reference if ":" in reference else f"{reference}:latest"
        return next((i for i in self._images.values() if reference == i.id or name in i.tags), None)

    def images(self, labels: Mapping[str, str]) -> tuple[ImageInfo, ...]:
        found = [i for i in self._images.values() if _carries(i.labels, labels)]
        return tuple(sorted(found, key=lambda image: -image.created))

    def history(self, image):
        return ()

    def shared_bytes(self):
        return {}

    def tag(self, image: str, reference: str) -> None:
        found = self.image(image)
        if found is None:
            raise ImageMissingError(f"missing: `{image}`", hint="jupyter devbox build")
        self._untag(reference)
        self._images[found.id] = replace(found, tags=tuple(sorted({*found.tags, reference})))

    def remove_image(self, reference: str) -> None:
        image = self.image(reference)
        if image is None:
            return
        if reference != image.id and len(image.tags) > 1:
            self._untag(reference)
            return
        if any(c.spec.image == image.id for c in self._containers.values()):
            raise EngineError("in use", hint="jupyter devbox prune")
        del self._images[image.id]

    def build(
        self,
        request: BuildRequest,
        on_step: Callable[[StepEvent], None],
        cancel: threading.Event,
    ) -> ImageInfo:
        """Run the RUN lines of a Dockerfile on this machine; nothing else of it has a meaning."""
        if cancel.is_set():
            raise BuildCancelledError("cancelled")
        text = Path(request.context, request.dockerfile).read_text(encoding="utf-8")
        for number, line in enumerate(filter(None, map(str.strip, text.splitlines())), 1):
            word, _, rest = line.partition(" ")
            step = StepEvent(step=str(number), name=f"[{number}/9] {line}", status="started")
            on_step(step)
            if word == "FROM" and self.image(rest) is None:
                raise BuildStepError("failed", details=(f"{rest}: not found",))
            if word == "RUN":
                self._run_step(rest, step, request, on_step, cancel)
            elif word not in {"FROM", "ARG", "ENV", "LABEL", "WORKDIR", "USER"}:
                raise BuildStepError(f"unknown instruction: {word}")
            on_step(replace(step, status="done", seconds=0.0))
        return self._add_image(request.tag, request.labels)

    def _run_step(
        self,
        script: str,
        step: StepEvent,
        request: BuildRequest,
        on_step: Callable[[StepEvent], None],
        cancel: threading.Event,
    ) -> None:
        process = subprocess.Popen(
            ["sh", "-c", script],
            env={**_PATH, **request.args},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        over = threading.Event()

        def watch() -> None:
            while not over.is_set():
                if cancel.wait(0.02):
                    _kill(process)
                    return

        watcher = threading.Thread(target=watch)
        watcher.start()
        lines: list[str] = []
        with process:
            assert process.stdout is not None
            for raw in process.stdout:
                lines.append(raw.decode(errors="replace").rstrip())
                on_step(replace(step, status="progress", line=lines[-1]))
        over.set()
        watcher.join()
        if cancel.is_set():
            raise BuildCancelledError("cancelled", hint="build again")
        if process.returncode:
            error = f"process did not complete successfully: exit code: {process.returncode}"
            on_step(replace(step, status="failed", error=error, seconds=0.0))
            raise BuildStepError("failed", details=(*lines[-19:], error))

    # --- containers ---------------------------------------------------------

    def _get(self, container: str) -> _Container:
        for key, found in self._containers.items():
            if container in {key, found.name}:
                return found
        raise EngineError(f"gone: `{container}`", hint="jupyter devbox status")

    def create(self, spec: ContainerSpec) -> str:
        if spec.image not in self._images:
            raise ImageMissingError(f"missing: `{spec.image}`", hint="jupyter devbox build")
        if spec.network == "host" or ":" in spec.network:
            raise EngineError("A box never joins this network")
        name = spec.name or f"fake-{next(self._numbers)}"
        if any(c.name == name for c in self._containers.values()):
            raise EngineError(f"A container of that name is there already: `{name}`")
        key = hashlib.sha256(f"{next(self._numbers)}{time.time_ns()}".encode()).hexdigest()
        folder = self._root / key[:12]
        folder.mkdir()
        self._containers[key] = _Container(id=key, spec=spec, folder=folder, name=name)
        return key

    def compose(self, project, words, override=None):
        raise ComposeMissingError("The fake engine has no Compose")

    def volumes(self, labels):
        return ()

    def remove_volume(self, name):
        """There is none."""

    def remove_networks(self, labels):
        """There is none."""

    def put(self, container: str, path: str, archive: bytes) -> None:
        target = self._get(container).folder / path.lstrip("/")
        if not target.is_dir():
            raise EngineError(f"The container has no such folder: `{path}`")
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            # Debian 12's Python 3.11.2 has no filters yet; the archives are the tests' own.
            careful = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
            tar.extractall(target, **careful)

    def start(self, container: str) -> None:
        found = self._get(container)
        if found.running:
            return
        self._check_cards(found.spec)
        with found.log.open("ab") as log:
            found.process = subprocess.Popen(
                ["sh", "-c", f"exec {shlex.join(found.spec.command or ('true',))}"],
                cwd=found.folder / found.spec.workdir.lstrip("/"),
                env=self._env(found.spec),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        found.started = time.time()

    def _check_cards(self, spec: ContainerSpec) -> None:
        if spec.gpus is None:
            return
        if not self._cards:
            raise GpuUnavailableError("no NVIDIA support", hint="choose --target cpu")
        if unknown := set(spec.gpus.devices) - self._cards:
            raise GpuUnavailableError(f"no such GPU: `{min(unknown)}`", hint="nvidia-smi -L")

    def _env(self, spec: ContainerSpec) -> dict[str, str]:
        path = _PATH["PATH"]
        if spec.gpus is not None and self._nvidia_smi is not None:
            path = f"{self._nvidia_smi.parent}:{path}"
        return {"PATH": path, **spec.env}

    def _place(self, found: _Container, spec: ExecSpec) -> dict[str, Any]:
        """Where a program of a container's runs, and with which variables."""
        folder = found.folder / spec.workdir.lstrip("/")
        return {"cwd": folder, "env": {**self._env(found.spec), **spec.env}}

    def container(self, container: str) -> ContainerInfo | None:
        try:
            found = self._get(container)
        except EngineError:
            return None
        ended = found.process is not None and not found.running
        return ContainerInfo(
            id=found.id,
            name=found.name,
            image=found.spec.image,
            status="running" if found.running else "exited" if ended else "created",
            exit_code=exit_code(found.process.poll()) if ended and found.process else None,
            started=found.started,
            labels=dict(found.spec.labels),
            limits=replace(found.spec.limits, ulimits=()),
        )

    def containers(self, labels: Mapping[str, str]) -> tuple[ContainerInfo, ...]:
        keys = [k for k, c in self._containers.items() if _carries(c.spec.labels, labels)]
        found = (self.container(key) for key in reversed(keys))
        return tuple(info for info in found if info is not None)

    def usage(self, container: str) -> Usage | None:
        """Count the processes of the container's sessions, as /proc tells of them."""
        try:
            found = self._get(container)
        except EngineError:
            return None
        if not found.running:
            return None
        sessions = {str(each.pid) for each in (found.process, *found.execs) if each is not None}
        memory = ticks = threads = 0
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = path.read_text(errors="replace").rpartition(")")[2].split()
            except OSError:
                continue
            if fields[3] in sessions:
                ticks += int(fields[11]) + int(fields[12])
                threads += int(fields[17])
                memory += int(fields[21]) * os.sysconf("SC_PAGE_SIZE")
        spent = ticks / os.sysconf("SC_CLK_TCK")
        return Usage(at=time.monotonic(), memory=memory, cpu_seconds=spent, pids=threads)

    def wait(self, container: str) -> int:
        try:
            process = self._get(container).process
        except EngineError:
            return -1
        return 0 if process is None else exit_code(process.wait()) or 0

    def logs(self, container: str, tail: int) -> tuple[str, ...]:
        try:
            log = self._get(container).log
        except EngineError:
            return ()
        return tuple(log.read_text().splitlines()[-tail:]) if log.exists() else ()

    def run(self, container: str, spec: ExecSpec, stdin: bytes = b"") -> ExecResult:
        found = self._running(container)
        try:
            done = subprocess.run(
                list(spec.command),
                **self._place(found, spec),
                input=stdin,
                capture_output=True,
                check=False,
            )
        except OSError as error:
            return ExecResult(exit_code=127, stdout=f"{spec.command[0]}: {error.strerror}\n")
        return ExecResult(
            exit_code=exit_code(done.returncode) or 0,
            stdout=done.stdout.decode(errors="replace"),
            stderr=done.stderr.decode(errors="replace"),
        )

    def stream(self, container: str, spec: ExecSpec) -> FakeStream:
        found = self._running(container)
        errors = found.folder.with_suffix(f".{len(found.execs)}.stderr")
        with errors.open("wb") as file:
            process = subprocess.Popen(
                ["sh", "-c", f"exec {shlex.join(spec.command)}"],
                **self._place(found, spec),
                stdin=subprocess.PIPE if spec.stdin else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=file,
                start_new_session=True,
            )
        found.execs.append(process)
        return FakeStream(process, errors)

    def _running(self, container: str) -> _Container:
        found = self._get(container)
        if not found.running:
            raise EngineError("The container is not running", hint="jupyter devbox status")
        return found

    def terminal(self, container: str, spec: ExecSpec, tty: int | None = None) -> int:
        found = self._running(container)
        done = subprocess.run(
            list(spec.command),
            **self._place(found, spec),
            stdin=tty,
            stdout=tty,
            stderr=tty,
            check=False,
            start_new_session=True,
        )
        return exit_code(done.returncode) or 0

    def changes(self, container: str) -> tuple[FileChange, ...]:
        """All that is in its folder: images have no files."""
        folder = self._get(container).folder
        paths = sorted(f"/{path.relative_to(folder).as_posix()}" for path in folder.rglob("*"))
        return tuple(FileChange(path=path, kind="added") for path in paths)

    def stop(self, container: str, seconds: int) -> None:
        try:
            found = self._get(container)
        except EngineError:
            return
        if found.process is not None and found.running:
            found.process.terminate()
            try:
                found.process.wait(seconds)
            except subprocess.TimeoutExpired:
                found.process.kill()
                found.process.wait()
            found.kill()

    def remove(self, container: str) -> None:
        try:
            found = self._get(container)
        except EngineError:
            return
        found.kill()
        for process in found.execs:
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    try:
                        pipe.close()
                    except BrokenPipeError:
                        continue
        shutil.rmtree(found.folder)
        del self._containers[found.id]


def _carries(labels: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    return all(key in labels and value in {"", labels[key]} for key, value in wanted.items())


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
