"""`verify`: prove the lock in a clean environment made from nothing but the written files."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_devbox.engine.process import run_process
from jupyter_devbox.engine.scratch import scratch
from jupyter_devbox.engine.uv import install_lock, make_venv
from jupyter_devbox.errors import EngineError, FileError
from jupyter_devbox.files.project import Project
from jupyter_devbox.files.reader import read_environment
from jupyter_devbox.render.kernelspec import venv_kernelspec
from jupyter_devbox.run.kernelspec import InstalledSpec, install_kernelspec, remove_kernelspec
from jupyter_devbox.spec import box
from jupyter_devbox.spec.environment import Target
from jupyter_devbox.spec.events import BuildEvent
from jupyter_devbox.spec.groups import environment_title
from jupyter_devbox.spec.target_files import target_files
from jupyter_devbox.workflow.comparing import compare_outputs
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.index import index_environment
from jupyter_devbox.workflow.making import box_content, build_project_image
from jupyter_devbox.workflow.names import project_key
from jupyter_devbox.workflow.running import execute, read_notebook
from jupyter_devbox.workflow.splitting import group_names
from jupyter_devbox.workflow.trusting import approved_context, require_files
from jupyter_devbox.workflow.venv import venv_python

_MISSING = re.compile(r"(?:No module named|Missing optional dependency) '([A-Za-z0-9_.]+)'")
_VERSIONS = (
    "import importlib.metadata as m, json; "
    "print(json.dumps({d.metadata['Name']: d.version for d in m.distributions()}))"
)
_OWNER = (
    "import importlib.metadata as m, json, sys; "
    "names = m.packages_distributions().get(sys.argv[1], []); "
    "print(json.dumps([[n, m.version(n)] for n in names]))"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotebookProof:
    """How one notebook did in the clean environment.

    `compared` counts the cells that had saved outputs;
    `proposed` is a pin (``openpyxl==3.1.5``) that would mend a failed import, with its cell.
    """

    path: str
    ok: bool
    compared: int = 0
    differences: tuple[str, ...] = ()
    proposed: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What `verify` found; `versions` is name → (locked, found) where the two differ.

    Of a split project a name is ``group/name``.
    """

    target: Target
    notebooks: tuple[NotebookProof, ...]
    versions: Mapping[str, tuple[str, str | None]]
    checked: int = 0

    @property
    def ok(self) -> bool:
        """Whether every notebook ran with the same outputs, and every version is the locked one."""
        return all(n.ok for n in self.notebooks) and not self.versions

    @property
    def proposals(self) -> tuple[str, ...]:
        """Pins that would mend failed imports."""
        return tuple(sorted({n.proposed[0] for n in self.notebooks if n.proposed}))

    def to_json(self) -> dict[str, Any]:
        """Return the object of `verify --json` (DESIGN, contracts)."""
        return {
            "ok": self.ok,
            "target": self.target,
            "notebooks": [
                {
                    "path": n.path,
                    "ok": n.ok,
                    "compared": n.compared,
                    "differences": list(n.differences),
                    "proposed": n.proposed and {"pin": n.proposed[0], "cell": n.proposed[1]},
                }
                for n in self.notebooks
            ],
            "versions": {
                name: {"locked": locked, "found": found}
                for name, (locked, found) in self.versions.items()
            },
        }


def verify(
    context: Context,
    project: Project,
    interpreter: str,
    on_event: Callable[[BuildEvent], None],
    *,
    target: Target | None = None,
) -> Proof:
    """Execute the project's notebooks in a clean environment, one a group, and compare.

    Parameters
    ----------
    interpreter
        The Python of the notebooks' own kernel: asked who provides an import that fails.
    target
        ``cpu``, ``cuda`` or ``venv``; None takes the CPU's box where there is an engine.

    Raises
    ------
    FileError
        There are no written files.
    UntrustedProjectError
        They are not approved as they are.
    """
    require_files(context, project.root)
    target = target or _best_target(context)
    notebooks: list[NotebookProof] = []
    versions: dict[str, tuple[str, str | None]] = {}
    checked = 0
    for group in group_names(project):
        existing = read_environment(project.root, target, group)
        if not existing.locked:
            message = f"There is nothing to verify yet in: `{project.root}`"
            raise FileError(message, hint="jupyter devbox containerize NOTEBOOK.ipynb")
        with _kernel(context, project, on_event, target, group) as kernel:
            notebooks += [_prove(project, n, kernel, interpreter) for n in existing.notebooks]
            found = _found_versions(kernel, project.root)
        versions |= {
            environment_title(group, name) if group else name: (locked, found.get(name))
            for name, locked in sorted(existing.locked.items())
            if found.get(name) != locked
        }
        checked += len(existing.locked)
    return Proof(target=target, notebooks=tuple(notebooks), versions=versions, checked=checked)


def _best_target(context: Context) -> Target:
    try:
        context.connect()
    except EngineError:
        return "venv"
    return "cpu"


def _kernel(
    context: Context,
    project: Project,
    on_event: Callable[[BuildEvent], None],
    target: Target,
    group: str,
) -> AbstractContextManager[str]:
    """Return what yields the name of a kernel in an environment that nobody has used."""
    if target == "venv":
        return _venv_kernel(context, project, group)
    return _box_kernel(context, project, on_event, target, group)


@contextmanager
def _box_kernel(
    context: Context,
    project: Project,
    on_event: Callable[[BuildEvent], None],
    target: box.Target,
    group: str,
) -> Iterator[str]:
    """Yield the name of a kernel that gets a new container for itself."""
    engine = context.connect()
    # It is built from a copy of the written files, so that nothing else can take part.
    image, _ = build_project_image(
        context, project, engine, on_event, threading.Event(), target=target, group=group
    )
    name = f"devbox-{project_key(project)}-verify"
    content = box_content(
        context, project, image, name, isolation="kernel", target=target, group=group
    )
    with _registered(context, name, content):
        yield name


@contextmanager
def _venv_kernel(context: Context, project: Project, group: str) -> Iterator[str]:
    """Yield the name of a kernel in a new virtual environment."""
    with scratch("verify") as temporary, approved_context(context, project.root) as lock:
        folder = temporary / "venv"
        make_venv(folder, context.python)
        install_lock(
            venv_python(folder),
            lock / target_files("cpu", group).rest,
            wheels=lock / "wheels",
            index=index_environment(context),
            bytecode=False,
        )
        content = venv_kernelspec(
            display_name="verify", python=str(venv_python(folder)), project=str(project.root)
        )
        with _registered(context, f"devbox-{project_key(project)}-verify", content) as name:
            yield name


@contextmanager
def _registered(context: Context, name: str, content: Mapping[str, Any]) -> Iterator[str]:
    context.ledger.record("kernelspec", name)
    folder = install_kernelspec(context.kernels, name, content)
    try:
        yield name
    finally:
        remove_kernelspec(InstalledSpec(name=name, folder=folder, content=content))
        context.ledger.forget("kernelspec", name)


def _prove(project: Project, name: str, kernel: str, interpreter: str) -> NotebookProof:
    path = project.root / name
    saved = read_notebook(path)
    document = read_notebook(path)
    error = execute(document, kernel, path.parent)
    if error is None:
        compared, differences = compare_outputs(saved, document)
        return NotebookProof(
            path=name, ok=not differences, differences=differences, compared=compared
        )
    cell, ename, evalue = error
    proposed = None
    match = _MISSING.search(evalue)
    if match and ename in {"ModuleNotFoundError", "ImportError"}:
        pin = _owner(interpreter, match[1].split(".")[0])
        proposed = (pin, cell) if pin else None
    return NotebookProof(
        path=name, ok=False, differences=(f"cell {cell}: {ename}: {evalue}",), proposed=proposed
    )


def _owner(interpreter: str, module: str) -> str | None:
    """Return the pin of the one distribution that provides a module in the kernel's own Python."""
    done = run_process([interpreter, "-c", _OWNER, module], timeout=60)
    names = json.loads(done.stdout) if done.exit_code == 0 and done.stdout else []
    return f"{names[0][0]}=={names[0][1]}" if len(names) == 1 else None


def _found_versions(kernel: str, folder: Path) -> dict[str, str]:
    """Return name → version of all that is installed where the kernel runs."""
    import nbformat  # noqa: PLC0415
    from packaging.utils import canonicalize_name  # noqa: PLC0415

    cell = nbformat.v4.new_code_cell(_VERSIONS)
    document = nbformat.v4.new_notebook(cells=[cell])
    execute(document, kernel, folder)
    text = "".join(output.get("text", "") for output in document.cells[0].outputs)
    found = json.loads(text) if text else {}
    return {canonicalize_name(name): version for name, version in found.items()}
