"""A real box for the tests of run: an image, kernelspecs that use it, and its removal."""

from __future__ import annotations

import hashlib
import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.manager import KernelManager
from transports import IMAGE, cannot_dial

from jupyter_devbox.engine.docker_cli import find_docker_cli
from jupyter_devbox.run.runtime_dir import BASE_VARIABLE, open_runtime_dir
from jupyter_devbox.spec.box import LABEL_PROJECT, BoxSpec
from jupyter_devbox.spec.kernelspec import SPEC_VARIABLE, with_provisioner
from jupyter_devbox.workflow.context import Context

HERE = Path(__file__).parent
BASE_IMAGE = "python:3.11-slim-bookworm"
RECIPE = "jupyter-devbox-test.recipe"
SECONDS = 20


@pytest.fixture
def runtime():
    """A folder that a box here would share."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="jdb-t-") as base:
        yield open_runtime_dir("k", uid=os.getuid(), gid=os.getgid(), base=Path(base))


@pytest.fixture
def context(devbox):
    """This machine, with the ledger that the kernels of these tests are in."""
    return Context(
        home=devbox.root,
        env=dict(os.environ),
        data=devbox.root / "data" / "devbox",
        kernels=devbox.specs,
        connect=lambda: devbox.engine,
    )


@pytest.fixture(scope="session")
def kernel_image(engine) -> str:
    """Id of an image with a kernel; built once, found again by its Dockerfile's digest."""
    from uv import find_uv_bin

    recipe = hashlib.sha256((HERE / "Dockerfile").read_bytes()).hexdigest()[:12]
    found = engine.image(IMAGE)
    if found is None or found.labels.get(RECIPE) != recipe:
        if engine.image(BASE_IMAGE) is None:
            pytest.skip(f"the base image is missing: {BASE_IMAGE}")
        with tempfile.TemporaryDirectory() as tools:
            shutil.copy(find_uv_bin(), Path(tools, "uv"))
            ca = os.environ.get("SSL_CERT_FILE") or os.devnull
            subprocess.run(
                [
                    *(find_docker_cli(), "buildx", "build", "--quiet", "--tag", IMAGE),
                    *("--label", f"{RECIPE}={recipe}", "--secret", f"id=ca,src={ca}"),
                    *("--build-context", f"tools={tools}", str(HERE)),
                ],
                check=True,
                capture_output=True,
            )
        found = engine.image(IMAGE)
    return found.id


@dataclass
class Said:
    """What came back from one cell."""

    reply: dict[str, Any] = field(default_factory=dict)
    text: str = ""
    outputs: list[dict[str, Any]] = field(default_factory=list)


class Running:
    """A kernel that was started through jupyter_client, and a client that is ready."""

    def __init__(self, manager: KernelManager) -> None:
        self.km = manager
        self.kc = manager.client()
        self.kc.start_channels()
        self.kc.wait_for_ready(timeout=SECONDS)

    @property
    def provisioner(self):
        return self.km.provisioner

    @property
    def process(self):
        return self.provisioner._kernel.process

    @property
    def container(self) -> str:
        return self.provisioner._kernel.container

    def run(self, code: str, seconds: float = SECONDS, **options: Any) -> Said:
        said = Said()

        def take(message):
            content = message["content"]
            if message["msg_type"] == "stream":
                said.text += content["text"]
            said.outputs.append({"type": message["msg_type"], **content})

        options.setdefault("allow_stdin", False)
        said.reply = self.kc.execute_interactive(
            code, timeout=seconds, output_hook=take, **options
        )["content"]
        return said

    def busy(self, code: str) -> str:
        """Start a cell and return its message id once it says `up`.

        The kernel's output thread needs a moment before code that keeps the GIL.
        """
        start = "print('up', flush=True); import time; time.sleep(0.2)"
        # Else ipykernel aborts what comes for a moment after an error, the next cell too.
        sent = self.kc.execute(f"{start}\n{code}", allow_stdin=False, stop_on_error=False)
        self.until_printed(sent, "up\n")
        return sent

    def until_printed(self, sent: str, text: str) -> None:
        """Wait until a cell has printed this; ipykernel may send it in several messages.

        On a busy machine its timer falls between the two writes of one `print`, text and newline.
        """
        printed = ""

        def seen(message):
            nonlocal printed
            printed += message["content"].get("text", "")
            return text in printed

        self.on_iopub(sent, seen)

    def on_iopub(self, sent: str, wanted, seconds: float = SECONDS):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            message = self.kc.get_iopub_msg(timeout=seconds)
            if message["parent_header"].get("msg_id") == sent and wanted(message):
                return message
        raise queue.Empty

    def reply(self, sent: str, seconds: float = SECONDS, channel: str = "shell"):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            message = getattr(self.kc, f"get_{channel}_msg")(timeout=seconds)
            if message["parent_header"].get("msg_id") == sent:
                return message
        raise queue.Empty


class Devbox:
    """Kernelspecs, runtime folders and containers of one test module, all removed at its end."""

    def __init__(self, engine, image: str, root: Path, runtime: Path) -> None:
        self.engine, self.image, self.root, self.runtime = engine, image, root, runtime
        self.transport = "mount"
        self.project = root / "project"
        self.project.mkdir()
        self.specs = root / "jupyter" / "kernels"

    def kernelspec(self, name: str = "devbox", **config: Any) -> str:
        folder = self.specs / name
        folder.mkdir(parents=True, exist_ok=True)
        project = str(config.pop("project", self.project))
        argv = [sys.executable, "-m", "jupyter_devbox.shim", "-f", "{connection_file}"]
        provisioner = config.pop("provisioner", True)
        env = {SPEC_VARIABLE: name, **config.pop("spec_env", {})}
        config = {
            "image": self.image,
            "project": project,
            "target": "cpu",
            "isolation": "box",
            "name": Path(project).name,
            "config_file": f"{project}/.devcontainer/devcontainer.json",
            "from_a_later_version": True,
            **config,
        }
        metadata = {"debugger": True, "jupyter_devbox": {"target": "cpu", "config": config}}
        document = {
            "argv": argv,
            "display_name": name,
            "language": "python",
            "interrupt_mode": "message",
            "env": env,
            "metadata": with_provisioner(metadata) if provisioner else metadata,
        }
        (folder / "kernel.json").write_text(json.dumps(document), encoding="utf-8")
        return name

    def manager(self, **config: Any) -> KernelManager:
        return KernelManager(kernel_name=self.kernelspec(**config))

    def kernel(self, cwd: Path | None = None, env: dict[str, str] | None = None, **config: Any):
        options = {} if env is None else {"env": env}
        folder = str(cwd or config.get("project") or self.project)
        return self.running(self.manager(**config), cwd=folder, **options)

    @contextmanager
    def running(self, manager: KernelManager, **options: Any):
        manager.start_kernel(**options)
        running = None
        try:
            running = Running(manager)
            yield running
        finally:
            if running is not None:
                running.kc.stop_channels()
            manager.shutdown_kernel(now=True)

    def spec(self, **changes: Any) -> BoxSpec:
        fields = {
            "project": str(self.project),
            "name": self.project.name,
            "target": "cpu",
            "image": self.image,
            "uid": os.getuid(),
            "gid": os.getgid(),
            "rootless": self.engine.info().rootless,
        }
        return BoxSpec(**{**fields, **changes})

    def containers(self):
        """Every container of this module's projects."""
        found = self.engine.containers({LABEL_PROJECT: ""})
        return [c for c in found if c.labels[LABEL_PROJECT].startswith(f"{self.root}/")]

    def clean(self) -> None:
        for container in self.containers():
            self.engine.remove(container.id)


@pytest.fixture(scope="session")
def kernel_image_name() -> str:
    """The image's name, for those who copy it to another engine."""
    return IMAGE


@pytest.fixture(scope="session")
def new_devbox() -> type[Devbox]:
    """For tests with an engine of their own."""
    return Devbox


@pytest.fixture(scope="module")
def devbox(engine, kernel_image, tmp_path_factory, request):
    with (
        tempfile.TemporaryDirectory(dir="/tmp", prefix="jdb-t-") as runtime,
        pytest.MonkeyPatch.context() as patch,
    ):
        mine = Devbox(engine, kernel_image, tmp_path_factory.mktemp("devbox"), Path(runtime))
        patch.setenv("JUPYTER_PATH", str(mine.specs.parent))
        patch.setenv("JUPYTER_DATA_DIR", str(mine.root / "data"))  # the ledger is there
        patch.setenv(BASE_VARIABLE, runtime)
        mine.transport = getattr(request, "param", "mount")
        if mine.transport == "stream":
            cannot_dial(patch)
        yield mine
        mine.clean()
