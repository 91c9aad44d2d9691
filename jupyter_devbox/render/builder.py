"""The stages in which wheels are made of what comes as source alone: compilers stay in them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from jupyter_devbox.render.account import as_root
from jupyter_devbox.render.instructions import Shell, command, run
from jupyter_devbox.render.steps import (
    CA,
    NETWORK,
    PROXY,
    REACH,
    UV,
    UV_CACHE,
    UV_CACHE_MOUNT,
    UV_MOUNT,
    apt_install,
    mounted,
    pip_index,
    uv_index,
)
from jupyter_devbox.spec.environment import Accelerator, EnvironmentSpec
from jupyter_devbox.spec.lock import Lock, LockedPackage
from jupyter_devbox.spec.target_files import LOCK_ARGUMENT

# What CUDA's extensions import while they are built; their own metadata does not say so.
_TOOLS = ("ninja", "packaging", "pip", "setuptools", "wheel")
_BUILT_WITH = (*_TOOLS, "einops", "numpy", "psutil", "torch")
_WHEELS_MOUNT = "type=bind,source=wheels,target=/run/devbox/wheels"
_TAG = re.compile(r":(?P<cuda>[0-9]+\.[0-9]+)\.")


def builder(variants: Mapping[str, tuple[EnvironmentSpec, Lock]]) -> str:
    """Return the stages up to the one called ``builder``, which has the wheels in ``/wheels``.

    Parameters
    ----------
    variants
        Name of a lock → what it is of. With more than one, the build argument chooses.
    """
    stages = "".join(_stage(f"builder-{name}", *one) for name, one in variants.items())
    chosen = next(iter(variants)) if len(variants) == 1 else f"${{{LOCK_ARGUMENT}}}"
    return f"{stages}\n{mounted(f'builder-{chosen}', 'builder')}"


def cuda_folder(image: str) -> str:
    """Return where CUDA lies in an image of NVIDIA's: ``/usr/local/cuda`` is a link there."""
    found = _TAG.search(image)
    return f"/usr/local/cuda-{found['cuda']}" if found else "/usr/local/cuda"


def _stage(name: str, spec: EnvironmentSpec, lock: Lock) -> str:
    compiled = [p for p in lock.packages if p.compiled]
    begin = f"FROM ${{BASE}} AS {name}\n{as_root(spec.base_image.ref)}"
    if not compiled:
        return f"\n{begin}RUN mkdir /wheels\n"
    nvcc = spec.accelerator if spec.accelerator and spec.accelerator.builder else None
    packages = ["build-essential", "python3-dev", *(a.name for a in spec.apt)]
    archives = any(not wheel.filename.endswith(".whl") for wheel in lock.wheels)
    beside = ["--find-links", "/run/devbox/wheels"] if archives else []
    mounts = [_WHEELS_MOUNT] if archives else []
    make = (
        _with_cuda(spec, lock, compiled, nvcc, beside=beside, mounts=mounts)
        if nvcc
        else run([*REACH, pins(compiled), wheel("python3", spec, *beside)], [*mounts, *NETWORK])
    )
    return (
        f"\n# What comes as source alone ({len(compiled)}): compilers stay in this stage.\n"
        + (f"FROM {nvcc.builder} AS compiler\n" if nvcc else "")
        + f"{begin}{run(apt_install(packages), [CA, PROXY])}\n{make}\n"
    )


def _with_cuda(
    spec: EnvironmentSpec,
    lock: Lock,
    compiled: list[LockedPackage],
    nvcc: Accelerator,
    *,
    beside: list[str],
    mounts: list[str],
) -> str:
    """Return the step that makes wheels with nvcc, against the very torch that will be there."""
    with_them = [
        f"{p.name} @ {p.url}" if p.url else f"{p.name}=={p.version}"
        for p in lock.packages
        if p.name in _BUILT_WITH and not p.compiled
    ]
    there = {p.name for p in lock.packages}
    tools = [name for name in _TOOLS if name not in there]
    python = "/opt/build/bin/python"
    find = Shell('"$(command -v python3)"')
    venv = command(UV, "venv", "--quiet", "--python", find, "/opt/build")
    install = command(
        UV, "pip", "install", "--python", python, "--link-mode", "copy", "--cache-dir", UV_CACHE,
        *uv_index(spec), *with_them, *tools,
    )  # fmt: skip
    paths = "export CUDA_HOME=/usr/local/cuda PATH=/opt/build/bin:/usr/local/cuda/bin:$PATH"
    toolkit = f"type=bind,from=compiler,source={cuda_folder(nvcc.builder)},target=/usr/local/cuda"
    make = wheel(python, spec, "--no-build-isolation", *beside)
    steps = [*REACH, pins(compiled), venv, install, paths, make]
    return run(steps, [UV_MOUNT, UV_CACHE_MOUNT, toolkit, *mounts, *NETWORK])


def wheel(python: str, spec: EnvironmentSpec, *options: str) -> str:
    """Return the command that makes wheels of the pins, their hashes checked."""
    return command(
        python, "-m", "pip", "wheel", "--quiet", "--no-deps", "--require-hashes", *options,
        "--no-cache-dir", "--disable-pip-version-check", *pip_index(spec),
        "--wheel-dir", "/wheels", "--requirement", "/opt/compiled.txt",
    )  # fmt: skip


def pins(compiled: list[LockedPackage]) -> str:
    """Return the command that writes what `wheel` is to make into a file of the image."""
    lines = [f"{p.name}=={p.version}{''.join(f' --hash={h}' for h in p.hashes)}" for p in compiled]
    return command("printf", "%s\\n", *lines, Shell("> /opt/compiled.txt"))
