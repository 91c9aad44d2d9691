"""Databases that run beside a box, as the catalogue knows them."""

from __future__ import annotations

from dataclasses import dataclass

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One of them.

    Parameters
    ----------
    name
        What ``--service`` calls it, and its name in the Compose file.
    label
        What people call it.
    image
        Official image with the tag of a line of versions whose files fit each other.
    port
        Where it listens, on the loopback that it shares with the box.
    data
        Folder of its image that holds what the user stores.
    environment
        Variables of its own container; no secret among them.
    command
        Replaces the image's.
    healthy
        A Compose healthcheck that fails until it answers on its port.
    variables
        Variables by which programs in the box find it.
    imports
        Modules that talk to it.
    """

    name: str
    label: str
    image: str
    port: int
    data: str
    environment: Pairs
    command: tuple[str, ...]
    healthy: tuple[str, ...]
    variables: Pairs
    imports: tuple[str, ...]

    @property
    def volume(self) -> str:
        """Name of the volume with its data, within the Compose project."""
        return f"{self.name}-data"


def variables_of(services: tuple[Service, ...]) -> dict[str, str]:
    """Return the variables of a box beside these services; the first one that has one counts."""
    found: dict[str, str] = {}
    for service in services:
        for name, value in service.variables:
            found.setdefault(name, value)
    return dict(sorted(found.items()))
