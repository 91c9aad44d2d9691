"""Environments whose files are kept as goldens."""

from __future__ import annotations

from makers import apt, base, direct, lock, locked, spec

from jupyter_devbox.catalogue import read_catalogue
from jupyter_devbox.spec.environment import AptPackage, EnvironmentSpec
from jupyter_devbox.spec.lock import Lock
from jupyter_devbox.spec.project import ProjectOptions

HOSTILE = 'it\'s "$(touch /tmp/x)"\nRUN evil \\'
NUMPY = direct("numpy==2.1.0", detail="numpy.linalg", notebooks=("a.ipynb",))
PINS = (locked("numpy==2.1.0"), locked("pip==24.0"))

SERVICES = {service.name: service for service in read_catalogue().services}

# The project is a folder of a larger repository.
NESTED = {"apt"}
CASES: dict[str, tuple[EnvironmentSpec, Lock, ProjectOptions]] = {
    "plain": (spec(NUMPY, notebooks=("a.ipynb",)), lock(*PINS), ProjectOptions()),
    "apt": (
        spec(NUMPY, notebooks=("a.ipynb",), apt=apt("ffmpeg", "libstdc++6"), ports=(6006,)),
        lock(*PINS, locked("lxml==5.3", group="rest")),
        ProjectOptions(apt=("ffmpeg",), ports=(6006,)),
    ),
    "compiled": (
        spec(
            NUMPY,
            base_image=base(digest="sha256:" + "d" * 64, python="3.11.9"),
            notebooks=("a.ipynb",),
            apt=apt("libgraphviz-dev"),
        ),
        lock(*PINS, locked("pygraphviz==1.14", compiled=True, hashes=("sha256:" + "c" * 64,))),
        ProjectOptions(),
    ),
    "own-base": (
        spec(
            NUMPY,
            base_image=base(ref="registry.example/lab/ubuntu-python:24.04"),
            notebooks=("a.ipynb",),
            apt=apt("ffmpeg"),
        ),
        lock(*PINS, locked("pygraphviz==1.14", compiled=True, hashes=("sha256:" + "c" * 64,))),
        ProjectOptions(base="registry.example/lab/ubuntu-python:24.04"),
    ),
    "private-index": (
        spec(NUMPY, notebooks=("a.ipynb",), indexes=("https://index.example/simple/?a=b&c='d'",)),
        lock(*PINS, locked("secret-sauce==1.0", compiled=True)),
        ProjectOptions(include=("secret-sauce",)),
    ),
    "services": (
        spec(
            NUMPY,
            notebooks=("a.ipynb",),
            services=(SERVICES["postgres"], SERVICES["redis"]),
            ports=(6006,),
        ),
        lock(*PINS),
        ProjectOptions(
            services=("postgres", "redis"), memory="4g", cpus="1.5", shm_size="1g", pids="512"
        ),
    ),
    "hostile-names": (
        spec(
            direct("numpy==2.1.0", detail=f"numpy; {HOSTILE}", notebooks=(f"{HOSTILE}.ipynb",)),
            project=HOSTILE,
            notebooks=(f"{HOSTILE}.ipynb",),
            apt=(AptPackage(name="tini", reason=HOSTILE, notebooks=(HOSTILE,)),),
        ),
        lock(*PINS),
        ProjectOptions(include=('numpy; sys_platform == "linux"',), pack=(HOSTILE,)),
    ),
}
