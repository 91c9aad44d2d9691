"""The Dockerfile: one for all targets, in marked blocks.

Its rules come from measurements: the final stage installs with uv that is bind-mounted from a
stage of its own, in two layers, so that one more package rebuilds a second's work; bytecode is
compiled, because a kernel without it starts almost five times slower; nothing is copied from the
project, and HOME is set after the last RUN, or root would own ``~/.local``.
"""

from __future__ import annotations

from collections.abc import Mapping

from jupyter_devbox.render.account import as_root, make_account
from jupyter_devbox.render.builder import builder
from jupyter_devbox.render.cuda_libraries import final_base
from jupyter_devbox.render.instructions import Shell, arg, command, env, env_raw, run
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
from jupyter_devbox.spec.environment import EnvironmentSpec
from jupyter_devbox.spec.lock import Lock
from jupyter_devbox.spec.target_files import COMMON, LOCK_ARGUMENT, TargetFiles
from jupyter_devbox.spec.tree import Block, BlockFile, WholeFile
from jupyter_devbox.spec.written import LOCK_VARIABLE, USER

PATH = ".devcontainer/Dockerfile"
SLIM = "devbox_slim.py"
SLIM_PATH = f".devcontainer/{SLIM}"
HEADING = (
    "# Written by jupyter-devbox. Lines outside the marked blocks are yours and are kept;\n"
    "# a changed line inside one is shown as a conflict, never overwritten.\n"
)
_LOCK = TargetFiles("", f"${{{LOCK_ARGUMENT}}}")
"""The lock that the build argument chooses."""
_SLIM_MOUNT = f"type=bind,source={SLIM},target=/run/devbox/{SLIM}"
_COMMON_MOUNT = f"type=bind,source={COMMON},target=/run/devbox/{COMMON}"
Variants = Mapping[str, tuple[EnvironmentSpec, Lock]]


def dockerfile(variants: Variants, uv_version: str, *, slim: bool = False) -> BlockFile:
    """Return the Dockerfile of all environments of a project.

    Which of them is built is told by the build argument that names the lock.

    Parameters
    ----------
    variants
        Name of a lock → what it is of. The first one is built where no argument says another.
    slim
        Whether what nothing needs at run time is left out; see `slim_file`.
    """
    first, (spec, _) = next(iter(variants.items()))
    compiled = any(package.compiled for _, one in variants.values() for package in one.packages)
    wheels = any(one.wheels for _, one in variants.values())
    tools = _tools(spec, uv_version) + (builder(variants) if compiled else "")
    blocks = [
        Block(name="base", text=_base(spec, first)),
        Block(name="tools", text=tools),
        Block(name="system", text=_system(variants)),
        Block(name="python", text=_python(variants, compiled=compiled, wheels=wheels, slim=slim)),
        Block(name="finish", text=_finish(split=bool(spec.group))),
    ]
    return BlockFile(path=PATH, heading=HEADING, blocks=tuple(blocks))


def _base(spec: EnvironmentSpec, lock: str) -> str:
    base = spec.base_image
    reference = f"{base.ref}@{base.digest}" if base.digest else base.ref
    return f"{arg('BASE', reference)}\n{arg(LOCK_ARGUMENT, lock)}\n"


def _tools(spec: EnvironmentSpec, uv_version: str) -> str:
    """Return the stage that is only mounted, for its uv."""
    install = command(
        "python3", "-m", "pip", "install", "--quiet", "--no-cache-dir", "--target", "/opt/uv",
        "--root-user-action", "ignore", "--disable-pip-version-check", *pip_index(spec),
        f"uv=={uv_version}",
    )  # fmt: skip
    step = run([*REACH, install], NETWORK)
    return f"FROM ${{BASE}} AS uv\n{as_root(spec.base_image.ref)}{step}\n{mounted('uv', 'tools')}"


def _system(variants: Variants) -> str:
    """Return the final stage's beginning: Debian packages and the user.

    Of a split project it is the beginning of what all groups share, so that what one of them has
    by itself comes after the packages that all have: see `_own_bases`.
    """
    spec = next(iter(variants.values()))[0]
    names = [package.name for package in spec.apt]
    if not spec.group:
        begin = final_base(variants)
    else:
        names = [name for name in names if name in _apt_of_all(variants)]
        begin = f"FROM ${{BASE}} AS {'shared' if _own_bases(variants) else 'final'}\n"
    text = begin + as_root(spec.base_image.ref)
    if names:
        text += run(apt_install(names), [CA, PROXY]) + "\n"
    return text + make_account(spec.base_image.ref) + "\n"


def _apt_of_all(variants: Variants) -> set[str]:
    return set.intersection(*({a.name for a in spec.apt} for spec, _ in variants.values()))


def _own_bases(variants: Variants) -> str:
    """Return the stages that a split project's groups go on from, if they differ; else ""."""
    common = _apt_of_all(variants)
    more = {
        name: [a.name for a in spec.apt if a.name not in common]
        for name, (spec, _) in variants.items()
    }
    text = final_base(variants, "shared", more)
    return "" if text == "FROM shared AS final\n" else text


def slim_file(program: str) -> WholeFile:
    """Return the program that removes what nothing needs, which the Dockerfile mounts."""
    text = f"# Written by jupyter-devbox; not to be edited. {{digest}}\n{program}"
    return WholeFile(path=SLIM_PATH, text=text)


def _python(variants: Variants, *, compiled: bool, wheels: bool, slim: bool) -> str:
    """Return the layers of packages; a folder of wheels is mounted only where there is one."""
    spec, lock = next(iter(variants.values()))
    shared = any(package.group == "common" for package in lock.packages)
    make = command(UV, "venv", "--quiet", "--python", Shell('"$(command -v python3)"'), "/opt/venv")
    # In the very step that installs: what a later one removes still lies in the layer below.
    spare = [command("python3", "-I", f"/run/devbox/{SLIM}", "slim")] if slim else []
    spare_mounts = [_SLIM_MOUNT] if slim else []
    stable_mounts = [
        UV_MOUNT,
        f"type=bind,source={_LOCK.stable},target=/run/devbox/{_LOCK.stable}",
        *([_COMMON_MOUNT] if shared else []),
        *spare_mounts,
        UV_CACHE_MOUNT,
        *NETWORK,
    ]
    rest_mounts = [
        *stable_mounts[:2],
        f"type=bind,source={_LOCK.rest},target=/run/devbox/{_LOCK.rest}",
        *(["type=bind,source=wheels,target=/run/devbox/wheels"] if wheels else []),
        *stable_mounts[2:],
    ]
    install = [
        UV, "pip", "install", "--python", "/opt/venv/bin/python", "--no-deps", "--require-hashes",
        "--compile-bytecode", "--link-mode", "copy", "--cache-dir", UV_CACHE,
        *uv_index(spec),
    ]  # fmt: skip
    begin = run(
        ["umask 000", *REACH, make,
         command(*install, "--requirement", f"/run/devbox/{COMMON}"), *spare],
        [UV_MOUNT, _COMMON_MOUNT, *spare_mounts, UV_CACHE_MOUNT, *NETWORK],
    ) + "\n" if shared else ""  # fmt: skip
    begin += _own_bases(variants) if spec.group else ""
    steps = [] if shared else [make]
    if compiled:
        stable_mounts.append("type=bind,from=builder,source=/wheels,target=/run/devbox/compiled")
        made = command(
            UV, "pip", "install", "--python", "/opt/venv/bin/python", "--no-deps", "--no-index",
            "--compile-bytecode", "--link-mode", "copy", Shell("/run/devbox/compiled/*.whl"),
        )  # fmt: skip
        steps.append(f'if [ -n "$(ls /run/devbox/compiled)" ]; then {made}; fi')
    # umask 000: a venv whose folders anybody may write lets %pip work under any uid.
    stable = run(
        ["umask 000", *REACH, *steps,
         command(*install, "--requirement", Shell(f'"/run/devbox/{_LOCK.stable}"')), *spare],
        stable_mounts,
    )  # fmt: skip
    beside = ["--find-links", "/run/devbox/wheels"] if wheels else []
    rest = run(
        ["umask 000", *REACH,
         command(*install, *beside, "--requirement", Shell(f'"/run/devbox/{_LOCK.rest}"')),
         *spare],
        rest_mounts,
    )  # fmt: skip
    return f"{begin}ARG {LOCK_ARGUMENT}\n{stable}\n{rest}\n"


def _finish(*, split: bool) -> str:
    """Return what the image says of itself; after this no RUN of ours follows."""
    which = [env_raw(LOCK_VARIABLE, f"${{{LOCK_ARGUMENT}}}")] if split else []
    variables = [
        ("VIRTUAL_ENV", "/opt/venv"),
        ("LANG", "C.UTF-8"),
        ("JUPYTER_DEVBOX_BOX", "1"),
        ("HOME", f"/home/{USER}"),
    ]
    lines = [
        *which,
        env(variables),
        env_raw("PATH", "/opt/venv/bin:$PATH"),
        "WORKDIR /workspaces",
        f"USER {USER}",
    ]
    return "\n".join(lines) + "\n"
