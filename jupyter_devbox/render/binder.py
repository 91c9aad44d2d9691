"""The files for Binder: an image of its own with a server in it, or what the build pack reads.

Rules for the Dockerfile: mybinder.readthedocs.io, "Use a Dockerfile for your Binder repository":
a base image with a tag; `notebook` or JupyterLab where ``python3`` finds it; a user of a name and
id that the builder gives; the repository in that user's home, owned by them; the last USER is that
user; an ENTRYPOINT that runs its arguments, or none. Nothing in it needs BuildKit: who runs a
Binder may build in another way.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from jupyter_devbox.render.account import take_account
from jupyter_devbox.render.builder import pins, wheel
from jupyter_devbox.render.instructions import Shell, arg, command, copy, env, env_raw, run
from jupyter_devbox.render.steps import apt_plainly
from jupyter_devbox.spec.binder import BESIDE, FOLDER, LOCK, WHEELS, BinderFolder, Mode
from jupyter_devbox.spec.environment import EnvironmentSpec
from jupyter_devbox.spec.lock import Lock, LockedPackage
from jupyter_devbox.spec.names import check_apt_name, normalise
from jupyter_devbox.spec.requirements_txt import format_lines, lock_heading
from jupyter_devbox.spec.tree import BareFile, Block, BlockFile, RenderedFile, WholeFile
from jupyter_devbox.spec.written import USER

VENV = "/opt/venv"
_HEADING = (
    "# Written by jupyter-devbox for Binder. Lines outside the marked blocks are yours and are\n"
    "# kept; a changed line inside one is shown as a conflict, never overwritten.\n"
)
_HERE = "/opt/binder"
_UV_FOLDER, _UV = "/tmp/uv", "/tmp/uv/bin/uv"  # noqa: S108  (in the image, gone within its step)
_NAME, _ID = Shell('"${NB_USER}"'), Shell('"${NB_UID}"')
_KERNELS = "python3 -I -m jupyter_devbox.run.notebook_kernels || true"
"""Gives the image kernels of the names that its notebooks remember; it fails no build."""


def binder_files(
    spec: EnvironmentSpec, lock: Lock, mode: Mode, *, uv_version: str, before: BinderFolder
) -> tuple[RenderedFile, ...]:
    """Return the files in ``binder/``; same input, same bytes.

    Parameters
    ----------
    spec, lock
        The environment for the CPU, and its lock with a server in it.
    uv_version
        The uv that installs in the image.
    before
        What is there, which tells what we wrote last.
    """
    spec = replace(spec, indexes=())  # Binder reaches none but the public one
    wheels = {normalise(file.filename.split("-")[0]) for file in lock.wheels}
    beside = [p for p in lock.packages if p.name in wheels]
    index = [p for p in lock.packages if p.name not in wheels]
    locks = (_lock(LOCK, lock, index), _lock(BESIDE, lock, beside))
    if mode == "dockerfile":
        return (*locks, _dockerfile(spec, lock, uv_version))
    runtime = BareFile(
        path=f"{FOLDER}/runtime.txt", text=_runtime(spec.python), before=_runtime(before.python)
    )
    apt = [_apt(spec)] if spec.apt or "apt.txt" in before.names else []
    return (*locks, runtime, *apt, _post_build())


def _lock(name: str, lock: Lock, packages: Iterable[LockedPackage]) -> WholeFile:
    return WholeFile(path=f"{FOLDER}/{name}", text=lock_heading(lock) + format_lines(packages))


def _runtime(python: str) -> str:
    """Return runtime.txt, whose format has no comments; "" for no Python."""
    return f"python-{'.'.join(python.split('.')[:2])}\n" if python else ""


def _apt(spec: EnvironmentSpec) -> BlockFile:
    """Return apt.txt, which takes no quoting: names are Debian's, by their pattern."""
    names = "".join(f"{check_apt_name(a.name)}\n" for a in spec.apt)
    blocks = (Block(name="packages", text=names),)
    return BlockFile(path=f"{FOLDER}/apt.txt", heading=_HEADING, blocks=blocks)


def _post_build() -> BlockFile:
    """Return the script that installs what no index has; it runs where the repository lies."""
    install = _pip("python3", WHEELS, f"{FOLDER}/{BESIDE}")
    text = f"set -e\n{install}\n{_KERNELS}\n"
    return BlockFile(
        path=f"{FOLDER}/postBuild",
        heading=f"#!/usr/bin/env bash\n{_HEADING}",
        blocks=(Block(name="wheels", text=text),),
    )


def _pip(python: str, wheels: str, lock: str) -> str:
    """Return the command that installs from wheels beside the lock, hashes checked."""
    return command(
        python, "-m", "pip", "install", "--quiet", "--no-cache-dir", "--no-deps", "--no-index",
        "--require-hashes", "--find-links", wheels, "--requirement", lock,
    )  # fmt: skip


def _dockerfile(spec: EnvironmentSpec, lock: Lock, uv_version: str) -> BlockFile:
    blocks = (
        Block(name="base", text=_base(spec, [p for p in lock.packages if p.compiled])),
        Block(name="python", text=_python(lock, uv_version)),
        Block(name="repository", text=_repository()),
    )
    return BlockFile(path=f"{FOLDER}/Dockerfile", heading=_HEADING, blocks=blocks)


def _base(spec: EnvironmentSpec, compiled: list[LockedPackage]) -> str:
    """Return the image, the stage with compilers if one is needed, Debian packages, the user."""
    base = spec.base_image
    reference = f"{base.ref}@{base.digest}" if base.digest else base.ref
    apt = [a.name for a in spec.apt]
    lines = [f"FROM {reference}{' AS base' if compiled else ''}", "USER root"]
    lines += [run(apt_plainly(apt))] if apt else []
    if compiled:
        tools = ["build-essential", "python3-dev"]
        lines += [
            f"# What comes as source alone ({len(compiled)}): compilers stay in this stage.",
            "FROM base AS builder",
            run(apt_plainly(tools)),
            run([pins(compiled), wheel("python3", spec)]),
            "FROM base",
            "COPY --from=builder /wheels /opt/compiled",
        ]
    lines += [
        arg("NB_USER", USER),
        arg("NB_UID", "1000"),
        run([*take_account(_NAME, _ID), f"install -d -o {_ID.text} {VENV} {_HERE}"]),
    ]
    return "\n".join(lines) + "\n"


def _python(lock: Lock, uv_version: str) -> str:
    """Return two layers of packages, made by the user, who may add some with pip."""
    made = any(package.compiled for package in lock.packages)
    get = command(
        "python3", "-m", "pip", "install", "--quiet", "--no-cache-dir", "--target", _UV_FOLDER,
        "--disable-pip-version-check", f"uv=={uv_version}",
    )  # fmt: skip
    make = command(_UV, "venv", "--quiet", "--python", Shell('"$(command -v python3)"'), VENV)
    install = [
        _UV, "pip", "install", "--python", f"{VENV}/bin/python", "--no-deps", "--no-cache",
        "--compile-bytecode", "--link-mode", "copy",
    ]  # fmt: skip
    steps = [get, make]
    steps += [command(*install, "--no-index", Shell("/opt/compiled/*.whl"))] if made else []
    steps.append(command(*install, "--require-hashes", "--requirement", f"{_HERE}/{LOCK}"))
    wheels = f"{_HERE}/wheels"
    files = [f"{FOLDER}/{BESIDE}", *(f"{WHEELS}/{file.filename}" for file in lock.wheels)]
    return "\n".join(
        [
            copy([f"{FOLDER}/{LOCK}"], f"{_HERE}/"),
            "USER ${NB_UID}",
            run([*steps, command("rm", "-rf", _UV_FOLDER)]),
            copy(files, f"{wheels}/"),
            run([_pip(f"{VENV}/bin/python", wheels, f"{wheels}/{BESIDE}")]),
            "",
        ]
    )


def _repository() -> str:
    """Return the end: the repository in the user's home, and no program in between."""
    variables = [("VIRTUAL_ENV", VENV), ("LANG", "C.UTF-8"), ("JUPYTER_DEVBOX_BOX", "binder")]
    return "\n".join(
        [
            env(variables),
            env_raw("USER", "${NB_USER}"),
            env_raw("HOME", "/home/${NB_USER}"),
            env_raw("PATH", f"{VENV}/bin:$PATH"),
            # The repository comes last: an edit of a notebook leaves the layers of packages.
            "COPY --chown=${NB_UID} . ${HOME}",
            "WORKDIR ${HOME}",
            "USER ${NB_USER}",
            f"RUN {_KERNELS}",
            "ENTRYPOINT []",
            "",
        ]
    )
