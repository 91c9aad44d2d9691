"""uv: resolving, environments, wheels (docs.astral.sh/uv/reference/cli)."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement

from jupyter_devbox.engine.cancellable import started
from jupyter_devbox.engine.process import ProcessResult, run_process
from jupyter_devbox.engine.redact import Redactor
from jupyter_devbox.engine.scratch import scratch
from jupyter_devbox.errors import (
    BuildCancelledError,
    EngineError,
    FileError,
    IndexUnreachableError,
    ResolutionError,
)
from jupyter_devbox.spec.container import EMPTY

_UNREACHABLE = re.compile(
    r"Request failed|Failed to fetch|error sending request|tcp connect|network timeout"
    r"|operation timed out|error decoding response body|error reading a body from connection"
)
_UNBUILT = re.compile(r"--no-build|[Bb]uilding (?:from )?source")
_FULL = re.compile(r"No space left on device|Disk quota exceeded")
_UNCACHED = re.compile(rf"Failed to initialize cache|{_FULL.pattern}")
_VIA = re.compile(r"^(?P<name>[a-z0-9._-]+)==\S+ +# via (?P<via>.*)$", re.MULTILINE)
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")
_redacted = Redactor()
_NO_CACHE = {"UV_NO_CACHE": "1"}
# Sentences of uv's are looked for, and it breaks them where COLUMNS is set.
_QUIET = {"NO_COLOR": "1", "UV_NO_PROGRESS": "1", "COLUMNS": "10000"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolveRequest:
    """What is to be resolved.

    `python` is a full version, `platform` one of uv's target triples
    (``x86_64-manylinux_2_36``); None for both means this machine and the interpreter `executable`.
    `bound` maps further requirements to the index that they, and nothing else, come from.
    `preferences` are (name, version) pairs taken where they fit; `index` are variables that name
    the package index, credentials included. Without `build` no code of a package runs: one that
    has no wheel cannot be had. `links` are folders of files that stand beside those of the index.
    """

    requirements: Sequence[str]
    preferences: Sequence[tuple[str, str]]
    executable: str
    python: str | None
    platform: str | None
    index: Mapping[str, str] = EMPTY
    bound: Mapping[str, str] = EMPTY
    with_dependencies: bool = True
    build: bool = True
    links: Sequence[str] = ()


def uv_program() -> str:
    """Return the path of the uv program that came with the `uv` package."""
    from uv import find_uv_bin  # noqa: PLC0415  (deferred: `import jupyter_devbox` stays quick)

    try:
        return str(find_uv_bin())
    except FileNotFoundError as error:
        message = "uv is not installed beside jupyter-devbox"
        raise EngineError(message, hint="pip install --force-reinstall uv") from error


def run_uv(
    arguments: Sequence[str], *, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> ProcessResult:
    """Run uv quietly and return what it said; without a cache where it can have none."""
    command, variables = [uv_program(), *arguments], {**_QUIET, **(env or {})}
    done = run_process(command, cwd=cwd, env=variables)
    if not _lacks_cache(done):
        return done
    return run_process(command, cwd=cwd, env={**variables, **_NO_CACHE})


def _lacks_cache(done: ProcessResult) -> bool:
    """Tell whether uv ended because its cache takes nothing: a HOME that is read-only, or full."""
    return done.exit_code != 0 and _UNCACHED.search(done.stderr) is not None


def resolve(request: ResolveRequest, *, offline: bool) -> str:
    """Return the resolution as the text of a pylock.toml (PEP 751).

    Raises
    ------
    ResolutionError
        There is no solution; uv's explanation is in `details`.
    IndexUnreachableError
        The index does not answer.
    FileError
        A disk is full.
    """
    return _compile(request, "pylock.toml", _preferences(request.preferences), offline=offline)


def resolve_dependents(request: ResolveRequest) -> Mapping[str, tuple[str, ...]]:
    """Return name → the packages that need it, of a resolution that the cache has all of.

    Raises
    ------
    ResolutionError, IndexUnreachableError
        There is no solution with what is in the cache.
    """
    preferences = "".join(f"{name}=={version}\n" for name, version in request.preferences)
    text = _compile(request, "requirements.txt", preferences, offline=True)
    return {
        match["name"]: tuple(sorted(filter(_NAME.fullmatch, match["via"].split(", "))))
        for match in _VIA.finditer(text)
    }


def _compile(request: ResolveRequest, output: str, preferences: str, *, offline: bool) -> str:
    """Return uv's answer in the format that the name of its file chooses."""
    # A folder of its own: uv would read the project's uv.toml, which is untrusted.
    with scratch("lock") as folder:
        source = folder / "requirements.in"
        source.write_text("".join(f"{line}\n" for line in request.requirements), encoding="utf-8")
        sources = [source]
        if request.bound:
            sources.append(folder / "pyproject.toml")
            sources[-1].write_text(_bound(request.bound), encoding="utf-8")
        answer = folder / output
        answer.write_text(preferences, encoding="utf-8")
        arguments = ["pip", "compile", "--quiet", *map(str, sources), "--output-file", str(answer)]
        arguments += ["--annotation-style", "line"]
        arguments += ["--python", request.executable]
        if request.python:
            arguments += ["--python-version", request.python]
        if request.platform:
            arguments += ["--python-platform", request.platform]
        if not request.with_dependencies:
            arguments.append("--no-deps")
        for folder_of_files in request.links:
            arguments += ["--find-links", folder_of_files]
        if offline:
            arguments.append("--offline")
        if not request.build:
            arguments.append("--no-build")
        done = run_uv(arguments, cwd=folder, env=request.index)
        if done.exit_code == 0:
            return answer.read_text(encoding="utf-8")
    if not request.build and _UNBUILT.search(done.stderr):
        message = "A package has no wheel, and this project is not approved to build one here"
        raise ResolutionError(
            message,
            hint="jupyter devbox trust",
            details=tuple(_redacted(done.stderr).strip().splitlines()),
        )
    raise _failure(done)


def _preferences(pairs: Sequence[tuple[str, str]]) -> str:
    """Return a lock that only names versions: uv keeps those of an existing output that fit."""
    head = 'lock-version = "1.0"\ncreated-by = "jupyter-devbox"\n'
    if not pairs:
        return f"{head}packages = []\n"
    return head + "".join(
        f"\n[[packages]]\nname = {json.dumps(name)}\nversion = {json.dumps(version)}\n"
        for name, version in pairs
    )


def _bound(bound: Mapping[str, str]) -> str:
    """Return a pyproject.toml in which each requirement has an index to itself.

    An explicit index serves those packages alone that name it, so that nobody can slip in another
    one there (docs.astral.sh/uv/concepts/indexes). JSON's strings are TOML's too.
    """
    lines = [
        "[project]",
        'name = "this-project"',
        'version = "0"',
        f"dependencies = {json.dumps([*bound])}",
    ]
    for url in dict.fromkeys(bound.values()):
        lines += ["[[tool.uv.index]]", f"name = {json.dumps(index_name(url))}"]
        lines += [f"url = {json.dumps(url)}", "explicit = true"]
        if url.endswith((".html", ".htm")):
            lines.append('format = "flat"')  # a page of links, as --find-links takes them
    lines.append("[tool.uv.sources]")
    for requirement, url in bound.items():
        lines.append(
            f"{Requirement(requirement).name} = {{ index = {json.dumps(index_name(url))} }}"
        )
    return "\n".join(lines) + "\n"


def index_name(url: str) -> str:
    """Return the name by which uv is told of an index: its login's variables have it in them."""
    return f"devbox-{hashlib.sha256(url.encode()).hexdigest()[:12]}"


def index_login(url: str, login: str, password: str) -> Mapping[str, str]:
    """Return the variables by which uv takes a login for an index that `bound` names."""
    name = index_name(url).replace("-", "_").upper()
    return {f"UV_INDEX_{name}_USERNAME": login, f"UV_INDEX_{name}_PASSWORD": password}


def _failure(done: ProcessResult) -> ResolutionError | IndexUnreachableError | FileError:
    details = tuple(_redacted(done.stderr).strip().splitlines())
    if full := _full_disk(done, details):
        return full
    if _UNREACHABLE.search(done.stderr):
        return IndexUnreachableError(
            "The package index does not answer, and the cache lacks something",
            hint="check the network (and SSL_CERT_FILE behind a company proxy), then run it again",
            details=details,
        )
    return ResolutionError(
        "No set of versions satisfies all requirements",
        hint="change the pin in the notebook's install line, or add --include NAME==VERSION",
        details=details,
    )


def _full_disk(done: ProcessResult, details: tuple[str, ...]) -> FileError | None:
    """Return the error for a disk that ran full under uv, if that is what happened."""
    if not _FULL.search(done.stderr):
        return None
    message = "A disk is full: uv's cache, the temporary folder or the environment is on it"
    hint = "free some space, or set UV_CACHE_DIR and TMPDIR to another disk"
    return FileError(message, hint=hint, details=details[-20:])


def build_wheel(source: Path, destination: Path) -> Path:
    """Build one wheel from a source folder or archive and return its path.

    The timestamps in it are fixed (reproducible-builds.org, SOURCE_DATE_EPOCH), so that the same
    source gives the same bytes.
    """
    done = run_uv(
        # With --quiet the backend's own words, which say what is wrong, are lost. Without --python
        # uv may fetch an interpreter to please the source.
        [
            "build",
            "--wheel",
            "--python",
            sys.executable,
            "--out-dir",
            str(destination),
            str(source),
        ],
        cwd=destination,
        env={"SOURCE_DATE_EPOCH": "315532800"},
    )
    wheels = sorted(destination.glob("*.whl"))
    if done.exit_code or not wheels:
        message = f"A wheel could not be built from: `{source}`"
        tail = tuple(_redacted(done.stderr).strip().splitlines()[-20:])
        raise EngineError(message, hint="pip install . must work there first", details=tail)
    return wheels[-1]


def make_venv(folder: Path, python: str) -> None:
    """Create a virtual environment, replacing one that is there, with this interpreter."""
    done = run_uv(["venv", "--quiet", "--clear", "--python", python, str(folder)])
    if done.exit_code:
        details = tuple(done.stderr.strip().splitlines()[-20:])
        message = f"The virtual environment could not be made: `{folder}`"
        hint = "set JUPYTER_DATA_DIR to a folder that you can write"
        raise _full_disk(done, details) or EngineError(message, hint=hint, details=details)


def _cancellable(
    arguments: Sequence[str], env: Mapping[str, str], cancel: threading.Event
) -> ProcessResult:
    """Run uv and return what it said, standard output and error together."""
    command = [uv_program(), *arguments]
    with started(command, {**os.environ, **_QUIET, **env}, cancel) as process:
        output = process.stdout.read() if process.stdout else b""
        code = process.wait()
    if cancel.is_set():
        message = "Stopped at Python packages; what was downloaded is kept"
        raise BuildCancelledError(message, hint="run it again: it goes on from there")
    text = output.decode(errors="replace")
    return ProcessResult(command=tuple(command), exit_code=code, stdout="", stderr=text)


def install_lock(
    python: Path,
    lock: Path,
    *,
    wheels: Path | None,
    index: Mapping[str, str] = EMPTY,
    bytecode: bool = True,
    cancel: threading.Event | None = None,
) -> None:
    """Install a hashed lock into the environment of that interpreter.

    Parameters
    ----------
    bytecode
        Whether to compile everything, which pays from the second kernel on.
    cancel
        Stops it when it is set.

    Raises
    ------
    BuildCancelledError
        `cancel` was set.
    EngineError, IndexUnreachableError
        It did not work.
    """
    arguments = ["pip", "install", "--quiet", "--python", str(python), "--no-deps"]
    arguments += ["--require-hashes", "--requirement", str(lock)]
    if bytecode:
        arguments.append("--compile-bytecode")
    if wheels is not None:
        arguments += ["--find-links", str(wheels)]
    cancel = cancel or threading.Event()
    done = _cancellable(arguments, index, cancel)
    if _lacks_cache(done):
        done = _cancellable(arguments, {**index, **_NO_CACHE}, cancel)
    if done.exit_code:
        raise (
            _failure(done)
            if _UNREACHABLE.search(done.stderr) or _FULL.search(done.stderr)
            else EngineError(
                "The locked packages could not be installed",
                hint="jupyter devbox containerize, to lock again",
                details=tuple(_redacted(done.stderr).strip().splitlines()[-20:]),
            )
        )
