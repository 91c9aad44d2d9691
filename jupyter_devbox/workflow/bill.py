"""The bill of materials (SBOM): what the lock puts into an environment, in CycloneDX's form.

cyclonedx.org, specification 1.6. It is made from the written files alone, without clock or chance:
the same lock gives the same bytes. An image says by its label which lock it was made from.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jupyter_devbox._version import __version__
from jupyter_devbox.errors import FileError, SbomError
from jupyter_devbox.files.project import Project
from jupyter_devbox.files.reader import read_base, read_environment, read_lock
from jupyter_devbox.spec.box import Target
from jupyter_devbox.spec.lock import LockedPackage
from jupyter_devbox.spec.written import FOLDER
from jupyter_devbox.workflow.groups import group_names
from jupyter_devbox.workflow.made_of import lock_digest

if TYPE_CHECKING:
    from cyclonedx.model import HashType
    from cyclonedx.model.component import Component

_REFERENCE = re.compile(
    r"(?P<name>[A-Za-z0-9_./:-]+?)(?::(?P<tag>[A-Za-z0-9_.-]+))?"
    r"(?:@sha256:(?P<digest>[0-9a-f]{64}))?"
)
_NAMESPACE = uuid.UUID("8a4c1c0e-5f0b-5b0f-9f0a-3d1f2b6a7c55")
"""Of the serial numbers that are made from a lock's digest; any fixed value does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """A bill of materials: its text, a JSON object, and what it is of.

    `locks` are group → digest of its lock.
    """

    text: str
    components: int
    locks: Mapping[str, str]


def bill_of_materials(project: Project, target: Target = "cpu") -> Bill:
    """Return the bill of all that a project's lock names; of a split project that of all groups.

    Raises
    ------
    SbomError
        The library that knows the format is not installed.
    FileError
        There is no lock.
    """
    packages: dict[tuple[str, str], LockedPackage] = {}
    locks, direct, python, debian = {}, set(), "", set()
    for group in group_names(project):
        existing = read_environment(project.root, target, group)
        if not existing.locked:
            message = f"There is no lock yet in: `{project.root}`"
            also = "" if target == "cpu" else f" --target {target}"
            raise FileError(message, hint=f"jupyter devbox containerize NOTEBOOK.ipynb{also}")
        locks[group] = lock_digest(project.root / FOLDER, target, group)
        packages |= {(p.name, p.version): p for p in read_lock(project.root, target, group)}
        direct |= {requirement.name for requirement in existing.requirements}
        debian |= {package.name for package in existing.apt}
        debian |= set(existing.options.apt)
        python = python or existing.python
    components = _Components()
    listed = [components.of_package(packages[key]) for key in sorted(packages)]
    asked = [each for each in listed if each.name in direct]
    listed += [components.of_debian(name) for name in sorted(debian)]
    listed += [components.of_python(python)] if python else []
    base = _REFERENCE.fullmatch(read_base(project.root))
    listed += [components.of_base(base["name"], base["tag"], base["digest"])] if base else []
    text = components.document(project.name, listed, asked, locks)
    return Bill(text=text, components=len(listed), locks=locks)


class _Components:
    """The library's own words for our facts; loaded only when they are asked for."""

    def __init__(self) -> None:
        try:
            from cyclonedx import model  # noqa: PLC0415
            from cyclonedx.model import bom, component  # noqa: PLC0415
            from cyclonedx.output.json import JsonV1Dot6  # noqa: PLC0415
            from packageurl import PackageURL  # noqa: PLC0415
        except ImportError as error:
            message = "The library that writes bills of materials is not installed"
            raise SbomError(message, hint="pip install 'jupyter-devbox[sbom]'") from error
        self._model, self._bom, self._component = model, bom, component
        self._output, self._url = JsonV1Dot6, PackageURL

    def of_package(self, package: LockedPackage) -> Component:
        """Return a Python package; several files of it may be installed, each with its hash."""
        url = self._url(type="pypi", name=package.name, version=package.version)
        sums = [self._sum(each) for each in package.hashes] if len(package.hashes) == 1 else []
        others = package.hashes if len(package.hashes) > 1 else ()
        return self._component.Component(
            type=self._component.ComponentType.LIBRARY,
            name=package.name,
            version=package.version,
            purl=url,
            bom_ref=url.to_string(),
            hashes=sums,
            properties=[
                self._model.Property(name="jupyter-devbox:file", value=each) for each in others
            ],
        )

    def of_debian(self, name: str) -> Component:
        """Return a Debian package; the release of the base image decides its version."""
        return self._component.Component(
            type=self._component.ComponentType.LIBRARY,
            name=name,
            purl=self._url(type="deb", namespace="debian", name=name),
            bom_ref=f"deb:{name}",
        )

    def of_python(self, version: str) -> Component:
        """Return the interpreter, which is the base image's."""
        return self._component.Component(
            type=self._component.ComponentType.PLATFORM,
            name="python",
            version=version,
            bom_ref="python",
        )

    def of_base(self, name: str, tag: str | None, digest: str | None) -> Component:
        """Return the base image."""
        return self._component.Component(
            type=self._component.ComponentType.CONTAINER,
            name=name,
            version=tag,
            hashes=[self._sum(f"sha256:{digest}")] if digest else [],
            bom_ref="base-image",
        )

    def document(
        self,
        project: str,
        components: list[Component],
        direct: list[Component],
        locks: Mapping[str, str],
    ) -> str:
        """Return the whole as text; `direct` are what the notebooks themselves need."""
        root = self._component.Component(
            type=self._component.ComponentType.APPLICATION, name=project, bom_ref="project"
        )
        ours = self._component.Component(
            type=self._component.ComponentType.APPLICATION,
            name="jupyter-devbox",
            version=__version__,
            bom_ref="jupyter-devbox-itself",
        )
        properties = [
            self._model.Property(
                name=f"jupyter-devbox:lock{':' + group if group else ''}", value=digest
            )
            for group, digest in locks.items()
        ]
        made = self._bom.Bom(
            components=components,
            serial_number=uuid.uuid5(_NAMESPACE, "\n".join([project, *sorted(locks.values())])),
            metadata=self._bom.BomMetaData(component=root, properties=properties),
        )
        made.metadata.tools.components.add(ours)
        made.metadata.timestamp = None  # type: ignore[assignment]  # the schema needs none
        made.register_dependency(root, direct)
        text: str = self._output(made).output_as_string(indent=2)
        return text + "\n"

    def _sum(self, text: str) -> HashType:
        return self._model.HashType(
            alg=self._model.HashAlgorithm.SHA_256, content=text.removeprefix("sha256:")
        )
