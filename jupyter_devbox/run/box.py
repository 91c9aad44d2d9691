"""Finds the project's box, or makes it: one long-lived container that kernels and VS Code share."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.errors import (
    DevboxError,
    EngineError,
    ImageMissingError,
    ProjectError,
    RunError,
)
from jupyter_devbox.run.composed import (
    complete,
    create_composed,
    place_project,
    read_model,
    require_free,
    start_composed,
)
from jupyter_devbox.run.environment import box_environment, ca_mount
from jupyter_devbox.run.forked import share_door
from jupyter_devbox.run.identity import identity_archive, image_accounts
from jupyter_devbox.run.joined import containers_of_others, find_joined, workspace_in
from jupyter_devbox.run.programs import (
    MAIN_PROCESS,
    PYTHON,
    launcher_source,
    main_process_source,
    share_main_process,
)
from jupyter_devbox.run.runtime_dir import SHARED_IN_BOX, RuntimeDir, open_runtime_dir, runtime_key
from jupyter_devbox.run.transport import prove, proven
from jupyter_devbox.run.unshared import files_archive
from jupyter_devbox.spec.box import (
    LABEL_CONFIG_DIGEST,
    LABEL_FINGERPRINT,
    LABEL_KIND,
    LABEL_RUNTIME,
    Box,
    BoxSpec,
    Kind,
    Transport,
)
from jupyter_devbox.spec.compose_project import ComposeProject
from jupyter_devbox.spec.container import (
    EMPTY,
    ContainerInfo,
    ContainerSpec,
    ExecSpec,
    Limits,
    Mount,
)

Record = Callable[[str, str], None]
"""Called with a kind (``box``, ``kernel``) and a container id before the container starts."""


_STOP_SECONDS = 5
IDLE_SETTING = "idle"
MAIN = (*PYTHON, f"{SHARED_IN_BOX}/{MAIN_PROCESS}", f"{SHARED_IN_BOX}/{IDLE_SETTING}")
"""A box's main process: it ends when nothing else has run in the box for a while."""


def unrecorded(kind: str, container: str) -> None:
    """Keep no record: for tests."""


def open_box(
    engine: Engine,
    spec: BoxSpec,
    *,
    base: Path,
    host: Mapping[str, str],
    record: Record = unrecorded,
) -> tuple[Box, RuntimeDir]:
    """Return the running box of a project and target, whose transport is proven.

    A box that VS Code made first for the same files is used as it is. One of ours that differs in
    what is fixed at creation is replaced if nothing runs in it, and else left to those who use it:
    the new one stands beside it.

    Parameters
    ----------
    base
        Where runtime folders lie.
    host
        This process's environment.
    record
        Told of every container before it starts, so that `prune` finds it.

    Raises
    ------
    ImageMissingError, ProjectError, TransportError
        What a box needs is not there.
    """
    runtime = box_runtime_dir(spec, base)
    with runtime.locked():
        share_main_process(runtime)
        runtime.share(IDLE_SETTING, str(spec.idle).encode())
        if joined := find_joined(engine, spec, runtime):
            return joined, runtime
        found = _usable(engine, spec)
        stands = found is not None and complete(engine, spec.compose, found)
        if found and stands and (transport := _ready(engine, found, runtime)):
            return _box(spec, found, transport), runtime
        started = partial(_started, engine, spec, runtime, host, record)
        if spec.compose:
            started = partial(_composed, engine, spec, runtime, host, record, found=found)
        try:
            container = started(shared=True)
        except EngineError:  # Docker from a snap, say, has a /tmp of its own
            container = started(shared=False)
        try:
            transport = prove(engine, container, runtime)
        except (EngineError, RunError):
            engine.remove(container)
            raise
        made = engine.container(container)
    if made is None:
        msg = f"The box was removed as soon as it started: `{container[:12]}`"
        raise RunError(msg, hint="start the kernel again")
    return _box(spec, made, transport), runtime


def _started(
    engine: Engine,
    spec: BoxSpec,
    runtime: RuntimeDir,
    host: Mapping[str, str],
    record: Record,
    *,
    shared: bool,
) -> str:
    """Create and start the box, with or without the folder that it shares with the host."""
    container = create(
        engine,
        spec,
        runtime,
        kind="box",
        host=host,
        record=record,
        shared=shared,
    )
    try:
        if shared:
            share_door(runtime, container)
        else:
            _give_files(engine, spec, container)
        engine.start(container)
    except DevboxError:
        engine.remove(container)
        raise
    return container


def _give_files(engine: Engine, spec: BoxSpec, container: str) -> None:
    """Put into a box what its main process reads; a new idle time counts from the next box on."""
    files = {MAIN_PROCESS: main_process_source(), IDLE_SETTING: str(spec.idle).encode()}
    engine.put(container, "/", files_archive(files))


def _composed(
    engine: Engine,
    spec: BoxSpec,
    runtime: RuntimeDir,
    host: Mapping[str, str],
    record: Record,
    *,
    found: ContainerInfo | None,
    shared: bool,
) -> str:
    """Have Compose make the box or start it again, with all that stands beside it."""
    project = spec.compose
    assert project is not None
    model = read_model(engine, project)
    if found is None:
        require_free(engine, project)
    workspace, mounted = place_project(spec, model, project)
    _require_folder(spec)
    if engine.image(spec.image) is None:
        raise _image_gone(spec)
    record("compose", project.name)
    wanted = _container(
        spec,
        runtime,
        host=host,
        limits=_limits(engine, spec, model.ulimits(project.service)),
        shared=shared,
        workspace=workspace,
        mounted=mounted,
        labels=_joinable(engine, spec, "box"),
    )
    container = found.id if found else create_composed(engine, project, model, wanted)
    try:
        share_door(runtime, container)
        if found is None:
            record("box", container)
            accounts = image_accounts(engine, spec, runtime.path.parent, record)
            engine.put(container, "/", identity_archive(accounts, spec.box_uid, spec.box_gid))
            if not shared:
                _give_files(engine, spec, container)
        start_composed(engine, project, wanted)
        if found and not complete(engine, project, engine.container(container)):
            _restart(engine, project, container, wanted)
    except DevboxError:
        if found is None:
            engine.remove(container)
        raise
    return container


def _restart(
    engine: Engine, project: ComposeProject, container: str, wanted: ContainerSpec
) -> None:
    """Restart a box whose network went away with the service that it shares it with."""
    if _others(engine, container):
        msg = f"The box lost its network when this service was restarted: `{project.network}`"
        raise RunError(msg, hint="shut down the kernels in it, then start this one again")
    engine.stop(container, _STOP_SECONDS)
    start_composed(engine, project, wanted)


def box_runtime_dir(spec: BoxSpec, base: Path) -> RuntimeDir:
    """Return the folder that the boxes of this project, target and group share with the host."""
    key = runtime_key(spec.project, spec.target, *filter(None, [spec.group]))
    return open_runtime_dir(key, uid=spec.uid, gid=spec.gid, base=base)


def remove_box(engine: Engine, container: ContainerInfo, base: Path) -> None:
    """Remove one of our containers and, if it was the last to use it, its runtime folder."""
    engine.remove(container.id)
    key = container.labels.get(LABEL_RUNTIME, "")
    if re.fullmatch(r"[0-9a-f]{8}", key) and not engine.containers({LABEL_RUNTIME: key}):
        RuntimeDir(base / key, os.geteuid(), os.getegid()).remove()


def stop_superseded(engine: Engine, container: str, wanted: BoxSpec) -> bool:
    """Stop a box of ours that differs from the one that kernels get now, if nothing runs in it.

    It would go on until it is idle for long enough, or for ever, and nobody could tell why. Called
    after a kernel has ended there; returns whether it was stopped.
    """
    box = engine.container(container)
    if box is None or box.status != "running" or box.labels.get(LABEL_KIND) != "box":
        return False
    same = box.labels.get(LABEL_FINGERPRINT) == wanted.fingerprint() and box.image == wanted.image
    if same or _others(engine, container):
        return False
    engine.stop(container, _STOP_SECONDS)
    return True


def create(
    engine: Engine,
    spec: BoxSpec,
    runtime: RuntimeDir,
    *,
    kind: Kind,
    host: Mapping[str, str],
    record: Record,
    command: tuple[str, ...] = MAIN,
    name: str = "",
    env: Mapping[str, str] = EMPTY,
    shared: bool = True,
) -> str:
    """Create a container for the project, its user set up, and return its id; not started yet.

    Without `shared` it has no part in the runtime folder, and its kernels need a stream.
    """
    _require_folder(spec)
    wanted = _container(
        spec,
        runtime,
        kind=kind,
        host=host,
        limits=_limits(engine, spec),
        command=command,
        name=name,
        env=env,
        shared=shared,
        labels=_joinable(engine, spec, kind),
    )
    try:
        accounts = image_accounts(engine, spec, runtime.path.parent, record)
        container = engine.create(wanted)
    except ImageMissingError as error:
        raise _image_gone(spec) from error
    try:
        record(kind, container)
        engine.put(container, "/", identity_archive(accounts, spec.box_uid, spec.box_gid))
    except DevboxError:
        engine.remove(container)
        raise
    return container


_NO_CORES = "core=0"
"""A core dump is the kernel's memory as a file in the project, secrets and data included."""


def _limits(engine: Engine, spec: BoxSpec, own: Collection[str] = ()) -> Limits:
    """Return limits that the engine takes, without core dumps unless the user asks for them.

    An engine refuses more CPUs than its machine has. Podman is told of no limit of ours: with any
    one given, a service that may not raise its own limit of open files starts nothing (seen with
    4.3). `own` names the limits of each process that the user's Compose file has.
    """
    limits, info = spec.limits, engine.info()
    if info.cpus and limits.cpus > info.cpus:
        limits = replace(limits, cpus=float(info.cpus))
    chosen = "core" in own or any(text.startswith("core=") for text in limits.ulimits)
    if chosen or info.name == "podman":
        return limits
    return replace(limits, ulimits=(*limits.ulimits, _NO_CORES))


def _container(
    spec: BoxSpec,
    runtime: RuntimeDir,
    *,
    host: Mapping[str, str],
    limits: Limits,
    command: tuple[str, ...] = MAIN,
    shared: bool,
    labels: Mapping[str, str],
    kind: Kind = "box",
    name: str = "",
    env: Mapping[str, str] = EMPTY,
    workspace: str = "",
    mounted: bool = False,
) -> ContainerSpec:
    """Return the container of a project; `mounted` where its files mount the project already."""
    ca = ca_mount(host)
    workspace = workspace or spec.workspace
    return ContainerSpec(
        image=spec.image,
        name=name or container_name(spec),
        command=command,
        user=f"{spec.box_uid}:{spec.box_gid}",
        workdir=workspace,
        env={**box_environment(host), **spec.env, **env},
        labels={**spec.labels(kind), LABEL_RUNTIME: runtime.path.name, **labels},
        mounts=(
            *(() if mounted else (Mount(source=spec.project, target=workspace),)),
            *(runtime.mounts() if shared else ()),
            *((ca,) if ca else ()),
            *spec.mounts,
        ),
        rights=spec.rights,
        network=spec.network,
        limits=limits,
        gpus=spec.gpus,
    )


def container_name(spec: BoxSpec, suffix: str = "") -> str:
    """Return a name that people recognise and the engine accepts."""
    slug = re.sub(r"[^a-z0-9]+", "-", spec.name.lower()).strip("-")[:30] or "project"
    unique = suffix or runtime_key(spec.project, spec.fingerprint())
    which = f"{spec.group}-{spec.target}" if spec.group else spec.target
    return f"devbox-{slug}-{which}-{unique}"


def _require_folder(spec: BoxSpec) -> None:
    """Raise if the project is gone."""
    if not Path(spec.project).is_dir():
        msg = f"The project's folder is gone: `{spec.project}`"
        raise ProjectError(msg, hint="jupyter devbox kernel list")


def _image_gone(spec: BoxSpec) -> ImageMissingError:
    """Return the error for a kernel whose image is gone."""
    msg = f"The image of this kernel is not on this machine any more: `{spec.image[:19]}`"
    again = f"jupyter devbox build --project {shlex.quote(spec.project)}"
    return ImageMissingError(msg, hint=again)


def _joinable(engine: Engine, spec: BoxSpec, kind: Kind) -> dict[str, str]:
    """Return the labels for `devcontainer up`, unless a box that VS Code made carries them."""
    labels = spec.devcontainer_labels() if kind == "box" else {}
    if not labels:
        return {}
    return {} if containers_of_others(engine, spec) else labels


def _usable(engine: Engine, spec: BoxSpec) -> ContainerInfo | None:
    """Return the box that fits; remove those that don't and that nobody uses."""
    fitting = None
    same = (c for c in engine.containers(spec.identity("box")) if spec.runs_in(c.labels))
    for each in same:
        fits = each.labels.get(LABEL_FINGERPRINT) == spec.fingerprint() and each.image == spec.image
        if fits and fitting is None and each.status != "dead":
            fitting = each
        elif each.status != "running" or not _others(engine, each.id):
            engine.remove(each.id)
    return fitting


def _ready(engine: Engine, box: ContainerInfo, runtime: RuntimeDir) -> Transport | None:
    """Start a box if it is stopped and return its transport; remove it if it can't be used."""
    known = proven(runtime, box.id)
    if box.status == "paused":
        msg = f"The box is paused: `{box.name}`"
        raise RunError(msg, hint=f"docker unpause {box.name}")
    if box.status != "running":
        try:
            share_door(runtime, box.id)
            engine.start(box.id)
        except EngineError:  # a mount's source is gone: a new box has new ones
            engine.remove(box.id)
            return None
    elif known:
        return known
    try:
        transport = prove(engine, box.id, runtime)
    except RunError:
        if _others(engine, box.id):
            raise
        engine.remove(box.id)
        return None
    if transport == "stream" and known != "stream" and not _others(engine, box.id):
        engine.remove(box.id)  # /tmp was swept: its mounts point to folders that are no more
        return None
    return transport


def _others(engine: Engine, container: str) -> int:
    """Return how many programs run in a box besides its own main process."""
    command = (*PYTHON, "-", "others")
    result = engine.run(container, ExecSpec(command=command, stdin=True), launcher_source())
    count = result.stdout.strip()
    return int(count) if result.exit_code == 0 and count.isdecimal() else 1


def _box(spec: BoxSpec, info: ContainerInfo, transport: Transport) -> Box:
    """Return a container as the box it is."""
    digest = info.labels.get(LABEL_CONFIG_DIGEST, "")
    return Box(
        id=info.id,
        name=info.name,
        image=info.image,
        target=spec.target,
        project=spec.project,
        workspace=(spec.compose and workspace_in(info, spec.project)) or spec.workspace,
        transport=transport,
        stale=bool(digest and spec.config_digest) and digest != spec.config_digest,
    )
