"""Compose files: a box with databases beside it, or a service of the user's as the box.

The format is compose-spec.io's. All of ours is one marked block that ends within `services`, so
that a user can go on below it.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from jupyter_devbox.spec.compose import (
    BLOCK,
    BOX_SERVICES,
    COMPOSE,
    OVERRIDE,
    OwnCompose,
    workspace_of,
)
from jupyter_devbox.spec.container import EMPTY
from jupyter_devbox.spec.environment import EnvironmentSpec
from jupyter_devbox.spec.gpu import GpuRequest
from jupyter_devbox.spec.services import Service, variables_of
from jupyter_devbox.spec.target_files import LOCK_ARGUMENT, target_files
from jupyter_devbox.spec.tree import Block, BlockFile
from jupyter_devbox.spec.written import (
    CA_VARIABLES,
    COMPOSE_CA,
    COMPOSE_CA_TARGET,
    COMPOSE_HOST_CA,
    DOCKERFILE,
    FOLDER,
    NVIDIA_VARIABLES,
)

_HEADING = (
    "# Written by jupyter-devbox. Services of your own go below the block, two spaces deep.\n"
)
_TWIN_HEADING = (
    "# Written by jupyter-devbox: the box with graphics cards, beside the same services.\n"
)
_OVER_HEADING = "# Written by jupyter-devbox: what the dev container is made from.\n"
_SERVICE = re.compile(r"  [^ #].*:$")
_LIMIT = re.compile(r"    (?:mem_limit|cpus|shm_size|pids_limit): ")
_INIT, _CARDS = "    init: true", "    deploy:"
_KEEP_RUNNING = ("sleep", "infinity")
_INTERVAL = 3
_RETRIES = 40
"""Two minutes: a database that is made anew on a slow disk takes half of one."""


def compose_file(spec: EnvironmentSpec, *, limits: Mapping[str, str] = EMPTY) -> BlockFile:
    """Return the Compose file of a project with databases: they, and the CPU target's box.

    They share one loopback, that of the first database, and listen to it alone. So a database
    needs no password: whoever can speak to it is in the box already. On a network of their own it
    would need one, for every user of a Linux host reaches its addresses.

    Parameters
    ----------
    limits
        The box's limits, as Compose calls and writes them.
    """
    volumes: dict[str, object] = {service.volume: {} for service in spec.services}
    lines = [
        *_mapping("volumes", volumes),
        *_mapping("secrets", {"ca": {"file": COMPOSE_CA}}, literal=True),
        "services:",
    ]
    for service in spec.services:
        lines += _indented(_database(service, spec.services))
    lines += _indented(_box(spec, limits, None))
    return _file(f"{FOLDER}/{COMPOSE}", _HEADING, lines)


def cuda_compose_file(
    spec: EnvironmentSpec, *, limits: Mapping[str, str] = EMPTY, gpus: GpuRequest | None = None
) -> BlockFile:
    """Return the Compose file that adds the CUDA target's box to the CPU's file.

    Cards are reserved in this one alone: a reservation fails where there is no card.
    """
    lines = ["services:", *_indented(_box(spec, limits, gpus or GpuRequest()))]
    path = posixpath.join(posixpath.dirname(target_files("cuda").configuration), COMPOSE)
    return _file(path, _TWIN_HEADING, lines)


def override_file(
    spec: EnvironmentSpec, own: OwnCompose, *, limits: Mapping[str, str] = EMPTY
) -> BlockFile:
    """Return the Compose file that makes a service of the user's the CPU target's box.

    Paths in it start where those of the user's first file do.
    """
    folder = posixpath.relpath(FOLDER, own.base)
    lines = [
        *_mapping("secrets", {"ca": {"file": COMPOSE_CA}}, literal=True),
        "services:",
        f"  {_text(own.service)}:",
        # The service's own image, if it has one, would be the name of ours.
        f"    image: {_text(f'devbox-{_slug(spec.project)}:{spec.target}')}",
        *_indented(_build(spec, folder), 4),
        *_indented(_ca(), 4),
        *_indented(_limits(limits), 4),
    ]
    return _file(f"{FOLDER}/{OVERRIDE}", _OVER_HEADING, lines)


def with_bounds(text: str, limits: Mapping[str, str], gpus: GpuRequest | None) -> str:
    """Return one of our blocks with other limits, and other cards where it reserves any.

    What an earlier version wrote, or another catalogue, stays as it is. The box is the last service
    of every block.

    Parameters
    ----------
    limits
        As Compose calls and writes them: all that the box has then.
    """
    lines = text.splitlines()
    start = max((n for n, line in enumerate(lines) if _SERVICE.match(line)), default=-1) + 1
    box = [line for line in lines[start:] if not _LIMIT.match(line)]
    if _CARDS in box:
        box = [*box[: box.index(_CARDS)], *_indented(_cards(gpus or GpuRequest()), 4)]
    place = box.index(_INIT) + 1 if _INIT in box else len(box)
    box[place:place] = _indented(_limits(limits), 4)
    return "".join(f"{line}\n" for line in [*lines[:start], *box])


def _file(path: str, heading: str, lines: Iterable[str]) -> BlockFile:
    block = Block(name=BLOCK, text="".join(f"{line}\n" for line in lines))
    return BlockFile(path=path, blocks=(block,), heading=heading)


def _database(service: Service, services: Sequence[Service]) -> Iterator[str]:
    yield f"# {service.label}, at localhost:{service.port} of the box, and nowhere else."
    yield f"{service.name}:"
    yield f"  image: {_text(service.image)}"
    yield f"  command: {_list(service.command)}"
    if service is not services[0]:
        yield f"  network_mode: {_text(f'service:{services[0].name}')}"
    if service.environment:
        yield from _indented(_mapping("environment", dict(service.environment)))
    yield "  volumes:"
    yield f"    - {_text(f'{service.volume}:{service.data}')}"
    yield "  healthcheck:"
    yield f"    test: {_list(service.healthy)}"
    yield f"    interval: {_INTERVAL}s"
    yield "    timeout: 5s"
    yield f"    retries: {_RETRIES}"


def _limits(limits: Mapping[str, str]) -> Iterator[str]:
    for key, value in limits.items():
        yield f"{key}: {_text(value)}"


def _box(
    spec: EnvironmentSpec, limits: Mapping[str, str], gpus: GpuRequest | None
) -> Iterator[str]:
    yield "# The dev container."
    yield f"{BOX_SERVICES['cuda' if spec.target == 'cuda' else 'cpu']}:"
    yield from _indented(_build(spec, "."))
    yield f"  command: {_list(_KEEP_RUNNING)}"
    yield "  init: true"
    yield from _indented(_limits(limits))
    yield f"  network_mode: {_text(f'service:{spec.services[0].name}')}"
    yield "  depends_on:"
    for service in spec.services:
        yield f"    {service.name}:"
        yield "      condition: service_healthy"
    variables = {**variables_of(spec.services), **(NVIDIA_VARIABLES if gpus else {})}
    project = ["- type: bind", "  source: ..", f"  target: {_text(workspace_of(spec.project))}"]
    yield from _indented(_ca(variables, project))
    if gpus:
        yield from _indented(_cards(gpus))


def _build(spec: EnvironmentSpec, folder: str) -> Iterator[str]:
    yield "build:"
    yield f"  context: {_text(folder)}"
    yield f"  dockerfile: {DOCKERFILE}"
    if spec.target == "cuda":
        yield "  args:"
        yield f"    {LOCK_ARGUMENT}: {_text(target_files('cuda').lock)}"
    yield "  secrets:"
    yield "    - ca"


def _ca(variables: Mapping[str, str] | None = None, mounts: Sequence[str] = ()) -> Iterator[str]:
    """Yield variables and mounts, with a company's certificates where the machine names any."""
    yield "environment:"
    for name in CA_VARIABLES:
        yield f"  {name}: {COMPOSE_HOST_CA}"
    for name, value in (variables or {}).items():
        yield f"  {name}: {_text(value)}"
    yield "volumes:"
    yield from _indented(mounts)
    yield "  - type: bind"
    yield f"    source: {COMPOSE_CA}"
    yield f"    target: {COMPOSE_CA_TARGET}"
    yield "    read_only: true"


def _cards(gpus: GpuRequest) -> Iterator[str]:
    """Yield a reservation of cards (compose-spec.io, deploy, devices)."""
    yield "deploy:"
    yield "  resources:"
    yield "    reservations:"
    yield "      devices:"
    yield "        - driver: nvidia"
    if gpus.devices:
        yield f"          device_ids: {_list(gpus.devices)}"
    else:
        yield "          count: all"
    yield '          capabilities: ["gpu"]'


def _mapping(key: str, values: Mapping[str, object], *, literal: bool = False) -> Iterator[str]:
    """Yield a mapping of texts, or of mappings of them; with `literal`, variables stay such."""
    yield f"{key}:"
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            yield f"  {name}:"
            yield from (f"    {k}: {v if literal else _text(str(v))}" for k, v in value.items())
        else:
            yield f"  {name}: {'{}' if isinstance(value, Mapping) else _text(str(value))}"


def _indented(lines: Iterable[str], spaces: int = 2) -> list[str]:
    return [" " * spaces + line for line in lines]


def _text(value: str) -> str:
    """Return a text as YAML that holds no variable of Compose's: JSON's texts are YAML's too."""
    return json.dumps(value.replace("$", "$$"))


def _list(values: Iterable[str]) -> str:
    return "[" + ", ".join(map(_text, values)) + "]"


def _slug(name: str) -> str:
    kept = "".join(c if c.isascii() and c.isalnum() else "-" for c in name.lower())
    return "-".join(part for part in kept.split("-") if part)[:40] or "project"
