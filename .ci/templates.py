"""Make the files of ``devcontainer-templates``: ``python3 .ci/make.py templates``.

Called by ``make.py`` inside ``.venv``. The product's own planner, locker and renderer write them,
for a notebook that is empty, so that a template and what `containerize` writes have one source.
What differs is said here: options become ``${templateOption:…}``, a lock serves every Python that
the template offers on both processors, and our own wheel is left out, for a client that applies a
template rewrites every file as text. Once jupyter-devbox is released its pin belongs there.

By default versions stay as they are locked; ``--upgrade`` takes the newest.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import environment
from steps import ROOT, CiError, end, logged, say, step

from jupyter_devbox.catalogue import read_catalogue
from jupyter_devbox.errors import DevboxError
from jupyter_devbox.files import jsonc
from jupyter_devbox.files.merge import merge
from jupyter_devbox.lock import lock_environment
from jupyter_devbox.plan.planner import PlanInputs, pinned, plan
from jupyter_devbox.render import render
from jupyter_devbox.spec.container import EMPTY
from jupyter_devbox.spec.environment import DirectRequirement, EnvironmentSpec, Target
from jupyter_devbox.spec.lock import Lock, LockedPackage
from jupyter_devbox.spec.project import ExistingEnvironment, ProjectOptions
from jupyter_devbox.spec.requirements_txt import read_inputs, read_pins, read_python
from jupyter_devbox.spec.snapshot import KernelSnapshot
from jupyter_devbox.spec.target_files import TargetFiles, target_files
from jupyter_devbox.workflow.context import this_machine
from jupyter_devbox.workflow.index import index_environment

FOLDER = ROOT / "devcontainer-templates"
DOCKERFILE = ".devcontainer/Dockerfile"
FEATURE = FOLDER / "features" / "src" / "jupyter-devbox"
PROJECT = "Jupyter"
PLATFORMS = ("linux/amd64", "linux/arm64")
OWN = "jupyter-devbox"
_PINNED = re.compile(
    r"^(?P<name>[a-z0-9][a-z0-9._-]*)==\S+(?P<hashes>(?: \\\n    --hash=\S+)+)", re.MULTILINE
)
_HASH = re.compile(r"--hash=(\S+)")
_LISTENS = {"label": "TensorBoard", "onAutoForward": "openBrowserOnce", "protocol": "http"}

Locks = Mapping[Target, Lock]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What a template asks of the product, and what stands in its devcontainer.json besides.

    `own` are keys of the template's own, for which the product has no option: they are put there
    as a user would, so that the product leaves them alone.
    """

    options: ProjectOptions = field(default_factory=ProjectOptions)
    targets: tuple[Target, ...] = ("cpu",)
    own: Mapping[tuple[str, ...], Any] = field(default_factory=dict)


RECIPES = {
    "jupyter-cpu": Recipe(),
    "jupyter-cuda": Recipe(targets=("cpu", "cuda")),
    "jupyter-postgres": Recipe(
        options=ProjectOptions(include=("psycopg[binary]",), services=("postgres",))
    ),
    "jupyter-tensorboard": Recipe(
        options=ProjectOptions(include=("tensorboard",), ports=(6006,)),
        own={
            ("portsAttributes",): {"6006": _LISTENS},
            ("containerEnv", "TENSORBOARD_LOGDIR"): "${templateOption:logDir}",
            ("postStartCommand",): "sh .devcontainer/tensorboard.sh",
        },
    ),
}


def files(name: str, locks: Locks, uv_version: str) -> dict[str, str]:
    """Return path → text of what a template holds of the product's files; touches nothing.

    Paths are relative to the template's folder.
    """
    recipe, python = RECIPES[name], pythons(name)[0]
    specs = {target: pinned(_spec(recipe, target, python), locks[target]) for target in locks}
    twin = (specs["cuda"], locks["cuda"]) if "cuda" in locks else None
    tree = render(
        specs["cpu"],
        locks["cpu"],
        replace(recipe.options, python=python),
        uv_version=uv_version,
        twin=twin,
    )
    texts = {file.path: merge(file, None).content.decode() for file in tree.files}
    cpu = target_files("cpu").configuration
    for path, value in recipe.own.items():
        texts[cpu] = jsonc.set_value(texts[cpu], path, value)
    chosen = "${templateOption:pythonVersion}"
    _put(texts, DOCKERFILE, f"=python:{python}-", f"=python:{chosen}-")
    _put(texts, cpu, f'"python": "{python}"', f'"python": "{chosen}"')
    return texts


def uv_of(name: str) -> str:
    """Return the uv that a template installs with; for a new one this environment's."""
    path = FOLDER / "src" / name / DOCKERFILE
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    found = re.search(r" uv==(\S+)", text)
    return found[1] if found else version("uv")


def _put(texts: dict[str, str], path: str, old: str, new: str) -> None:
    """Replace what stands once in a file."""
    if texts[path].count(old) != 1:
        message = f"{path} does not hold this once: `{old}`"
        raise CiError(message, "the renderer changed: mend .ci/templates.py")
    texts[path] = texts[path].replace(old, new)


def locked(name: str, *, upgrade: bool = False) -> Locks:
    """Return a template's locks, resolved for every Python and processor that it offers."""
    before = None if upgrade else committed(name)
    return {target: _united(name, target, before) for target in RECIPES[name].targets}


def committed(name: str) -> Locks | None:
    """Return the locks that a template holds; None where there are none yet."""
    recipe, found = RECIPES[name], {}
    for target in recipe.targets:
        lock = read_lock(FOLDER / "src" / name / ".devcontainer", target_files(target))
        if lock is None:
            return None
        found[target] = lock
    return found


def read_lock(folder: Path, of: TargetFiles) -> Lock | None:
    """Return the lock that a `.devcontainer` folder holds, but for its wheels."""
    if not (folder / of.rest).is_file():
        return None
    texts = {name: (folder / name).read_text(encoding="utf-8") for name in (of.stable, of.rest)}
    packages: list[LockedPackage] = []
    for name, text in texts.items():
        pins = read_pins(text)
        packages += [
            LockedPackage(
                name=match["name"],
                version=pins[match["name"]],
                hashes=tuple(_HASH.findall(match["hashes"])),
                group="stable" if name == of.stable else "rest",
            )
            for match in _PINNED.finditer(text)
        ]
    return Lock(
        python=read_python(texts[of.stable]),
        platform=PLATFORMS[0],
        packages=tuple(sorted(packages, key=lambda package: package.name)),
        inputs=read_inputs(texts[of.rest]),
    )


def pythons(name: str) -> list[str]:
    """Return the Pythons that a template offers, its default first."""
    text = (FOLDER / "src" / name / "devcontainer-template.json").read_text(encoding="utf-8")
    option = json.loads(text)["options"]["pythonVersion"]
    return sorted(option["enum"], key=lambda each: (each != option["default"], each))


def one_lock(
    name: str, target: Target, python: str, platform: str, pins: Mapping[str, str] = EMPTY
) -> Lock:
    """Return the product's own lock for one Python and processor, without our own wheel.

    Parameters
    ----------
    pins
        Name → version that must stay. A preference, as a project's lock is one, would give way to
        whatever else uv's cache happens to have.
    """
    spec = _spec(RECIPES[name], target, python, platform)
    held = tuple(
        DirectRequirement(name=n, specifier=f"=={v}", firm=True, reason="hand")
        for n, v in sorted(pins.items())
    )
    kept = tuple(r for r in spec.requirements if r.name not in pins)
    made = lock_environment(
        replace(spec, requirements=(*kept, *held)),
        ExistingEnvironment(),
        index_environment(this_machine()),
    )
    return replace(made, packages=tuple(p for p in made.packages if p.name != OWN), wheels=())


def _united(name: str, target: Target, before: Locks | None) -> Lock:
    """Return one lock for all Pythons and processors: the same versions, the hashes of all.

    Raises
    ------
    CiError
        A version cannot be had everywhere: then one lock cannot serve them.
    """
    first, *others = ((p, m) for p in pythons(name) for m in PLATFORMS)
    plain = one_lock(name, target, *first)
    old = versions(before[target]) if before else {}
    lock = one_lock(name, target, *first, {n: v for n, v in old.items() if n in versions(plain)})
    for other in others:
        made = one_lock(name, target, *other, versions(lock))
        lock = unite(lock, made, f"Python {other[0]}, {other[1]}")
    return replace(lock, inputs=plain.inputs)


def versions(lock: Lock) -> dict[str, str]:
    """Return name → version of a lock."""
    return {package.name: package.version for package in lock.packages}


def unite(lock: Lock, other: Lock, where: str) -> Lock:
    """Return a lock with the hashes of another one of the same packages.

    What the other does not need, such as a package for older Pythons, does no harm there.

    Raises
    ------
    CiError
        The other has another package, or another version of one.
    """
    more = {package.name: package for package in other.packages}
    known = versions(lock)
    odd = [p for p in other.packages if known.get(p.name) != p.version]
    if odd or any(package.compiled for package in other.packages):
        names = ", ".join(f"{p.name} {p.version}" for p in odd) or "a package without a wheel"
        message = f"no lock for all of a template's Pythons: {where} needs `{names}`"
        raise CiError(message, "offer fewer Pythons in devcontainer-template.json")
    return replace(
        lock,
        packages=tuple(
            replace(p, hashes=tuple(sorted({*p.hashes, *more[p.name].hashes})))
            if p.name in more
            else p
            for p in lock.packages
        ),
    )


def _spec(
    recipe: Recipe, target: Target, python: str, platform: str = PLATFORMS[0]
) -> EnvironmentSpec:
    """Return the plan of an empty notebook; neither this machine nor its engine is asked."""
    inputs = PlanInputs(
        project=PROJECT,
        target=target,
        snapshots=(KernelSnapshot(),),
        options=replace(recipe.options, python=python),
        platform=platform,
        catalogue=read_catalogue(),
    )
    return plan(inputs)


def write_all(names: Iterable[str], *, upgrade: bool) -> None:
    """Write the files of templates, and the Feature's copy of the launcher."""
    for name in names:
        with step(f"{name} ({', '.join(pythons(name))})"):
            uv_version = version("uv") if upgrade else uv_of(name)
            for path, text in files(name, locked(name, upgrade=upgrade), uv_version).items():
                target = FOLDER / "src" / name / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text, encoding="utf-8")
    launcher = ROOT / "jupyter_devbox" / "run" / "launcher.py"
    (FEATURE / "launcher.py").write_bytes(launcher.read_bytes())


def write_docs(folder: Path, client: Path | str, env: Mapping[str, str]) -> None:
    """Have the reference client write each README from metadata and NOTES.

    Parameters
    ----------
    folder
        As `FOLDER`.
    client
        The program.
    """
    logged("docs", [client, "templates", "generate-docs", "-p", folder / "src"], env=env)
    place = ["--registry", "REGISTRY", "--namespace", "NAMESPACE"]
    features = folder / "features" / "src"
    logged("docs", [client, "features", "generate-docs", "-p", features, *place], env=env)


def main(words: list[str]) -> int:
    """Write all templates anew."""
    write_all(RECIPES, upgrade=words == ["--upgrade"])
    env = environment.activate(dict(os.environ))
    environment.prepare_client(env)
    write_docs(FOLDER, environment.CLIENT_BIN / "devcontainer", env)
    say(f"  read the difference: git diff {FOLDER.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except CiError as error:
        sys.exit(end(error))
    except DevboxError as error:
        sys.exit(end(CiError(error.message, error.hint)))
