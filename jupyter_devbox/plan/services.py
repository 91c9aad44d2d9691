"""Databases beside the box: those that were asked for, and a word on those that are not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from jupyter_devbox.errors import PlanError, RequirementError, ServiceTakenError
from jupyter_devbox.spec.compose import BOX_SERVICES, COMPOSE
from jupyter_devbox.spec.environment import Decision
from jupyter_devbox.spec.project import ExistingEnvironment, ProjectOptions
from jupyter_devbox.spec.services import Service, variables_of
from jupyter_devbox.spec.snapshot import KernelSnapshot
from jupyter_devbox.spec.written import FOLDER


def choose_services(
    options: ProjectOptions, existing: ExistingEnvironment, known: tuple[Service, ...]
) -> tuple[Service, ...]:
    """Return the databases that the options name, in the catalogue's order.

    Raises
    ------
    RequirementError
        One is not known, or each kernel would have a container of its own.
    PlanError
        The project has Compose files of its own, which say what runs beside the box.
    ServiceTakenError
        A service of the user's has the name of one of ours.
    """
    named = {service.name: service for service in known}
    for name in (*options.services, *options.exclude_services):
        if name not in named:
            message = f"This service is not known: `{name}`"
            raise RequirementError(message, hint=f"--service {', '.join(named)}")
    chosen = tuple(service for service in known if service.name in options.services)
    if not chosen:
        return ()
    if existing.compose:
        message = (
            "This project's own Compose files say what runs beside the box: "
            f"`{', '.join(existing.compose.files)}`"
        )
        raise PlanError(message, hint="add the service there, and leave out --service")
    if options.isolation == "kernel":
        message = f"Kernels with a service beside them share one box: `{chosen[0].name}`"
        raise RequirementError(message, hint="--isolation box")
    _refuse_taken(chosen, existing)
    return chosen


def _refuse_taken(chosen: Iterable[Service], existing: ExistingEnvironment) -> None:
    """Raise if a service that the user wrote has a name that we need."""
    ours = {service.name for service in chosen} | {*BOX_SERVICES.values()}
    taken = sorted(ours & existing.service_names.keys())
    if not taken:
        return
    where = existing.service_names[taken[0]]
    message = f"{where} has a service of this name already: `{taken[0]}`"
    drop = f"--exclude-service {taken[0]} drops ours"
    hint = "rename yours" if taken[0] in BOX_SERVICES.values() else f"rename yours, or {drop}"
    details = (f"- {taken[0]}:      (yours, in {where})",
               f"+ {taken[0]}:      (the plan, in {FOLDER}/{COMPOSE})")  # fmt: skip
    raise ServiceTakenError(message, hint=hint, details=details)


def say_services(
    chosen: tuple[Service, ...], known: tuple[Service, ...], snapshots: Iterable[KernelSnapshot]
) -> Iterator[Decision]:
    """Yield what was decided about databases, and where one may be missing."""
    for service in chosen:
        found = ", ".join(name for name, _ in service.variables if name in variables_of(chosen))
        reason = (
            f"--service: {service.label} at localhost:{service.port} of the box alone, without a "
            f"password; found by {found}; its data is kept in a volume"
        )
        yield Decision(what=service.name, choice=service.image, reason=reason)
    used = {name.partition(".")[0] for s in snapshots for r in s.requirements for name in r.imports}
    for service in known:
        talking = sorted(used & {*service.imports})
        if talking and service not in chosen:
            reason = (
                f"{talking[0]} talks to {service.label}: --service {service.name} starts one "
                "beside the box"
            )
            yield Decision(what=service.name, choice=f"no {service.label}", reason=reason)
