"""The Dockerfile: one for all targets, in marked blocks.

Its rules come from measurements: the final stage installs with uv that is bind-mounted from a
stage of its own, in two layers, so that one more package rebuilds a second's work; bytecode is
compiled, because a kernel without it starts almost five times slower; nothing is copied from the
project, and HOME is set after the last RUN, or root would own ``~/.local``.
"""

from __future__ import annotations

from jupyter_devbox.render.instructions import Shell, arg, command, env, env_raw, run
from jupyter_devbox.spec.environment import EnvironmentSpec
from jupyter_devbox.spec.lock import Lock
from jupyter_devbox.spec.requirements_txt import REST, STABLE
from jupyter_devbox.spec.tree import Block, BlockFile

PATH = ".devcontainer/Dockerfile"
HEADING = (
    "# Written by jupyter-devbox. Lines outside the marked blocks are yours and are kept;\n"
    "# a changed line inside one is shown as a conflict, never overwritten.\n"
)
USER = "jovyan"
UV = "/opt/uv/bin/uv"
_CA = "type=secret,id=ca,target=/run/secrets/ca"
_PROXY = "type=secret,id=proxy,target=/run/secrets/proxy"
_NETRC = "type=secret,id=netrc,target=/run/secrets/netrc"
_NETWORK = (_CA, _PROXY, _NETRC)
_TRUST = (
    "if [ -s /run/secrets/ca ]; then export SSL_CERT_FILE=/run/secrets/ca "
    "PIP_CERT=/run/secrets/ca; fi"
)
_ROUTE = "if [ -s /run/secrets/proxy ]; then . /run/secrets/proxy; fi"
_LOGIN = "if [ -s /run/secrets/netrc ]; then export NETRC=/run/secrets/netrc; fi"


def dockerfile(spec: EnvironmentSpec, lock: Lock, uv_version: str) -> BlockFile:
    """Return the Dockerfile of an environment."""
    blocks = [
        Block(name="base", text=_base(spec)),
        Block(name="tools", text=_tools(spec, lock, uv_version)),
        Block(name="system", text=_system(spec)),
        Block(name="python", text=_python(spec, lock)),
        Block(name="finish", text=_finish()),
    ]
    return BlockFile(path=PATH, heading=HEADING, blocks=tuple(blocks))


def _base(spec: EnvironmentSpec) -> str:
    base = spec.base_image
    reference = f"{base.ref}@{base.digest}" if base.digest else base.ref
    return arg("BASE", reference) + "\n"


def _tools(spec: EnvironmentSpec, lock: Lock, uv_version: str) -> str:
    """Return the stages that are only mounted: uv, and wheels of what has to be compiled."""
    install = command(
        "python3", "-m", "pip", "install", "--quiet", "--no-cache-dir", "--target", "/opt/uv",
        "--root-user-action", "ignore", "--disable-pip-version-check", *_pip_index(spec),
        f"uv=={uv_version}",
    )  # fmt: skip
    text = "FROM ${BASE} AS tools\n" + run([_TRUST, _ROUTE, _LOGIN, install], _NETWORK) + "\n"
    compiled = [p for p in lock.packages if p.compiled]
    if not compiled:
        return text
    pins = [f"{p.name}=={p.version}{''.join(f' --hash={h}' for h in p.hashes)}" for p in compiled]
    lines = command("printf", "%s\\n", *pins, Shell("> /opt/compiled.txt"))
    wheel = command(
        "python3", "-m", "pip", "wheel", "--quiet", "--no-deps", "--require-hashes",
        "--no-cache-dir", "--disable-pip-version-check", *_pip_index(spec),
        "--wheel-dir", "/wheels", "--requirement", "/opt/compiled.txt",
    )  # fmt: skip
    packages = ["build-essential", "python3-dev", *(a.name for a in spec.apt)]
    return (
        f"{text}\n# What comes as source alone ({len(compiled)}): compilers stay in this stage.\n"
        "FROM ${BASE} AS builder\n"
        + run(_apt_install(packages), [_CA, _PROXY])
        + "\n"
        + run([_TRUST, _ROUTE, _LOGIN, lines, wheel], _NETWORK)
        + "\n"
    )


def _system(spec: EnvironmentSpec) -> str:
    """Return the final stage's beginning: Debian packages and the user."""
    text = "FROM ${BASE} AS final\n"
    if spec.apt:
        text += run(_apt_install([a.name for a in spec.apt]), [_CA, _PROXY]) + "\n"
    user = command("useradd", "--create-home", "--uid", "1000", "--shell", "/bin/bash", USER)
    # Any uid may come later (a host's own): the folders that a user fills are open to all.
    return text + run([user, "install -d -m 0777 /opt/venv /workspaces"]) + "\n"


def _apt_install(packages: list[str]) -> list[str]:
    return [
        "export DEBIAN_FRONTEND=noninteractive",
        _ROUTE,
        "if [ -s /run/secrets/ca ]; then set -- -o Acquire::https::CaInfo=/run/secrets/ca; fi",
        'apt-get "$@" update --quiet=2',
        'apt-get "$@" install --quiet=2 --yes --no-install-recommends '
        + command(*sorted(set(packages))),
        "rm -rf /var/lib/apt/lists/*",
    ]


def _python(spec: EnvironmentSpec, lock: Lock) -> str:
    """Return the two layers of packages."""
    make = command(UV, "venv", "--quiet", "--python", Shell('"$(command -v python3)"'), "/opt/venv")
    stable_mounts = [
        "type=bind,from=tools,source=/opt/uv,target=/opt/uv",
        f"type=bind,source={STABLE},target=/run/devbox/{STABLE}",
        "type=cache,id=jupyter-devbox-uv,target=/run/devbox/cache",
        *_NETWORK,
    ]
    rest_mounts = [
        *stable_mounts[:2],
        f"type=bind,source={REST},target=/run/devbox/{REST}",
        "type=bind,source=wheels,target=/run/devbox/wheels",
        *stable_mounts[2:],
    ]
    install = [
        UV, "pip", "install", "--python", "/opt/venv/bin/python", "--no-deps", "--require-hashes",
        "--compile-bytecode", "--link-mode", "copy", "--cache-dir", "/run/devbox/cache",
        *_uv_index(spec),
    ]  # fmt: skip
    steps = [make]
    if any(p.compiled for p in lock.packages):
        stable_mounts.append("type=bind,from=builder,source=/wheels,target=/run/devbox/compiled")
        steps.append(
            command(
                UV,
                "pip",
                "install",
                "--python",
                "/opt/venv/bin/python",
                "--no-deps",
                "--no-index",
                "--compile-bytecode",
                "--link-mode",
                "copy",
                Shell("/run/devbox/compiled/*.whl"),
            )
        )
    # umask 000: a venv whose folders anybody may write lets %pip work under any uid.
    stable = run(
        ["umask 000", _TRUST, _ROUTE, _LOGIN, *steps,
         command(*install, "--requirement", f"/run/devbox/{STABLE}")],
        stable_mounts,
    )  # fmt: skip
    rest = run(
        ["umask 000", _TRUST, _ROUTE, _LOGIN,
         command(*install, "--find-links", "/run/devbox/wheels",
                 "--requirement", f"/run/devbox/{REST}")],
        rest_mounts,
    )  # fmt: skip
    return f"{stable}\n{rest}\n"


def _finish() -> str:
    """Return what the image says of itself; after this no RUN of ours follows."""
    variables = [
        ("VIRTUAL_ENV", "/opt/venv"),
        ("LANG", "C.UTF-8"),
        ("JUPYTER_DEVBOX_BOX", "1"),
        ("HOME", f"/home/{USER}"),
    ]
    lines = [
        env(variables),
        env_raw("PATH", "/opt/venv/bin:$PATH"),
        "WORKDIR /workspaces",
        f"USER {USER}",
    ]
    return "\n".join(lines) + "\n"


def _pip_index(spec: EnvironmentSpec) -> list[str]:
    return ["--index-url", spec.indexes[0]] if spec.indexes else []


def _uv_index(spec: EnvironmentSpec) -> list[str]:
    return ["--default-index", spec.indexes[0]] if spec.indexes else []
