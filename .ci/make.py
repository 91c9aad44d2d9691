"""Run the project's chores: ``python3 .ci/make.py CHORE``, those of `CHORES`.

Only orchestration: what a chore does is in the modules beside this one, and in the tools.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import base_image
import environment
import extras
import lab
from engine import Engine, NoEngine, running_engine
from lane import lanes
from steps import ROOT, VENV, CiError, end, in_ci, logged, say, step

CACHES = (".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", ".import_linter_cache")


def check() -> int:
    """Look at style, types and imports, and run the quick tests: no engine, about a minute.

    An unchanged lab extension is not looked at again.
    """
    environment.prepare()
    env = environment.activate(dict(os.environ))
    _lint(env)
    return _run([environment.PYTHON, "-m", "pytest", "-m", "not docker and not slow", "-q"], env)


def test() -> int:
    """Run all checks and all tests, with an engine wherever one can be had."""
    environment.prepare()
    with running_engine() as engine:
        env = environment.activate(engine.env)
        environment.prepare_client(env)
        _lint(env)
        lab.build(env)
        missing: list[str] = []
        pytest: list[str | Path] = [environment.PYTHON, "-m", "pytest"]
        if isinstance(engine, Engine):
            _announce(engine)
            pytest.append("--require-docker")
            if engine.started:  # nobody else has used it: all that is left is the tests' own
                pytest.append("--engine-is-ours")
            missing += extras.ensure()
        elif in_ci():
            raise CiError(engine.reason, engine.hint)
        else:
            missing.append(f"{engine.reason}: every test that needs one is skipped")
        _loudly(missing, engine)
        with lanes(engine) as options:
            status = _run([*pytest, *options], env)
        _loudly(missing, engine)
    return status


def demo(*, with_lab: bool = False) -> int:
    """Show the project at work: in a container where an engine can be had, else in a venv.

    Parameters
    ----------
    with_lab
        Run JupyterLab with the panel at the end, until Ctrl-C.
    """
    environment.prepare(environment.EXTRAS if with_lab else "demo")
    with running_engine() as engine:
        if with_lab:
            lab.build(environment.activate(engine.env))
        target = "cpu"
        if isinstance(engine, Engine):
            _announce(engine)
        else:
            target = "venv"
            _loudly([f"{engine.reason}: going on without containers"], engine)
        command: list[str | Path] = [environment.PYTHON, ".ci/demo.py", "--target", target]
        command += ["--lab"] if with_lab else []
        return _run(command, environment.activate(engine.env), stdin=None)


def bench() -> int:
    """Measure; needs an engine."""
    environment.prepare()
    with running_engine() as engine:
        if isinstance(engine, NoEngine):
            raise CiError(engine.reason, engine.hint)
        _announce(engine)
        _loudly(extras.ensure(), engine)
        env = environment.activate(engine.env)
        lab.build(env)
        command: list[str | Path] = [environment.PYTHON, "-m", "benchmarks"]
        return _run(command, env)


def catalogue() -> int:
    """Read new releases of torch and others into the tables of CUDA; needs the package index."""
    environment.prepare()
    env = environment.activate(dict(os.environ))
    return _run([environment.PYTHON, ".ci/catalogue.py"], env)


def templates() -> int:
    """Write the dev container templates anew, with the versions that they have."""
    environment.prepare()
    env = environment.activate(dict(os.environ))
    return _run([environment.PYTHON, ".ci/templates.py"], env)


def clean() -> int:
    """Remove what these chores made in the repository; images and the engine stay."""
    made = [VENV, ROOT / "dist", ROOT / "build", *(ROOT / name for name in CACHES)]
    made += [lab.BUILT, *(lab.HERE / name for name in lab.MADE)]
    for path in made:
        if path.exists():
            shutil.rmtree(path)
            say(f"  removed {path.relative_to(ROOT)}")
    return 0


CHORES: dict[str, Callable[[], int]] = {
    "demo": demo,
    "test": test,
    "check": check,
    "bench": bench,
    "catalogue": catalogue,
    "templates": templates,
    "clean": clean,
}


def _announce(engine: Engine) -> None:
    """Say which engine is used, and make sure that it has the base image."""
    say(f"  engine: Docker {engine.version}, client {engine.docker}")
    how = base_image.ensure(engine.docker, engine.env)
    say(f"  base image: {base_image.IMAGE} ({how})")


def _lint(env: dict[str, str]) -> None:
    """Run every checker, so that one run shows everything, and fail if any found something.

    Raises
    ------
    CiError
        With the output of each checker that failed.
    """
    scripts = [path for name in (".ci", "labextension") for path in (ROOT / name).glob("*.py")]
    checkers: dict[str, Sequence[str | Path]] = {
        "ruff check": ["ruff", "check"],
        "ruff format": ["ruff", "format", "--check"],
        "mypy": ["mypy"],
        "mypy .ci": ["mypy", *sorted(scripts)],
        "lint-imports": ["lint-imports"],
    }
    found = [_complaint(title, words, env) for title, words in checkers.items()]
    if lab.changed():
        lab.prepare(env)
        found += [
            _complaint(f"jlpm {name}", ["jlpm", name], env, lab.HERE) for name in lab.CHECKERS
        ]
    if any(found):
        raise CiError("\n".join(filter(None, found)))
    lab.passed()


def _complaint(
    title: str, words: Sequence[str | Path], env: dict[str, str], cwd: Path = ROOT
) -> str:
    """Run one checker; return what it found, or nothing."""
    command = [environment.PYTHON.parent / words[0], *words[1:]]
    try:
        with step(title):
            logged(title.replace(" ", "-"), command, env=env, cwd=cwd, lines=60)
    except CiError as error:
        return str(error)
    return ""


def _loudly(missing: list[str], engine: Engine | NoEngine) -> None:
    """Say in capitals what will not be looked at; said before and after long output."""
    for text in missing:
        say(f"  SKIPPED  {text}")
    if missing and isinstance(engine, NoEngine) and engine.hint:
        say(f"  next:    {engine.hint}")


def _run(
    command: Sequence[str | Path], env: dict[str, str], *, stdin: int | None = subprocess.DEVNULL
) -> int:
    """Run a command that shows its own output; return its exit status."""
    done = subprocess.run(
        [str(word) for word in command], env=env, cwd=ROOT, stdin=stdin, check=False
    )
    return done.returncode


def _leave(number: int, _frame: object) -> None:
    """Turn a termination signal into an exit that still stops what was started."""
    sys.exit(128 + number)


def main(words: list[str]) -> int:
    """Run the named chore; return the exit status."""
    if sys.version_info < (3, 10):  # noqa: UP036 - this runs before pip could refuse
        message = f"Python 3.10 or newer is needed, this is {sys.version.split()[0]}"
        raise CiError(message, f"python3.12 .ci/make.py {' '.join(words)}")
    if words != ["demo", "--lab"] and (len(words) != 1 or words[0] not in CHORES):
        print(f"usage: python3 .ci/make.py {'|'.join(CHORES)}, or demo --lab", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, _leave)
    return demo(with_lab=True) if len(words) == 2 else CHORES[words[0]]()


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except CiError as problem:
        sys.exit(end(problem))
    except KeyboardInterrupt:
        sys.exit(130)
