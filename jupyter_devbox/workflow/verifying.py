"""`verify`: prove the lock in a clean environment made from nothing but the written files."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

from jupyter_devbox.engine.base import Engine
from jupyter_devbox.engine.process import run_process
from jupyter_devbox.engine.scratch import scratch
from jupyter_devbox.engine.uv import install_lock, make_venv
from jupyter_devbox.errors import EngineError, FileError
from jupyter_devbox.files.project import Project
from jupyter_devbox.files.reader import read_base, read_environment
from jupyter_devbox.render.kernelspec import venv_kernelspec
from jupyter_devbox.run.kernelspec import InstalledSpec, install_kernelspec, remove_kernelspec
from jupyter_devbox.spec import box
from jupyter_devbox.spec.environment import Target
from jupyter_devbox.spec.events import BuildEvent
from jupyter_devbox.spec.groups import environment_title
from jupyter_devbox.spec.names import DISTRIBUTION_NAME, normalise
from jupyter_devbox.spec.target_files import target_files
from jupyter_devbox.spec.written import FOLDER
from jupyter_devbox.workflow.comparing import compare_outputs
from jupyter_devbox.workflow.context import Context
from jupyter_devbox.workflow.groups import group_names
from jupyter_devbox.workflow.index import index_environment
from jupyter_devbox.workflow.made_of import image_tag, lock_digest
from jupyter_devbox.workflow.making import box_content, build_project_image
from jupyter_devbox.workflow.names import project_key
from jupyter_devbox.workflow.proof import NotebookProof, Proof, ProvenEnvironment, VerifyOptions
from jupyter_devbox.workflow.running import execute, read_notebook
from jupyter_devbox.workflow.trusting import approved_context, require_files
from jupyter_devbox.workflow.venv import venv_python

_MISSING = re.compile(r"(?:No module named|Missing optional dependency) '([A-Za-z0-9_.]+)'")
_VERSIONS = (
    "import importlib.metadata as m, json, platform; "
    "print(json.dumps([platform.python_version(), "
    "{d.metadata['Name'] or '': d.version for d in m.distributions()}]))"
)
_VERSION = re.compile(r"[A-Za-z0-9.!+_-]{1,100}")
_OWNER = (
    "import importlib.metadata as m, json, sys; "
    "names = m.packages_distributions().get(sys.argv[1], []); "
    "print(json.dumps([[n, m.version(n)] for n in names]))"
)


def verify(
    context: Context,
    project: Project,
    interpreter: str,
    on_event: Callable[[BuildEvent], None],
    options: VerifyOptions,
) -> Proof:
    """Execute the project's notebooks in a clean environment, one a group, and compare.

    Parameters
    ----------
    interpreter
        The Python of the notebooks' own kernel: asked who provides an import that fails.

    Raises
    ------
    FileError
        There are no written files.
    UntrustedProjectError
        They are not approved as they are.
    """
    require_files(context, project.root)
    target = options.target or _best_target(context)
    notebooks: list[NotebookProof] = []
    versions: dict[str, tuple[str, str | None]] = {}
    checked = 0
    environments: list[ProvenEnvironment] = []
    for group in group_names(project):
        existing = read_environment(project.root, target, group)
        if not existing.locked:
            message = f"There is nothing to verify yet in: `{project.root}`"
            raise FileError(message, hint="jupyter devbox containerize NOTEBOOK.ipynb")
        anew = _kernel(
            context, project, on_event, target=target, group=group, no_cache=options.no_cache
        )
        with anew as (kernel, image):
            notebooks += [
                _prove(project, n, kernel, interpreter, options.tolerance)
                for n in existing.notebooks
            ]
            told = _found_versions(kernel, project.root)
        environments.append(_environment(project, target, group, image=image, told=told))
        found = told[1]
        versions |= {
            environment_title(group, name) if group else name: (locked, found.get(name))
            for name, locked in sorted(existing.locked.items())
            if found.get(name) != locked
        }
        checked += len(existing.locked)
    return Proof(
        target=target,
        notebooks=tuple(notebooks),
        versions=versions,
        checked=checked,
        environments=tuple(environments),
    )


def _environment(
    project: Project, target: Target, group: str, *, image: str, told: tuple[str, Mapping[str, str]]
) -> ProvenEnvironment:
    folder = project.root / FOLDER
    return ProvenEnvironment(
        group=group,
        image=image,
        base=read_base(project.root) if image else "",
        lock=lock_digest(folder, "cpu" if target == "venv" else target, group),
        python=told[0],
        packages=told[1],
    )


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
    *,
    target: Target,
    group: str,
    no_cache: bool,
) -> AbstractContextManager[tuple[str, str]]:
    """Return what yields the name of a kernel in an environment that nobody has used.

    Beside it comes the id of the image; "" where there is none.
    """
    if target == "venv":
        return _venv_kernel(context, project, group, no_cache=no_cache)
    return _box_kernel(context, project, on_event, target, group=group, no_cache=no_cache)


@contextmanager
def _box_kernel(
    context: Context,
    project: Project,
    on_event: Callable[[BuildEvent], None],
    target: box.Target,
    *,
    group: str,
    no_cache: bool,
) -> Iterator[tuple[str, str]]:
    """Yield the name of a kernel that gets a new container for itself."""
    engine = context.connect()
    anew = "-verify" if no_cache else ""
    # It is built from a copy of the written files, so that nothing else can take part.
    image, _ = build_project_image(
        context, project, engine, on_event, threading.Event(), target=target, group=group, anew=anew
    )
    name = f"devbox-{project_key(project)}-verify"
    content = box_content(
        context, project, image, name, isolation="kernel", target=target, group=group
    )
    try:
        with _registered(context, name, content):
            yield name, image.id
    finally:
        if anew:
            _remove(context, engine, image_tag(project, target, group) + anew, image.id)


def _remove(context: Context, engine: Engine, tag: str, image: str) -> None:
    """Remove an image that only the proof needed; what a container still holds `prune` finds."""
    with suppress(EngineError):
        engine.remove_image(tag)
        if engine.image(image) is None:
            context.ledger.forget("image", image)


@contextmanager
def _venv_kernel(
    context: Context, project: Project, group: str, *, no_cache: bool
) -> Iterator[tuple[str, str]]:
    """Yield the name of a kernel in a new virtual environment."""
    with scratch("verify") as temporary, approved_context(context, project.root) as lock:
        folder = temporary / "venv"
        make_venv(folder, context.python)
        install_lock(
            venv_python(folder),
            lock / target_files("cpu", group).rest,
            wheels=lock / "wheels",
            index={**index_environment(context), **({"UV_NO_CACHE": "1"} if no_cache else {})},
            bytecode=False,
        )
        content = venv_kernelspec(
            display_name="verify", python=str(venv_python(folder)), project=str(project.root)
        )
        with _registered(context, f"devbox-{project_key(project)}-verify", content) as name:
            yield name, ""


@contextmanager
def _registered(context: Context, name: str, content: Mapping[str, Any]) -> Iterator[str]:
    context.ledger.record("kernelspec", name)
    folder = install_kernelspec(context.kernels, name, content)
    try:
        yield name
    finally:
        remove_kernelspec(InstalledSpec(name=name, folder=folder, content=content))
        context.ledger.forget("kernelspec", name)


def _prove(
    project: Project, name: str, kernel: str, interpreter: str, tolerance: float
) -> NotebookProof:
    path = project.root / name
    saved = read_notebook(path)
    document = read_notebook(path)
    error = execute(document, kernel, path.parent)
    if error is None:
        compared, changes = compare_outputs(saved, document, tolerance)
        return NotebookProof(
            path=name,
            ok=not changes,
            differences=tuple(change.text for change in changes),
            changes=changes,
            compared=compared,
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


def _found_versions(kernel: str, folder: Path) -> tuple[str, dict[str, str]]:
    """Return the Python, and name → version of all that is installed where the kernel runs.

    What is not well formed is left out: a box may say anything.
    """
    import nbformat  # noqa: PLC0415

    cell = nbformat.v4.new_code_cell(_VERSIONS)
    document = nbformat.v4.new_notebook(cells=[cell])
    execute(document, kernel, folder)
    text = "".join(output.get("text", "") for output in document.cells[0].outputs)
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return "", {}
    python, found = told if isinstance(told, list) and len(told) == 2 else ("", {})
    packages = {
        normalise(name): version
        for name, version in (found.items() if isinstance(found, dict) else ())
        if DISTRIBUTION_NAME.fullmatch(name) and _is_version(version)
    }
    return (python if _is_version(python) else ""), packages


def _is_version(value: object) -> bool:
    return isinstance(value, str) and _VERSION.fullmatch(value) is not None
