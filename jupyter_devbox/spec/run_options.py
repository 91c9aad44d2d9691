"""What `runArgs` asks for: options of ``docker run`` (docs.docker.com/reference/cli)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from jupyter_devbox.spec.findings import Finding, Kind, as_json
from jupyter_devbox.spec.gpu_words import docker_gpus
from jupyter_devbox.spec.host_variables import reads_host
from jupyter_devbox.spec.mount_findings import mount_finding
from jupyter_devbox.spec.mounts import read_mount, read_volume

# Invariant 8: upper bounds and graphics cards are taken without asking.
_TAKEN = {
    "--cpus", "--gpus", "--memory", "--pids-limit", "--shm-size", "--ulimit",
}  # fmt: skip
# These take a value only after "=": the next word is not theirs.
_FLAGS = {
    "--detach", "--init", "--interactive", "--no-healthcheck", "--oom-kill-disable", "--privileged",
    "--publish-all", "--quiet", "--read-only", "--rm", "--sig-proxy", "--tty",
}  # fmt: skip
_SHORT = {
    "-a": "--attach", "-c": "--cpu-shares", "-e": "--env", "-h": "--hostname", "-l": "--label",
    "-m": "--memory", "-p": "--publish", "-u": "--user", "-v": "--volume", "-w": "--workdir",
}  # fmt: skip
_LONG = {"--net": "--network"}
_DEVICE = re.compile(r"/[^:]+(?::/[^:]+)?(?::[rwm]{1,3})?")
_CAPABILITY = re.compile(r"[A-Za-z_]{1,40}")
_ADDRESS = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*[:=][0-9A-Fa-f.:\[\]]+|[\w.-]+[:=]host-gateway")
_NETWORK = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_SECURITY = re.compile(
    r"(?:seccomp|systempaths)=unconfined|no-new-privileges(?:[:=](?:true|false))?"
    r"|(?:apparmor|label)[:=][A-Za-z0-9_.:-]+"
)
_HOST_NAMESPACES = {
    "--pid": "sees and ends this machine's processes",
    "--ipc": "shares memory with other programs of this machine",
    "--uts": "changes this machine's name",
    "--userns": "drops the border between its users and this machine's",
    "--cgroupns": "sees this machine's control groups",
}
_REST = {
    "--gpus": "asks for graphics cards in words that are not understood",
    "--publish": "opens a port on this machine",
    "--publish-all": "opens ports on this machine",
    "--env": "sets a variable, from this machine's where no value stands there",
    "--env-file": "reads a file of this machine into the box's variables",
    "--user": "runs as another user",
    "--volumes-from": "takes over the mounts of another container",
    "--cgroup-parent": "leaves its limits",
    "--device-cgroup-rule": "opens a class of this machine's devices",
    "--runtime": "is run by another program on this machine",
    "--sysctl": "changes settings of the kernel",
}
_NEVER = "; the box never takes it"


def argument_findings(arguments: object) -> Iterator[Finding]:
    """Yield what run arguments ask for beyond limits and graphics cards."""
    if not isinstance(arguments, list) or not all(isinstance(a, str) for a in arguments):
        says = "is not the list of words that it has to be" + _NEVER
        yield Finding(key="/runArgs", value=as_json(arguments), says=says, kind="never")
        return
    for name, value in _options([str(argument) for argument in arguments]):
        if not _is_taken(name, value):
            yield from _option(name, value)


def _is_taken(name: str, value: str | None) -> bool:
    text = value or "-"
    if name == "--gpus" and docker_gpus(text) is None:
        return False
    return name in _TAKEN and not text.startswith("-") and not reads_host(text)


def _option(name: str, value: str | None) -> Iterator[Finding]:
    text, key = value or "", f"runArgs {name}"
    if name == "--privileged":
        if text.lower() != "false":
            yield _finding(name, value, "privileged", "is root on this machine, with all devices")
    elif name in _READERS:
        yield _READERS[name](key, None, text)
    else:
        says = {**_HOST_NAMESPACES, **_REST}.get(name, "is an option that the box lacks")
        yield _finding(name, value, "never", says)


def _mount(key: str, index: int | None, value: str) -> Finding:
    return mount_finding(key, index, value, read_mount(value))


def _volume(key: str, index: int | None, value: str) -> Finding:
    return mount_finding(key, index, value, read_volume(value))


def _device(key: str, index: int | None, value: str) -> Finding:
    kind: Kind = "device" if _DEVICE.fullmatch(value) else "never"
    return _fitting(key, index, value, "uses a device of this machine", kind)


def _address(key: str, index: int | None, value: str) -> Finding:
    kind: Kind = "address" if _ADDRESS.fullmatch(value) else "never"
    return _fitting(key, index, value, "answers a name with an address of its choice", kind)


def _network(key: str, index: int | None, value: str) -> Finding:
    if value == "host":
        says = "reaches every program that listens on this machine"
    elif value == "none":
        says = "has no network"
    elif _NETWORK.fullmatch(value):
        says = f"joins the network {value} of other containers"
    else:
        says = "shares the network of another container"
    kind: Kind = "network" if _NETWORK.fullmatch(value) and value != "host" else "never"
    return _fitting(key, index, value, says, kind)


def capability(key: str, index: int | None, value: object) -> Finding:
    """Return the finding of an added capability."""
    fits = isinstance(value, str) and _CAPABILITY.fullmatch(value)
    says = "gets a right of the kernel's that boxes lack"
    return _fitting(key, index, value, says, "capability" if fits else "never")


def security(key: str, index: int | None, value: object) -> Finding:
    """Return the finding of a security option."""
    fits = isinstance(value, str) and _SECURITY.fullmatch(value)
    says = "changes what keeps the box apart from this machine"
    return _fitting(key, index, value, says, "security" if fits else "never")


_READERS: dict[str, Callable[[str, int | None, str], Finding]] = {
    "--mount": _mount,
    "--volume": _volume,
    "--cap-add": capability,
    "--security-opt": security,
    "--device": _device,
    "--add-host": _address,
    "--network": _network,
}


def _fitting(key: str, index: int | None, value: object, says: str, kind: Kind) -> Finding:
    tail = _NEVER if kind == "never" else ""
    return Finding(key=key, index=index, value=as_json(value), says=says + tail, kind=kind)


def _finding(name: str, value: str | None, kind: Kind, says: str) -> Finding:
    return _fitting(f"runArgs {name}", None, value, says, kind)


def _options(words: list[str]) -> Iterator[tuple[str, str | None]]:
    """Yield option and value; a word that no known option takes comes as an option itself."""
    position = 0
    while position < len(words):
        word = words[position]
        position += 1
        name, value = _named(word)
        following = words[position] if position < len(words) else None
        takes = value is None and name not in _FLAGS and word.startswith("-")
        if takes and following is not None and not following.startswith("-"):
            value = following
            position += 1
        yield name, value


def _named(word: str) -> tuple[str, str | None]:
    if word.startswith("--"):
        name, equals, value = word.partition("=")
        return _LONG.get(name, name), value if equals else None
    if word[:2] in _SHORT:
        return _SHORT[word[:2]], word[2:].removeprefix("=") or None
    return word, None
