"""`jupyter devbox verify`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from traitlets import Bool, Float, Unicode

from jupyter_devbox.cli.verb import ALIASES, FLAGS, Verb
from jupyter_devbox.errors import UsageError, VerificationError
from jupyter_devbox.files.project import Project
from jupyter_devbox.files.reader import read_environment
from jupyter_devbox.spec.environment import Target
from jupyter_devbox.spec.project import ProjectOptions
from jupyter_devbox.view.progress import Progress
from jupyter_devbox.view.terminal import PlainView
from jupyter_devbox.view.units import count
from jupyter_devbox.workflow.containerize import containerize
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.interpreters import kernel_interpreter
from jupyter_devbox.workflow.proof import NotebookProof, Proof, ProvenEnvironment, VerifyOptions
from jupyter_devbox.workflow.requests import ContainerizeRequest
from jupyter_devbox.workflow.verifying import verify

_TARGETS: dict[str, Target | None] = {"": None, "cpu": "cpu", "cuda": "cuda", "venv": "venv"}


class VerifyVerb(Verb):
    """Prove the lock: run the notebooks in a clean environment and compare the outputs."""

    name = "jupyter-devbox-verify"
    description = __doc__
    target = Unicode(help="cpu, cuda or venv; by default the box.").tag(config=True)
    fix = Bool(default_value=False, help="Take the proposed pins and verify again.").tag(
        config=True
    )
    no_cache = Bool(
        default_value=False, help="Build from nothing but the written files, once more."
    ).tag(config=True)
    tolerance = Float(
        0.0, help="By how much numbers in outputs may differ, such as 1e-6 of them."
    ).tag(config=True)
    flags = {
        **FLAGS,
        "no-cache": ({"VerifyVerb": {"no_cache": True}}, "Build from nothing, once more."),
        "fix": ({"VerifyVerb": {"fix": True}}, "Take the proposed pins."),
    }
    aliases = {
        **ALIASES,
        "target": "VerifyVerb.target",
        "tolerance": "VerifyVerb.tolerance",
    }

    def execute(self, context: Context) -> tuple[int, Mapping[str, Any]]:
        """Verify; the exit code says whether all was the same."""
        if self.target not in _TARGETS:
            message = f"This target is not known: `{self.target}`"
            raise UsageError(message, hint="--target cpu, --target cuda or --target venv")
        if not 0 <= self.tolerance <= 1:
            message = f"The tolerance is a part of the number, from 0 to 1: `{self.tolerance}`"
            raise UsageError(message, hint="--tolerance 1e-6")
        project = self.find_project(context)
        proof = self._verify(context, project)
        if proof.proposals and self.fix:
            self._take(context, project, proof)
            proof = self._verify(context, project)
        self.say(*_lines(proof))
        return 0 if proof.ok else VerificationError.exit_code, proof.to_json()

    def _verify(self, context: Context, project: Project) -> Proof:
        notebooks = read_environment(project.root).notebooks
        interpreter = context.python
        if notebooks:
            interpreter = kernel_interpreter(context, project.root / notebooks[0])
        view = PlainView(sys.stderr, Progress(()))
        options = VerifyOptions(
            target=_TARGETS[self.target], no_cache=self.no_cache, tolerance=self.tolerance
        )
        return verify(context, project, interpreter, view, options)

    def _take(self, context: Context, project: Project, proof: Proof) -> None:
        """Pin what the clean environment lacked, and build again."""
        existing = read_environment(project.root)
        request = ContainerizeRequest(
            notebooks=tuple(project.root / name for name in existing.notebooks),
            project=project.root,
            targets=(proof.target,),
            wishes=ProjectOptions(include=proof.proposals),
        )
        containerize(context, request, PlainView(sys.stderr, Progress(())))


def _verdict(notebook: NotebookProof) -> str:
    if not notebook.ok:
        return ", and differs"
    if not notebook.compared:
        return "; it has no saved outputs to compare"
    cells = count(notebook.compared, "cell")
    return f", the outputs of {cells} are the same"


def _environment(environment: ProvenEnvironment) -> str:
    """Return what the notebooks ran in: ``Python 3.11.9, image sha256:…, lock sha256:…``."""
    parts = [f"Python {environment.python}"] if environment.python else []
    parts += [f"image {environment.image}", f"from {environment.base}"] if environment.image else []
    group = f"{environment.group}: " if environment.group else ""
    return f"{group}{', '.join([*parts, f'lock {environment.lock}'])}"


def _lines(proof: Proof) -> list[str]:
    place = "a new virtual environment" if proof.target == "venv" else "a new box"
    lines = []
    for notebook in proof.notebooks:
        lines.append(f"{notebook.path}: ran in {place}{_verdict(notebook)}")
        lines += [f"  {difference}" for difference in notebook.differences]
        if notebook.proposed:
            pin, cell = notebook.proposed
            lines.append(f"  cell {cell} needs {pin}, which your kernel has")
    for name, (locked, found) in proof.versions.items():
        lines.append(f"{name}: locked {locked}, found {found or 'nothing'}")
    for environment in proof.environments:
        lines.append(_environment(environment))
    if proof.ok:
        lines.append(f"Verified: {count(proof.checked, 'package')}, all as locked.")
    elif proof.proposals:
        lines.append("Next: jupyter devbox verify --fix")
    else:
        lines.append("Not verified.")
    return lines
