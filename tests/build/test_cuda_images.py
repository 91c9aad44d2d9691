"""The two special shapes of the Dockerfile, built: libraries of NVIDIA's, wheels made with nvcc."""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from contextlib import ExitStack
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import nvidia_images
import pytest
from makers import base, direct, locked, spec
from nvidia_images import CUDA, LINKS, packages, pinned, toolkit

from jupyter_devbox.build import build_image
from jupyter_devbox.files.merge import merge
from jupyter_devbox.lock.own_wheel import own_wheel
from jupyter_devbox.render import render
from jupyter_devbox.spec.container import BuildRequest, ContainerSpec, ExecSpec
from jupyter_devbox.spec.environment import Accelerator
from jupyter_devbox.spec.lock import Lock
from jupyter_devbox.spec.project import ProjectOptions
from jupyter_devbox.spec.target_files import LOCK_ARGUMENT, target_files

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.slow]

BASE = "python:3.11-slim-bookworm"
NVIDIA = f"nvidia/cuda:12.6.3-cudnn-devel-ubuntu22.04-devbox-test-{os.getpid()}"
OURS = f"devbox-test/nvcc-{os.getpid()}"
OWN = "2.8.3.post99"  # no index has it
COMPILERS = "command -v gcc cc c++ nvcc; ls -d /wheels /opt/build /usr/local/cuda* 2>/dev/null"
LOAD = "import ctypes; print(ctypes.CDLL('libcudnn.so.9').cudnn())"
LIBRARIES = "ldconfig -p | grep -c -e libcudnn -e libcudart; ls -d /usr/local/cuda 2>&1"


@pytest.fixture(scope="module", params=["docker", "podman"])
def builder(request, base_image, docker_cli, absent):
    """An engine that builds."""
    if shutil.which("gcc") is None:
        absent("not installed: gcc")
    return request.getfixturevalue({"docker": "engine"}.get(request.param, request.param))


@pytest.fixture(scope="module")
def stand_ins(builder, tmp_path_factory):
    """NVIDIA's image, and a base image whose installers find the packages that no index has."""
    folder = tmp_path_factory.mktemp("stand-ins")
    toolkit(folder / "nvidia" / "files")
    links = folder / "base" / "files" / LINKS.lstrip("/")
    links.mkdir(parents=True)
    for file in packages(OWN):
        (links / file.filename).write_bytes(file.content)
    env = {"PIP_FIND_LINKS": LINKS, "UV_FIND_LINKS": LINKS}
    with ExitStack() as stack:

        def nvidia():
            stack.enter_context(nvidia_images.image(builder, folder / "nvidia", NVIDIA, BASE, {}))

        mine = nvidia_images.image(builder, folder / "base", f"{OURS}:base", BASE, env)
        stack.enter_context(mine)
        yield nvidia


def lock(*files, direct_file=""):
    pins = [
        pinned(f, hashlib.sha256(f.content).hexdigest(), by_address=f.filename == direct_file)
        for f in files
    ]
    own = own_wheel()
    digest = hashlib.sha256(own.content).hexdigest()
    ours = locked(f"jupyter-devbox=={own.filename.split('-')[1]}", group="rest")
    return Lock(
        python="3.11.2",
        platform="linux/amd64",
        packages=(*pins, replace(ours, hashes=(f"sha256:{digest}",))),
        wheels=(own,),
    )


class Project:
    """Written files of both targets, and their images."""

    def __init__(self, engine, folder: Path) -> None:
        self.engine, self.folder, self.images = engine, folder, []

    def write(self, accelerator, cuda_lock, cpu_lock=None):
        image = base(ref=f"{OURS}:base")
        cpu = spec(direct("einops"), base_image=image)
        twin = replace(cpu, target="cuda", accelerator=accelerator)
        tree = render(
            cpu,
            cpu_lock or lock(),
            ProjectOptions(),
            uv_version=version("uv"),
            twin=(twin, cuda_lock),
        )
        for file in tree.files:
            path = self.folder / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(merge(file, None).content)

    def build(self, target):
        ca = os.environ.get("SSL_CERT_FILE")
        built = build_image(
            self.engine,
            BuildRequest(
                context=str(self.folder / ".devcontainer"),
                tag=f"{OURS}:{target}",
                args={LOCK_ARGUMENT: target_files(target).lock},
                secrets={"ca": ca} if ca else {},
            ),
            on_event=lambda event: None,
            cancel=threading.Event(),
            log_path=self.folder / "log",
        )
        self.images.append(built.image.id)
        return built.image.id

    def says(self, image, *command):
        """Return what a program in a container of an image prints, and whether it went well."""
        container = self.engine.create(ContainerSpec(image=image, command=("sleep", "300")))
        try:
            self.engine.start(container)
            done = self.engine.run(container, ExecSpec(command=command))
            return done.stdout, done.exit_code
        finally:
            self.engine.remove(container)


@pytest.fixture
def project(builder, tmp_path):
    made = Project(builder, tmp_path)
    yield made
    for image in made.images:
        builder.remove_image(image)


def test_the_shapes(project, stand_ins):
    """One story: the CPU's image needs no image of NVIDIA's, which here is not yet there."""
    torch, einops, source = packages(OWN)
    accelerator = Accelerator(kind="cuda", version="12.6", driver_floor="525")

    # Libraries that no wheel brings.
    project.write(replace(accelerator, image=NVIDIA), lock(einops))
    cpu = project.build("cpu")
    assert project.says(cpu, "sh", "-c", LIBRARIES)[0].startswith("0\n")
    assert "cannot access" in project.says(cpu, "sh", "-c", LIBRARIES)[0]
    assert project.says(cpu, "python3", "-c", LOAD)[1] != 0
    stand_ins()
    cuda = project.build("cuda")
    assert project.says(cuda, "python3", "-c", LOAD) == (f"{CUDA // 1000}\n", 0)

    # Wheels that only nvcc makes.
    with_nvcc = lock(torch, einops, source, direct_file=torch.filename)
    project.write(replace(accelerator, builder=NVIDIA), with_nvcc)
    cuda = project.build("cuda")
    ask = "import flash_attn_2_cuda as f, torch; print(f.built(), torch.__version__)"
    told = f"('torch 2.13.0+cu126, einops {OWN}', {CUDA}) 2.13.0+cu126\n"
    assert project.says(cuda, "python3", "-c", ask) == (told, 0)
    assert project.says(cuda, "sh", "-c", COMPILERS)[0] == ""
    assert project.says(project.build("cpu"), "sh", "-c", COMPILERS)[0] == ""
