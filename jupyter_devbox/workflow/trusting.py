"""Trust: nothing of a project builds or runs before the user has approved it on this machine.

A file is approved by its digest; what its configuration asks for beyond an ordinary box is
allowed one by one. What we wrote by the user's command counts as approved, if what stood there
before was.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import posixpath
import shlex
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from jupyter_devbox.engine.scratch import scratch
from jupyter_devbox.errors import FileError, UntrustedProjectError, UsageError
from jupyter_devbox.files.build_files import (
    KEPT_BYTES,
    BuildFile,
    compose_paths,
    copy_context,
    parse_configuration,
    read_build_files,
    read_file,
)
from jupyter_devbox.files.folder import confined
from jupyter_devbox.files.writer import Changes
from jupyter_devbox.ledger.approvals import Approval, Approvals
from jupyter_devbox.spec.box import Target
from jupyter_devbox.spec.compose import BOX_SERVICES, compose_names
from jupyter_devbox.spec.compose_reach import compose_reach
from jupyter_devbox.spec.findings import SHORTEST_ID, Finding
from jupyter_devbox.spec.groups import ONLY, read_groups
from jupyter_devbox.spec.reach import reach
from jupyter_devbox.spec.rights import Granted, granted
from jupyter_devbox.spec.target_files import CPU, CUDA, environment_files, target_files
from jupyter_devbox.spec.visible import bounded, visible
from jupyter_devbox.workflow.context import Context

_ONLY = frozenset({CPU.configuration, CUDA.configuration})
_IN_ERROR = 60
_IN_REVIEW = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewedFile:
    """A file that a build or a run reads; `diff` is against what was approved, as safe lines."""

    path: str
    sha256: str
    state: Literal["approved", "new", "changed"]
    diff: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """How a project stands with the user's trust.

    Parameters
    ----------
    findings
        What its configurations ask for, each with whether the user allowed it.
    known
        Whether anything of the project was approved before.
    composed
        The Compose files that our own boxes are started from.
    built
        The configurations that our own images and boxes come from: one a group and target.
    texts
        sha256 → content of those files that a later diff may be wanted of.
    """

    root: Path
    files: tuple[ReviewedFile, ...]
    findings: tuple[tuple[Finding, bool], ...]
    known: bool
    composed: frozenset[str] = frozenset()
    built: frozenset[str] = _ONLY
    texts: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def waiting(self) -> tuple[ReviewedFile, ...]:
        """Files that are not approved as they are."""
        return tuple(file for file in self.files if file.state != "approved")

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """What image or services depend on, in files that boxes come from, and is not allowed."""
        waiting = {"image", "service"}
        return tuple(
            f for f, ok in self.findings if not ok and f.kind in waiting and self._is_taken(f)
        )

    @property
    def left_out(self) -> tuple[Finding, ...]:
        """What the box does without, because it is not allowed."""
        return tuple(f for f, ok in self.findings if not ok and f.optional and f.file in self.built)

    def _is_taken(self, finding: Finding) -> bool:
        return finding.file in self.built or finding.file in self.composed

    @property
    def approved(self) -> bool:
        """Whether nothing stands in the way of a build."""
        return not self.waiting and not self.blocking

    @property
    def digest(self) -> str:
        """What stands for exactly these files, findings and answers."""
        parts = [
            [[file.path, file.sha256, file.state] for file in self.files],
            [[finding.digest, allowed] for finding, allowed in self.findings],
        ]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]

    def short(self, finding: Finding) -> str:
        """Return the shortest beginning of a finding's digest that names no other one."""
        others = {f.digest for f, _ in self.findings} - {finding.digest}
        length = SHORTEST_ID
        while any(other.startswith(finding.digest[:length]) for other in others):
            length += 1
        return finding.digest[:length]


def review(context: Context, root: Path) -> Review:
    """Return how a project stands; changes nothing.

    Raises
    ------
    ConfigurationError, FileError
        A file cannot be read, or leads out of the project.
    """
    root = root.resolve()
    found = read_build_files(root)
    approvals, approval = context.approvals, context.approvals.read(str(root))
    findings = [f for path, value in found.configurations.items() for f in reach(value, path)]
    groups = read_groups(found.configurations.get(CPU.configuration, {}))
    built = frozenset(f.configuration for f in environment_files(g.name for g in groups))
    composed: set[str] = set()
    for path, value in found.configurations.items():
        files = [name for name in compose_paths(path, value) if name in found.compose]
        for name in files:
            findings += _compose_findings(files[0], name, found.text(name), value)
        composed |= {*files} if path in built else set()
    return Review(
        root=root,
        files=tuple(_reviewed(approvals, str(root), approval, file) for file in found.files),
        findings=tuple((f, f.digest in approval.grants) for f in _distinct(findings, built)),
        known=bool(approval.files),
        composed=frozenset(composed),
        built=built,
        texts={
            f.sha256: f.content for f in found.files if f.content is not None and f.text is not None
        },
    )


def require_files(context: Context, root: Path, *, among: Container[str] | None = None) -> Review:
    """Return the review, and raise unless every file is approved as it is.

    Parameters
    ----------
    among
        The paths that matter, where they are few; None for all.

    Raises
    ------
    UntrustedProjectError
        Its details are the differences.
    """
    found = review(context, root)
    if among is not None:
        found = replace(found, files=tuple(file for file in found.files if file.path in among))
    if found.waiting:
        raise _changed(found)
    return found


@contextmanager
def approved_context(context: Context, root: Path) -> Iterator[Path]:
    """Yield a private copy of the approved build context: what is built is what was approved.

    Raises
    ------
    UntrustedProjectError
        A file is not approved, or something that the image depends on is not allowed.
    """
    found = require_files(context, root)
    if found.blocking:
        raise _blocked(found)
    approved = context.approvals.read(str(found.root)).files
    with scratch("context") as temporary:
        folder = temporary / ".devcontainer"
        folder.mkdir()
        copied = copy_context(found.root, folder)
        if any(approved.get(path) != digest for path, digest in copied.items()):
            raise _changed(require_files(context, root))
        yield folder


def require_configuration(
    context: Context, root: Path, target: Target = "cpu", group: str = ONLY
) -> Sequence[Finding]:
    """Return what a devcontainer.json asks for, and raise unless that file is approved as it is.

    A kernel starts in an image that was approved when it was built: of the project's files only
    this one decides how its box is run.

    Raises
    ------
    UntrustedProjectError
        It is not approved; the details are the differences.
    """
    root, path = root.resolve(), target_files(target, group).configuration
    if not confined(root, path).exists():
        return ()
    return reach(parse_configuration(_approved(context, root, path)), path)


def _approved(context: Context, root: Path, path: str) -> BuildFile:
    """Return a file of the project, and raise unless it is approved as it is."""
    file = read_file(root, path)
    approvals, approval = context.approvals, context.approvals.read(str(root))
    if approval.files.get(file.path) != file.sha256:
        state = _reviewed(approvals, str(root), approval, file)
        raise _changed(Review(root=root, files=(state,), findings=(), known=bool(approval.files)))
    return file


def approved_compose(
    context: Context, root: Path, target: Target = "cpu", group: str = ONLY
) -> tuple[Mapping[str, Any], tuple[tuple[str, str], ...]]:
    """Return a configuration and the Compose files that it names, with their texts; () for none.

    Compose reads these very texts, whatever becomes of the project's files meanwhile.

    Raises
    ------
    UntrustedProjectError
        A file is not approved as it is, or asks for something that is not allowed.
    FileError
        A file is not there, or cannot be read.
    """
    root, path = root.resolve(), target_files(target, group).configuration
    if not confined(root, path).exists():
        return {}, ()
    value = parse_configuration(_approved(context, root, path))
    if "dockerComposeFile" not in value:
        return value, ()
    names = compose_paths(path, value)
    if not names or len(names) != len(compose_names(value["dockerComposeFile"])):
        message = f"{path} names Compose files that are not in the project: `dockerComposeFile`"
        raise FileError(message, hint=f"name them relative to {path}, without variables")
    files = {name: _approved(context, root, name).text for name in names}
    allowed = context.approvals.read(str(root)).grants
    findings = [f for f in reach(value, path) if f.kind == "service"]
    for name, text in files.items():
        findings += _compose_findings(names[0], name, text, value)
    waiting = tuple((f, False) for f in _distinct(findings) if f.digest not in allowed)
    if waiting:
        composed = frozenset(names)
        raise _blocked(Review(root=root, files=(), findings=waiting, known=True, composed=composed))
    return value, tuple((name, text or "") for name, text in files.items())


def _compose_findings(
    first: str, path: str, text: str | None, configuration: Mapping[str, Any]
) -> tuple[Finding, ...]:
    """Return what a Compose file asks for, paths in it starting where the first file is."""
    boxes = {str(configuration.get("service") or ""), *BOX_SERVICES.values()}
    started = {str(name) for name in compose_names(configuration.get("runServices"))}
    return compose_reach(
        text or "", path, base=posixpath.dirname(first) or ".", boxes=boxes - started
    )


def granted_rights(
    context: Context,
    root: Path,
    host: Mapping[str, str],
    target: Target = "cpu",
    group: str = ONLY,
) -> tuple[Granted, tuple[str, ...]]:
    """Return what the user allowed the project's box, and in words what it does without.

    Raises
    ------
    UntrustedProjectError
        devcontainer.json is not approved as it is.
    """
    findings = require_configuration(context, root, target, group)
    if not findings:
        return Granted(), ()
    root = root.resolve()
    allowed = context.approvals.read(str(root)).grants
    given = granted(
        (f for f in findings if f.digest in allowed),
        host,
        str(root),
        lambda path: not _is_within(Path(path), root),
    )
    refused = tuple(f for f in findings if f.optional and f.digest not in allowed)
    return given, (*left_out_lines(refused), *given.left_out)


def left_out_lines(findings: Iterable[Finding]) -> tuple[str, ...]:
    """Return one line for each thing that a box does without."""
    return tuple(f"{visible(f.place)} is not allowed: {visible(f.value, 80)}" for f in findings)


def approve(context: Context, seen: Review, *, files: bool, allow: Sequence[str]) -> None:
    """Approve files as they were reviewed, and allow findings by the beginning of their digest.

    Parameters
    ----------
    seen
        What the user was shown: a file that changed since is not approved by this.

    Raises
    ------
    UsageError
        An id names no finding, or several.
    """
    approval = context.approvals.read(str(seen.root))
    named = [_by_id(seen, text) for text in allow]
    # A grant whose finding is gone goes too: it must not wait for the finding to come back.
    there = {f.digest for f, _ in seen.findings}
    grants = {digest: what for digest, what in approval.grants.items() if digest in there}
    grants |= {f.digest: f"{f.place} {f.value}" for f in named}
    current = {file.path: file.sha256 for file in seen.files}
    after = Approval(files=current if files else approval.files, grants=grants)
    wanted = set(after.files.values())
    texts = {digest: text for digest, text in seen.texts.items() if digest in wanted}
    context.approvals.write(str(seen.root), after, texts)


def record_written(context: Context, root: Path, changes: Changes) -> None:
    """Count what we wrote as approved, where what stood there before was, or nothing did.

    A hostile file that we merged into stays unapproved, and so does a copy of it beside it.
    """
    root = root.resolve()
    approval = context.approvals.read(str(root))
    files = dict(approval.files)
    texts: dict[str, bytes] = {}
    for change in changes.changes:
        before = None if change.old is None else hashlib.sha256(change.old).hexdigest()
        if before is not None and approval.files.get(change.path) != before:
            continue
        if change.new is None:
            files.pop(change.path, None)
            continue
        files[change.path] = hashlib.sha256(change.new).hexdigest()
        if not change.path.endswith(".whl") and len(change.new) <= KEPT_BYTES:
            texts[files[change.path]] = change.new
        files.update(_copies(root, change.path, before))
    if files != approval.files:
        context.approvals.write(str(root), replace(approval, files=files), texts)


def _copies(root: Path, path: str, digest: str | None) -> dict[str, str]:
    """Return the copies that we made of an approved file before we replaced it."""
    beside = confined(root, path)
    names = (p.name for p in beside.parent.glob(f"{beside.name}.yours*"))
    relative = [f"{path.rpartition('/')[0]}/{name}" for name in names]
    found = {name: read_file(root, name).sha256 for name in relative}
    return {name: value for name, value in found.items() if value == digest}


def _by_id(found: Review, text: str) -> Finding:
    matching = [f for f, _ in found.findings if text and f.digest.startswith(text)]
    if len(matching) == 1 and len(text) >= SHORTEST_ID:
        return matching[0]
    problem = "names several" if len(matching) > 1 else "is not there"
    message = f"What you allow {problem}: `{visible(text)}`"
    raise UsageError(message, hint="jupyter devbox trust shows them, each with its id")


def _distinct(findings: Iterable[Finding], built: frozenset[str] = _ONLY) -> tuple[Finding, ...]:
    """Return findings without repetition; of equal ones the first counts, ours before others."""
    first: dict[str, Finding] = {}
    for finding in sorted(findings, key=lambda f: f.file not in built):
        first.setdefault(finding.digest, finding)
    return tuple(first.values())


def _is_within(path: Path, root: Path) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(root)


def _reviewed(approvals: Approvals, root: str, approval: Approval, file: BuildFile) -> ReviewedFile:
    before, name = approval.files.get(file.path), visible(file.path)
    if before == file.sha256:
        return ReviewedFile(path=file.path, sha256=before, state="approved")
    old = approvals.text(root, before) if before else ""
    state: Literal["new", "changed"] = "changed" if before else "new"
    if file.text is None or old is None:
        why = "it is large, or no text" if file.text is None else "its old text was not kept"
        lines: Iterable[str] = (f"{name}: {state}; {why}, sha256 {file.sha256}",)
    else:
        origin = f"approved/{name}" if before else "nothing"
        lines = difflib.unified_diff(_lines(old), _lines(file.text), origin, name, lineterm="")
    diff = bounded(map(visible, lines), _IN_REVIEW) or (f"{name}: {state}",)
    return ReviewedFile(path=file.path, sha256=file.sha256, state=state, diff=diff)


def _lines(text: str) -> list[str]:
    """Return the lines; a carriage return stays in its line, where it is shown."""
    return text.removesuffix("\n").split("\n") if text else []


def _changed(found: Review) -> UntrustedProjectError:
    names = ", ".join(visible(file.path) for file in found.waiting[:4])
    more = len(found.waiting) - 4
    names += f" and {more} more" if more > 0 else ""
    message = (
        f"These files changed since you approved them: `{names}`"
        if found.known
        else f"This project's files are not approved on this machine: `{names}`"
    )
    details = bounded((line for file in found.waiting for line in file.diff), _IN_ERROR)
    return UntrustedProjectError(message, hint=_hint(found.root), details=details)


def _blocked(found: Review) -> UntrustedProjectError:
    details = tuple(f"{found.short(f)}  {visible(f.place)}: {f.says}" for f in found.blocking)
    services = [f for f in found.blocking if f.kind == "service"]
    message = (
        "Compose would do what you have not allowed, and takes its files as a whole: "
        f"`{', '.join(visible(f.place) for f in services[:4])}`"
        if services
        else "This project asks for an image that the box does not have, and you have not said "
        f"that it may go without: `{', '.join(visible(f.place) for f in found.blocking)}`"
    )
    return UntrustedProjectError(
        message,
        hint=f"{_hint(found.root)} --allow {found.short(found.blocking[0])}",
        details=bounded(details, _IN_ERROR),
    )


def _hint(root: Path) -> str:
    return f"jupyter devbox trust --project {shlex.quote(str(root))}"
