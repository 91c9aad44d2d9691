"""From findings that the user allowed to what the box gets. Pure."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from jupyter_devbox.spec.container import EMPTY, Mount, Rights
from jupyter_devbox.spec.findings import Finding
from jupyter_devbox.spec.host_variables import fill_text
from jupyter_devbox.spec.mounts import read_mount, read_volume


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """What a box gets because the user allowed it.

    Parameters
    ----------
    env
        Variables of the box, filled in.
    left_out
        Allowed mounts that this machine cannot have: why, in one line each.
    """

    mounts: tuple[Mount, ...] = ()
    rights: Rights = field(default_factory=Rights)
    network: str = "bridge"
    env: Mapping[str, str] = EMPTY
    left_out: tuple[str, ...] = ()


def granted(
    findings: Iterable[Finding],
    host: Mapping[str, str],
    project: str,
    leads_out: Callable[[str], bool],
) -> Granted:
    """Return what allowed findings give to a box.

    Parameters
    ----------
    host
        The host's environment, for ``${localEnv:…}``.
    project
        Absolute path of the project's folder.
    leads_out
        Tells whether a path that is written as the project's leads out of it through a link.
    """
    found = list(findings)
    mounts: list[Mount] = []
    left_out: list[str] = []
    for finding in (f for f in found if f.kind in {"mount", "volume"}):
        value = json.loads(finding.value)
        mount = read_volume(value) if finding.kind == "volume" else read_mount(value)
        if mount is None:
            continue
        mount = _filled(mount, host, project)
        problem = _problem(mount, project, leads_out)
        if problem:
            left_out.append(f"{finding.place}: {problem}")
        else:
            mounts.append(mount)
    networks = _values(found, "network")
    return Granted(
        mounts=tuple(mounts),
        rights=Rights(
            privileged=any(f.kind == "privileged" for f in found),
            capabilities=_values(found, "capability"),
            security=_values(found, "security"),
            devices=_values(found, "device"),
            # Docker's command line takes NAME=ADDRESS too; its API takes the colon alone.
            addresses=tuple(v.replace("=", ":", 1) for v in _values(found, "address")),
        ),
        network=networks[-1] if networks else "bridge",
        env={
            f.key.rpartition("/")[2]: fill_text(json.loads(f.value), host, project)
            for f in found
            if f.kind == "variable"
        },
        left_out=tuple(left_out),
    )


def _values(findings: Iterable[Finding], kind: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(json.loads(f.value) for f in findings if f.kind == kind))


def _filled(mount: Mount, host: Mapping[str, str], project: str) -> Mount:
    source = fill_text(mount.source, host, project)
    if mount.kind == "bind" and source.startswith("/"):
        source = posixpath.normpath(source)
    return replace(mount, source=source, target=fill_text(mount.target, host, project))


def _problem(mount: Mount, project: str, leads_out: Callable[[str], bool]) -> str:
    if "${" in mount.source + mount.target:
        return "it names a variable that we don't know"
    if not mount.target.startswith("/"):
        return "its target is no absolute path"
    if mount.kind == "volume":
        return ""
    if not mount.source.startswith("/"):
        return "its source is no absolute path"
    inside = mount.source == project or mount.source.startswith(f"{project}/")
    if inside and leads_out(mount.source):
        return "a link in the project leads out of it"
    return ""
